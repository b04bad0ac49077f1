//! Custom taxonomy files on the command line.

use crate::support::Room;

#[test]
fn a_good_file_is_told_to_be_good() {
    let room = Room::new();
    room.put(
        "mine.toml",
        "id = \"mine\"\nname = \"Mine\"\n[[themes]]\nid = \"food\"\nname = \"Food\"\nphrases.en = [\"tasty*\"]\nphrases.uk = [\"смачн*\"]\n",
    );
    let checked = room.run("taxonomy check mine.toml");
    assert_eq!(checked.code, Some(0), "{}", checked.err);
    assert_eq!(
        checked.out,
        "mine: 1 theme, 0 examples, 2 phrases (en 1, uk 1); nothing is wrong with it\n"
    );
    let tally: serde_json::Value =
        serde_json::from_str(&room.run("taxonomy check mine.toml --json").out).expect("JSON");
    assert_eq!((&tally["themes"], &tally["phrases"]["uk"]), (&1.into(), &1.into()));
    let shown: serde_json::Value = serde_json::from_str(&room.run("taxonomy show mine.toml --json").out).expect("JSON");
    assert_eq!(shown["themes"][0]["phrases"]["uk"][0], "смачн*");
}

#[test]
fn a_bad_file_ends_with_its_problems() {
    let room = Room::new();
    room.put(
        "bad.toml",
        "id = \"bad\"\nname = \"Bad\"\n[[themes]]\nid = \"x\"\nname = \"X\"\n",
    );
    room.put("latin.toml", b"id = \"caf\xe9\"\n");
    for (name, arguments) in [
        ("taxonomy_empty_theme", "taxonomy check bad.toml"),
        ("taxonomy_missing", "taxonomy check nowhere.toml"),
        ("taxonomy_not_utf8", "taxonomy show latin.toml"),
    ] {
        let ended = room.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments}");
        insta::assert_snapshot!(name, ended.err);
    }
}
