//! Personal data leaves no trace in what a run writes; how well it is found is measured and under snapshot.

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
