//! Quotes of opinions: `text[start:end]` of the original comment is the quote, whatever cleaning removed.

use polars::prelude::*;

use crate::support::{Room, texts};

/// Emoji of several scalars, a decomposed accent, markup, line ends, look-alikes, other scripts.
const COMMENTS: [&str; 8] = [
    "Great coffee, awful queue.",
    "👨‍👩‍👧 loved the pizza 👍🏽 but the waiter was rude 😡",
    "Le cafe\u{301} e\u{301}tait de\u{301}licieux, mais le service e\u{301}tait lent.",
    "<p>The <b>delivery</b>&nbsp;was late &amp; the caf&eacute; closed</p>",
    "Friendly staff.\r\n\r\nTerrible website,   it crashes!!!!!!",
    "Дуже смачна піца, але жахливе обслуговування.",
    "Świetna obsługa, fatalna cena 🤬🤬🤬",
    "The quick delivery was wonderful",
];

#[test]
fn opinions_quote_the_comment_exactly() {
    let room = Room::new();
    let lines: Vec<String> = COMMENTS
        .iter()
        .map(|c| serde_json::json!({ "comment": c }).to_string())
        .collect();
    room.put("in.jsonl", lines.join("\n"));
    let ended = room.run("tag in.jsonl -o out.parquet --text comment --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("out.parquet");
    assert_eq!(texts(&table, "comment"), COMMENTS.map(|c| Some(c.to_owned())));

    let lists = table.column("ut_opinions").expect("a column").list().expect("lists");
    let mut seen = 0;
    for (n, comment) in COMMENTS.iter().enumerate() {
        let items = lists.get_as_series(n).expect("scored");
        let items = items.struct_().expect("structs").clone().unnest();
        let (start, end) = (
            items.column("start").expect("a field"),
            items.column("end").expect("a field"),
        );
        let at = |column: &Column, n| column.i32().expect("numbers").get(n).expect("a number") as usize;
        let (quotes, polarities) = (texts(&items, "text"), texts(&items, "polarity"));
        for (n, quote) in quotes.into_iter().map(Option::unwrap_or_default).enumerate() {
            let (start, end) = (at(start, n), at(end, n));
            let python: String = comment.chars().skip(start).take(end - start).collect();
            assert!(
                !quote.is_empty() && quote == quote.trim() && python == quote,
                "{quote:?}, not {python:?}"
            );
            let polarity = polarities[n].as_deref().unwrap_or_default();
            assert!(["negative", "neutral", "positive"].contains(&polarity), "{polarity}");
            seen += 1;
        }
    }
    assert!(seen >= COMMENTS.len(), "{seen} opinions");
}

#[test]
fn praise_and_blame_in_one_comment_are_mixed() {
    let room = Room::new();
    room.put(
        "in.csv",
        "comment\n\"Great coffee, awful queue.\"\n\"Awful coffee, awful queue.\"\n\"Great coffee, great staff.\"\n",
    );
    let ended = room.run("tag in.csv -o out.jsonl --text comment --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let out = std::fs::read_to_string(room.path("out.jsonl")).expect("an output");
    let rows: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let sentiments: Vec<_> = rows
        .iter()
        .map(|row| row["ut_sentiment"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(sentiments, ["mixed", "negative", "positive"]);
    let opinions: Vec<_> = rows[0]["ut_opinions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|o| {
            (
                o["text"].as_str().unwrap_or_default(),
                o["polarity"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(opinions, [("coffee", "positive"), ("queue", "negative")]);
}

#[test]
fn without_a_score_there_is_no_list() {
    let room = Room::new();
    room.put(
        "in.csv",
        "id,comment\n1,The staff was friendly and quick to help.\n2,\n",
    );
    let ended = room.run("tag in.csv -o out.jsonl --text comment --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let out = std::fs::read_to_string(room.path("out.jsonl")).expect("an output");
    let rows: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    for name in ["ut_emotions", "ut_opinions"] {
        assert!(rows[0][name].is_array() && rows[1][name].is_null(), "{name}");
    }
    for name in ["ut_emotion", "ut_intent", "ut_intent_p"] {
        assert!(rows[1][name].is_null(), "{name}");
    }
}

/// A table of one row takes another code path than longer ones.
#[test]
fn one_row_is_written_in_every_format() {
    let room = Room::new();
    room.put("in.csv", "comment\n\"Great coffee, awful queue.\"\n");
    for name in ["out.parquet", "out.csv", "out.jsonl"] {
        let ended = room.run(&format!("tag in.csv -o {name} --text comment --quiet"));
        assert_eq!(ended.code, Some(0), "{name}: {}", ended.err);
    }
    let out = std::fs::read_to_string(room.path("out.jsonl")).expect("an output");
    let row: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(
        row["ut_sentiment_p"]["negative"].is_number() && row["ut_opinions"][0]["end"].is_number(),
        "{row}"
    );
    let csv = std::fs::read_to_string(room.path("out.csv")).expect("an output");
    assert!(csv.contains("\"\"polarity\"\":\"\"positive\"\""), "{csv}");
}
