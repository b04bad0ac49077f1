//! What do the words before a number say it is? Input: a text and where the number begins. Output: the nearest of the words that
//! announce a phone, a national number, or something that is neither (an order, a parcel, a version). Refuses nothing.

/// What a number is announced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Phone,
    NationalId,
    Card,
    /// An order, a parcel, an invoice, a version: no personal number.
    Other,
    /// A number, and nothing about which.
    Number,
    /// Nothing is announced.
    Open,
}

/// Characters before a number that are looked at.
const LOOKED_AT: usize = 32;

#[rustfmt::skip]
const PHONE: &[&str] = &[
    "phone", "call", "mobile", "whatsapp", "viber", "telegram", "sms", "ring me", "text me", "tel", "fax",
    "тел", "дзвон", "зателеф", "подзвон", "наберіть", "звон", "набер", "мобил", "мобіл", "вайбер", "ватсап",
    "zadzwo", "dzwon", "komórk", "numer kontaktowy", "ligar", "ligue", "liguem", "telemóvel", "contacto", "contato",
    "hív", "mobil", "anruf", "ruf", "handy", "erreich", "rückruf", "llam", "móvil", "appel", "rappel", "portable", "joignable",
    "chiam", "cellulare", "richiam", "bel ", "bellen", "volej", "zavol",
];
#[rustfmt::skip]
const ID: &[&str] = &[
    "pesel", "nip", "regon", "nif", "nipc", "contribuinte", "taj", "adóazon", "adószám", "рнокпп", "іпн", "інн", "инн", "снилс",
    "ідентифікаційн", "идентификационн", "dni", "nie", "documento de identidad", "codice fiscale", "cf", "steuer-id", "steuerid", "steuer-identifikationsnummer",
    "steueridentifikationsnummer", "nir", "sécurité sociale", "sécu", "bsn", "burgerservicenummer", "rodné číslo", "cnp",
    "tax id", "tax number", "national id", "social security", "identity number", "паспортн", "податков", "налог",
];
#[rustfmt::skip]
const CARD: &[&str] = &[
    "card", "creditcard", "visa", "mastercard", "kart", "карт", "cartão", "tarjeta", "carte", "carta", "kreditkart", "debitkart", "bankkart", "kártya", "kártyá",
    "bankkárty", "hitelkárty", "kaart", "creditkaart",
];
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "order", "tracking", "parcel", "invoice", "ticket", "ref", "serial", "s/n", "sku", "isbn", "ean", "imei", "version", "ver.", "v.", "firmware", "build",
    "article", "item", "code", "case", "policy", "contract", "booking", "zamówieni", "przesyłk", "paczk", "faktur", "zgłoszeni", "umow", "wersj", "kod",
    "замовлен", "ттн", "накладн", "рахун", "верс", "посилк", "звернен", "заказ", "посыл", "счёт", "счет", "обращен", "договор", "трек",
    "pedido", "encomenda", "fatura", "factura", "versão", "versión", "código", "rendelés", "csomag", "számla", "verzió", "bestell", "rechnung", "sendung", "auftrag",
    "commande", "colis", "facture", "ordine", "pacco", "fattura", "versione", "bestelling", "pakket", "objednáv", "zásil", "reklamac", "№", "#",
];
/// Words that announce a number of any kind, a phone among them.
#[rustfmt::skip]
const NUMBER: &[&str] = &[
    "nr ", "nr.", "no.", "номер", "number", "número", "numero", "numéro", "nummer", "szám",
];

/// The nearest announcement before byte `at`.
pub(super) fn before(text: &str, at: usize) -> Context {
    let start = text[..at]
        .char_indices()
        .rev()
        .nth(LOOKED_AT - 1)
        .map_or(0, |(start, _)| start);
    let words = text[start..at].to_lowercase();
    let nearest = |list: &[&str]| list.iter().filter_map(|word| last(&words, word)).max();
    // "Telephone number 600..." is a phone: words such as number only count when nothing else is said.
    [
        (PHONE, Context::Phone),
        (ID, Context::NationalId),
        (CARD, Context::Card),
        (OTHER, Context::Other),
    ]
    .into_iter()
    .filter_map(|(list, context)| nearest(list).map(|end| (end, context)))
    .max_by_key(|(end, _)| *end)
    .map_or(
        if nearest(NUMBER).is_some() {
            Context::Number
        } else {
            Context::Open
        },
        |(_, context)| context,
    )
}

/// Whether the word after a number says that it is a version.
pub(super) fn is_version(text: &str, end: usize) -> bool {
    let after: String = text[end..].chars().take(12).flat_map(char::to_lowercase).collect();
    ["verzi", "version", "versi", "wersj", "верси", "версі"]
        .iter()
        .any(|word| after.trim_start().starts_with(word))
}

/// Where a word ends the last time it stands at the beginning of a word.
fn last(words: &str, word: &str) -> Option<usize> {
    words
        .rmatch_indices(word)
        .find(|(at, _)| {
            let begins = !words[..*at].ends_with(char::is_alphanumeric);
            // Short ones must be whole words: `nip` is not in `snippet`, `tel` is not in `hotel`.
            let ends = word.chars().count() > 3 || !words[at + word.len()..].starts_with(char::is_alphabetic);
            begins && ends
        })
        .map(|(at, word)| at + word.len())
}

/// Whether what follows makes the number an amount.
pub(super) fn is_amount(text: &str, end: usize) -> bool {
    #[rustfmt::skip]
    const UNITS: &[&str] = &[
        "zł", "pln", "eur", "€", "usd", "$", "грн", "₴", "uah", "руб", "₽", "rub", "ft", "huf", "kč", "czk", "lei", "ron", "r$", "£", "gbp", "%",
        "km", "kg", "mb", "gb", "kwh", "mah", "ms", "tl", "kr",
    ];
    let after = text[end..]
        .trim_start_matches([' ', '\u{A0}', '\u{202F}'])
        .to_lowercase_prefix();
    UNITS.iter().any(|unit| {
        after
            .strip_prefix(unit)
            .is_some_and(|rest| !unit.ends_with(char::is_alphabetic) || !rest.starts_with(char::is_alphabetic))
    })
}

/// The first few characters in lower case.
trait Prefix {
    fn to_lowercase_prefix(&self) -> String;
}

impl Prefix for str {
    fn to_lowercase_prefix(&self) -> String {
        self.chars().take(8).flat_map(char::to_lowercase).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_announcement_counts() {
        let of = |text: &str| before(text, text.len());
        assert_eq!(of("my phone number is "), Context::Phone);
        assert_eq!(of("call me about order "), Context::Other);
        assert_eq!(of("zamówienie nr "), Context::Other);
        assert_eq!(of("my parcel was lost, card "), Context::Card);
        assert_eq!(of("nr tel "), Context::Phone);
        assert_eq!(of("мій ІПН "), Context::NationalId);
        assert_eq!(of("the hotel "), Context::Open);
        assert_eq!(of("номер замовлення "), Context::Other);
        assert_eq!(of("number "), Context::Number);
        assert!(is_amount("100 zł", 3) && is_amount("5%", 1) && !is_amount("600 ftl", 3));
    }
}
