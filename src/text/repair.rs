//! Mojibake undone: text whose bytes were read in another encoding than they were written in. Input: any text. Output: the same text as it was meant.
//!
//! Three kinds, all by `encoding_rs` round trips: UTF-8 read as Windows-1252, 1251 or 1250 ("serviÃ§o", "РћС‚Р»РёС‡РЅРѕ"), which gives itself away by its
//! byte sequences; Cyrillic read as Latin-1 ("Îòëè÷íî"), which no language looks like; and one Latin encoding read as another ("çok baþarýlý", "gyõzött",
//! "năo", "dzia³a"), which is believed only when the result is plainly a language that the letters before were not. Escapes of JSON that came through as
//! text (`\u00e7`) are undone first. What is in doubt stays as it is.

use std::sync::LazyLock;

use encoding_rs::{Encoding, IBM866, ISO_8859_2, KOI8_R, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1254};

use super::draft::{Draft, Editor};
use super::language::language;
use super::symbols::is_emoji;

/// Text read wrongly several times over.
const ROUNDS: usize = 3;

/// Undoes what is plainly misread.
pub(super) fn repair(draft: &Draft) -> Option<Draft> {
    let mut repaired: Option<Draft> = None;
    for _ in 0..ROUNDS {
        let draft = repaired.as_ref().unwrap_or(draft);
        match unescape(draft).or_else(|| sequences(draft)).or_else(|| letters(draft)) {
            Some(next) => repaired = Some(next),
            None => break,
        }
    }
    repaired
}

/// Whether a text is plainly misread.
pub fn is_misread(text: &str) -> bool {
    repair(&Draft::new(text)).is_some()
}

/// `\u00e7` as text.
fn unescape(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then(|| u16::from_str_radix(digits, 16).ok())
            .flatten()
    };
    let mut editor = Editor::new(draft);
    let mut from = 0;
    while let Some(at) = text
        .get(from..)
        .and_then(|rest| rest.find("\\u"))
        .map(|found| from + found)
    {
        from = at + 2;
        let Some(first) = unit(at) else { continue };
        let pair = [first, unit(at + 6).unwrap_or_default()];
        let (c, length) = match char::decode_utf16(pair).next() {
            Some(Ok(c)) => (c, 6 * c.len_utf16()),
            _ => continue,
        };
        editor.replace(at..at + length, c.encode_utf8(&mut [0; 4]));
        from = at + length;
    }
    editor.finish()
}

/// The upper half of each encoding, by character.
static BYTES: LazyLock<Vec<(&'static Encoding, Vec<(char, u8)>)>> = LazyLock::new(|| {
    let upper = |encoding: &'static Encoding| {
        let meant = |byte: u8| {
            encoding
                .decode_without_bom_handling(&[byte])
                .0
                .chars()
                .next()
                .map(|c| (c, byte))
        };
        let mut bytes: Vec<(char, u8)> = (0x80..=0xff).filter_map(meant).collect();
        bytes.sort_unstable();
        (encoding, bytes)
    };
    [WINDOWS_1252, WINDOWS_1251, WINDOWS_1250].map(upper).into()
});

/// The byte that a character was read from.
fn byte(c: char, read: &'static Encoding) -> Option<u8> {
    match c {
        // The latter are bytes without a character in the encoding, and Latin-1 proper.
        '\0'..='\u{7f}' | '\u{80}'..='\u{9f}' => Some(c as u8),
        _ => {
            let (_, bytes) = BYTES.iter().find(|(encoding, _)| *encoding == read)?;
            let at = bytes.binary_search_by_key(&c, |(c, _)| *c).ok()?;
            Some(bytes[at].1)
        }
    }
}

/// A character of UTF-8 that was read byte by byte: where its characters stand, and what it was.
struct Sequence {
    start: usize,
    end: usize,
    meant: char,
    /// None of its bytes but the first was read as a letter.
    plain: bool,
}

fn sequence(text: &str, start: usize, read: &'static Encoding) -> Option<Sequence> {
    let mut characters = text[start..].char_indices();
    let mut bytes = Vec::with_capacity(4);
    let (mut end, mut plain) = (start, true);
    let (_, lead) = characters.next()?;
    let lead_byte = byte(lead, read)?;
    let length = match lead_byte {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    bytes.push(lead_byte);
    end += lead.len_utf8();
    for _ in 1..length {
        let (_, c) = characters.next()?;
        bytes.push(byte(c, read).filter(|byte| (0x80..=0xbf).contains(byte))?);
        end += c.len_utf8();
        // Quotes and dashes do stand after a letter.
        plain &= !c.is_alphabetic() && !"“”‘’»…–—".contains(c);
    }
    let meant = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    is_plausible(meant).then_some(Sequence {
        start,
        end,
        meant,
        plain,
    })
}

/// What customers write.
fn is_plausible(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{17f}' | '\u{218}'..='\u{21b}' | '\u{386}'..='\u{3ce}' | '\u{400}'..='\u{45f}' | '\u{490}' | '\u{491}'
        | '\u{2010}'..='\u{203a}' | '\u{20ac}' | '\u{20b4}' | '\u{20bd}' | '\u{2116}' | '\u{2122}' | '\u{200d}' | '\u{fe0f}')
        || is_emoji(c)
}

/// UTF-8 read as an encoding of one byte a letter.
fn sequences(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    if text.is_ascii() {
        return None;
    }
    let (read, found) = [WINDOWS_1252, WINDOWS_1251, WINDOWS_1250]
        .into_iter()
        .map(|read| (read, find(text, read)))
        .reduce(|best, other| if other.1.len() > best.1.len() { other } else { best })?;
    if !convinces(text, read, &found) {
        return None;
    }
    let mut editor = Editor::new(draft);
    let mut from = 0;
    // A no-break space is a byte too, and often became a space.
    let lost = |between: usize, to: usize, editor: &mut Editor<'_>| {
        for (at, c) in text[between..to].char_indices().map(|(at, c)| (between + at, c)) {
            let after = &text[at + c.len_utf8()..];
            match c {
                'Ã' if read == WINDOWS_1252 && after.starts_with("  ") => editor.replace(at..at + 3, "à"),
                'Ã' if read == WINDOWS_1252 && after.starts_with(' ') => editor.replace(at..at + 2, "à"),
                'Р' if read == WINDOWS_1251 && after.starts_with(' ') => editor.replace(at..at + 3, "Р"),
                _ => {}
            }
        }
    };
    for Sequence { start, end, meant, .. } in found {
        lost(from, start, &mut editor);
        editor.replace(start..end, meant.encode_utf8(&mut [0; 4]));
        from = end;
    }
    lost(from, text.len(), &mut editor);
    editor.finish()
}

fn find(text: &str, read: &'static Encoding) -> Vec<Sequence> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(|c: char| !c.is_ascii()).map(|at| from + at) {
        from = match sequence(text, at, read) {
            Some(sequence) => {
                let end = sequence.end;
                found.push(sequence);
                end
            }
            None => at + text[at..].chars().next().map_or(1, char::len_utf8),
        };
    }
    found
}

/// Whether sequences are no accident: several in a row, or signs inside a word that no one types there.
fn convinces(text: &str, read: &'static Encoding, found: &[Sequence]) -> bool {
    if found.is_empty() {
        return false;
    }
    let mut run = 1;
    let longest = found.windows(2).fold(1, |longest, pair| {
        run = if pair[0].end == pair[1].start { run + 1 } else { 1 };
        longest.max(run)
    });
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    let inside: usize = found
        .iter()
        .map(|sequence| letters(&text[sequence.start..sequence.end]))
        .sum();
    let others = letters(text) - inside;
    longest >= 3
        || found.iter().any(|sequence| sequence.plain)
        || (found.len() >= 2 && (read == WINDOWS_1252 || others == 0))
}

/// Letters of languages beyond a to z, as far as Latin encodings mix them up.
const ALPHABETS: [(&str, &str); 18] = [
    ("pt", "áâãàçéêíóôõúü"),
    ("hu", "áéíóöőúüű"),
    ("pl", "ąćęłńóśźż"),
    ("en", ""),
    ("de", "äöüß"),
    ("es", "áéíñóúü"),
    ("fr", "àâæçéèêëîïôœùûüÿ"),
    ("it", "àèéìíîòóùú"),
    ("nl", "éëèïöüóá"),
    ("cs", "áčďéěíňóřšťúůýž"),
    ("sk", "áäčďéíĺľňóôŕšťúýž"),
    ("tr", "çğıöşüâîû"),
    ("sv", "åäöé"),
    ("da", "æøåé"),
    ("ro", "ăâîșțşţ"),
    ("hr", "čćđšž"),
    ("sl", "čšž"),
    ("sq", "çë"),
];

/// Whether all letters of a text are of the language.
fn spells(code: &str, text: &str) -> bool {
    let known = ALPHABETS
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, letters)| *letters);
    known.is_some_and(|letters| {
        text.chars()
            .all(|c| c.is_ascii() || !is_odd(c) || letters.contains(lower(c)))
    })
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// A letter, or a sign that stands where a letter should.
fn is_odd(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '³' | '¹' | '¿' | '¾' | '¼')
}

/// Encodings that are mixed up: what was read as what.
const PAIRS: [(&Encoding, &Encoding); 9] = [
    (WINDOWS_1250, WINDOWS_1252),
    (ISO_8859_2, WINDOWS_1252),
    (WINDOWS_1254, WINDOWS_1252),
    (WINDOWS_1252, WINDOWS_1250),
    (WINDOWS_1252, WINDOWS_1251),
    (WINDOWS_1250, WINDOWS_1251),
    (WINDOWS_1254, WINDOWS_1251),
    (ISO_8859_2, WINDOWS_1251),
    (WINDOWS_1254, WINDOWS_1250),
];
/// How sure the language of the result must be.
const SURE: f32 = 0.8;

/// One encoding of single bytes read as another.
fn letters(draft: &Draft) -> Option<Draft> {
    if draft.text().is_ascii() {
        return None;
    }
    // Square and cubic metres are in order.
    let text = &draft.text().replace("m²", "m").replace("m³", "m");
    if let Some(written) = cyrillic_as_latin(text) {
        return decoded(draft, written, WINDOWS_1252);
    }
    if !is_suspicious(text) {
        return None;
    }
    let before = language(text);
    PAIRS.iter().find_map(|(written, read)| {
        let next = decoded(draft, written, read)?;
        let after = language(next.text());
        let changed = text.chars().filter(|c| !c.is_ascii() && is_odd(*c)).count();
        let plain = after.confidence >= SURE && spells(after.code, next.text()) && !spells(after.code, text);
        // One odd letter may be that of a foreign name.
        let doubt =
            before.code == after.code && changed == 1 && text.chars().all(|c| c.is_ascii() || c.is_alphabetic());
        let other = before.code != after.code && spells(before.code, text) && before.confidence > after.confidence;
        (plain && !doubt && !other).then_some(next)
    })
}

/// The draft with every character read anew; nothing when that changes nothing or cannot be.
fn decoded(draft: &Draft, written: &'static Encoding, read: &'static Encoding) -> Option<Draft> {
    let text = draft.text();
    let mut editor = Editor::new(draft);
    for (at, c) in text.char_indices().filter(|(_, c)| !c.is_ascii()) {
        // What no encoding of the pair has was typed later.
        let Some(byte) = byte(c, read) else { continue };
        let bytes = [byte];
        let meant = written.decode_without_bom_handling(&bytes).0;
        if !meant.contains('\u{fffd}') {
            editor.replace(at..at + c.len_utf8(), &meant);
        }
    }
    editor.finish()
}

/// Whether no language has all the letters of a text, or one has letters that are often mistaken.
fn is_suspicious(text: &str) -> bool {
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    let none = || !ALPHABETS.iter().any(|(code, _)| spells(code, text));
    let odd = text.chars().any(|c| !c.is_ascii() && is_odd(c));
    latin && odd && !speaks_cyrillic(text) && (text.contains(['õ', 'û', 'Õ', 'Û', 'þ', 'ý', 'ð']) || none())
}

/// Whether whole words are Cyrillic: then Latin words beside them are names.
fn speaks_cyrillic(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().count() > 2 && word.chars().all(|c| matches!(c, '\u{400}'..='\u{4ff}')))
}

/// The encoding that Cyrillic text was written in, if it was read as Latin-1: words of accented letters only.
fn cyrillic_as_latin(text: &str) -> Option<&'static Encoding> {
    let accented = |c: &char| matches!(c, '\u{a8}'..='\u{ff}');
    if !text.contains(|c| accented(&c)) {
        return None;
    }
    let high = |c: char| {
        byte(c, WINDOWS_1252).is_some_and(|byte| byte >= 0x80) && (c.is_alphabetic() || "¸³²¿¯ºª¨´¥÷×".contains(c))
    };
    let words = || {
        text.split(|c: char| !(c.is_alphabetic() || high(c)))
            .filter(|word| !word.is_empty())
    };
    let all_high = |word: &&str| word.chars().all(high);
    let longest = words().filter(all_high).map(|word| word.chars().count()).max()?;
    let (odd, letters) = words().fold((0, 0), |(odd, letters), word| {
        (
            odd + word.chars().filter(|c| high(*c)).count(),
            letters + word.chars().count(),
        )
    });
    if !(longest >= 4 && 5 * odd >= 2 * letters || odd == letters && letters >= 3) {
        return None;
    }
    // Cyrillic has capitals at the beginning of words, or everywhere.
    let strangeness = |written: &&'static Encoding| {
        let bytes: Vec<u8> = text.chars().map(|c| byte(c, WINDOWS_1252).unwrap_or(b'?')).collect();
        let meant = written.decode_without_bom_handling(&bytes).0;
        let shouted =
            meant.chars().filter(|c| c.is_uppercase()).count() > meant.chars().filter(|c| c.is_lowercase()).count() * 3;
        let characters: Vec<char> = meant.chars().collect();
        let inside = characters
            .windows(2)
            .filter(|pair| pair[0].is_lowercase() && pair[1].is_uppercase())
            .count();
        let signs = characters
            .iter()
            .filter(|c| !c.is_ascii() && !matches!(c, '\u{400}'..='\u{45f}' | '\u{490}' | '\u{491}'))
            .count();
        3 * signs + inside + usize::from(shouted) * 2
    };
    [WINDOWS_1251, KOI8_R, IBM866].into_iter().min_by_key(strangeness)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> String {
        repair(&Draft::new(text)).map_or_else(|| text.to_owned(), |draft| draft.text().to_owned())
    }

    /// `text` in the encoding `written`, read as `read`.
    fn misread(text: &str, written: &'static Encoding, read: &'static Encoding) -> String {
        read.decode_without_bom_handling(&written.encode(text).0).0.into_owned()
    }

    const COMMENTS: [&str; 12] = [
        "Дуже погано, гроші не повернули",
        "Отличный магазин, всё понравилось",
        "Serviço péssimo, não recomendo",
        "Nagyon elégedett vagyok, köszönöm",
        "Nie działa, żenada",
        "Très déçu, ça ne marche plus",
        "Schöne Räume, aber zu heiß",
        "Velmi pomalé doručení, děkuji nechci",
        "Çok başarılı, teşekkür ederim",
        "Foarte bun, mulțumesc",
        "Må ikke være så dårligt",
        "“Great” – it’s 5 € cheaper 👍",
    ];

    #[test]
    fn utf8_read_byte_by_byte_comes_back() {
        for read in [WINDOWS_1252, WINDOWS_1251, WINDOWS_1250] {
            for text in COMMENTS {
                let bad = misread(text, encoding_rs::UTF_8, read);
                assert_eq!(repaired(&bad), text, "{bad}");
            }
        }
        let twice = misread(
            &misread("Não funciona", encoding_rs::UTF_8, WINDOWS_1252),
            encoding_rs::UTF_8,
            WINDOWS_1252,
        );
        assert_eq!(repaired(&twice), "Não funciona");
        assert_eq!(repaired("voilÃ  le rÃ©sultat"), "voilà le résultat");
        assert_eq!(
            repaired(r"servi\u00e7o p\u00c3\u00a9ssimo \ud83d\udc4d"),
            "serviço péssimo 👍"
        );
    }

    #[test]
    fn one_letter_a_byte_comes_back() {
        for (text, written, read) in [
            ("Отличный магазин, всё понравилось", WINDOWS_1251, WINDOWS_1252),
            ("Дуже погано, гроші не повернули", WINDOWS_1251, WINDOWS_1252),
            ("Не работает WhatsApp, очень плохо", WINDOWS_1251, WINDOWS_1252),
            ("Очень плохой сервис", KOI8_R, WINDOWS_1252),
            ("Bardzo źle, aplikacja nie działa, żenada", WINDOWS_1250, WINDOWS_1252),
            (
                "Velmi pomalé doručení, už tu nic neobjednám, příště jinde",
                WINDOWS_1250,
                WINDOWS_1252,
            ),
            (
                "Nagyon jó időben érkezett, gyűlölöm a sort, köszönöm szépen, minőségi",
                WINDOWS_1250,
                WINDOWS_1252,
            ),
            (
                "Çok başarılı bir ürün, teşekkür ederim, ışık hızında kargo",
                WINDOWS_1254,
                WINDOWS_1252,
            ),
            ("Não recomendo, as informações não são boas", WINDOWS_1252, WINDOWS_1250),
            ("Serviço péssimo, não recomendo a ninguém", WINDOWS_1252, WINDOWS_1251),
        ] {
            let bad = misread(text, written, read);
            assert_ne!(bad, text);
            assert_eq!(repaired(&bad), text, "{bad}");
        }
    }

    #[test]
    fn what_is_well_stays() {
        for text in COMMENTS {
            assert_eq!(repaired(text), text);
        }
        for text in [
            "Рік тому Сірі стіни",
            "“AMANHÔ",
            "NÃO, SÃO PAULO",
            "À «Paris»",
            "Señor Müller, café Citroën",
            "Ich war im Café Łódź",
            "Großes Lob an Frau Øster",
            "Smørrebrød är gott",
            "Les œuvres d'art, ça c'est bien",
            "50 m² za 3000 zł",
            "¿Dónde está?",
            "Ñandú",
            "РС не працює",
            "C:\\users\\u12",
            "J'adore İstanbul",
            "30°C",
            "naïve façade",
            "Ämne: åäö",
            "Võga hea teenindus",
            "Þetta er mjög gott",
            "Šta je ovo",
            "Țara mea",
            "açık büfe çok güzel",
        ] {
            assert_eq!(repaired(text), text);
        }
    }
}
