//! Two engines behind one option; this program may have been built with one of them.

use crate::support::Room;
#[cfg(feature = "libtorch")]
use crate::support::texts;

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
