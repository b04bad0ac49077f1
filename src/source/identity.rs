//! Recognises from a column's name whether it holds the record's own id: `id`, `Review ID`, `номер звернення`, `Ticketnummer`.
//!
//! Ids of somebody or something else (customer, shop, product, order, agent, session) are unique in one export only by chance, and the next export
//! would then replace other people's comments. So only known names count.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::names;

/// Words for an id that need no word beside them.
#[rustfmt::skip]
const BARE: &[&str] = &[
    "id", "uuid", "guid", "identifier", "№", "ід", "ид", "айді", "айди", "ідентифікатор", "идентификатор", "идентификатор", "identyfikator",
    "identificador", "identifiant", "identificativo", "identificatore", "identifikátor", "identifikator", "identificator", "identifikation", "azonosító",
    "azonosítója", "kennung", "kimlik",
];

/// Words for a number or reference, which is an id when it belongs to a record.
#[rustfmt::skip]
const NUMBER: &[&str] = &[
    "nr", "n", "nº", "nro", "num", "номер", "numer", "número", "numero", "numéro", "nummer", "szám", "száma", "sorszám", "sorszáma", "číslo", "broj",
    "številka", "numărul", "numarası", "numara", "код", "kod", "código", "codice", "kód", "kódja", "kennzeichen", "hivatkozás",
];

/// The same, but only after the word they belong to: "Ticket No" is an id, "No answer" is not.
const BEHIND: &[&str] = &["no", "number", "key", "ref", "reference"];

/// Names of comments, whose id is the comment's own, in the singular and, where languages have it, the genitive.
#[rustfmt::skip]
const COMMENT: &[&str] = &[
    "review", "response", "comment", "feedback", "opinion", "testimonial", "verbatim", "submission", "entry", "record", "message", "tweet", "mention",
    "suggestion", "remark",
    "відгук", "відгуку", "коментар", "коментаря", "коментарю", "повідомлення", "запис", "запису", "допис", "допису", "думка", "думки", "згадка", "згадки",
    "рецензія", "рецензії", "пропозиція", "пропозиції",
    "отзыв", "отзыва", "комментарий", "комментария", "сообщение", "сообщения", "запись", "записи", "мнение", "мнения", "упоминание", "упоминания",
    "рецензия", "рецензии", "предложение", "предложения",
    "opinia", "opinii", "recenzja", "recenzji", "komentarz", "komentarza", "wiadomość", "wiadomości", "uwaga", "uwagi", "wpis", "wpisu", "wzmianka",
    "wzmianki", "rekord", "rekordu",
    "avaliação", "comentário", "mensagem", "opinião", "publicação", "menção", "sugestão", "registro", "registo", "relato",
    "reseña", "comentario", "mensaje", "opinión", "valoración", "publicación", "mención", "sugerencia",
    "avis", "commentaire", "message", "enregistrement", "mention",
    "bewertung", "bewertungs", "kommentar", "nachricht", "nachrichten", "rückmeldung", "rückmeldungs", "meinung", "meinungs", "eintrag", "eintrags",
    "rezension", "rezensions", "beitrag", "beitrags", "datensatz", "erwähnung", "erwähnungs",
    "recensione", "commento", "messaggio", "opinione", "menzione", "suggerimento",
    "beoordeling", "beoordelings", "opmerking", "bericht", "reactie", "inzending", "recensie",
    "vélemény", "megjegyzés", "üzenet", "hozzászólás", "bejegyzés", "visszajelzés", "rekord", "említés",
    "recenze", "komentář", "komentáře", "zpráva", "zprávy", "záznam", "záznamu", "názor", "názoru", "příspěvek", "příspěvku", "podnět", "podnětu",
    "recenzia", "recenzie", "komentár", "komentára", "správa", "správy", "príspevok", "príspevku", "podnet", "podnetu",
    "yorum", "mesaj", "görüş", "kayıt",
    "omdöme", "omdömes", "recension", "recensions", "meddelande", "inlägg", "inläggs", "synpunkt", "synpunkts",
    "anmeldelse", "anmeldelses", "besked", "indlæg",
    "recenziei", "comentariu", "comentariului", "mesajului", "opinie", "opiniei", "părere", "părerii",
    "отзив", "отзива", "коментара", "съобщение", "съобщението", "мнението", "записа",
    "recenzija", "recenzije", "komentar", "komentara", "poruka", "poruke", "mišljenje", "mišljenja", "mnenje", "mnenja", "sporočilo", "sporočila",
];

/// Names of tickets: the record in a helpdesk's export, and the subject of a survey's export.
#[rustfmt::skip]
const TICKET: &[&str] = &[
    "ticket", "case", "complaint", "request", "inquiry", "enquiry", "incident", "issue", "claim",
    "тікет", "тікета", "тікету", "звернення", "заявка", "заявки", "скарга", "скарги", "запит", "запиту",
    "тикет", "тикета", "обращение", "обращения", "жалоба", "жалобы", "запрос", "запроса",
    "tiket", "ticketu", "zgłoszenie", "zgłoszenia", "skarga", "skargi", "reklamacja", "reklamacji", "sprawa", "sprawy", "zapytanie", "zapytania",
    "reclamação", "chamado", "protocolo", "solicitação", "queixa",
    "queja", "reclamación", "caso", "incidencia", "solicitud", "consulta",
    "réclamation", "plainte", "demande",
    "beschwerde", "fall", "vorgang", "vorgangs", "anfrage", "reklamation", "reklamations", "meldung", "meldungs", "störung", "störungs",
    "reclamo", "segnalazione", "richiesta",
    "klacht", "klachten", "zaak", "melding", "meldings", "verzoek",
    "panasz", "hibajegy", "bejelentés", "ügy", "kérelem", "reklamáció",
    "stížnost", "stížnosti", "požadavek", "požadavku", "tiketu", "případ", "případu", "dotaz", "dotazu", "reklamace",
    "sťažnosť", "sťažnosti", "požiadavka", "požiadavky", "prípad", "prípadu", "reklamácia", "reklamácie",
    "şikayet", "talep",
    "klagomål", "klagomåls", "ärende", "förfrågan", "klage", "sag", "sags", "henvendelse", "henvendelses",
    "reclamație", "reclamației", "tichet", "tichetului", "sesizare", "sesizării",
    "жалбата", "жалба", "оплакване", "оплакването", "сигнал", "сигнала", "тикета",
    "žalba", "žalbe", "pritužba", "pritužbe", "prigovor", "prigovora", "zahtjev", "zahtjeva", "upit", "upita", "prijava", "prijave", "pritožba",
    "pritožbe", "zahtevek", "zahtevka",
];

/// The same, but only with a word for an id: a post's number is a postal code, a rating's number the rating.
#[rustfmt::skip]
const ONLY_ID: &[&str] = &[
    "post", "answer", "rating", "evaluation",
    "відповідь", "відповіді", "оцінка", "оцінки", "ответ", "ответа", "оценка", "оценки", "пост", "поста", "посту", "odpowiedź", "odpowiedzi", "ocena",
    "oceny", "posta", "resposta", "respuesta", "evaluación", "réponse", "évaluation", "antwort", "risposta", "valutazione", "antwoord", "válasz",
    "értékelés", "odpověď", "odpovědi", "hodnocení", "odpoveď", "odpovede", "hodnotenie", "hodnotenia", "yanıt", "cevap", "değerlendirme", "svar",
    "svars", "răspuns", "răspunsului", "evaluare", "отговор", "отговора", "odgovor", "odgovora", "ocjena", "ocjene",
];

/// Words without a meaning of their own, and those that only name the kind of record or id.
#[rustfmt::skip]
const NEUTRAL: &[&str] = &[
    "the", "of", "a", "an", "de", "do", "da", "del", "della", "dello", "dell", "di", "du", "des", "d", "la", "le", "les", "el", "l", "o", "der", "die",
    "das", "den", "dem", "van", "het", "af", "na", "на", "pro", "pentru", "unique", "own", "eindeutige", "унікальний", "уникальный", "unikalny", "único", "unique",
    "unico", "egyedi", "unikátní", "jedinečné",
];

/// Words that make it the id of another record, or of one written by somebody else.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "parent", "linked", "related", "original", "merged", "previous", "next", "root", "master", "duplicate", "duplicated", "reply", "replied", "retweeted",
    "quoted", "status", "developer", "agent", "owner", "admin", "moderator", "batch", "import", "type", "template", "батьківського", "родительского",
    "пов'язаного", "связанного", "nadrzędny", "nadrzędnego", "powiązanego", "übergeordnete", "verknüpfte", "ursprüngliche", "pai", "padre", "parente",
    "lié", "liée", "szülő", "kapcsolódó", "nadřazené", "související", "agenta", "агента", "оператора", "розробника", "разработчика",
];

static WORDS: LazyLock<[HashSet<String>; 8]> = LazyLock::new(|| {
    [BARE, NUMBER, BEHIND, COMMENT, TICKET, ONLY_ID, NEUTRAL, OTHER]
        .map(|list| list.iter().map(|word| folded(word)).collect())
});

/// Folds to lower case without accents, because exports are written with and without them.
fn folded(word: &str) -> String {
    let lower = word.to_lowercase();
    let plain = lower.nfd().filter(|c| !is_combining_mark(*c));
    plain
        .map(|c| match c {
            'ł' => 'l',
            'ı' => 'i',
            'đ' => 'd',
            'ø' => 'o',
            other => other,
        })
        .collect()
}

/// How well a name suits the record's own id: 0 for `id` itself, 1 for the id of a comment, 2 for that of a ticket; none for every other name.
pub(crate) fn own_id_rank(name: &str) -> Option<u8> {
    if matches!(name.trim(), "#" | "№") {
        return Some(0);
    }
    // "Ticket #" is "Ticket №".
    let words: Vec<String> = names::words(&name.replace('#', " № "))
        .iter()
        .map(|word| folded(word))
        .collect();
    let [bare, number, behind, comment, ticket, only_id, neutral, other] = &*WORDS;
    if words.iter().any(|word| other.contains(word)) {
        return None;
    }
    let record = |word: &str, is_id: bool| match word {
        word if comment.contains(word) || (is_id && only_id.contains(word)) => Some(1),
        word if ticket.contains(word) => Some(2),
        _ => None,
    };
    let is_mark =
        |at: usize, word: &String| bare.contains(word) || number.contains(word) || (at > 0 && behind.contains(word));
    let Some(first) = (0..words.len()).find(|&at| is_mark(at, &words[at])) else {
        return words.iter().rev().find_map(|word| compound(word, &record));
    };
    let marks = (first..words.len()).take_while(|&at| is_mark(at, &words[at])).count();
    let is_id = words[first..first + marks].iter().any(|word| bare.contains(word));
    let has_meaning = |word: &&String| !neutral.contains(*word);
    let before = words[..first].iter().rev().find(has_meaning);
    match before.or_else(|| words[first + marks..].iter().find(has_meaning)) {
        Some(owner) => record(owner, is_id),
        None => is_id.then_some(0),
    }
}

/// Rank of a name in one word: `Ticketnummer`, `responseid`, `válaszazonosító`.
fn compound(word: &str, record: &dyn Fn(&str, bool) -> Option<u8>) -> Option<u8> {
    const ENDS: [(&str, bool); 12] = [
        ("azonositoja", true),
        ("azonosito", true),
        ("kennung", true),
        ("uuid", true),
        ("guid", true),
        ("id", true),
        ("sorszama", false),
        ("sorszam", false),
        ("nummer", false),
        ("szam", false),
        ("number", false),
        ("nr", false),
    ];
    ENDS.iter()
        .find_map(|(end, is_id)| record(word.strip_suffix(end)?, *is_id))
}

/// Whether a name ends like that of any id, which versions before manifest 2 took for the row's id when its values were unique.
pub(crate) fn ends_like_id(name: &str) -> bool {
    let last = names::words(name).pop();
    name.trim() == "#" || last.is_some_and(|last| ["id", "uuid", "guid", "ід", "ид", "№"].contains(&last.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_own_ids_are_known_in_all_languages() {
        for name in [
            "id",
            "ID",
            " Id ",
            "_id",
            "uuid",
            "UUID",
            "#",
            "№",
            "Unique ID",
            "ідентифікатор",
            "Azonosító",
            "Identificador",
        ] {
            assert_eq!(own_id_rank(name), Some(0), "{name}");
        }
        for name in [
            "ResponseId",
            "review_id",
            "tweetID",
            "Comment ID",
            "Survey response ID",
            "Customer feedback ID",
            "store_review_id",
            "responseid",
            "Post ID",
            "Feedback #",
            "№ відгуку",
            "ID відгуку клієнта",
            "Номер отзыва",
            "ID opinii",
            "Nr opinii",
            "ID da avaliação",
            "ID de reseña",
            "ID odpowiedzi",
            "Número de reseña",
            "Bewertungs-ID",
            "Bewertungsnummer",
            "Rückmeldung Nr.",
            "N° d'avis",
            "Numéro du commentaire",
            "ID recensione",
            "Beoordelingsnummer",
            "reactie-id",
            "válaszazonosító",
            "Vélemény azonosítója",
            "ID komentáře",
            "číslo recenze",
            "yorum no",
            "omdömes-id",
            "ID на отзива",
            "ID recenzije",
            "Comentariu ID",
        ] {
            assert_eq!(own_id_rank(name), Some(1), "{name}");
        }
        for name in [
            "Ticket ID",
            "ticket_no",
            "Ticket #",
            "Case Number",
            "Issue key",
            "Complaint ID",
            "Номер звернення",
            "№ звернення",
            "номер обращения",
            "Numer zgłoszenia",
            "nr zgloszenia",
            "Número de protocolo",
            "Ticketnummer",
            "Vorgangsnummer",
            "klachtnummer",
            "hibajegyszám",
            "Numéro de ticket",
            "Ärendenummer",
        ] {
            assert_eq!(own_id_rank(name), Some(2), "{name}");
        }
    }

    #[test]
    fn ids_of_somebody_else_and_of_nobody_are_not_the_records_own() {
        for name in [
            "customer_id",
            "Store ID",
            "product_id",
            "agent id",
            "Order ID",
            "user_id",
            "session id",
            "account_id",
            "branch id",
            "item_id",
            "shop id",
            "asin id",
            "Client ID",
            "respondent id",
            "visitor_id",
            "device id",
            "Review Store ID",
            "survey id",
            "parent review id",
            "Related ticket ID",
            "reply id",
            "ID клієнта",
            "ID магазину",
            "Номер замовлення",
            "номер заказа",
            "ID товара",
            "ID klienta",
            "Nr zamówienia",
            "numer klienta",
            "ID do cliente",
            "Número do pedido",
            "ID da loja",
            "ID de cliente",
            "Kundennummer",
            "Kunden-ID",
            "Bestellnummer",
            "Filial-ID",
            "Artikelnr",
            "N° client",
            "Numéro de commande",
            "ID cliente",
            "numero ordine",
            "klantnummer",
            "Ügyfélazonosító",
            "rendelésszám",
            "ID zákazníka",
            "číslo objednávky",
            "müşteri no",
            "kundnummer",
            "ordrenummer",
            "ID-ul clientului",
            "ID на клиента",
            "ID kupca",
            "nr",
            "Lp",
            "No",
            "number",
            "row id",
            "№ п/п",
            "No answer",
            "Number of reviews",
            "post code",
            "Postnummer",
            "Rating number",
            "paid",
            "idea",
            "valid",
            "grid",
            "",
            "identity",
            "text",
        ] {
            assert_eq!(own_id_rank(name), None, "{name}");
        }
    }
}
