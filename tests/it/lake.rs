//! The lake: adds new rows, replaces changed ones, skips the rest, and stays readable.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polars::prelude::*;
use serde_json::Value;

use crate::support::{Ended, Room, texts};

/// What every run of these tests says.
pub(crate) const LAKE: &str = "sync inbox lake --partition-by dataset --text comment --id id";

pub(crate) fn csv(rows: &[(&str, &str)]) -> String {
    let rows: String = rows.iter().map(|(id, comment)| format!("{id},{comment}\n")).collect();
    format!("id,comment\n{rows}")
}

/// Answers do not matter here: a taxonomy of one theme is enough, and leaves time for more runs.
fn with_small_taxonomy(room: Room) -> Room {
    let tiny = "id = \"tiny\"\nname = \"Tiny\"\n[[themes]]\nid = \"time\"\nname = \"Time\"\nphrases.en = [\"late\"]\n";
    room.put("tiny.toml", tiny);
    room.put("undertone.toml", "taxonomy = \"tiny.toml\"\n");
    room
}

pub(crate) fn room_with(files: &[(&str, &str)]) -> Room {
    let room = with_small_taxonomy(Room::new());
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

/// The lake as any reader sees it, by what a pattern finds: for each id the comment. No id may be there twice, except that equal rows have the same hash.
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
            let comment = comment.unwrap_or_default();
            let is_hash = id.len() == 16 && rows.get(&id) == Some(&comment);
            let repeated = (1..).map(|n| format!("{id}#{n}")).find(|id| !rows.contains_key(id));
            let id = repeated.filter(|_| is_hash).unwrap_or(id);
            assert!(rows.insert(id.clone(), comment).is_none(), "{id} is there twice");
        }
    }
    rows
}

/// All bytes of the lake that must be reproducible, by path.
pub(crate) fn bytes(lake: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let own = |path: &PathBuf| !path.starts_with(lake.join("_runs")) && !path.ends_with("lock");
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
fn no_row_of_a_file_is_lost_and_ids_of_other_datasets_are_other_ids() {
    // Rows without an id, some of them equal; ids that two exports share.
    let room = room_with(&[(
        "answers.csv",
        "comment\nVery slow delivery\nVery slow delivery\nGreat shop\n",
    )]);
    let lake = "sync inbox lake --partition-by dataset --text comment --quiet --json";
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
    assert_eq!(
        folders,
        ["ut_dataset=answers", "ut_dataset=survey", "ut_dataset=tickets"]
    );
    // --dataset makes one dataset of them, and the later file wins.
    room.put("inbox/tickets.csv", csv(&[("1", "The app does not start any more")]));
    let ended = room.run("sync inbox/survey.csv inbox/tickets.csv one --partition-by dataset --dataset all --id id --text comment --quiet");
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
            let ended = room.run("sync inbox lake --partition-by day --quiet --json");
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
    night(&room, "--dataset ../../../escape", 0);
    assert_eq!(rows(&room.path("lake")).len(), 3);
    assert_eq!(room.files(), ["inbox", "lake", "tiny.toml", "undertone.toml"]);
    assert!(
        room.files_in("lake")
            .contains(&"ut_dataset=%2E.%2F..%2F..%2Fescape".to_owned())
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
    let progress = r#"{"version": 2, "base": "earlier", "settings": "", "files": [], "current": null, "datasets": {}, "known": {}, "parts": []}"#;
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
    let runs = room.files_in("lake/_runs");
    let failed = runs
        .iter()
        .filter(|name| name.ends_with(".json") && !name.contains("rejects"));
    let last = failed.last().expect("a report");
    let report: Value =
        serde_json::from_slice(&std::fs::read(room.path("lake/_runs").join(last)).expect("a report")).expect("JSON");
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
    let sync = "sync inbox --text comment --id id --quiet";
    told("lake_is_new", room.run(&format!("{sync} --wait other")));
    assert!(!room.path("other").exists());
    told(
        "lake_other_layout",
        room.run(&format!("{sync} lake --partition-by day")),
    );
    told("lake_other_prefix", room.run(&format!("{sync} lake --prefix x_")));
    told("lake_from_pipe", room.run("sync - lake --quiet"));
    told("lake_without_input", room.run("sync nowhere lake --quiet"));
    let path = room.path("lake/.undertone/manifest.json");
    let good = std::fs::read_to_string(&path).expect("a manifest");
    for (name, bad) in [
        ("lake_cut_short", "{\"version\":2,\"partition_by\":\"dat"),
        ("lake_of_a_later_version", "{\"version\":3}"),
        ("lake_unknown_field", "{\"version\":2,\"fils\":{}}"),
    ] {
        std::fs::write(&path, bad).expect("a manifest");
        told(name, room.run(&format!("{sync} lake")));
    }
    std::fs::write(&path, good).expect("a manifest");
    let list = files_below(&room.path("lake/.undertone/rows"), ".rows").remove(0);
    std::fs::write(&list, "odd").expect("a list");
    room.put("inbox/b.csv", csv(&[("9", "One more")]));
    let ended = room.run(&format!("{sync} lake"));
    assert!(
        ended.code == Some(2) && ended.err.contains("cut short"),
        "{}",
        ended.err
    );
}

/// A lake of known tickets, and an inbox whose next night has other texts under the ids `101..`.
fn other_texts(known: u32, other: u32) -> Room {
    let text = |n: u32| format!("Parcel number {n} never arrived at my door");
    let first: String = (0..known).map(|n| format!("{},{}\n", 100 + n, text(n))).collect();
    let room = room_with(&[("tickets-1.csv", &format!("id,comment\n{first}"))]);
    night(&room, "", 0);
    let words = ["Lovely", "Broken", "Cheap", "Wrong", "Superb", "Odd"];
    let second: String = (0..known)
        .map(|n| match n < other {
            true => format!("{},{} shoes {n}\n", 100 + n, words[n as usize % 6]),
            false => format!("{},{}\n", 100 + n, text(n)),
        })
        .collect();
    room.put("inbox/tickets-2.csv", format!("id,comment\n{second}"));
    room
}

#[test]
fn a_night_that_replaces_comments_by_unrelated_ones_publishes_nothing_unless_allowed() {
    // Five of a hundred are no more than 5 %, and four of ten are fewer than five.
    for (known, other) in [(100, 5), (10, 4)] {
        let report = night(&other_texts(known, other), "", 0);
        assert_eq!(counts(&report), [u64::from(known - other), 0, u64::from(other)]);
    }
    let room = other_texts(100, 6);
    let before = rows(&room.path("lake"));
    let plan = night(&room, "--dry-run", 0);
    assert!(
        plan["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("6 of 100 known rows"),
        "{plan}"
    );
    for _ in 0..2 {
        let ended = room.run(&format!("{LAKE} --quiet"));
        assert_eq!(ended.code, Some(2));
        insta::assert_snapshot!("lake_replaces", ended.err);
        assert_eq!(rows(&room.path("lake")), before);
    }
    // Allowed, the same work is taken over and published.
    let report = night(&room, "--replace", 0);
    assert_eq!(
        (&report["files"]["resumed"], &report["lake"]["rows"]),
        (&1.into(), &100.into())
    );
    assert_eq!(rows(&room.path("lake"))["100"], "Lovely shoes 0");
}

#[test]
fn the_rule_of_the_first_night_stays_and_is_told() {
    let room = room_with(&[("tickets-1.csv", &csv(&FIRST))]);
    let auto = "sync inbox lake --partition-by dataset --text comment --quiet --json";
    let run = |arguments: &str, code: i32| {
        let ended = room.run(arguments);
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        (serde_json::from_str::<Value>(&ended.out).unwrap_or_default(), ended.err)
    };
    let (report, _) = run(auto, 0);
    assert_eq!(
        report["datasets"]["tickets"],
        serde_json::json!({"by": "column", "column": "id", "told": "name"})
    );
    assert_eq!(report["warnings"][0], "rows of `tickets` are recognised by column `id`");
    // Ids that are not unique one night, and a name in other letters, change nothing: the lake goes on by the same column.
    room.put(
        "inbox/tickets-2.csv",
        "ID,comment\n2,Rude staff at the shop\n4,Never again\n4,Never again in my life\n",
    );
    assert_eq!(counts(&run(auto, 0).0), [0, 2, 1]);
    // A file without the column is left out, since nobody can say which rows are known.
    room.put("inbox/tickets-3.csv", "comment\nAnother comment without any id\n");
    let (report, _) = run(auto, 1);
    let reason = report["files"]["failed"][0]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("no column `id`") && reason.contains("--dataset"),
        "{reason}"
    );
    std::fs::remove_file(room.path("inbox/tickets-3.csv")).expect("removed");
    let (_, told) = run(&format!("{auto} --id comment"), 2);
    insta::assert_snapshot!("lake_other_id", told);
    // Told to, it recognises them by another column: nothing is lost, and a new export meets its rows.
    let (report, _) = run(&format!("{auto} --rekey --id comment"), 0);
    assert_eq!(report["datasets"]["tickets"]["column"], "comment");
    assert_eq!((counts(&report), &report["lake"]["rows"]), ([5, 1, 0], &6.into()));
    let shared = "Wonderful staff at the shop";
    room.put("inbox/tickets-4.csv", format!("id,comment\n77,{shared}\n"));
    assert_eq!(counts(&run(auto, 0).0), [0, 0, 1]);
    assert!(rows(&room.path("lake")).contains_key(shared));
}

/// A lake as a version before manifest 2 left it, with its inbox.
pub(crate) fn lake_of_manifest_1(name: &str) -> Room {
    let room = Room::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/lakes")
        .join(name);
    crate::support::copy(&from, &room.path(""));
    with_small_taxonomy(room)
}

#[test]
fn a_sound_lake_of_manifest_1_goes_on_by_itself() {
    let room = lake_of_manifest_1("sound-1");
    let before = rows(&room.path("lake"));
    let sync = "sync inbox lake --quiet --json";
    let ended = room.run(&format!("{sync} --dry-run"));
    assert!(
        ended.code == Some(2) && ended.err.contains("without --dry-run"),
        "{}",
        ended.err
    );
    // An overlapping export of each, one row of it new; columns of those without ids in another order.
    room.put(
        "inbox/tickets-2026-03-03.csv",
        "id,created_at,comment\n3,2026-03-02 09:00,The app crashes\n4,2026-03-03 09:00,Cold food\n",
    );
    let answers = "comment,created_at\nVery slow delivery,2026-03-01 08:00\nGreat shop,2026-03-02 08:00\nNo parking,2026-03-03 08:00\n";
    room.put("inbox/answers-2026-03-03.csv", answers);
    let report: Value = serde_json::from_str(&room.run(sync).out).expect("JSON");
    let told = report["warnings"][0].as_str().expect("a warning");
    assert!(
        told.contains("`answers` by content, `tickets` by column `id`"),
        "{told}"
    );
    assert_eq!(
        (&report["rows"]["new"], &report["lake"]["rows"]),
        (&2.into(), &8.into())
    );
    let after = rows(&room.path("lake"));
    assert_eq!(after.len(), before.len() + 2);
    assert!(
        before
            .iter()
            .all(|(id, text)| after.get(id).or(Some(text)) == Some(text))
    );
    assert_eq!(after["2"], "Rude staff at the shop");
    let files = room.files_in("lake");
    assert_eq!(
        files,
        [".undertone", "_runs", "ut_dataset=answers", "ut_dataset=tickets"]
    );
    assert_eq!(
        room.files_in("lake/_runs").len(),
        3,
        "the reports of the old runs have come along"
    );
    // From now on it is a lake like any other.
    assert_eq!(
        counts(&serde_json::from_str(&room.run(sync).out).expect("JSON")),
        [0, 0, 0]
    );
}

#[test]
fn a_lake_of_manifest_1_with_foreign_ids_stops_until_it_is_repaired() {
    let room = lake_of_manifest_1("foreign-1");
    let before = bytes(&room.path("lake"));
    let ended = room.run("sync inbox lake --quiet");
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!("lake_foreign_id", ended.err);
    assert_eq!(bytes(&room.path("lake")), before, "untouched");
    // Both files are still in the inbox: everything comes back.
    let report: Value = serde_json::from_str(&room.run("sync inbox lake --quiet --json --rekey").out).expect("JSON");
    let found = rows(&room.path("lake"));
    assert_eq!((found.len(), &report["lake"]["rows"]), (6, &6.into()), "{report}");
    assert!(found.keys().all(|id| id.len() == 16), "{found:?}");
    assert!(
        found.values().any(|text| text == "The queue was endless")
            && found.values().any(|text| text == "Toilets were dirty")
    );
    let told = report["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .filter_map(Value::as_str);
    let told: Vec<&str> = told.filter(|told| told.starts_with("rekey")).collect();
    insta::assert_snapshot!("lake_rekey_all", told.join("\n"));
    assert_eq!(
        counts(&serde_json::from_str(&room.run("sync inbox lake --quiet --json").out).expect("JSON")),
        [0, 0, 0]
    );
    // The first night's file is gone: what was replaced cannot come back, and that is said.
    let room = lake_of_manifest_1("foreign-1");
    std::fs::remove_file(room.path("inbox/survey-2026-03-01.csv")).expect("removed");
    let report: Value = serde_json::from_str(&room.run("sync lake --quiet --json --rekey").out).expect("JSON");
    let told = report["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .filter_map(Value::as_str);
    let told: Vec<&str> = told.filter(|told| told.starts_with("rekey")).collect();
    insta::assert_snapshot!("lake_rekey_some", told.join("\n"));
    assert_eq!(rows(&room.path("lake")).len(), 4);
}

#[test]
fn the_lakes_own_rows_are_analysed_anew_without_their_files() {
    let room = room_with(&[
        ("tickets-1.csv", &csv(&FIRST)),
        ("survey-1.csv", "created_at,comment\n2026-03-01 10:00,It is so slow\n"),
    ]);
    let sync = "sync inbox lake --partition-by month --quiet --json";
    assert_eq!(room.run(sync).code, Some(0));
    let before = rows(&room.path("lake"));
    // Other options make other settings, as another model or theme file does.
    let report: Value =
        serde_json::from_str(&room.run("sync lake --quiet --json --retag --keep-clean").out).expect("JSON");
    assert_eq!(
        (&report["rows"]["retagged"], counts(&report)),
        (&4.into(), [0, 0, 0]),
        "{report}"
    );
    assert_eq!(report["lake"]["rows_of_other_settings"], 0);
    assert_eq!(rows(&room.path("lake")), before);
    let mut times = 0;
    for part in files_below(&room.path("lake"), ".parquet") {
        let part = ParquetReader::new(File::open(part).expect("a part"))
            .finish()
            .expect("readable");
        assert!(texts(&part, "ut_clean_text").iter().all(Option::is_some));
        times += texts(&part, "ut_time").iter().flatten().count();
    }
    assert_eq!(times, 1, "the time stays");
    // Nothing is left to do, and the inbox brings nothing new.
    let report: Value =
        serde_json::from_str(&room.run("sync lake --quiet --json --retag --keep-clean").out).expect("JSON");
    assert_eq!(
        (&report["rows"]["retagged"], &report["outcome"]),
        (&0.into(), &"nothing_new".into())
    );
    assert_eq!(
        counts(&serde_json::from_str(&room.run(&format!("{sync} --keep-clean")).out).expect("JSON")),
        [4, 0, 0]
    );
}

#[test]
fn rows_of_an_earlier_version_are_analysed_anew_in_todays_columns() {
    let room = lake_of_manifest_1("sound-1");
    let before = rows(&room.path("lake"));
    let ended = room.run("sync lake --quiet --json --retag");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(
        (&report["rows"]["retagged"], &report["lake"]["rows_of_other_settings"]),
        (&6.into(), &0.into())
    );
    assert_eq!(rows(&room.path("lake")), before);
    // The same columns in the same types as a row that is tagged today.
    room.put("today.csv", "created_at,comment\n2026-03-01 08:00,Very slow delivery\n");
    assert_eq!(room.run("tag today.csv -o today.parquet --quiet").code, Some(0));
    let today = room.table("today.parquet");
    for part in files_below(&room.path("lake"), ".parquet") {
        let part = ParquetReader::new(File::open(part).expect("a part"))
            .finish()
            .expect("readable");
        for column in today.columns().iter().filter(|column| column.name().starts_with("ut_")) {
            let theirs = part.column(column.name()).expect("the column of today");
            assert_eq!(theirs.dtype(), column.dtype(), "{}", column.name());
        }
        assert_eq!(part.column("ut_time").expect("times").null_count(), 0, "times stay");
    }
}

#[test]
fn tag_into_a_lake_goes_on_working_and_says_what_to_use() {
    let room = room_with(&[("a.csv", &csv(&FIRST))]);
    let ended = room.run("tag inbox --out lake --partition-by source --source all --text comment --id id");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains("undertone sync INBOX lake"), "{}", ended.err);
    assert_eq!(rows(&room.path("lake")).len(), 3);
    assert_eq!(room.files_in("lake"), [".undertone", "_runs", "ut_dataset=all"]);
    let ended = room.run("sync lake --quiet");
    assert!(ended.code == Some(2) && ended.err.contains("no inbox"), "{}", ended.err);
}
