//! Crash safety of the lake: killed at any moment, or on a full disk, it stays readable, has no row twice, and ends with the bytes of an undisturbed
//! run. `UNDERTONE_FAULTS=500` runs more rounds than the default 50.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lake::{LAKE, bytes, csv, room_with, rows};
use crate::support::Room;

/// Estimated duration of a publication in microseconds.
const PUBLICATION: u64 = 4_000;

/// A lake after one run, and an inbox with the files of the next: changed, known and new rows, several files, several folders.
fn two_nights() -> Room {
    let room = room_with(&[]);
    let put = |name: &str, rows: std::ops::Range<u32>, turn: u32| {
        let texts: Vec<(String, String)> = rows
            .map(|n| {
                let text = if n % 3 == turn {
                    "was late and broken"
                } else {
                    "came in time"
                };
                (format!("{name}{n}"), format!("Parcel {n} {text}"))
            })
            .collect();
        let rows: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        csv(&rows)
    };
    for (n, name) in ["tickets", "reviews", "survey"].iter().enumerate() {
        room.put(&format!("inbox/{name}-1.csv"), put(name, 0..12 + n as u32, 0));
    }
    run(&room, "lake");
    for (n, name) in ["tickets", "reviews", "survey", "calls", "mentions"].iter().enumerate() {
        room.put(&format!("inbox/{name}-2.csv"), put(name, 6..16 + n as u32, 1));
    }
    room
}

fn run(room: &Room, lake: &str) {
    let ended = room.run(&format!(
        "{} --quiet",
        LAKE.replace("--out lake", &format!("--out {lake}"))
    ));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).expect("a copy")),
        }
    }
}

/// Seeded random numbers: a step of Knuth's MMIX generator, by its upper bits.
fn draw(state: &mut u64, below: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below.max(1)
}

/// Each row is in its old or its new state; new ones may be missing.
fn between(now: &BTreeMap<String, String>, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
    for (id, text) in now {
        assert!(old.get(id) == Some(text) || new.get(id) == Some(text), "{id}: {text}");
    }
    // A row that does not change is always present.
    for (id, text) in old.iter().filter(|(id, text)| new.get(*id) == Some(*text)) {
        assert_eq!(now.get(id), Some(text), "{id} is missing");
    }
}

#[test]
fn killed_at_fifty_moments_the_lake_is_whole_and_the_next_run_ends_with_the_same_bytes() {
    let rounds: u32 = std::env::var("UNDERTONE_FAULTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(50);
    let room = two_nights();
    copy(&room.path("lake"), &room.path("undisturbed"));
    let old = rows(&room.path("lake"));
    let began = Instant::now();
    run(&room, "undisturbed");
    let mut length = began.elapsed().as_micros() as u64;
    let (new, wanted) = (rows(&room.path("undisturbed")), bytes(&room.path("undisturbed")));
    assert_ne!(old, new);

    let (mut state, mut killed, mut tries, mut halfway) = (20_261_124, 0, 0, BTreeMap::new());
    while killed < rounds {
        tries += 1;
        assert!(
            tries <= 3 * rounds,
            "only {killed} of {tries} runs were killed before their end"
        );
        let lake: PathBuf = room.path("killed");
        let _ = std::fs::remove_dir_all(&lake);
        copy(&room.path("lake"), &lake);
        let mut child = room
            .undertone()
            .args(LAKE.replace("--out lake", "--out killed").split(' '))
            .arg("--quiet")
            .stderr(Stdio::null())
            .spawn()
            .expect("a start");
        let own = lake.join(".undertone");
        let aimed = tries % 3 == 0;
        // Most of the work comes late, so most kill times do too; publication is so short that random times alone would rarely hit it.
        let moment = match tries % 3 {
            0 if tries % 2 == 0 => 0,
            0 => draw(&mut state, PUBLICATION),
            1 => draw(&mut state, length),
            _ => length / 2 + draw(&mut state, length / 2),
        };
        if aimed {
            while !own.join("commit.json").exists() && child.try_wait().expect("a state").is_none() {
                std::hint::spin_loop();
            }
        }
        std::thread::sleep(Duration::from_micros(moment));
        child.kill().expect("a kill");
        match child.wait().expect("an end").code() {
            None => killed += 1,
            Some(_) if aimed => {}
            // It was faster than the undisturbed run, so later kill times would miss all runs.
            Some(_) => length = length.min(moment).max(1_000),
        }
        let state = [
            own.join("progress.json").exists(),
            own.join("commit.json").exists(),
            rows(&lake) == new,
        ];
        *halfway.entry(state).or_insert(0u32) += 1;
        between(&rows(&lake), &old, &new);
        run(&room, "killed");
        assert_eq!(bytes(&lake), wanted, "after {killed} kills");
    }
    let published: u32 = halfway.iter().filter(|(state, _)| state[1]).map(|(_, n)| n).sum();
    assert!(published > 0, "no run was killed while it published: {halfway:?}");
    println!("{tries} runs, {killed} killed; found [work staged, publication under way, published]: {halfway:?}");
}

#[test]
fn a_full_disk_leaves_the_lake_as_it_was() {
    let room = two_nights();
    copy(&room.path("lake"), &room.path("undisturbed"));
    run(&room, "undisturbed");
    let (before, wanted) = (rows(&room.path("lake")), bytes(&room.path("undisturbed")));
    let program = assert_cmd::cargo::cargo_bin!("undertone").display().to_string();
    let mut failed = 0;
    // A limit on the size of a file simulates a full disk; in units of 512 or 1024 bytes, it affects another file each time.
    for blocks in [0, 1, 2, 4, 8, 12] {
        let _ = std::fs::remove_dir_all(room.path("full"));
        copy(&room.path("lake"), &room.path("full"));
        let arguments = LAKE.replace("--out lake", "--out full");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' {arguments} --quiet");
        let ended = Command::new("sh")
            .args(["-c", &script])
            .current_dir(room.path(""))
            .output()
            .expect("a shell");
        match ended.status.code() {
            Some(2) => {
                failed += 1;
                assert_eq!(rows(&room.path("full")), before, "with {blocks} blocks");
            }
            other => assert_eq!(other, Some(0), "{}", String::from_utf8_lossy(&ended.stderr)),
        }
        run(&room, "full");
        assert_eq!(bytes(&room.path("full")), wanted, "with {blocks} blocks");
    }
    assert!(failed >= 3, "the disk was hardly ever full");
}
