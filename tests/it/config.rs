//! Options from a file, logs for machines, completions and manual pages.

use crate::support::Room;

const GOOD: &str = "nr,text,note\n1,The courier was rude and the parcel broken.,a\n2,Everything arrived on time.,b\n";

#[test]
fn the_file_says_what_the_command_line_does_not() {
    let room = Room::new();
    room.put("in.csv", GOOD);
    room.put(
        "undertone.toml",
        "inputs = [\"in.csv\"]\noutput = \"from_file.parquet\"\ntext = [\"text\", \"note\"]\nid = \"nr\"\nquiet = true\nbatch-rows = 1\nmax-rejects = \"5%\"\n",
    );
    let ended = room.run("tag");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
    assert_eq!(room.table("from_file.parquet").height(), 2);
    let ended = room.run("tag in.csv -o from_line.parquet --text text");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let files: Vec<String> = room
        .files()
        .into_iter()
        .filter(|name| !name.contains(".themes."))
        .collect();
    assert_eq!(
        files,
        ["from_file.parquet", "from_line.parquet", "in.csv", "undertone.toml"]
    );

    // Another path, given by name.
    room.put("other.toml", "output = \"other.csv\"\ntext = \"text\"\n");
    let ended = room.run("tag in.csv --config other.toml --quiet");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(room.path("other.csv").exists());
}

#[test]
fn files_that_say_nonsense_are_refused() {
    let room = Room::new();
    room.put("in.csv", GOOD);
    for (name, text) in [
        ("config_unknown_key", "tex = \"text\"\n"),
        ("config_underscore", "batch_rows = 5\n"),
        ("config_far_off", "colour = true\n"),
        ("config_not_toml", "text = \n"),
        ("config_wrong_type", "keep-clean = \"yes\"\n"),
        ("config_list", "id = [\"a\", \"b\"]\n"),
        ("config_table", "text = { a = 1 }\n"),
        ("config_wrong_value", "partition-by = \"year\"\n"),
    ] {
        room.put("undertone.toml", text);
        let ended = room.run("tag in.csv --quiet -o out.parquet");
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.err);
        insta::assert_snapshot!(name, ended.err);
        assert!(!room.path("out.parquet").exists());
    }
    let ended = room.run("tag in.csv --config nowhere.toml");
    assert_eq!(ended.code, Some(2));
    assert!(ended.err.contains("cannot read nowhere.toml"), "{}", ended.err);
}

#[test]
fn a_log_of_json_is_json_to_its_last_line() {
    let room = Room::new();
    room.put("in.csv", GOOD);
    let ended = room.run("tag in.csv -o out.parquet --text text --log json");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
    let lines: Vec<serde_json::Value> = ended
        .err
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.last().expect("a line")["event"], "done");
    assert_eq!(lines.last().expect("a line")["exit_code"], 0);
    let ended = room.run("tag nowhere.csv --log json");
    assert_eq!(ended.code, Some(2));
    let error: serde_json::Value = serde_json::from_str(ended.err.trim()).expect("JSON");
    assert_eq!(error["event"], "error");
    assert!(error["text"].as_str().expect("a text").contains("nowhere.csv"));
}

#[test]
fn completions_and_manual_pages_come_from_the_definitions() {
    let room = Room::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = room.run(&format!("completions {shell}"));
        assert_eq!(ended.code, Some(0));
        assert!(ended.out.contains("partition-by"), "{shell}");
    }
    let ended = room.run("man");
    assert!(
        ended.code == Some(0) && ended.out.contains(".TH") && ended.out.contains("completions"),
        "{}",
        ended.out
    );
    let ended = room.run("man tag");
    assert!(ended.code == Some(0) && ended.out.contains("undertone\\-tag") && ended.out.contains("batch\\-rows"));
    let ended = room.run("man sync");
    assert!(ended.code == Some(0) && ended.out.contains("fail\\-on\\-model\\-change"));
    assert_eq!(room.run("man nothing").code, Some(2));
}

#[test]
fn the_example_of_nightly_jobs_serves_both_commands() {
    let room = Room::new();
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/nightly/undertone.toml");
    room.put("undertone.toml", std::fs::read(example).expect("the example"));
    std::fs::create_dir(room.path("inbox")).expect("a folder");
    room.put("inbox/a.csv", "id,comment\n1,The courier was rude\n");
    let ended = room.run("sync");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(room.files_in("lake").len(), 3, "{:?}", room.files_in("lake"));
    assert!(
        ended.err.contains("recognised by column `id`") && ended.err.contains("\"exit_code\":0"),
        "{}",
        ended.err
    );
    // What is said on the command line takes the place of both the inbox and the lake.
    let ended = room.run("sync inbox other");
    assert_eq!(
        (ended.code, room.path("other").is_dir()),
        (Some(0), true),
        "{}",
        ended.err
    );
}
