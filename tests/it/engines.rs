//! Selection of the engine; the program may be built with one or two of them.

use crate::support::Room;
#[cfg(feature = "libtorch")]
use crate::support::texts;

#[cfg(feature = "libtorch")]
#[path = "../../src/model/torch/tiny.rs"]
mod tiny;

fn refused(arguments: &str) -> String {
    let ended = Room::new().run(arguments);
    assert_eq!(ended.code, Some(2), "{arguments}: {}", ended.err);
    ended.err
}

#[test]
#[cfg(not(feature = "libtorch"))]
fn an_engine_that_was_not_built_says_how_to_build_it() {
    let asked = refused("inspect --engine libtorch Thanks");
    insta::assert_snapshot!(asked);
    assert_eq!(refused("inspect --model some/folder Thanks"), asked);
}

#[test]
fn engines_and_models_that_do_not_go_together() {
    insta::assert_snapshot!(
        "native_with_a_checkpoint",
        refused("inspect --engine native --model some/folder Thanks")
    );
    assert!(refused("inspect --labels negative,positive Thanks").contains("--model <DIR>"));
}

#[test]
fn the_engine_may_be_named() {
    let room = Room::new();
    let plain = room.run("inspect --json Thanks");
    assert_eq!(room.run("inspect --json --engine native Thanks").out, plain.out);
}

#[test]
#[cfg(feature = "libtorch")]
fn libtorch_tags() {
    let room = Room::new();
    room.put(
        "a.csv",
        "id,comment\n1,Terrible service and they never answer the phone.\n2,Wonderful staff and very fast delivery!\n",
    );
    let ended = room.run("tag a.csv -o a.parquet --engine libtorch");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told = texts(&room.table("a.parquet"), "ut_sentiment");
    assert_eq!(told, [Some("negative".to_owned()), Some("positive".to_owned())]);
    let missing = room.run("tag a.csv -o b.parquet --model nowhere");
    assert_eq!(missing.code, Some(2));
    insta::assert_snapshot!("a_checkpoint_that_is_not_there", missing.err);
}

#[test]
#[cfg(feature = "libtorch")]
fn a_checkpoint_of_ones_own_tags() {
    let room = Room::new();
    room.put("a.csv", "id,comment\n1,The parcel was late again.\n2,Wonderful!\n3,\n");
    for (family, labels) in [
        ("bert", vec!["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]),
        ("distilbert", vec!["NEGATIVE", "POSITIVE"]),
        ("roberta", vec!["LABEL_0", "LABEL_1", "LABEL_2"]),
        ("xlm-roberta", vec!["Negative", "Neutral", "Positive"]),
    ] {
        std::fs::create_dir(room.path(family)).expect("a folder");
        tiny::write(&room.path(family), family, &labels);
        let ended = room.run(&format!("tag a.csv -o {family}.parquet --model {family}"));
        assert_eq!(ended.code, Some(0), "{family}: {}", ended.err);
        assert!(
            ended.err.contains("no themes: the model gives no embeddings"),
            "{}",
            ended.err
        );
        let table = room.table(&format!("{family}.parquet"));
        let reasons = texts(&table, "ut_reason");
        assert_eq!(reasons[2].as_deref(), Some("empty"), "{family}");
        let scores = table
            .column("ut_sentiment_score")
            .expect("scores")
            .f32()
            .expect("figures");
        assert_ne!(scores.get(0), scores.get(1), "{family}: the text makes no difference");
        assert!(texts(&table, "ut_emotion").iter().all(Option::is_none), "{family}");
    }
    std::fs::create_dir(room.path("unnamed")).expect("a folder");
    tiny::write(&room.path("unnamed"), "distilbert", &["joy", "anger"]);
    let unclear = room.run("inspect Thanks --model unnamed");
    assert_eq!(unclear.code, Some(2), "{}", unclear.err);
    assert!(unclear.err.contains("--labels"), "{}", unclear.err);
    let told = room.run("inspect Thanks --model unnamed --labels positive,negative");
    assert_eq!(told.code, Some(0), "{}", told.err);
}
