//! Replaces web addresses with [`LINK`], and mentions and e-mail addresses with [`PERSON`], the placeholders the model is trained with.
//!
//! Bare domains (`amazon.de`) stay: customers use them as names of shops. An `@` before a number or a space stays. This is own code because domains
//! such as `.укр` must count and an address must end where Cyrillic text or CJK punctuation follows it; `linkify` 0.10 does neither.

use std::ops::Range;

use super::draft::{Draft, Editor};

/// Placeholder for a web address.
pub(super) const LINK: &str = "http";
/// Placeholder for a mentioned account or an e-mail address.
pub(super) const PERSON: &str = "@user";

const SCHEMES: [&str; 3] = ["https", "http", "ftp"];

/// Greatest length of the local part of an e-mail address (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;

/// Replaces each web address, e-mail address and mention with its placeholder.
pub(super) fn replace_addresses(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    let mut editor = Editor::new(draft);
    let mut at = 0;
    while let Some(found) = text[at..].find(['@', ':', 'w', 'W']).map(|offset| at + offset) {
        let address = match text.as_bytes()[found] {
            b'@' => email(text, at, found)
                .or_else(|| mention(text, found))
                .map(|bytes| (bytes, PERSON)),
            b':' => url(text, at, found).map(|bytes| (bytes, LINK)),
            _ => www(text, found).map(|bytes| (bytes, LINK)),
        };
        at = found + 1;
        if let Some((bytes, placeholder)) = address {
            at = bytes.end;
            editor.replace(bytes, placeholder);
        }
    }
    editor.finish()
}

/// Finds `https://...` whose colon is at `colon` and which starts no earlier than `from`.
fn url(text: &str, from: usize, colon: usize) -> Option<Range<usize>> {
    let rest = text[colon..].strip_prefix("://")?;
    let before = &text.as_bytes()[from..colon];
    let ends = |scheme: &str| {
        before.len() >= scheme.len() && before[before.len() - scheme.len()..].eq_ignore_ascii_case(scheme.as_bytes())
    };
    let scheme = SCHEMES.iter().find(|scheme| ends(scheme))?;
    let length = address_length(rest);
    (length > 0).then(|| colon - scheme.len()..colon + 3 + length)
}

/// Finds `www....` at the beginning of a word.
fn www(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text
        .get(at + 4..)
        .filter(|_| text[at..at + 4].eq_ignore_ascii_case("www."))?;
    let inside_word = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '-');
    (!inside_word && rest.starts_with(char::is_alphanumeric)).then(|| at..at + 4 + address_length(rest))
}

/// Number of bytes of `rest` that belong to an address: up to a space or quote, without trailing punctuation.
fn address_length(rest: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || "<>\"{}|\\^`«»“”„、。，！？：；（）「」".contains(c);
    let address = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let trailing: &[char] = if address.contains('(') {
        &PUNCTUATION[2..]
    } else {
        &PUNCTUATION
    };
    address.trim_end_matches(trailing).len()
}

/// Punctuation that ends a sentence rather than an address; the first two may be part of an address with brackets.
const PUNCTUATION: [char; 13] = [')', ']', '.', ',', '!', '?', ';', ':', '\'', '’', '…', '*', '_'];

/// Finds `name@host.tld` around the `@` at `at`, starting no earlier than `from`.
fn email(text: &str, from: usize, at: usize) -> Option<Range<usize>> {
    let local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let before = text.as_bytes()[from..at]
        .iter()
        .rev()
        .take(LONGEST_LOCAL_PART)
        .take_while(local)
        .count();
    let rest = &text[at + 1..];
    let host = &rest[..rest
        .find(|c: char| !c.is_alphanumeric() && c != '.' && c != '-')
        .unwrap_or(rest.len())];
    let host = host.trim_end_matches(['.', '-']);
    let (name, top) = host.rsplit_once('.')?;
    let valid = before > 0 && !name.is_empty() && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
    valid.then(|| at - before..at + 1 + host.len())
}

/// Finds `@name` at `at`: at least one letter, not inside a word.
fn mention(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at + 1..];
    let name = &rest[..rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len())];
    let inside_word = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '@');
    (!inside_word && name.contains(|c: char| c.is_alphabetic() || c == '_')).then(|| at..at + 1 + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> String {
        replace_addresses(&Draft::new(text)).map_or(text.to_owned(), |draft| draft.text().to_owned())
    }

    #[test]
    fn addresses_become_placeholders() {
        assert_eq!(
            replaced("see https://a.example/x?y=1, or www.b.example."),
            "see http, or http."
        );
        assert_eq!(replaced("(http://пошта.укр/а) HTTPS://A.B!"), "(http) http!");
        assert_eq!(
            replaced("https://en.example/wiki/A_(b) тут:https://c.d"),
            "http тут:http"
        );
        assert_eq!(replaced("пишіть anna.k@post.example!"), "пишіть @user!");
        assert_eq!(replaced("пошта—info@магазин.укр."), "пошта—@user.");
        assert_eq!(replaced("thanks @Anna_K and @бот :)"), "thanks @user and @user :)");
    }

    #[test]
    fn shops_prices_and_placeholders_stay() {
        for text in [
            "amazon.de ist gut",
            "2 @ 5$",
            "@ home",
            "@5",
            "http @user",
            "a@b",
            "end.Next",
            "user@@x",
            "www.",
            "a://b",
            "://",
        ] {
            assert_eq!(replaced(text), text);
        }
    }
}
