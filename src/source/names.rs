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
    /// Written by the company, not by the customer: a reply, never the comment.
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
            Hint::Other => 0.4,
            Hint::Reply | Hint::Never => 0.0,
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
    "touchpoint", "priority", "company", "agent", "group", "score", "rating", "stars", "count", "length", "title", "headline",
    "canal", "kanal", "kanał", "канал", "місто", "город", "miasto", "ciudad", "cidade", "ville", "stadt", "дата", "data",
    "datum", "fecha", "мова", "язык", "język", "idioma", "langue", "sprache", "lingua", "клієнт", "клиент", "автор",
    "autor", "auteur", "autore", "kategoria", "категорія", "категория", "kategorie", "categoria", "catégorie",
];

/// Words that alone say that the company wrote it.
#[rustfmt::skip]
const REPLY: &[&str] = &["reply", "replies", "replied", "developer"];

/// Words that say it beside the name of somebody who is no customer: `owner_answer`, `Antwort des Inhabers`.
#[rustfmt::skip]
const ANSWER: &[&str] = &[
    "response", "responses", "answer", "answers", "відповідь", "ответ", "отговор", "odpowiedź", "odpowiedz",
    "odpověď", "odpoveď", "odgovor", "antwort", "antwoord", "svar", "respuesta", "resposta", "risposta", "réponse", "reponse", "răspuns", "raspuns", "válasz",
    "valasz", "yanıt", "yanit", "cevap", "reaktion", "reactie",
];

/// Somebody who answers customers.
#[rustfmt::skip]
const COMPANY: &[&str] = &[
    "owner", "business", "management", "agent", "manager", "seller", "merchant", "company", "host", "vendor", "support", "staff", "brand", "provider", "publisher",
    "власника", "власник", "компанії", "розробника", "продавця", "владельца", "владелец", "компании", "разработчика", "продавца", "собственика",
    "właściciela", "wlasciciela", "firmy", "dewelopera", "sprzedawcy", "inhabers", "inhaber", "eigentümers", "anbieters", "verkäufers", "entwicklers",
    "propietario", "vendedor", "empresa", "desarrollador", "proprietário", "proprietario", "loja", "desenvolvedor", "propriétaire", "proprietaire",
    "vendeur", "entreprise", "développeur", "venditore", "azienda", "sviluppatore", "eigenaar", "verkoper", "bedrijf", "majitele", "vlastníka",
    "majiteľa", "predajcu", "proprietarului", "vlasnika", "lastnika", "ägaren", "ejeren", "tulajdonos", "tulajdonostól", "tulajdonosi", "cég",
    "fejlesztő", "eladó", "işletme", "işletmenin", "satıcı", "geliştirici",
];

#[rustfmt::skip]
const NEVER: &[&str] = &[
    "gold", "label", "labels", "sentiment", "sentiments", "polarity", "emotion", "emotions", "sentimento", "sentimiento",
    "sentyment", "настрій", "тональність", "тональность", "класс", "клас", "class", "target", "stimmung", "ut",
];

#[rustfmt::skip]
const MADE: &[&str] = &[
    "created", "creation", "create", "submitted", "submit", "posted", "published", "publish", "received", "recorded", "reviewed", "completed", "sent",
    "створено", "отримано", "опубліковано", "создано", "создан", "получено", "опубликовано", "utworzono", "utworzenia", "dodano", "wysłano", "létrehozva",
    "beküldve", "criado", "criação", "publicado", "enviado", "creado", "creación", "erstellt", "eingegangen", "gesendet", "créé", "publié", "création",
    "creato", "creazione", "inviato", "pubblicato", "aangemaakt", "ingediend", "vytvořeno", "odesláno", "vytvorené", "creat", "trimis", "kreirano",
    "poslano", "skapad", "oprettet", "oluşturulma", "gönderilme",
];
#[rustfmt::skip]
const LATER: &[&str] = &[
    "updated", "update", "modified", "closed", "solved", "resolved", "due", "birth", "birthday", "replied", "reply", "edited", "deleted", "expires",
    "owner", "start", "started", "оновлено", "обновлено", "zaktualizowano", "aktualizacji", "módosítva", "atualizado", "actualizado", "aktualisiert",
    "modifié", "aggiornato", "bijgewerkt", "aktualizováno",
];

#[rustfmt::skip]
const TIME: &[&str] = &[
    "date", "dates", "time", "timestamp", "datetime", "day", "when", "at", "timestampms", "published",
    "дата", "час", "часу", "время", "времени", "времева", "отметка", "позначка", "data", "dataora", "czas", "czasu", "czasowa", "dátum", "datum", "időpont", "időbélyeg", "idő",
    "keltezés", "fecha", "hora", "temporal", "carimbo", "zeitstempel", "zeit", "zeitpunkt", "horodateur", "horodatage", "heure", "cronologiche", "orario",
    "tijdstempel", "tijd", "čas", "časová", "časové", "časovni", "vremenska", "vremenski", "vrijeme", "timp", "temporală", "tidsstämpel", "tidsstempel", "tidspunkt",
    "tarih", "tarihi", "zaman", "damgası", "dato", "päivämäärä",
];

#[rustfmt::skip]
const RATING: &[&str] = &[
    "rating", "ratings", "rate", "stars", "star", "score", "nps", "csat", "ces", "satisfaction", "satisfied", "smiley", "ocena",
    "оцінка", "оценка", "рейтинг", "értékelés", "pontszám", "csillag", "nota", "avaliação", "classificação", "puntuación",
    "valoración", "calificación", "note", "bewertung", "sterne", "voto", "valutazione", "hodnocení", "hodnotenie",
    "beoordeling", "cijfer", "puan", "betyg", "punteggio", "stelle", "estrellas", "estrelas", "étoiles", "gwiazdki", "зірки", "звезды", "звёзды", "sterren",
    "hvězdičky", "stjerner", "stjärnor", "yıldız", "karakter", "bedømmelse", "ocjena", "puntuacion", "valoracion", "calificacion", "avaliacao", "starrating",
    "балл", "баллы", "бал", "бали", "punkty", "pontok", "pontos", "puntos", "points", "punkte",
];

const RATING_PHRASES: &[&str] = &[
    "how likely",
    "recommend",
    "how satisfied",
    "how would you rate",
    "how easy",
];

/// Words of figures that are not the customer's own, or no rating at all: averages, counts, weights, models' scores.
#[rustfmt::skip]
const AGGREGATE: &[&str] = &[
    "average", "avg", "mean", "total", "count", "counts", "number", "num", "votes", "vote", "weighted", "helpful", "helpfulness", "confidence", "aggregate",
    "likes", "up", "relative", "expected", "predicted", "sentiment", "toxicity", "max", "maximum", "best", "worst", "previous", "group", "median",
    "середня", "средняя", "średnia", "átlag", "átlagos", "média", "media", "promedio", "durchschnitt", "durchschnittlich", "moyenne", "gemiddelde", "průměr",
];
/// Things that are rated by many: their stars are not those of the comment.
#[rustfmt::skip]
const RATED: &[&str] = &["hotel", "business", "product", "item", "store", "shop", "place", "restaurant", "app", "seller", "company", "listing"];
/// Words about the scale, which say nothing about what is rated.
const SCALE: &[&str] = &["out", "of", "from", "to", "scale", "value", "given"];
/// Words of the rating as a whole.
#[rustfmt::skip]
const WHOLE: &[&str] = &["overall", "reviewer", "review", "user", "customer", "my", "general", "gesamt", "ogólna", "загальна", "общая", "összesített", "geral", "globale"];

/// How well a name suits the customer's own rating of all: 0 for `Rating` or `Reviewer_Score`, 1 for a part (`Food rating`), 2 for what others
/// say of the thing, 3 for averages and counts.
pub(super) fn rating_rank(name: &str) -> u8 {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is_question = words.len() > 4;
    if has(AGGREGATE) && !is_question {
        3
    } else if has(WHOLE) || is_question {
        0
    } else if has(RATED) {
        2
    } else {
        let says_nothing = |word: &String| {
            RATING.contains(&word.as_str())
                || SCALE.contains(&word.as_str())
                || word.chars().all(|c| c.is_ascii_digit())
        };
        u8::from(!words.iter().all(says_nothing))
    }
}

/// Hint of a name about the values.
pub(super) fn hint(name: &str) -> Hint {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(NEVER) {
        Hint::Never
    } else if words.len() <= 5 && (has(REPLY) || has(COMPANY) && has(ANSWER)) {
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

/// Whether a name with a word for a time is one for something else: `created_by`, `reviewCreatedVersion`.
pub(super) fn is_no_time(name: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "version", "by", "count", "id", "name", "user", "zone", "spent", "response", "duration",
    ];
    words(name).iter().any(|word| OTHERS.contains(&word.as_str()))
}

/// Whether a name is one for ratings.
pub(super) fn is_rating(name: &str) -> bool {
    let words = words(name);
    let lower = name.to_lowercase();
    hint(name) != Hint::Never
        && (words.iter().any(|word| RATING.contains(&word.as_str()))
            || RATING_PHRASES.iter().any(|part| lower.contains(part)))
}

/// Whether a name is one for the title over a comment.
pub(super) fn is_title(name: &str) -> bool {
    #[rustfmt::skip]
    const TITLE: &[&str] = &[
        "title", "headline", "subject", "summary", "heading", "заголовок", "тема", "tytuł", "temat", "cím", "tárgy", "titel", "betreff", "überschrift",
        "título", "titulo", "asunto", "assunto", "resumen", "resumo", "titre", "sujet", "objet", "titolo", "oggetto", "onderwerp", "nadpis", "předmět",
        "predmet", "titlu", "subiect", "заглавие", "naslov", "rubrik", "ämne", "overskrift", "emne", "başlık", "konu",
    ];
    #[rustfmt::skip]
    const OVER: &[&str] = &[
        "review", "comment", "feedback", "text", "ticket", "complaint", "post", "відгуку", "отзыва", "opinii", "recenzji", "vélemény", "értékelés", "bewertung",
        "reseña", "avaliação", "avis", "recensione", "recenze", "the", "de", "da", "do", "of",
    ];
    let words = words(name);
    let has_title = words.iter().any(|word| TITLE.contains(&word.as_str()));
    has_title
        && words
            .iter()
            .all(|word| TITLE.contains(&word.as_str()) || OVER.contains(&word.as_str()))
}

/// Whether a name is one for a time of day beside a date.
pub(super) fn is_clock(name: &str) -> bool {
    #[rustfmt::skip]
    const CLOCK: &[&str] = &[
        "time", "hour", "hrs", "hours", "час", "время", "czas", "godzina", "idő", "óra", "hora", "horas", "uhrzeit", "zeit", "heure", "ora", "orario", "tijd", "čas",
        "vrijeme", "tid", "klockslag", "saat",
    ];
    words(name).iter().any(|word| CLOCK.contains(&word.as_str()))
}

/// Whether every word of a name is one that columns are called by: `Review Text`, but not `great product`.
pub(super) fn is_known(name: &str) -> bool {
    #[rustfmt::skip]
    const BETWEEN: &[&str] = &[
        "of", "the", "de", "da", "do", "no", "nr", "number", "first", "last", "and", "at", "id",
    ];
    #[rustfmt::skip]
    const RECORDS: &[&str] = &[
        "response", "ticket", "respondent", "case", "survey", "post", "mention", "answer", "row", "record", "entry", "submission",
        "order", "call", "visit", "question", "nps", "reason",
    ];
    const ALONE: usize = 5;
    let own = words(name);
    let known = |word: &String| {
        let lists = [COMMENT, OTHER, REPLY, NEVER, RECORDS, MADE, LATER, TIME, RATING];
        lists.iter().any(|list| list.contains(&word.as_str()))
    };
    let between = |word: &String| BETWEEN.contains(&word.as_str()) || word.chars().all(|c| c.is_ascii_digit());
    !name.trim_end().ends_with(['.', '!'])
        && (1..=ALONE).contains(&own.len())
        && (own.iter().any(known) || super::identity::own_id_rank(name).is_some())
        && own.iter().all(|word| known(word) || between(word))
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
        for name in [
            "Developer Reply Text",
            "replyContent",
            "owner_answer",
            "Response from the owner",
            "responseFromOwnerText",
            "Antwort des Inhabers",
            "Odpowiedź właściciela",
            "Відповідь власника",
            "company.reply.text",
        ] {
            assert_eq!(hint(name), Hint::Reply, "{name}");
        }
        for name in ["Response", "Antwort", "Odpowiedź", "answer_why"] {
            assert_ne!(hint(name), Hint::Reply, "{name} is the customer's own");
        }
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

    #[test]
    fn times_of_form_tools_are_called_in_many_ways() {
        for name in [
            "Timestamp",
            "Sygnatura czasowa",
            "Carimbo de data/hora",
            "Позначка часу",
            "Отметка времени",
            "Időbélyeg",
            "Zeitstempel",
            "Marca temporal",
            "Horodateur",
            "Informazioni cronologiche",
            "Tijdstempel",
            "Časová značka",
            "Tidsstämpel",
            "Zaman damgası",
            "at",
        ] {
            assert_eq!(time_rank(name), Some(1), "{name}");
        }
        assert_eq!(
            [time_rank("created_at"), time_rank("repliedAt"), time_rank("text")],
            [Some(0), Some(2), None]
        );
    }

    #[test]
    fn the_customers_own_rating_comes_before_averages() {
        for (name, rank) in [
            ("Rating", 0),
            ("Reviewer_Score", 0),
            ("How likely are you to recommend us to a friend?", 0),
            ("Food rating", 1),
            ("business stars", 2),
            ("Average_Score", 3),
            ("rating_count", 3),
            ("weighted_vote_score", 3),
        ] {
            assert_eq!(rating_rank(name), rank, "{name}");
        }
    }

    #[test]
    fn titles_stand_over_comments_not_over_products() {
        assert!(
            ["Title", "Review Title", "Summary", "Subject", "Тема", "review_headline"]
                .iter()
                .all(|name| is_title(name))
        );
        assert!(
            ["Product title", "job title", "title_id", "Text"]
                .iter()
                .all(|name| !is_title(name))
        );
    }
}
