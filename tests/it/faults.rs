//! Crash safety of the lake: killed at any moment, or on a full disk, it stays readable, has no row twice, and ends with the bytes of an undisturbed
//! run. `UNDERTONE_FAULTS=500` runs more rounds than the defaults.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lake::{LAKE, bytes, csv, lake_of_manifest_1, room_with, rows};
use crate::support::{Room, copy};

/// Microseconds that publication may take.
const PUBLICATION: u64 = 4_000;

/// A lake of one night, and an inbox with the exports of the next one: changed, known and new rows, several files, several folders.
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
        LAKE.replace("inbox lake", &format!("inbox {lake}"))
    ));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

/// Seeded moments: a step of the generator of Knuth's MMIX, by its upper bits.
fn draw(state: &mut u64, below: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below.max(1)
}

/// Each row is as it was or as it will be; new ones may be missing.
fn between(now: &BTreeMap<String, String>, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) {
    for (id, text) in now {
        assert!(old.get(id) == Some(text) || new.get(id) == Some(text), "{id}: {text}");
    }
    // A row that does not change is always there.
    for (id, text) in old.iter().filter(|(id, text)| new.get(*id) == Some(*text)) {
        assert_eq!(now.get(id), Some(text), "{id} is missing");
    }
}

/// How many runs are killed: `UNDERTONE_FAULTS`, or `usual`.
fn rounds(usual: u32) -> u32 {
    let asked = std::env::var("UNDERTONE_FAULTS").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(usual)
}

/// Kills runs of `command` on copies of the lake `lake`, at moments all over the run and in its publications, and lets the next run finish.
fn kill(room: &Room, command: &str, rounds: u32) {
    let on = |lake: &str| {
        let command = command.replace("inbox lake", &format!("inbox {lake}"));
        format!("{command} --quiet")
    };
    let finish = |lake: &str| {
        let ended = room.run(&on(lake));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    };
    copy(&room.path("lake"), &room.path("undisturbed"));
    let old = rows(&room.path("lake"));
    let began = Instant::now();
    finish("undisturbed");
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
            .args(on("killed").split(' '))
            .stderr(Stdio::null())
            .spawn()
            .expect("a start");
        let own = lake.join(".undertone");
        let aimed = tries % 3 == 0;
        // Most of the work comes late, so most moments do too; publication is so short that chance alone would hardly ever meet it.
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
            // It was faster than the undisturbed run: later moments come too late for all.
            Some(_) => length = length.min(moment).max(1_000),
        }
        let state = [
            own.join("progress.json").exists(),
            own.join("commit.json").exists(),
            rows(&lake) == new,
        ];
        *halfway.entry(state).or_insert(0u32) += 1;
        between(&rows(&lake), &old, &new);
        finish("killed");
        assert_eq!(bytes(&lake), wanted, "after {killed} kills");
    }
    let published: u32 = halfway.iter().filter(|(state, _)| state[1]).map(|(_, n)| n).sum();
    assert!(published > 0, "no run was killed while it published: {halfway:?}");
    println!(
        "{command}: {tries} runs, {killed} killed; found [work staged, publication under way, published]: {halfway:?}"
    );
}

#[test]
fn killed_at_fifty_moments_the_lake_is_whole_and_the_next_run_ends_with_the_same_bytes() {
    kill(&two_nights(), LAKE, rounds(50));
}

#[test]
fn killed_while_a_lake_of_manifest_1_is_migrated_the_next_run_ends_with_the_same_bytes() {
    let room = lake_of_manifest_1("sound-1");
    room.put(
        "inbox/tickets-2026-03-03.csv",
        "id,created_at,comment\n4,2026-03-03 09:00,The food was cold\n",
    );
    kill(&room, "sync inbox lake", rounds(20));
}

#[test]
fn killed_while_a_lake_of_manifest_1_is_rekeyed_the_next_run_ends_with_the_same_bytes() {
    let room = lake_of_manifest_1("foreign-1");
    let ids = |lake: &str| rows(&room.path(lake)).len();
    assert_eq!(ids("lake"), 4);
    kill(&room, "sync inbox lake --rekey", rounds(20));
    assert_eq!(ids("killed"), 6);
}

#[test]
fn a_full_disk_leaves_the_lake_as_it_was() {
    let room = two_nights();
    copy(&room.path("lake"), &room.path("undisturbed"));
    run(&room, "undisturbed");
    let (before, wanted) = (rows(&room.path("lake")), bytes(&room.path("undisturbed")));
    let program = assert_cmd::cargo::cargo_bin!("undertone").display().to_string();
    let mut failed = 0;
    // A limit on the size of a file stands for the full disk; in units of 512 or 1024 bytes, it strikes at another file each time.
    for blocks in [0, 1, 2, 4, 8, 12] {
        let _ = std::fs::remove_dir_all(room.path("full"));
        copy(&room.path("lake"), &room.path("full"));
        let arguments = LAKE.replace("inbox lake", "inbox full");
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
