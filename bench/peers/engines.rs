//! `cargo bench --bench engines -- ENGINE TEXTS OUT THREADS`: one engine over texts (one JSON string a line), for `bench/peers/run`. Writes the
//! sentiment of each text to OUT, negative, neutral, positive, mixed a line, and prints seconds, CPU seconds and texts as JSON.
//!
//! Engines: `native`; with the feature `libtorch` also `libtorch` (this program's second engine: masked, sorted),
//! and rust-bert used plainly: `rust-bert-sorted` (masked, sorted, batches of 32) and `rust-bert-pipeline` (input order, no mask,
//! batches of 32, padded to the longest of the batch, as its `SequenceClassificationModel` does), both as one model whose threads
//! are libtorch's. They read `weights.safetensors` beside OUT.
//! `peak` runs nothing but multiply-adds, f32 and int8, on one core, and prints how many operations that makes in a second, in 10^9.

#![allow(clippy::print_stdout)] // printing is what it is for
#![allow(unsafe_code)] // the loops of `peak`

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use undertone::model::{self, Engine, Passage, Quality};

type Logits = Vec<Vec<f32>>;

/// Cost and results of a run.
struct Ran {
    seconds: f64,
    cpu: f64,
    /// Pieces read, padding left out.
    tokens: usize,
    scores: Logits,
}

/// CPU seconds of this process so far, user and system.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [engine, texts, out, threads] = given.as_slice() else {
        return Err("usage: ENGINE TEXTS OUT THREADS".into());
    };
    let threads: usize = threads.parse()?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let texts: Vec<String> = fs::read_to_string(texts)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    if engine == "peak" {
        let [fma, int8] = peak::measured();
        println!("{}", serde_json::json!({"fma": fma, "int8": int8}));
        return Ok(());
    }
    let Ran {
        seconds,
        cpu: used,
        tokens,
        scores,
    } = match engine.as_str() {
        "native" => through(&model::base(Quality::Best)?, &texts)?,
        #[cfg(feature = "libtorch")]
        "libtorch" => through(&model::torch::base(Quality::Best)?, &texts)?,
        #[cfg(feature = "libtorch")]
        "rust-bert-sorted" => plain::run(&texts, Path::new(out), threads, true)?,
        #[cfg(feature = "libtorch")]
        "rust-bert-pipeline" => plain::run(&texts, Path::new(out), threads, false)?,
        other => return Err(format!("there is no engine {other} in this build").into()),
    };
    let lines: String = scores
        .iter()
        .map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>().join(" ") + "\n")
        .collect();
    fs::write(Path::new(out), lines)?;
    println!(
        "{}",
        serde_json::json!({"seconds": seconds, "cpu": used, "texts": texts.len(), "tokens": tokens})
    );
    Ok(())
}

/// One of this program's engines.
fn through(engine: &dyn Engine, texts: &[&str]) -> undertone::Result<Ran> {
    let passages: Vec<Passage<'_>> = texts.iter().copied().map(Passage::from).collect();
    engine.score(&passages[..2])?;
    let (started, used) = (Instant::now(), cpu());
    let (mut scores, mut tokens) = (Logits::new(), 0);
    for batch in passages.chunks(4096) {
        for found in engine.score(batch)? {
            tokens += found.tokens as usize;
            scores.push(found.sentiment.to_vec());
        }
    }
    Ok(Ran {
        seconds: started.elapsed().as_secs_f64(),
        cpu: cpu() - used,
        tokens,
        scores,
    })
}

/// rust-bert without this program.
#[cfg(feature = "libtorch")]
mod plain {
    use super::{Error, Instant, Path, Ran, cpu};
    use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
    use tch::nn::{self, VarStore};
    use tch::{Device, Kind, Tensor};
    use tokenizers::Tokenizer;
    use undertone::model::Card;

    const BATCH: usize = 32;

    pub(super) fn run(texts: &[&str], out: &Path, threads: usize, sorted: bool) -> Result<Ran, Box<dyn Error>> {
        tch::set_num_threads(i32::try_from(threads)?);
        let folder = out.parent().unwrap_or(Path::new("."));
        let config: BertConfig = serde_json::from_str(&std::fs::read_to_string(folder.join("config.json"))?)?;
        let card = Card::parse(include_str!("../../models/base/card.toml"))?;
        let classes = card.head("sentiment").map_or(3, |head| head.labels.len());
        let mut store = VarStore::new(Device::Cpu);
        let bert = BertModel::<BertEmbeddings>::new_with_optional_pooler(store.root(), &config, false);
        let head = nn::linear(
            store.root() / "heads" / "sentiment",
            config.hidden_size,
            i64::try_from(classes)?,
            Default::default(),
        );
        store.load(folder.join("weights.safetensors"))?;
        let mut tokenizer =
            Tokenizer::from_bytes(include_bytes!("../../models/base/tokenizer.json")).map_err(|e| e.to_string())?;
        tokenizer
            .with_truncation(Some(tokenizers::TruncationParams {
                max_length: 160,
                ..Default::default()
            }))
            .map_err(|e| e.to_string())?;

        let (started, used) = (Instant::now(), cpu());
        let prefixed: Vec<String> = texts.iter().map(|text| format!("query: {text}")).collect();
        let coded = tokenizer.encode_batch_fast(prefixed, true).map_err(|e| e.to_string())?;
        let ids: Vec<Vec<i64>> = coded
            .iter()
            .map(|c| c.get_ids().iter().map(|id| i64::from(*id)).collect())
            .collect();
        let mut order: Vec<usize> = (0..ids.len()).collect();
        if sorted {
            order.sort_by_key(|n| std::cmp::Reverse(ids[*n].len()));
        }
        let mut scores = vec![Vec::new(); texts.len()];
        for places in order.chunks(BATCH) {
            let longest = places.iter().map(|n| ids[*n].len()).max().unwrap_or(0);
            let row = |n: &usize, fill: fn(i64) -> i64| {
                let mut row: Vec<i64> = ids[*n].iter().map(|id| fill(*id)).collect();
                row.resize(longest, 0);
                row
            };
            let tensor = |fill: fn(i64) -> i64| {
                let rows: Vec<i64> = places.iter().flat_map(|n| row(n, fill)).collect();
                Tensor::from_slice(&rows).reshape([places.len() as i64, longest as i64])
            };
            let (block, mask) = (tensor(|id| id), tensor(|_| 1));
            let mask = sorted.then_some(mask);
            let logits = tch::no_grad(|| -> Result<Tensor, Box<dyn Error>> {
                let states = bert
                    .forward_t(Some(&block), mask.as_ref(), None, None, None, None, None, false)?
                    .hidden_state;
                let mean = match &mask {
                    Some(mask) => {
                        let mask = mask.unsqueeze(-1).to_kind(Kind::Float);
                        (states * &mask).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float)
                            / mask.sum_dim_intlist([1_i64].as_slice(), false, Kind::Float)
                    }
                    None => states.mean_dim([1_i64].as_slice(), false, Kind::Float),
                };
                Ok(mean.apply(&head))
            })?;
            let values: Vec<f32> = Vec::try_from(logits.reshape([-1]))?;
            for (n, row) in places.iter().zip(values.chunks_exact(classes)) {
                scores[*n] = row.to_vec();
            }
        }
        Ok(Ran {
            seconds: started.elapsed().as_secs_f64(),
            cpu: cpu() - used,
            tokens: ids.iter().map(Vec::len).sum(),
            scores,
        })
    }
}

/// How fast one core multiplies and adds when nothing holds it up: 12 sums in registers, so that no instruction waits for another.
mod peak {
    use std::hint::black_box;
    use std::time::Instant;

    const SUMS: usize = 12;
    const STEPS: usize = 20_000_000;

    /// 10^9 operations a second, f32 and int8, with the widest instructions of the processor that are exact: int8 with the matrix
    /// unit, or with VNNI, or widened to i16. 0 where there are none known here.
    pub(super) fn measured() -> [f64; 2] {
        #[cfg(target_arch = "x86_64")]
        {
            // Sound: each is called only where its instructions are there.
            let fma = if is_x86_feature_detected!("avx512f") {
                rate(16, || unsafe { x86::fma_512() })
            } else if is_x86_feature_detected!("fma") {
                rate(8, || unsafe { x86::fma_256() })
            } else {
                0.0
            };
            let int8 = if matrix_unit() {
                rate(16 * 16 * 64 / 4, x86::int8_tiles)
            } else if is_x86_feature_detected!("avx512vnni") {
                rate(64, || unsafe { x86::int8_512() })
            } else if is_x86_feature_detected!("avxvnni") {
                rate(32, || unsafe { x86::int8_256() })
            } else if is_x86_feature_detected!("avx2") {
                rate(16, || unsafe { x86::int8_widened() })
            } else {
                0.0
            };
            [fma, int8]
        }
        #[cfg(not(target_arch = "x86_64"))]
        [0.0, 0.0]
    }

    /// Whether the system lets this process use AMX (`src/model/amx.rs` tells of the numbers).
    #[cfg(target_arch = "x86_64")]
    fn matrix_unit() -> bool {
        #[cfg(target_os = "linux")]
        // Sound: two numbers, no memory.
        return std::arch::x86_64::__cpuid_count(7, 0).edx & (1 << 24 | 1 << 25) == (1 << 24 | 1 << 25)
            && unsafe { libc::syscall(libc::SYS_arch_prctl, 0x1023, 18) } == 0;
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// Best of five, for `products` multiplications and as many additions by each instruction.
    fn rate(products: usize, run: impl Fn() -> f32) -> f64 {
        let once = || {
            let started = Instant::now();
            black_box(run());
            (2 * products * SUMS * STEPS) as f64 / started.elapsed().as_secs_f64() / 1e9
        };
        (0..5).map(|_| once()).fold(0.0, f64::max)
    }

    #[cfg(target_arch = "x86_64")]
    mod x86 {
        use super::{STEPS, SUMS, black_box};
        use std::arch::x86_64::*;

        /// A quarter of `STEPS` x `SUMS` tile products, in four tiles of sums.
        pub(super) fn int8_tiles() -> f32 {
            /// Palette 1, then 16 numbers of bytes in a row, then 16 numbers of rows: 64 bytes and 16 rows for the first six tiles.
            #[repr(C, align(64))]
            struct Shapes([u8; 16], [u16; 16], [u8; 16]);
            let mut shapes = Shapes([0; 16], [0; 16], [0; 16]);
            shapes.0[0] = 1;
            shapes.1[..6].fill(64);
            shapes.2[..6].fill(16);
            // Sound: the unit was granted; its registers are nobody else's.
            unsafe {
                std::arch::asm!(
                    "ldtilecfg [{shapes}]",
                    "2:",
                    "tdpbusd tmm0, tmm4, tmm5",
                    "tdpbusd tmm1, tmm4, tmm5",
                    "tdpbusd tmm2, tmm4, tmm5",
                    "tdpbusd tmm3, tmm4, tmm5",
                    "dec {steps}",
                    "jnz 2b",
                    "tilerelease",
                    shapes = in(reg) &raw const shapes,
                    steps = inout(reg) STEPS * SUMS / 16 => _,
                    options(nostack, readonly),
                );
            }
            0.0
        }

        macro_rules! peak {
            ($name:ident, $features:literal, $zero:expr, $one:expr, $step:expr, $first:expr) => {
                #[target_feature(enable = $features)]
                pub(super) fn $name() -> f32 {
                    let mut sums = [$zero; SUMS];
                    let (a, b) = (black_box($one), black_box($one));
                    for _ in 0..STEPS {
                        for sum in &mut sums {
                            *sum = $step(*sum, a, b);
                        }
                    }
                    sums.into_iter().map($first).sum()
                }
            };
        }

        peak!(
            fma_512,
            "avx512f",
            _mm512_setzero_ps(),
            _mm512_set1_ps(1e-9),
            |s, a, b| _mm512_fmadd_ps(a, b, s),
            |s| _mm512_cvtss_f32(s)
        );
        peak!(
            int8_widened,
            "avx2",
            _mm256_setzero_si256(),
            _mm256_set1_epi16(1),
            |s, a, b| _mm256_add_epi32(a, _mm256_madd_epi16(s, b)),
            |s| _mm256_cvtsi256_si32(s) as f32
        );
        peak!(
            fma_256,
            "fma,avx2",
            _mm256_setzero_ps(),
            _mm256_set1_ps(1e-9),
            |s, a, b| _mm256_fmadd_ps(a, b, s),
            |s| _mm256_cvtss_f32(s)
        );
        peak!(
            int8_512,
            "avx512f,avx512vnni",
            _mm512_setzero_si512(),
            _mm512_set1_epi8(1),
            |s, a, b| _mm512_dpbusd_epi32(s, a, b),
            |s| _mm512_cvtsi512_si32(s) as f32
        );
        peak!(
            int8_256,
            "avx2,avxvnni",
            _mm256_setzero_si256(),
            _mm256_set1_epi8(1),
            |s, a, b| _mm256_dpbusd_avx_epi32(s, a, b),
            |s| _mm256_cvtsi256_si32(s) as f32
        );
    }
}
