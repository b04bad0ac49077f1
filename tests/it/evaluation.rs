//! Evaluation on labelled data: every task, and labels that cannot be used.

use serde_json::Value;

use crate::support::Room;

const COMMENTS: &str = r#"{"text":"The food was wonderful and the staff were lovely.","mood":["joy"],"what":"praise","aspects":[{"term":"food","polarity":"positive"},{"term":"staff","polarity":"POS"}]}
{"text":"The screen broke after two days, terrible quality.","mood":["annoyance"],"what":"complaint","aspects":[{"term":"screen","polarity":"negative"},{"term":null,"polarity":"negative"}]}
{"text":"Thank you so much for your help!","mood":["gratitude"],"what":"praise","aspects":[]}
{"text":"12345","mood":["neutral"],"what":"other","aspects":[]}
"#;

fn judged(room: &Room, arguments: &str) -> Value {
    let ended = room.run(&format!("eval a.jsonl --text text --json --quiet {arguments}"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    serde_json::from_str(&ended.out).expect("JSON")
}

#[test]
fn emotions_are_judged_in_our_words() {
    let room = Room::new();
    room.put("a.jsonl", COMMENTS);
    room.put(
        "map.toml",
        "[map]\njoy = \"joy\"\nannoyance = \"frustration\"\ngratitude = \"gratitude\"\n",
    );
    let report = judged(&room, "--task emotion --label mood --map map.toml");
    let all = &report["all"];
    assert_eq!(all["rows"], 4);
    assert_eq!(all["coverage"], 0.75, "a comment without words has no answer");
    let classes: Vec<&str> = all["classes"]
        .as_array()
        .expect("classes")
        .iter()
        .filter_map(|class| class["class"].as_str())
        .collect();
    assert_eq!(classes, ["frustration", "joy", "gratitude", "none"]);
    let claims: u64 = all["reliability"]
        .as_array()
        .expect("bins")
        .iter()
        .filter_map(|bin| bin["count"].as_u64())
        .sum();
    assert_eq!(claims, 3 * 10, "every emotion of every answered comment is a claim");
}

#[test]
fn targets_are_judged_given_and_found() {
    let room = Room::new();
    room.put("a.jsonl", COMMENTS);
    let report = judged(&room, "--task targets --label aspects");
    let (all, spans) = (&report["all"], &report["all"]["spans"]);
    assert_eq!(all["rows"], 3, "a target without a term takes no part");
    assert_eq!(all["coverage"], 1.0);
    assert_eq!(spans["exact"]["labelled"], 3);
    assert_eq!(spans["words"]["labelled"], 3);
    assert!(all["accuracy"].as_f64().expect("a share") > 0.6, "{all}");
    let [low, high] = [0, 1].map(|n| all["accuracy_interval"][n].as_f64().expect("a bound"));
    assert!(low <= high && high <= 1.0);
}

#[test]
fn same_rows_give_the_same_report() {
    let room = Room::new();
    room.put("a.jsonl", COMMENTS);
    let once = judged(&room, "--task targets --label aspects --by what");
    assert_eq!(
        once,
        judged(
            &room,
            "--task targets --label aspects --by what --threads 1 --batch-rows 1"
        )
    );
}

#[test]
fn labels_that_cannot_be_used_are_refused() {
    let room = Room::new();
    room.put("a.jsonl", COMMENTS);
    room.put("odd.toml", "joy = \"joy\"\n");
    let mut answers = Vec::new();
    for arguments in [
        "--label what",
        "--label nowhere",
        "--task targets --label what",
        "--task emotion --label mood --map odd.toml",
        "--task emotion --label mood --map missing.toml",
    ] {
        let ended = room.run(&format!("eval a.jsonl --text text --quiet {arguments}"));
        assert_eq!(ended.code, Some(2), "{arguments}");
        answers.push(format!("{arguments}\n{}", ended.err));
    }
    insta::assert_snapshot!("odd_labels", answers.join("\n"));
}
