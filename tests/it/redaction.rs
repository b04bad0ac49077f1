//! Redaction: personal data leaves no trace in what a run writes; its precision and recall are under snapshot.

use undertone::redact::{Figures, measure};

use crate::support::{Room, texts};

#[test]
fn figures_of_redaction() {
    let set = include_str!("../../data/redaction/sentences.toml");
    let measured = measure(set).expect("a sound set");
    let line = |name: &str, f: &Figures| {
        format!(
            "{name:<8} {:>4} there  precision {:.3}  recall {:.3}",
            f.there,
            f.precision(),
            f.recall()
        )
    };
    let mut lines = vec![format!("{} sentences", measured.sentences)];
    lines.extend(measured.kinds.iter().map(|(kind, f)| line(kind.placeholder(), f)));
    lines.extend(measured.languages.iter().map(|(language, f)| line(language, f)));
    lines.push(line("all", &measured.all));
    lines.extend(measured.mistakes);
    insta::assert_snapshot!("redaction_figures", lines.join("\n"));
}

#[test]
fn a_redacted_run_holds_no_personal_data_anywhere() {
    let room = Room::new();
    let secret = ["anna.k@example.org", "600 100 200", "4111 1111 1111 1111", "@anna_k"];
    room.put(
        "a.csv",
        format!(
            "mail,comment\nanna.k@example.org,Terrible service! Write to {} or call {} at once\nb@example.org,Wonderful staff! My card {} works and thanks {}\nx,y,{} is one too many\n",
            secret[0], secret[1], secret[2], secret[3], secret[0]
        ),
    );
    let ended = room.run("tag a.csv --text comment --id mail --redact --drop-original -o a.parquet");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let table = room.table("a.parquet");
    assert!(table.column("comment").is_err() && table.column("mail").is_ok());
    let clean: Vec<_> = texts(&table, "ut_clean_text").into_iter().flatten().collect();
    assert!(
        clean[0].contains("[EMAIL]") && clean[0].contains("[PHONE]"),
        "{clean:?}"
    );
    assert!(
        clean[1].contains("[CARD]") && clean[1].contains("[HANDLE]"),
        "{clean:?}"
    );
    let rest = table.drop("mail").expect("a column");
    let written = format!(
        "{}\n{}\n{}\n{}",
        ended.out,
        ended.err,
        std::fs::read_to_string(room.path("a.parquet.rejects.jsonl")).expect("rejects"),
        rest.columns()
            .iter()
            .map(|c| (0..c.len()).map(|n| format!("{:?}", c.get(n))).collect::<String>())
            .collect::<String>()
    );
    for part in secret {
        assert!(!written.contains(part), "{part} in {written}");
    }
    let ids: Vec<_> = texts(&table, "ut_id").into_iter().flatten().collect();
    assert!(ids.iter().all(|id| id.len() == 16), "{ids:?}");
}

#[test]
fn themes_of_a_redacted_fit_hold_no_personal_data() {
    let room = Room::new();
    let about = [
        "The courier was late again, card 4111 1111 1111 1111",
        "Delivery took two weeks, call 600 100 200",
        "My parcel was lost, card 4111&nbsp;1111 <b>1111</b> 1111",
        "The app crashes at every start, IBAN DE89 3704 0044 0532 0130 00",
        "Password reset fails in the app, card 4111 1111 1111 1111",
        "The app does not open, call 600 100 200",
    ];
    let rows = |times: usize| -> String {
        let row = |n: usize| format!("{n},\"{}, order {n} in town {}\"\n", about[n % about.len()], n * 7 % 13);
        std::iter::once("id,comment\n".to_owned())
            .chain((0..times * about.len()).map(row))
            .collect()
    };
    let secret = ["4111 1111", "3704 0044", "600 100 200"];
    room.put("a.csv", rows(30));
    let told = |command: &str| {
        let ended = room.run(command);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let file = std::fs::read_to_string(room.path("themes.json")).expect("themes");
        format!("{}{}{file}", ended.out, ended.err)
    };
    let plain = told("themes fit a.csv --text comment --themes 2 --json");
    assert!(secret.iter().any(|part| plain.contains(part)), "{plain}");
    // An update cleans a theme file that was made without redaction; a new one is clean from the start.
    for command in [
        "themes update a.csv --text comment --redact",
        "themes fit a.csv --text comment --themes 2 --redact --json",
    ] {
        let told = told(command);
        for part in secret {
            assert!(!told.contains(part), "{part} in {told}");
        }
        assert!(told.contains("[CARD]"), "{told}");
    }
}
