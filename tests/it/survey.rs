//! Surveys with several open questions, through the program: joined or read one by one.

use crate::support::{Room, texts};

const SURVEY: &str = "id,What did you like?,What should we improve?\n\
    7,All the friendly people at the desk,Waiting for an hour was not fine at all\n\
    8,,The queues are far too long in the morning\n\
    9,,\n";

#[test]
fn each_answer_is_a_row_with_its_question() {
    let room = Room::new();
    room.put("a.csv", SURVEY);
    let refused = room.run("tag a.csv -o a.parquet --themes off");
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("--answers"), "{}", refused.err);
    let ended = room.run("tag a.csv -o a.parquet --themes off --answers --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let table = room.table("a.parquet");
    let column = |name: &str| {
        texts(&table, name)
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect::<Vec<_>>()
    };
    let (like, improve) = ("What did you like?", "What should we improve?");
    assert_eq!(column("ut_question"), [like, improve, improve, ""]);
    assert_eq!(column("ut_row"), ["0", "0", "1", "2"]);
    assert_eq!(
        column("ut_id"),
        [
            format!("7#{like}"),
            format!("7#{improve}"),
            format!("8#{improve}"),
            "9".to_owned()
        ]
    );
    assert_eq!(column("ut_status"), ["tagged", "tagged", "tagged", "abstained"]);
    assert_eq!(
        column("ut_sentiment")[..2],
        ["positive", "negative"],
        "praise and blame apart"
    );
}
