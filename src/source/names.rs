//! Hints from column names in the languages of common exports. A hint never decides alone, except that a column named like a label is never taken for
//! the comments.

/// Hint of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    /// Named like comments: `Review Text`, `відгук`, `opinia`.
    Comment,
    /// Neutral or contradictory.
    Open,
    /// Named like something else: a channel, a city, an author.
    Other,
    /// Written by the company, not by the customer: a reply.
    Reply,
    /// Holds labels, such as gold answers, which must never be taken for comments.
    Never,
}

impl Hint {
    /// Factor for the score of a column.
    pub(super) fn weight(self) -> f64 {
        match self {
            Hint::Comment => 1.3,
            Hint::Open => 1.0,
            Hint::Other | Hint::Reply => 0.4,
            Hint::Never => 0.0,
        }
    }
}

#[rustfmt::skip]
const COMMENT: &[&str] = &[
    "comment", "comments", "text", "review", "reviews", "feedback", "message", "body", "content", "verbatim", "verbatims",
    "opinion", "opinions", "narrative", "description", "complaint", "testimonial", "tweet", "remark", "remarks",
    "коментар", "коментарі", "відгук", "відгуки", "текст", "скарга", "повідомлення", "думка",
    "отзыв", "отзывы", "комментарий", "комментарии", "жалоба", "сообщение", "мнение", "коментар", "отзив", "мнение",
    "komentarz", "komentarze", "opinia", "opinie", "treść", "tresc", "wiadomość", "uwagi", "reklamacja",
    "megjegyzés", "vélemény", "velemeny", "értékelés", "szöveg", "üzenet", "panasz",
    "comentário", "comentario", "comentarios", "comentários", "avaliação", "mensagem", "texto", "opinião", "conteúdo",
    "reclamação", "relato", "reseña", "opinión", "mensaje", "contenido", "queja",
    "kommentar", "kommentare", "bewertung", "nachricht", "rückmeldung", "beschwerde", "meinung", "inhalt", "freitext",
    "commentaire", "commentaires", "avis", "texte", "contenu", "réclamation", "verbatims",
    "commento", "commenti", "recensione", "recensioni", "testo", "messaggio", "opinione", "reclamo",
    "opmerking", "opmerkingen", "beoordeling", "bericht", "tekst", "reactie", "klacht", "toelichting",
    "komentář", "recenze", "názor", "zpráva", "hodnocení", "komentár", "recenzia", "správa",
    "yorum", "yorumlar", "görüş", "mesaj", "şikayet", "metin", "omdöme", "recension", "meddelande", "åsikt",
    "comentariu", "recenzie", "părere", "mesaj", "recenzija", "poruka", "mišljenje",
];

#[rustfmt::skip]
const OTHER: &[&str] = &[
    "id", "ids", "uuid", "url", "link", "links", "email", "mail", "phone", "author", "user", "username", "name", "nickname",
    "customer", "date", "time", "created", "updated", "timestamp", "address", "city", "country", "region", "state", "zip",
    "product", "brand", "store", "shop", "branch", "department", "channel", "category", "type", "status", "tag", "tags",
    "language", "lang", "locale", "segment", "gender", "age", "source", "domain", "device", "os", "version", "platform",
    "touchpoint", "priority", "company", "group", "score", "rating", "stars", "count", "length", "title", "headline",
    "canal", "kanal", "kanał", "канал", "місто", "город", "miasto", "ciudad", "cidade", "ville", "stadt", "дата", "data",
    "datum", "fecha", "мова", "язык", "język", "idioma", "langue", "sprache", "lingua", "клієнт", "клиент", "автор",
    "autor", "auteur", "autore", "kategoria", "категорія", "категория", "kategorie", "categoria", "catégorie",
];

const REPLY: &[&str] = &[
    "reply",
    "replies",
    "agent",
    "developer",
    "відповідь",
    "ответ",
    "odpowiedź",
    "antwort",
    "respuesta",
];

#[rustfmt::skip]
const NEVER: &[&str] = &[
    "gold", "label", "labels", "sentiment", "sentiments", "polarity", "emotion", "emotions", "sentimento", "sentimiento",
    "sentyment", "настрій", "тональність", "тональность", "класс", "клас", "class", "target", "stimmung", "ut",
];

const MADE: &[&str] = &[
    "created",
    "submitted",
    "submit",
    "posted",
    "published",
    "received",
    "recorded",
    "reviewed",
];
const LATER: &[&str] = &[
    "updated", "update", "modified", "closed", "solved", "resolved", "due", "birth", "replied", "reply",
];

#[rustfmt::skip]
const TIME: &[&str] = &[
    "date", "time", "timestamp", "datetime", "day", "when", "дата", "час", "время", "data", "czas", "dátum", "datum", "fecha",
    "hora", "tarih", "dato", "päivämäärä", "zeitpunkt",
];

#[rustfmt::skip]
const RATING: &[&str] = &[
    "rating", "ratings", "rate", "stars", "star", "score", "nps", "csat", "ces", "satisfaction", "satisfied", "smiley", "ocena",
    "оцінка", "оценка", "рейтинг", "értékelés", "pontszám", "csillag", "nota", "avaliação", "classificação", "puntuación",
    "valoración", "calificación", "note", "bewertung", "sterne", "voto", "valutazione", "hodnocení", "hodnotenie",
    "beoordeling", "cijfer", "puan", "betyg",
];

const RATING_PHRASES: &[&str] = &[
    "how likely",
    "recommend",
    "how satisfied",
    "how would you rate",
    "how easy",
];

/// What a name suggests about the values.
pub(super) fn hint(name: &str) -> Hint {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(NEVER) {
        Hint::Never
    } else if has(REPLY) {
        Hint::Reply
    } else {
        match (has(COMMENT), has(OTHER)) {
            (true, false) => Hint::Comment,
            (false, true) => Hint::Other,
            _ => Hint::Open,
        }
    }
}

/// Rank of a time column's name: 0 for the time of creation, 1 for any time, 2 for a later one; none for other names.
pub(super) fn time_rank(name: &str) -> Option<u8> {
    if hint(name) == Hint::Never {
        return None;
    }
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(LATER) {
        Some(2)
    } else if has(MADE) {
        Some(0)
    } else {
        has(TIME).then_some(1)
    }
}

/// Whether a name is one for ratings.
pub(super) fn is_rating(name: &str) -> bool {
    let words = words(name);
    let lower = name.to_lowercase();
    hint(name) != Hint::Never
        && (words.iter().any(|word| RATING.contains(&word.as_str()))
            || RATING_PHRASES.iter().any(|part| lower.contains(part)))
}

/// The words of a name in lower case: `ResponseId`, `response_id` and `Response ID` are the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        let is_word = c.is_alphanumeric() || c == '№';
        if (!is_word || (after_lower && c.is_uppercase())) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if is_word && let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hint_in_many_languages() {
        for name in [
            "Review Text",
            "comment",
            "Відгук",
            "TREŚĆ",
            "Consumer complaint narrative",
            "vélemény",
            "reviewBody",
        ] {
            assert_eq!(hint(name), Hint::Comment, "{name}");
        }
        assert_eq!(hint("Review Title"), Hint::Open);
        assert_eq!(hint("Developer Reply Text"), Hint::Reply);
        assert_eq!(hint("city"), Hint::Other);
        for name in [
            "gold",
            "sentiment_label",
            "airline_sentiment",
            "Sentiment",
            "ut_clean_text",
        ] {
            assert_eq!(hint(name), Hint::Never, "{name}");
        }
    }
}
