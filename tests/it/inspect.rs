//! `inspect` shows what `tag` would write: plain text in a pipe, or JSON line by line.

use std::io::Write;
use std::process::Stdio;

use crate::support::Room;

#[test]
fn what_was_found_in_plain_text() {
    let room = Room::new();
    let output = room
        .undertone()
        .args([
            "inspect",
            "Great coffee, awful queue.",
            "12345",
            "Friendly staff. The website crashes.",
        ])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");
    // Figures depend on the model, not on this test.
    insta::with_settings!({filters => vec![
        (r"\d+\.\d\d", "[n]"), (r"[ \d]*\d %", " [n] %"), (r"[-+·±]{30}", "[bar]"), (r"[-+]\[n\]", "[n]"),
        (r"\n  (emotions|intent|touchpoint|signals) .*|\n  a person should look", ""),
    ]}, { insta::assert_snapshot!(text) });
}

#[test]
fn one_json_object_a_line_from_standard_input() {
    let room = Room::new();
    let mut child = room
        .undertone()
        .args(["inspect", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let input = "👍🏽 Friendly staff. Awful queue!\r\n\nСупер, дякую!\nbroken \u{fffd} bytes: ".as_bytes();
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("written");
    stdin.write_all(&[0xff, b'\n']).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(0));
    let rows: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[1]["reason"], "empty");
    assert_eq!(rows[2]["sentiment"], "positive");
    let text = rows[0]["text"].as_str().expect("text");
    assert_eq!(text, "👍🏽 Friendly staff. Awful queue!");
    let units = rows[0]["units"].as_array().expect("a list");
    let unit = |text: &str| units.iter().find(|unit| unit["text"] == text).expect("a unit");
    let leans = |text: &str, more: &str, less: &str| unit(text)[more].as_f64() > unit(text)[less].as_f64();
    assert!(leans("Friendly staff.", "positive", "negative"), "{units:?}");
    assert!(leans("Awful queue!", "negative", "positive"), "{units:?}");
    for part in units.iter().chain(rows[0]["opinions"].as_array().expect("a list")) {
        let at = |name: &str| part[name].as_u64().expect("a number") as usize;
        let python: String = text.chars().skip(at("start")).take(at("end") - at("start")).collect();
        assert_eq!(part["text"], python);
    }
}

#[test]
fn a_model_without_an_exit_says_so() {
    let room = Room::new();
    let ended = room.run("inspect --quality fast Thanks");
    let card = include_str!("../../models/base/card.toml");
    if card.contains("[[exits]]") {
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.out.contains("positive"), "{}", ended.out);
    } else {
        assert_eq!(ended.code, Some(2));
        insta::assert_snapshot!(ended.err);
    }
}
