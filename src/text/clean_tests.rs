//! Cleaning of typical comments, and its invariants on adversarial strings.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::*;

fn cleaned(text: &str) -> String {
    clean(text).text().to_owned()
}

#[test]
fn comments_as_customers_send_them() {
    for (raw, expected) in [
        ("", ""),
        ("   \n\t ", ""),
        ("Дуууже дякую!!!!!! 😍😍", "Дууже дякую!!! 😍😍"),
        (
            "<p>Ol&aacute;, o <b>pedido</b> n&atilde;o chegou.</p><p>Obrigado</p>",
            "Olá, o pedido não chegou.\nObrigado",
        ),
        (
            "Супер сервис)))))) @rozetka https://t.example/abc #рекомендую",
            "Супер сервис))) @user http рекомендую",
        ),
        (
            "A csomag sérült volt.\r\n\r\nAz iPhone-omról küldve",
            "A csomag sérült volt.",
        ),
        ("&lt;p&gt;Nie dzia&amp;lstrok;a&lt;/p&gt;", "Nie działa"),
        (
            "I <3 this shop &lt;3 price < 5 > 3 :<",
            "I <3 this shop <3 price < 5 > 3 :<",
        ),
        ("So&shy;bre la en\u{ad}tre\u{200b}ga: bien", "Sobre la entrega: bien"),
        ("> Are you happy?\nNo!\n-- \nAnna", "No!"),
        ("> only quoted", "> only quoted"),
        ("Contact me: anna@post.example", "Contact me: @user"),
        ("👩‍👩‍👧‍👦 c'était ge\u{301}nial\u{fe0f}", "👩‍👩‍👧‍👦 c'était génial"),
        ("מעולה\u{200f}! شكرا", "מעולה! شكرا"),
        ("<div>Top!</div><blockquote>Wie war es?<br>Gut?</blockquote>", "Top!"),
        ("<img src=x><br>", ""),
    ] {
        assert_eq!(cleaned(raw), expected, "{raw:?}");
    }
}

#[test]
fn spans_quote_the_original() {
    let raw = "<p>Добрий день!</p> Доставка &mdash; жахлива!!!!! 😡";
    let clean = clean(raw);
    let original: Vec<char> = raw.chars().collect();
    let quote = |wanted: &str| -> String {
        let at = clean.text().find(wanted).unwrap();
        original[clean.original_span(at..at + wanted.len())].iter().collect()
    };
    assert_eq!(quote("Добрий день!"), "Добрий день!");
    assert_eq!(quote("Доставка — жахлива"), "Доставка &mdash; жахлива");
    assert_eq!(quote("—"), "&mdash;");
    assert_eq!(quote("😡"), "😡");
}

#[test]
fn hostile_text_keeps_its_words() {
    let nested = format!("{}good{} ok", "<<b>".repeat(40), "b>".repeat(40));
    let text = cleaned(&nested);
    assert!(text.contains("good") && text.ends_with("ok"), "{text}");
    assert_eq!(cleaned(&text), text);
}

#[test]
fn hostile_text_is_cleaned_in_linear_time() {
    const SIZE: usize = 2 << 20;
    // A quadratic stage needs minutes for any of these, a linear one a fraction of a second.
    for piece in [
        "<",
        "&",
        "&amp;",
        "&#&#51;8;",
        "&#",
        "<b",
        "<b ",
        "<!--",
        "<script>",
        "<a \"",
        "</p>",
        "@",
        "a@",
        "@a.",
        "://",
        "a://b",
        "www.",
        "a.",
        "a.www.",
        ">\n",
        "\n",
        "--\n",
        "-- \n",
        "x:\n",
        "a wrote:\n",
        "From: a\nSent: b\n",
        "\u{301}",
        "\u{200d}",
        "😀",
        "😀\u{200d}",
        "e\u{301}",
        "a\u{200b}",
        ":)",
        "(",
        "#a",
        "# ",
        "Sent from my iPhone\n",
        "<blockquote>\n",
        "http://a ",
        "жа ",
        "good! But bad. ",
        "<<b>",
        "a@b.c",
        "\u{1100}",
    ] {
        let text = piece.repeat(SIZE / piece.len());
        let start = std::time::Instant::now();
        let clean = clean(&text);
        let seconds = start.elapsed().as_secs_f64();
        assert!(seconds < 10.0, "{piece:?} took {seconds:.1} s");
        assert!(clean.original_span(0..clean.text().len()).end <= text.len());
    }
}

/// Fragments that stress the handling of markup, mail, links and Unicode.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<",
        ">",
        "</",
        "<b>",
        "</b>",
        "<p>",
        "<br/>",
        "<a href=\"",
        "\"",
        "'",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<blockquote>",
        "</blockquote>",
        "<![",
        "<?xml",
        "o:p",
        "b",
        "p",
        "&",
        ";",
        "&amp;",
        "amp;",
        "&lt;",
        "lt;",
        "&#",
        "&#x",
        "51;",
        "&#60;",
        "&nbsp",
        "&#769;",
        "&#8203;",
        "&NewLine;",
        "\n",
        "\r",
        "\r\n",
        "\n> ",
        "> ",
        ">",
        "-- ",
        "--\n",
        "\n--\n",
        " ",
        "\t",
        "\u{a0}",
        "\u{2028}",
        "wrote:",
        "On 1.1.2024 10:00 ",
        "Sent from my iPhone",
        "From: a\nSent: b\nTo: c\n",
        "-----Original Message-----",
        "@",
        "@user",
        "user",
        "http",
        "://",
        "https://a.b/c",
        "www.",
        "a@b.co",
        ".co",
        ".",
        "..",
        "!",
        "?",
        ")",
        "(",
        ":",
        ":)",
        "-",
        "_",
        "#",
        "#a",
        "a",
        "A",
        "aa",
        "e",
        "\u{301}",
        "\u{30a}",
        "\u{327}",
        "é",
        "ㅏ",
        "\u{1100}",
        "\u{1161}",
        "\u{11a8}",
        "가",
        "\u{200b}",
        "\u{200c}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{fe0e}",
        "\u{ad}",
        "\u{feff}",
        "\u{202e}",
        "\u{e0067}",
        "🏴",
        "👩",
        "❤",
        "👍🏽",
        "🇺",
        "🇦",
        "1",
        "\u{20e3}",
        "\u{0}",
        "\u{7f}",
        "\u{92}",
        "\u{85}",
        "\u{fffd}",
        "\u{d7ff}",
        "\u{e000}",
        "א",
        "ش",
        "ж",
        "і",
        "好",
        "\u{9be}",
        "\u{9c7}",
        "\u{212b}",
        "\u{958}",
        "\u{1e9b}\u{323}",
        "İ",
        "ß",
        "ﬁ",
        "\u{10ffff}",
    ]);
    prop_oneof![
        4 => prop::collection::vec(pieces.clone(), 0..24).prop_map(|pieces| pieces.concat()),
        2 => (prop::collection::vec(pieces, 0..6), 1_usize..12).prop_map(|(pieces, times)| pieces.concat().repeat(times)),
        1 => any::<String>(),
        1 => prop::collection::vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cleaning_twice_changes_nothing(text in nasty()) {
        let once = cleaned(&text);
        prop_assert_eq!(cleaned(&once), once);
    }

    #[test]
    fn words_are_a_resting_place(text in nasty()) {
        let mut draft = Draft::new(&text);
        draft = words_only(&draft).unwrap_or(draft);
        prop_assert!(settle(&mut draft), "{:?}", draft.text());
    }

    #[test]
    fn clean_text_is_composed_and_neatly_spaced(text in nasty()) {
        let text = cleaned(&text);
        prop_assert!(unicode_normalization::is_nfc(&text));
        prop_assert_eq!(text.trim(), &text);
        let spaces = |pair: &(char, char)| pair.0.is_whitespace() && pair.1.is_whitespace();
        prop_assert!(!text.chars().zip(text.chars().skip(1)).any(|pair| spaces(&pair)));
        prop_assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
    }

    #[test]
    fn spans_are_in_bounds_and_in_order(text in nasty()) {
        let scalars = text.chars().count();
        let clean = clean(&text);
        let mut before = 0..0;
        for (at, c) in clean.text().char_indices() {
            let span = clean.original_span(at..at + c.len_utf8());
            prop_assert!(span.start < span.end && span.end <= scalars);
            prop_assert!(before.start <= span.start && before.end <= span.end);
            before = span;
        }
        let whole = clean.original_span(0..clean.text().len());
        prop_assert!(whole.start <= whole.end && whole.end <= scalars);
    }

    #[test]
    fn any_range_of_bytes_has_a_span(text in nasty(), from in 0_usize..80, to in 0_usize..80) {
        let span = clean(&text).original_span(from..to);
        prop_assert!(span.start <= span.end && span.end <= text.chars().count());
    }

    #[test]
    fn plain_words_are_quoted_as_they_are(text in "([a-zа-яіїєąęółçãõéőű0-9]\u{301}?){1,2}([ ,.]?[a-zіїçé]\u{306}?){0,24}", from in 0_usize..40, length in 0_usize..20) {
        let clean = clean(&text);
        let starts: Vec<usize> = clean.text().char_indices().map(|(at, _)| at).chain([clean.text().len()]).collect();
        let (from, to) = (from.min(starts.len() - 1), (from + length).min(starts.len() - 1));
        let bytes = starts[from]..starts[to];
        let span = clean.original_span(bytes.clone());
        let quote: String = text.chars().skip(span.start).take(span.len()).nfc().collect();
        // Three or more repeats of a letter are shortened; another test covers that.
        prop_assume!(clean.text() == text.nfc().collect::<String>());
        prop_assert_eq!(&quote, &clean.text()[bytes]);
    }
}
