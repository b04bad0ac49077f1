//! `cargo bench --bench stages`: times each stage of the pipeline separately, on the sample comments.

#![allow(clippy::expect_used, missing_docs)] // a bench that cannot set up has nothing to say

mod corpus;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use undertone::model::{self, Engine, Passage, Quality};
use undertone::progress::Progress;
use undertone::run::{self, Job};
use undertone::sink::Columns;
use undertone::source::{self, SourceOptions};
use undertone::tag::{Seconds, Tagger};
use undertone::text;

/// Number of sample comments: enough for full micro-batches, few enough for a quick bench.
const COMMENTS: usize = 500;

fn comments() -> Vec<String> {
    corpus::samples()
        .into_iter()
        .map(|(_, comment)| comment)
        .take(COMMENTS)
        .collect()
}

fn options() -> SourceOptions {
    SourceOptions {
        text: vec!["comment".to_owned()],
        batch_rows: 4096,
        ..SourceOptions::default()
    }
}

fn stages(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let input = folder.path().join("corpus.csv");
    corpus::write(
        std::fs::File::create(&input).expect("a file"),
        20_000,
        20_000,
        corpus::Length::Natural,
    )
    .expect("a corpus");
    let input = input.to_string_lossy().into_owned();
    let comments = comments();
    let cleaned: Vec<String> = comments.iter().map(|t| text::clean(t).text().to_owned()).collect();
    let cleaned: Vec<&str> = cleaned.iter().map(String::as_str).collect();
    let engine = model::base(Quality::Best).expect("the embedded model");

    let mut group = c.benchmark_group("stages");
    group.sample_size(10);

    group.throughput(Throughput::Elements(20_000));
    group.bench_function("read CSV", |b| {
        b.iter(|| {
            source::open(std::slice::from_ref(&input), &options())
                .expect("a corpus")
                .map(|batch| batch.expect("rows").rows.len())
                .sum::<usize>()
        });
    });

    group.throughput(Throughput::Elements(comments.len() as u64));
    group.bench_function("clean", |b| {
        b.iter(|| {
            comments
                .iter()
                .map(|t| black_box(text::clean(t)).text().len())
                .sum::<usize>()
        })
    });
    group.bench_function("language", |b| {
        b.iter(|| {
            cleaned
                .iter()
                .map(|t| black_box(text::language(t)).code.len())
                .sum::<usize>()
        })
    });
    group.bench_function("units", |b| {
        b.iter(|| {
            cleaned
                .iter()
                .map(|t| black_box(text::units(t, "en")).len())
                .sum::<usize>()
        })
    });
    let units: Vec<_> = cleaned.iter().map(|t| text::units(t, "en")).collect();
    let passages: Vec<Passage<'_>> = cleaned
        .iter()
        .zip(&units)
        .map(|(text, spans)| Passage { text, spans })
        .collect();
    group.bench_function("tokenise and encode", |b| {
        b.iter(|| engine.score(black_box(&passages)).expect("scores").len())
    });
    group.finish();

    write_stage(c, &engine, &input);
}

fn write_stage(c: &mut Criterion, engine: &dyn Engine, input: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let small = folder.path().join("small.csv");
    let head: String = std::fs::read_to_string(input)
        .expect("a corpus")
        .lines()
        .take(200)
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&small, head).expect("a file");
    let job = Job {
        inputs: vec![small.to_string_lossy().into_owned()],
        source: options(),
        output: folder.path().join("tagged.parquet"),
        privacy: undertone::redact::Privacy::default(),
        columns: Columns {
            prefix: "ut_".to_owned(),
            clean_text: false,
        },
        max_rejects: None,
        themes: undertone::find::Choice::Off,
        taxonomy: None,
    };
    let mut group = c.benchmark_group("walk");
    group.sample_size(10);
    group.bench_function("tag 199 rows into Parquet", |b| {
        b.iter(|| run::tag(&job, engine, &Progress::silent()).expect("a run").rows)
    });
    let texts: Vec<Option<String>> = comments().into_iter().take(199).map(Some).collect();
    let rows: Vec<u64> = (0..texts.len() as u64).collect();
    let mut tagger = Tagger::new(engine);
    let mut tag = || {
        tagger
            .tag(&rows, vec![String::new(); rows.len()], &texts, &mut Seconds::default())
            .expect("rows")
            .len()
    };
    tag(); // from here on every comment is known
    group.bench_function("tag 199 known comments", |b| b.iter(&mut tag));
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
