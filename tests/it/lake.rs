//! The lake: adds new rows, replaces changed ones, skips the rest, and stays readable.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polars::prelude::*;
use serde_json::Value;

use crate::support::{Ended, Room, texts};

/// What every run of these tests says.
pub(crate) const LAKE: &str = "tag inbox --out lake --partition-by source --text comment --id id";

pub(crate) fn csv(rows: &[(&str, &str)]) -> String {
    let rows: String = rows.iter().map(|(id, comment)| format!("{id},{comment}\n")).collect();
    format!("id,comment\n{rows}")
}

pub(crate) fn room_with(files: &[(&str, &str)]) -> Room {
    let room = Room::new();
    std::fs::create_dir(room.path("inbox")).expect("a folder");
    files
        .iter()
        .for_each(|(name, text)| drop(room.put(&format!("inbox/{name}"), text)));
    room
}

/// Runs the program and returns its JSON.
fn night(room: &Room, options: &str, code: i32) -> Value {
    let ended = room.run(&format!("{LAKE} --quiet --json {options}"));
    assert_eq!(ended.code, Some(code), "{}", ended.err);
    serde_json::from_str(&ended.out).expect("JSON")
}

/// All files below a folder with this ending, sorted.
fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files_below(&path, ending)),
            false if path.to_string_lossy().ends_with(ending) => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// The lake as any reader sees it, by what a pattern finds: for each id the comment. No id may be there twice.
pub(crate) fn rows(lake: &Path) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for path in files_below(lake, ".parquet") {
        let file = File::open(&path).expect("a part");
        let part = ParquetReader::new(file).finish().expect("a readable part");
        let (ids, comments, status) = (
            texts(&part, "ut_id"),
            texts(&part, "comment"),
            texts(&part, "ut_status"),
        );
        for ((id, comment), status) in ids.into_iter().zip(comments).zip(status) {
            let id = id.expect("an id");
            assert!(status.is_some(), "{id} has no status");
            assert!(
                rows.insert(id.clone(), comment.unwrap_or_default()).is_none(),
                "{id} is there twice"
            );
        }
    }
    rows
}

/// All bytes of the lake that must be reproducible, by path.
pub(crate) fn bytes(lake: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let own = |path: &PathBuf| !path.starts_with(lake.join("runs")) && !path.ends_with("lock");
    let paths = files_below(lake, "").into_iter().filter(own);
    paths
        .map(|path| {
            let below = path.strip_prefix(lake).expect("below").to_owned();
            (below, std::fs::read(path).expect("a file"))
        })
        .collect()
}

fn counts(report: &Value) -> [u64; 3] {
    ["known", "new", "changed"].map(|name| report["rows"][name].as_u64().expect("a count"))
}

const FIRST: [(&str, &str); 3] = [
    ("1", "The courier was rude and late"),
    ("2", "Wonderful staff at the shop"),
    ("3", "It works"),
];

#[test]
fn only_what_is_new_or_changed_is_tagged_and_replaced() {
    let room = room_with(&[("tickets-2026-11-24.csv", &csv(&FIRST))]);
    let report = night(&room, "", 0);
    assert_eq!(
        (counts(&report), report["outcome"].as_str()),
        ([0, 3, 0], Some("published"))
    );

    // The same files again: nothing is read.
    let before = bytes(&room.path("lake"));
    let report = night(&room, "", 0);
    assert_eq!(
        (counts(&report), report["outcome"].as_str()),
        ([0, 0, 0], Some("nothing_new"))
    );
    assert_eq!(report["files"]["known"], 1);
    assert_eq!(bytes(&room.path("lake")), before);

    // The next export of the same tickets: one is known, one has changed, one is new, one is no longer in the export.
    room.put(
        "inbox/tickets-2026-11-25.csv",
        csv(&[FIRST[0], ("2", "Rude staff at the shop"), ("4", "Never again")]),
    );
    let plan = night(&room, "--dry-run", 0);
    assert_eq!((counts(&plan), plan["outcome"].as_str()), ([1, 1, 1], Some("dry_run")));
    assert_eq!(bytes(&room.path("lake")), before);
    let report = night(&room, "", 0);
    assert_eq!(counts(&report), [1, 1, 1]);
    assert_eq!(report["lake"]["rows"], 4);
    let rows = rows(&room.path("lake"));
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["1", "2", "3", "4"]);
    assert_eq!(rows["2"], "Rude staff at the shop");

    // The first file again under a new name: its rows are older, but row 2 now counts as the latest.
    room.put("inbox/tickets-2026-11-26.csv", csv(&[FIRST[1]]));
    assert_eq!(counts(&night(&room, "", 0)), [0, 0, 1]);
    assert_eq!(self::rows(&room.path("lake"))["2"], FIRST[1].1);
}

#[test]
fn no_row_of_a_file_is_lost_and_ids_of_other_exports_are_other_ids() {
    // Rows without an id, some of them equal; ids that two exports share.
    let room = room_with(&[(
        "answers.csv",
        "comment\nVery slow delivery\nVery slow delivery\nGreat shop\n",
    )]);
    let lake = "tag inbox --out lake --partition-by source --text comment --quiet --json";
    let ended = room.run(lake);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    room.put(
        "inbox/answers-2.csv",
        "comment\nVery slow delivery\nVery slow delivery\nVery slow delivery\nGreat shop\n",
    );
    room.put("inbox/survey.csv", csv(&FIRST));
    room.put("inbox/tickets.csv", csv(&[("1", "The app does not start")]));
    let report: Value = serde_json::from_str(&room.run(lake).out).expect("JSON");
    assert_eq!(counts(&report), [3, 5, 0]);
    assert_eq!(report["lake"]["rows"], 8);
    let folders: Vec<String> = room
        .files_in("lake")
        .into_iter()
        .filter(|name| name.starts_with("ut_"))
        .collect();
    assert_eq!(folders, ["ut_export=answers", "ut_export=survey", "ut_export=tickets"]);
    // --source makes one export of them, and the later file wins.
    room.put("inbox/tickets.csv", csv(&[("1", "The app does not start any more")]));
    let ended = room.run("tag inbox/survey.csv inbox/tickets.csv --out one --partition-by source --source all --id id --text comment --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(rows(&room.path("one"))["1"], "The app does not start any more");
}

#[test]
fn ids_of_somebody_else_never_replace_a_comment() {
    let nights = [
        "101,2026-03-01 10:00,The queue was endless\n102,2026-03-01 11:00,Lovely staff\n103,2026-03-01 12:00,Prices are too high\n",
        "101,2026-03-02 10:00,Toilets were dirty\n102,2026-03-02 11:00,No parking to be found\n104,2026-03-02 12:00,Nice new layout\n",
    ];
    for column in ["Store ID", "session_id", "Номер замовлення", "Kundennummer"] {
        let room = room_with(&[]);
        for (n, rows) in nights.iter().enumerate() {
            room.put(
                &format!("inbox/survey-2026-03-0{}.csv", n + 1),
                format!("{column},created_at,comment\n{rows}"),
            );
            let ended = room.run("tag inbox --out lake --partition-by day --quiet --json");
            assert_eq!(ended.code, Some(0), "{column}: {}", ended.err);
            let report: Value = serde_json::from_str(&ended.out).expect("JSON");
            assert_eq!(counts(&report), [0, 3, 0], "{column}");
        }
        assert_eq!(rows(&room.path("lake")).len(), 6, "{column}");
    }
}

#[test]
fn names_that_play_tricks_stay_in_the_lake() {
    let room = room_with(&[("a=..%2F..%2Fescape.csv", &csv(&FIRST))]);
    night(&room, "--source ../../../escape", 0);
    assert_eq!(rows(&room.path("lake")).len(), 3);
    assert_eq!(room.files(), ["inbox", "lake"]);
    assert!(
        room.files_in("lake")
            .contains(&"ut_export=%2E.%2F..%2F..%2Fescape".to_owned())
    );
}

#[test]
fn a_damaged_file_keeps_only_itself_out_and_is_tried_again() {
    let room = room_with(&[("a.csv", &csv(&FIRST)), ("b.csv", "")]);
    let report = night(&room, "", 1);
    assert_eq!(report["files"]["failed"][0]["file"], "inbox/b.csv");
    assert_eq!(report["lake"]["rows"], 3);
    room.put("inbox/b.csv", csv(&[("1", "Now it is whole")]));
    assert_eq!(counts(&night(&room, "", 0)), [0, 1, 0]);
    // A file that is damaged in its middle leaves nothing of its first half.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let many: String = (0..20_000).map(|n| format!("{n},Number {n} was late\n")).collect();
    std::io::Write::write_all(&mut gzip, format!("id,comment\n{many}").as_bytes()).expect("gzip");
    let whole = gzip.finish().expect("gzip");
    room.put("inbox/c.csv.gz", &whole[..whole.len() / 2]);
    let before = bytes(&room.path("lake"));
    assert!(
        night(&room, "", 1)["files"]["failed"][0]["reason"]
            .as_str()
            .expect("a reason")
            .contains("damaged")
    );
    assert_eq!(bytes(&room.path("lake")), before);
    // When nothing can be read, nothing is published.
    let room = room_with(&[("b.csv", "")]);
    assert_eq!(room.run(&format!("{LAKE} --quiet")).code, Some(2));
}

#[test]
fn what_a_killed_run_left_behind_is_cleared_up_even_when_nothing_is_new() {
    let room = room_with(&[("a.csv", &csv(&FIRST))]);
    night(&room, "", 0);
    let before = bytes(&room.path("lake"));
    // As of a run that was killed in the last moment of its publication.
    let progress = r#"{"version": 1, "base": "earlier", "settings": "", "files": [], "current": null, "parts": []}"#;
    room.put("lake/.undertone/progress.json", progress);
    assert_eq!(counts(&night(&room, "", 0)), [0, 0, 0]);
    assert_eq!(bytes(&room.path("lake")), before);
}

#[test]
fn too_many_rejects_publish_nothing() {
    let room = room_with(&[("a.csv", &csv(&FIRST))]);
    night(&room, "", 0);
    let before = bytes(&room.path("lake"));
    room.put("inbox/b.csv", csv(&FIRST) + "4,too,many,fields\n");
    let ended = room.run(&format!("{LAKE} --quiet --max-rejects 10%"));
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!("too_many_rejects", ended.err);
    assert_eq!(rows_and_manifest(&room), (before.len(), 3));
    let runs = room.files_in("lake/runs");
    let failed = runs
        .iter()
        .filter(|name| name.ends_with(".json") && !name.contains("rejects"));
    let last = failed.last().expect("a report");
    let report: Value =
        serde_json::from_slice(&std::fs::read(room.path("lake/runs").join(last)).expect("a report")).expect("JSON");
    assert_eq!(report["outcome"], "failed");
    assert!(runs.iter().any(|name| name.ends_with(".rejects.jsonl")), "{runs:?}");
    // If allowed, the same work is taken over and published.
    let report = night(&room, "--max-rejects 25%", 1);
    assert_eq!(
        (&report["rows"]["rejected"], &report["files"]["resumed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(rows_and_manifest(&room).1, 6);
    // The same for a single file.
    let ended = room.run("tag inbox/b.csv -o out.parquet --text comment --quiet --max-rejects 0.1");
    assert_eq!(ended.code, Some(2));
    assert!(!room.path("out.parquet").exists());
}

/// Files that readers or the manifest list, and rows the manifest counts.
fn rows_and_manifest(room: &Room) -> (usize, u64) {
    let staged = |path: &PathBuf| path.starts_with(".undertone/staged") || path.ends_with("progress.json");
    let files = bytes(&room.path("lake"))
        .into_keys()
        .filter(|path| !staged(path))
        .count();
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(room.path("lake/.undertone/manifest.json")).expect("a manifest"))
            .expect("JSON");
    let parts = manifest["parts"].as_object().expect("parts");
    (
        files,
        parts.values().map(|part| part["rows"].as_u64().expect("rows")).sum(),
    )
}

#[test]
fn another_model_tags_anew_or_is_refused() {
    let room = room_with(&[("a.csv", &csv(&FIRST))]);
    night(&room, "", 0);
    let path = room.path("lake/.undertone/manifest.json");
    // Simulates an older model.
    let manifest = std::fs::read_to_string(&path).expect("a manifest");
    let mut manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let text = manifest.to_string();
    let key = manifest["settings"]
        .as_object()
        .expect("settings")
        .keys()
        .next()
        .expect("a key")
        .clone();
    manifest = serde_json::from_str(&text.replace(&key, "00000000000000aa")).expect("JSON");
    manifest["settings"]["00000000000000aa"]["undertone.model"] = "older-model 0".into();
    std::fs::write(&path, manifest.to_string()).expect("a manifest");
    let ended = room.run(&format!("{LAKE} --quiet --fail-on-model-change"));
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err.contains("older-model 0") && ended.err.contains("--fail-on-model-change"),
        "{}",
        ended.err
    );
    let parts = files_below(&room.path("lake"), ".parquet");
    let report = night(&room, "", 0);
    assert_eq!(counts(&report), [0, 0, 3]);
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("model changed from older-model 0")
    );
    assert_eq!(
        files_below(&room.path("lake"), ".parquet"),
        parts,
        "the new part takes the place of the old one"
    );
    assert_eq!(rows(&room.path("lake")).len(), 3);
}

#[test]
fn the_second_of_two_runs_says_so_or_waits() {
    let room = room_with(&[("a.csv", &csv(&FIRST))]);
    night(&room, "", 0);
    room.put("inbox/b.csv", csv(&[("9", "One more")]));
    let lock = File::options()
        .write(true)
        .open(room.path("lake/.undertone/lock"))
        .expect("a lock");
    lock.lock().expect("locked");
    let ended = room.run(&format!("{LAKE} --quiet"));
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!("lake_busy", ended.err);
    let mut waiting = room
        .undertone()
        .args(LAKE.split(' '))
        .args(["--quiet", "--wait"])
        .spawn()
        .expect("a start");
    std::thread::sleep(Duration::from_millis(600));
    assert!(waiting.try_wait().expect("a state").is_none(), "it did not wait");
    drop(lock);
    assert_eq!(waiting.wait().expect("an end").code(), Some(0));
    assert_eq!(rows(&room.path("lake")).len(), 4);
}

#[test]
fn answers_to_bad_lakes() {
    let room = room_with(&[("a.csv", &csv(&FIRST))]);
    night(&room, "", 0);
    let told = |name: &str, ended: Ended| {
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.err);
        insta::assert_snapshot!(name, ended.err);
    };
    let tag = "tag inbox --text comment --id id --quiet";
    told("lake_is_new", room.run(&format!("{tag} --out other --wait")));
    assert!(!room.path("other").exists());
    told(
        "lake_other_layout",
        room.run(&format!("{tag} --out lake --partition-by day")),
    );
    told("lake_other_prefix", room.run(&format!("{tag} --out lake --prefix x_")));
    told("lake_from_pipe", room.run("tag - --out lake --quiet"));
    told("lake_without_input", room.run("tag nowhere --out lake --quiet"));
    let path = room.path("lake/.undertone/manifest.json");
    let good = std::fs::read_to_string(&path).expect("a manifest");
    for (name, bad) in [
        ("lake_cut_short", "{\"version\":1,\"partition_by\":\"sou"),
        ("lake_of_a_later_version", "{\"version\":2}"),
        ("lake_unknown_field", "{\"version\":1,\"fils\":{}}"),
    ] {
        std::fs::write(&path, bad).expect("a manifest");
        told(name, room.run(&format!("{tag} --out lake")));
    }
    std::fs::write(&path, good).expect("a manifest");
    let list = files_below(&room.path("lake/.undertone/rows"), ".rows").remove(0);
    std::fs::write(&list, "odd").expect("a list");
    room.put("inbox/b.csv", csv(&[("9", "One more")]));
    let ended = room.run(&format!("{tag} --out lake"));
    assert!(
        ended.code == Some(2) && ended.err.contains("cut short"),
        "{}",
        ended.err
    );
}
