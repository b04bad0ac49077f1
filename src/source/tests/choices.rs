//! What is found by looking: comment and id columns, names, progress.

use super::*;

fn chosen(csv: &str) -> Result<(String, Option<String>)> {
    let folder = Folder::new();
    let all = read(&[&folder.file("a.csv", csv)])?;
    Ok((
        all.source.text_columns().join("+"),
        all.source.id_column().map(str::to_owned),
    ))
}

fn text(csv: &str) -> String {
    chosen(csv).unwrap().0
}

#[test]
fn the_column_that_reads_like_sentences_is_taken() {
    assert_eq!(
        text(
            "id,created,author,Q7,url,touchpoint\n\
             1,2024-01-02 10:00,Jan Kowalski,Bardzo długo czekałem na kuriera,https://a.b/c,Ordering and delivery\n\
             2,2024-01-03 11:00,Anna Nowak,Wszystko w porządku,https://a.b/d,Ordering and delivery\n\
             3,2024-01-04 12:00,Ewa Lis,Obsługa miła ale jedzenie zimne,https://a.b/e,Website and app\n"
        ),
        "Q7"
    );
    // A title is shorter than the text it stands over, and a reply is not the customer's.
    assert_eq!(
        text(
            "title,message,reply\n\
             Great place,We came on a Sunday and everybody was so friendly to us,Dear guest thank you for your kind words and come back soon\n\
             Too slow,An hour for two coffees and nobody even said sorry to us,Dear guest we are sorry for the wait and will do better soon\n"
        ),
        "message"
    );
}

#[test]
fn one_word_answers_are_found_when_nothing_else_could_be_it() {
    let rows: String = (0..60)
        .map(|n| {
            format!(
                "{n},{},{}\n",
                n % 11,
                ["ok", "bad", "super", "слабо", "nice", "meh"][n % 6]
            )
        })
        .collect();
    assert_eq!(text(&format!("id,score,answer_why\n{rows}")), "answer_why");
    // A repeated word under a telling name is a category.
    let rows: String = (0..60)
        .map(|n| {
            format!(
                "{n},{},{}\n",
                ["Kyiv", "Lviv"][n % 2],
                ["so so", "never", "fine"][n % 3]
            )
        })
        .collect();
    assert_eq!(text(&format!("id,city,opinia\n{rows}")), "opinia");
}

#[test]
fn a_gold_column_never_wins() {
    let csv = "gold,stars\nvery good and warm words,5\nquite bad and cold words,1\n";
    assert!(
        chosen(csv).is_err(),
        "not even when it is the only one that reads like text"
    );
    assert_eq!(
        text("sentiment,note\nvery positive in every way,ok\nvery negative in every way,bad\n"),
        "note"
    );
}

#[test]
fn scripts_without_spaces_read_like_text_too() {
    assert_eq!(
        text("店舗,感想\n東京,とても美味しかったですがちょっと待ちました\n大阪,店員さんが親切でまた行きたいです\n"),
        "感想"
    );
}

#[test]
fn comments_may_begin_late() {
    let comment = |n: usize| {
        if n < 2500 {
            String::new()
        } else {
            format!("card was charged {n} times")
        }
    };
    let rows: String = (0..3000).map(|n| format!("{n},{}\n", comment(n))).collect();
    assert_eq!(text(&format!("id,details\n{rows}")), "details");
    let rows: String = (0..50).map(|n| format!("{n},,web\n")).collect();
    assert_eq!(
        text(&format!("id,comment,channel\n{rows}")),
        "comment",
        "all empty: the name decides"
    );
}

#[test]
fn a_day_without_comments_does_not_make_product_names_the_comments() {
    let row = |n: usize, comment: &str| format!("{n},Issue number {n},wireless mouse,{comment}\n");
    let none: String = (0..50).map(|n| row(n, "")).collect();
    assert_eq!(
        text(&format!("id,issue,product,Consumer complaint narrative\n{none}")),
        "Consumer complaint narrative"
    );
    let comment = |n: usize| {
        if n < 1500 {
            String::new()
        } else {
            format!("card {n} never arrived at my door today")
        }
    };
    let late: String = (0..3000).map(|n| row(n, &comment(n))).collect();
    assert_eq!(text(&format!("id,issue,product,what_else\n{late}")), "what_else");
}

#[test]
fn a_header_without_rows_needs_no_comment_column() {
    let folder = Folder::new();
    let all = read(&[&folder.file("a.csv", "a,b\r\n")]).unwrap();
    assert_eq!(
        (all.names(), all.batches.len(), all.source.text_columns().len()),
        (vec!["a".into(), "b".into()], 0, 0)
    );
    let all = read_as(&[&folder.file("b.csv", "a,b")], &with_text(&["b"])).unwrap();
    assert_eq!(all.source.text_columns(), ["b"]);
}

#[test]
fn the_id_is_named_like_the_rows_own_filled_and_unique() {
    let id = |csv: &str| chosen(csv).unwrap().1;
    let body = "1,a,these are some words\n2,b,and these are others\n";
    assert_eq!(
        id(&format!("customer_id,Response ID,text\n{body}")).as_deref(),
        Some("Response ID")
    );
    assert_eq!(id(&format!("customer_id,code,text\n{body}")), None, "somebody else's");
    assert_eq!(
        id("Store ID,Ticket ID,Review ID,text\n1,7,a,these are some words\n2,8,b,and these are others\n").as_deref(),
        Some("Review ID"),
        "a ticket is what a review is about"
    );
    assert_eq!(
        id("id,text\n1,these are some words\n1,and these are others\n"),
        None,
        "not unique"
    );
    assert_eq!(
        id("id,text\n1,these are some words\n,and these are others\n"),
        None,
        "not filled"
    );
    assert_eq!(id(&format!("a,b,text\n{body}")), None);
    let folder = Folder::new();
    let (one, two) = (format!("id,x,text\n{body}"), "id,x,text\n2,b,and these are others\n");
    let all = read(&[&folder.file("1.csv", one), &folder.file("2.csv", two)]).unwrap();
    assert_eq!(all.ids(), ["1", "2", "2"], "exports may overlap");
}

#[test]
fn rows_without_an_id_get_one_from_their_content() {
    let folder = Folder::new();
    let body = "a,these are some words\na,these are some words\n,a these are some words\n";
    let first = read(&[&folder.file("a.csv", format!("k,text\n{body}"))]).unwrap().ids();
    assert!(
        first
            .iter()
            .all(|id| id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit()))
    );
    assert_eq!(first[0], first[1]);
    assert_ne!(first[0], first[2], "a cell is not its neighbour");
    let other = folder.file("b.csv", "text,more\nsome other words here,x\n");
    assert_eq!(
        read(&[&folder.path("a.csv"), &other]).unwrap().ids()[..3],
        first,
        "other files do not matter"
    );
    let options = SourceOptions {
        id: Some("k".to_owned()),
        ..with_text(&["text"])
    };
    let mixed = read_as(&[&folder.path("a.csv")], &options).unwrap().ids();
    assert_eq!(
        (mixed[0].as_str(), &mixed[2]),
        ("a", &first[2]),
        "an empty cell is no id"
    );
}

#[test]
fn several_text_columns_are_joined_with_a_blank_line() {
    let folder = Folder::new();
    let path = folder.file(
        "a.jsonl",
        "{\"t\":\"Title\",\"b\":\"Body\"}\n{\"t\":\"\",\"b\":\"Body\"}\n{\"t\":null,\"b\":\"\"}\n{\"t\":null}\n",
    );
    let all = read_as(&[&path], &with_text(&["t", "b"])).unwrap();
    assert_eq!(
        all.texts(),
        [
            Some("Title\n\nBody".to_owned()),
            Some("Body".to_owned()),
            Some(String::new()),
            None
        ]
    );
}

#[test]
fn names_are_made_unique_and_what_was_decided_is_told() {
    let folder = Folder::new();
    let path = folder.file(
        "a.csv",
        encoding_rs::WINDOWS_1250
            .encode("name;;name;name_2;text\n1;2;3;4;zażółć gęślą jaźń, proszę\n")
            .0,
    );
    let all = read(&[&path]).unwrap();
    assert_eq!(all.names(), ["name", "column_2", "name_3", "name_2", "text"]);
    let notes = all.notes().replace(&path, "a.csv");
    assert_eq!(
        notes,
        "a.csv: encoding windows-1250\n\
         a.csv: delimiter `;`\n\
         a.csv: column 2 is called `column_2`, because its name is empty\n\
         a.csv: column 3 is called `name_3`, because its name is taken\n\
         comments are in column `text`"
    );
}

#[test]
fn progress_grows_to_one_and_batches_are_bounded() {
    let folder = Folder::new();
    let rows: String = (0..20_000)
        .map(|n| format!("{n},words of comment number {n}\n"))
        .collect();
    let csv = folder.file("a.csv.gz", gzip(format!("id,text\n{rows}").as_bytes()));
    let table = folder.path("b.parquet");
    let comments: Vec<_> = (0..5000).map(|n| format!("words of comment number {n}")).collect();
    parquet(Path::new(&table), &mut df!("text" => comments).unwrap(), 700);
    let options = SourceOptions {
        batch_rows: 1000,
        ..SourceOptions::default()
    };
    let mut source = open(&[csv, table], &options).unwrap();
    let mut last = source.progress().unwrap();
    assert_eq!(last, 0.0, "looking does not count");
    let mut rows = 0;
    while let Some(batch) = source.next() {
        let now = source.progress().unwrap();
        assert!(now >= last && now <= 1.0, "{last} -> {now}");
        last = now;
        rows += batch.unwrap().rows.len();
    }
    assert_eq!((rows, last), (25_000, 1.0));
}

#[test]
fn a_source_may_be_read_on_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Source>();
}

#[test]
fn long_rows_make_smaller_batches() {
    let folder = Folder::new();
    let long = "many words ".repeat(500_000);
    let rows: String = (0..12).map(|n| format!("{n},{long}\n")).collect();
    let csv = folder.file("a.csv", format!("id,text\n{rows}"));
    let table = folder.path("b.parquet");
    parquet(
        Path::new(&table),
        &mut df!("text" => vec![long.as_str(); 12]).unwrap(),
        100,
    );
    for path in [csv, table] {
        let all = read(&[&path]).unwrap();
        assert_eq!(all.rows().len(), 12);
        assert!(
            all.batches.iter().all(|batch| (1..=7).contains(&batch.rows.len())),
            "about 32 MB each"
        );
    }
}
