//! Interrupted runs: an output is complete or absent at any moment.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Room;

/// Enough distinct comments to keep the program busy for some seconds.
fn long_input(room: &Room) {
    let rows: String = (0..3_000)
        .map(|n| {
            format!(
                "{n},The parcel number {n} came late and the courier number {} was rude\n",
                n * 7
            )
        })
        .collect();
    room.put("long.csv", format!("id,comment\n{rows}"));
}

fn start(room: &Room) -> Child {
    let arguments = [
        "tag",
        "long.csv",
        "-o",
        "out.parquet",
        "--text",
        "comment",
        "--quiet",
        "--batch-rows",
        "64",
    ];
    let child = room
        .undertone()
        .args(arguments)
        .stderr(Stdio::null())
        .spawn()
        .expect("a start");
    let began = Instant::now();
    while !room.path(".out.parquet.part").exists() && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(sent.success(), "the run ended before it could be interrupted");
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let room = Room::new();
    long_input(&room);
    let mut child = start(&room);
    signal(&child, "-INT");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert_eq!(room.files(), ["long.csv"]);
}

#[test]
fn a_killed_run_publishes_nothing_and_the_next_one_is_whole() {
    let room = Room::new();
    long_input(&room);
    let mut child = start(&room);
    signal(&child, "-KILL");
    assert_eq!(child.wait().expect("an end").code(), None);
    assert!(!room.path("out.parquet").exists());

    let ended = room.run("tag long.csv -o out.parquet --text comment --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let besides = |name: &String| !name.starts_with("out.parquet.themes.");
    let files: Vec<String> = room.files().into_iter().filter(besides).collect();
    assert_eq!(files, ["long.csv", "out.parquet"]);
    assert_eq!(room.table("out.parquet").height(), 3_000);
}

#[test]
fn two_runs_on_one_output_do_not_mix() {
    let room = Room::new();
    long_input(&room);
    let mut first = start(&room);
    let second = room.run("tag long.csv -o out.parquet --text comment --quiet");
    assert_eq!(second.code, Some(2));
    assert!(
        second.err.contains("another run is writing out.parquet"),
        "{}",
        second.err
    );
    assert_eq!(first.wait().expect("an end").code(), Some(0));
    assert_eq!(room.table("out.parquet").height(), 3_000);
}
