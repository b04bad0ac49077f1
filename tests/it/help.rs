//! Help texts and version, under snapshot.

use crate::support::Room;

#[test]
fn help_texts() {
    let room = Room::new();
    for (name, arguments) in [
        ("help", "--help"),
        ("help_tag", "tag --help"),
        ("help_sync", "sync --help"),
        ("help_inspect", "inspect --help"),
        ("help_eval", "eval --help"),
        ("help_themes", "themes --help"),
        ("help_themes_fit", "themes fit --help"),
        ("help_taxonomy", "taxonomy --help"),
        ("help_taxonomy_check", "taxonomy check --help"),
        ("help_taxonomy_show", "taxonomy show --help"),
    ] {
        let ended = room.run(arguments);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        insta::assert_snapshot!(name, ended.out);
    }
}

#[test]
fn summary_of_a_small_table() {
    let room = Room::new();
    room.put("a.csv", "id,comment\n1,Terrible service and they never answer the phone.\n2,Wonderful staff and very fast delivery!\n3,\n");
    let ended = room.run("tag a.csv -o a.parquet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("3 rows, 2 tagged"), "{}", ended.out);
    assert!(ended.out.contains("1 empty"), "{}", ended.out);
    assert!(
        ended.out.contains("most negative") && ended.out.contains("most positive"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains('\u{1b}'), "no colours in a pipe");
    let quiet = room.run("tag a.csv -o a.parquet --quiet");
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}
