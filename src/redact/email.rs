//! E-mail addresses, also those that are spelled so that no robot finds them: `jane (at) example (dot) org`, `jane . doe @ example . org`,
//! `jane at example dot org`, `олена собака приклад.ua`, and those with a comma for the point.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Endings of domains that are trusted where the rest is only spelled.
const ENDING: &str = "(?:com|org|net|info|biz|edu|gov|io|me|co|eu|uk|ua|укр|ru|рф|by|kz|pl|pt|br|hu|de|at|ch|es|mx|ar|fr|be|it|nl|cz|sk|tr|se|ro|md|bg|бг|hr|dk|si|rs|us|ca|ie|gr|lt|lv|ee|fi|no|app|shop|online|example)";
/// What people call the sign; English and German say "at", which is a word like any other.
const SIGN: &str = "(?:собака|собачка|песик|маймунско а|kukac|arroba|małpa|malpa|chiocciola|arobase|zavináč|zavinac|klammeraffe|apenstaartje|snabel-a|snabela|afna|afnă|majmunček)";
/// What people call the point.
const POINT: &str = "(?:dot|ponto|punto|punkt|punt|kropka|крапка|точка|pont|point|tečka|bodka|punct|nokta|točka|prik)";
/// A word of an address.
const WORD: &str = r"[\p{L}\p{N}_%+-]+";

static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let bracketed = |inside: &str| format!(r" ?[\[({{<] ?(?:{inside}) ?[\])}}>] ?");
    let at = format!("(?:@|&#64;|&commat;|{})", bracketed(&format!("at|ат|@|{SIGN}")));
    let point = format!(r"(?:\.|{})", bracketed(&format!(r"\.|{POINT}")));
    [
        // jane.doe@example.org, jane(dot)doe [at] example [dot] org
        format!(
            r"[\p{{L}}\p{{N}}](?:[\p{{L}}\p{{N}}._%+-]|{})*{at}(?:[\p{{L}}\p{{N}}-]+{point})+\p{{L}}{{2,24}}",
            bracketed(POINT)
        ),
        // jane . doe @ example . org, jane@ example.org
        format!(
            r"\p{{L}}[\p{{L}}\p{{N}}_%+-]*(?:(?: \. |\.){WORD})* ?@ ?{WORD}(?:(?: \. |\.){WORD})*(?: \. |\.){ENDING}\b"
        ),
        // jane at example dot org, jane dot doe at example dot org
        format!(r"{WORD}(?:(?: {POINT} |\.){WORD})* (?:at|{SIGN}) {WORD}(?: {POINT} {WORD})* {POINT} {ENDING}\b"),
        // олена собака приклад.ua
        format!(r"{WORD}(?:\.{WORD})* {SIGN} (?:{WORD}\.)+{ENDING}\b"),
        // jane_at_example_dot_org
        format!(r"[\p{{L}}\p{{N}}_.-]+_at_[\p{{L}}\p{{N}}_-]+_dot_{ENDING}\b"),
        // olena@ukr,net
        format!(r"{WORD}(?:\.{WORD})*@{WORD},{ENDING}\b"),
        // jane@example: no robot delivers it, a person would
        r"\p{L}[\p{L}\p{N}._%+-]+[\p{L}\p{N}]@\p{L}[\p{L}\p{N}_.-]{2,}[\p{L}\p{N}]".to_owned(),
    ]
    .iter()
    .filter_map(|form| Regex::new(&format!("(?i){form}")).ok())
    .collect()
});

/// E-mail addresses; where forms overlap, the first form is taken.
pub(super) fn emails(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for part in FORMS.iter().flat_map(|form| form.find_iter(text)) {
        if !found.iter().any(|other| super::overlap(other, &part.range())) {
            found.push(part.range());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_compiled_in() {
        assert_eq!(FORMS.len(), 7);
    }

    #[test]
    fn spelled_addresses_are_found_whole() {
        for address in [
            "rui.alves@loja.example.pt",
            "rui (at) loja (dot) pt",
            "rui[at]loja[dot]example[dot]pt",
            "rui(dot)alves(at)loja.pt",
            "rui . alves @ loja . pt",
            "rui@ loja.pt",
            "rui at loja dot pt",
            "rui_at_loja_dot_pt",
            "eva kukac bolt pont hu",
            "ola małpa sklep kropka pl",
            "олена собака крамниця.ua",
            "olena@ukr,net",
            "rui&#64;loja.pt",
            "rui@loja",
            "иван@почта.рф",
        ] {
            let text = format!("write: {address}, please");
            let found = emails(&text);
            assert_eq!(found.len(), 1, "{address}");
            assert_eq!(&text[found[0].clone()], address);
        }
    }

    #[test]
    fn words_and_signs_are_no_addresses() {
        for text in [
            "We met @ 5 pm at the shop. It was closed.",
            "I bought it at example.com last year",
            "5 @ 3, 100% @ home, thanks @anna",
            "look at the dot on the screen",
            "49.99 @ shop.example, RT@anna: d@mn, what a h@ll",
            "собака гавкає, магазин.ua мовчить",
            "ask at the desk, point it out",
        ] {
            assert_eq!(emails(text), Vec::<Range<usize>>::new(), "{text}");
        }
    }
}
