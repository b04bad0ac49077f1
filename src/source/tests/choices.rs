//! What is found by looking: comment and id columns, names, progress.

use super::*;
use crate::source::Scale;

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
    // A title belongs to the text it stands over, and a reply is not the customer's.
    assert_eq!(
        text(
            "title,message,reply\n\
             Great place,We came on a Sunday and everybody was so friendly to us,Dear guest thank you for your kind words and come back soon\n\
             Too slow,An hour for two coffees and nobody even said sorry to us,Dear guest we are sorry for the wait and will do better soon\n"
        ),
        "title+message"
    );
}

#[test]
fn a_reply_is_never_the_comment_however_long_it_is() {
    let reply =
        "Hello and thank you so much for your wonderful feedback, we are happy to help you at any time of the day";
    for (comment, answer) in [
        ("content", "replyContent"),
        ("text", "owner_answer"),
        ("Opinia", "Odpowiedź właściciela"),
    ] {
        let csv = format!(
            "id,{comment},score,{answer}\n1,Crashes often,1,\"{reply}\"\n2,ok,5,\n3,Too many ads,2,\"{reply} and night\"\n"
        );
        assert_eq!(text(&csv), comment, "{answer}");
    }
    let only = chosen(&format!("id,replyText\n1,\"{reply}\"\n"));
    assert!(only.is_err(), "not even when nothing else reads like text");
}

#[test]
fn a_title_is_joined_unless_it_names_a_thing() {
    let row = |n: usize, title: &str| format!("{n},{title},I had such high hopes for this but it broke on day {n}\n");
    let own: String = (0..6)
        .map(|n| {
            row(
                n,
                [
                    "Design flaws",
                    "Never again",
                    "",
                    "So so",
                    "Nice shirt",
                    "My favourite buy",
                ][n],
            )
        })
        .collect();
    assert_eq!(text(&format!("id,Title,Review Text\n{own}")), "Title+Review Text");
    let products: String = (0..6).map(|n| row(n, ["Blue shirt", "Red shirt"][n % 2])).collect();
    assert_eq!(text(&format!("id,title,review\n{products}")), "review");
}

#[test]
fn the_customers_own_rating_is_taken() {
    let rating = |csv: &str| {
        let folder = Folder::new();
        let all = read(&[&folder.file("a.csv", csv)]).unwrap();
        let mapped = &all.batches[0].mapped;
        (mapped.ratings.clone(), mapped.scale.map(Scale::name))
    };
    assert_eq!(
        rating("Age,text,Recommended IND,Rating\n33,some words here,1,4\n34,other words there,0,3\n").0,
        [Some(4.0), Some(3.0)]
    );
    assert_eq!(
        rating(
            "Average_Score,Hotel rating,text,Reviewer_Score\n8.4,5,some words here,2.5\n8.4,5,other words there,10\n"
        ),
        (vec![Some(2.5), Some(10.0)], Some("points10"))
    );
    assert_eq!(
        rating("Recommended,text\n1,some words here\n0,other words there\n"),
        (vec![Some(1.0), Some(0.0)], Some("good_bad"))
    );
}

#[test]
fn what_is_called_a_time_or_a_rating_and_is_not_understood_is_told() {
    let folder = Folder::new();
    let path = folder.file(
        "a.csv",
        "Date,Rating,text\n2 weeks ago,quite fine,some words here\n5 days ago,rather bad,other words there\n",
    );
    let all = read(&[&path]).unwrap();
    let unread = &all.batches[0].mapped.unread;
    assert_eq!((unread.times, unread.first_time.as_deref()), (2, Some("2 weeks ago")));
    assert!(
        all.notes().contains(
            "column `Rating` is called like a rating, but its 2 values are not understood, the first is “quite fine”"
        ),
        "{}",
        all.notes()
    );
}

#[test]
fn dates_and_clocks_of_spreadsheets_are_put_together() {
    let times = |csv: &str| {
        let folder = Folder::new();
        let all = read(&[&folder.file("a.csv", csv)]).unwrap();
        (all.batches[0].times(), all.notes())
    };
    let (at, notes) = times("Date,text\n46082,some words here\n46083.5,other words there\n");
    assert_eq!(at, [Some(1_772_323_200), Some(1_772_452_800)]);
    assert!(
        notes.contains("numbers in column `Date` are read as the days of a spreadsheet: 46082 is 2026-03-01"),
        "{notes}"
    );
    let (at, _) = times("Date,Time,text\n2026-03-01,13:30,some words here\n2026-03-02,09:00,other words there\n");
    assert_eq!(at, [Some(1_772_371_800), Some(1_772_442_000)]);
    let (at, notes) = times(
        "Data,text\n1 listopada 2026,Obsługa była miła i szybka\n3 listopada 2026,Kolejka była o wiele za długa\n",
    );
    assert_eq!(at[0], Some(1_793_491_200), "the comments are Polish: {notes}");
    let (at, notes) =
        times("Date (Europe/Kyiv),text\n2026-03-01 02:00,some words here\n2026-07-01 02:00,other words there\n");
    assert_eq!(at, [Some(1_772_323_200), Some(1_782_860_400)], "{notes}");
}

#[test]
fn the_zone_that_a_survey_states_is_used() {
    let folder = Folder::new();
    let mark = |id: &str| format!("\"{{\"\"ImportId\"\":\"\"{id}\"\",\"\"timeZone\"\":\"\"America/Denver\"\"}}\"");
    let csv = format!(
        "StartDate,EndDate,Status,RecordedDate,ResponseId,DistributionChannel,Q1,Q2\n\
         Start Date,End Date,Response Type,Recorded Date,Response ID,Distribution Channel,Why?,Which ones did you use? - Selected Choice\n\
         {},{},x,{},x,x,x,x\n\
         2026-01-01 16:30:00,2026-01-01 16:30:00,0,2026-01-01 16:30:00,R_1,email,Your people are kind and quick,The web shop\n\
         2026-07-01 16:30:00,2026-07-01 16:30:00,0,2026-07-01 16:30:00,R_2,email,The queue was far too long,The app on my phone\n",
        mark("startDate"),
        mark("endDate"),
        mark("recordedDate")
    );
    let all = read(&[&folder.file("a.csv", csv)]).unwrap();
    assert_eq!(
        all.batches[0].times(),
        [Some(1_767_310_200), Some(1_782_945_000)],
        "winter and summer"
    );
    assert_eq!(all.source.text_columns(), ["Q1"], "what was chosen is no comment");
    assert!(
        all.notes()
            .contains("times in column `RecordedDate` are in the zone America/Denver"),
        "{}",
        all.notes()
    );
}

#[test]
fn answers_are_read_one_by_one_if_the_user_says_so() {
    let folder = Folder::new();
    let csv = "id,What did you like?,What should we improve?,stars\n\
               7,All the friendly people at the desk,Waiting for an hour was not fine,4\n8,, The queues are far too long,2\n9,, ,3\n";
    let path = folder.file("a.csv", csv);
    let told = read(&[&path]).err().unwrap().to_string();
    assert!(told.contains("--answers"), "{told}");
    let options = SourceOptions {
        answers: true,
        ..SourceOptions::default()
    };
    let all = read_as(&[&path], &options).unwrap();
    let (like, improve) = ("What did you like?", "What should we improve?");
    assert_eq!(all.rows(), [0, 0, 1, 2]);
    assert_eq!(
        all.texts(),
        [
            Some("All the friendly people at the desk".to_owned()),
            Some("Waiting for an hour was not fine".to_owned()),
            Some(" The queues are far too long".to_owned()),
            None
        ]
    );
    assert_eq!(
        all.ids(),
        [
            format!("7#{like}"),
            format!("7#{improve}"),
            format!("8#{improve}"),
            "9".to_owned()
        ]
    );
    let questions: Vec<_> = all
        .batches
        .iter()
        .flat_map(|batch| batch.mapped.questions.clone())
        .collect();
    assert_eq!(
        questions,
        [
            Some(like.to_owned()),
            Some(improve.to_owned()),
            Some(improve.to_owned()),
            None
        ]
    );
    assert_eq!(
        all.column("stars"),
        some(&["4", "4", "2", "3"]),
        "its own columns stand beside each answer"
    );
    let joined = read_as(&[&path], &with_text(&[like, improve])).unwrap();
    assert_eq!(joined.rows(), [0, 1, 2], "joining stays possible");
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
