//! Answers that say there is no answer: "n/a", "nothing", "no comment", "немає", "brak uwag", "-". Input: clean text. Output: whether all of it says so.
//!
//! Only whole answers count. "Nothing works" is a complaint, and so is "none of the shops was open". "No complaints" and "all good" are praise and stay
//! with the model; so do "yes" and "ok".

use super::bare::bare;

/// Signs and codes of forms and spreadsheets, of any language.
const CODES: &str = "n a|na|nan|n d|nd|null|nil|undefined|x|n v t|nvt|k a|s o|s c|n r|b d|b o|н д|х|нд|b u";

/// Whole answers by language, as [`bare`] writes them: lower case, no punctuation, no apostrophes.
#[rustfmt::skip]
const ANSWERS: [(&str, &str); 20] = [
    ("uk", "ні|немає|нема|нічого|нічого немає|нічого такого|нічого не маю|нічого додати|нічого сказати|нема що сказати|нема чого додати|немає що додати|немає чого додати|немає коментарів|немає коментаря|без коментарів|без коментаря|коментарів немає|немає зауважень|немає пропозицій|немає відповіді|без відповіді|не знаю|не можу сказати|важко сказати|важко відповісти|не маю думки|не застосовно|пропустити|відсутні|відсутнє|не вказано"),
    ("ru", "нет|нету|ничего|ничего нет|ничего такого|ничего не могу сказать|нечего сказать|нечего добавить|ничего добавить|нет комментариев|нет комментария|без комментариев|без комментария|комментариев нет|комментарии отсутствуют|нет замечаний|нет предложений|нет ответа|без ответа|не знаю|затрудняюсь ответить|сложно сказать|трудно сказать|нет мнения|не применимо|неприменимо|пропустить|отсутствует|отсутствуют|не указано"),
    ("bg", "не|няма|нямам|нищо|нищо не|нищо за добавяне|няма какво да кажа|няма коментар|няма коментари|без коментар|без коментари|нямам коментар|нямам коментари|нямам мнение|няма отговор|не знам|не мога да кажа|неприложимо"),
    ("pt", "não|nao|nada|nenhum|nenhuma|nada não|nada a declarar|nada a dizer|nada a comentar|nada a acrescentar|nada a relatar|nada para dizer|não tenho|nao tenho|não há|nao ha|não tem|nao tem|não tenho nada|não tenho nada a dizer|não tenho comentários|sem comentários|sem comentário|sem comentarios|nenhum comentário|sem resposta|sem opinião|não sei|nao sei|não sei dizer|não se aplica|nao se aplica|não aplicável|prefiro não responder|prefiro não comentar"),
    ("hu", "nem|semmi|semmi sem|semmi különös|nincs|nincsen|nincs semmi|nincs megjegyzés|nincs megjegyzésem|nincs hozzáfűznivalóm|nincs hozzáfűznivaló|nincs észrevétel|nincs észrevételem|nincs vélemény|nincs véleményem|nincs válasz|megjegyzés nélkül|nem tudom|nem tudok válaszolni|nem releváns|egyik sem|kihagyom"),
    ("pl", "nie|nic|niczego|brak|brak uwag|brak komentarza|brak komentarzy|brak odpowiedzi|brak opinii|brak danych|bez uwag|bez komentarza|bez komentarzy|bez odpowiedzi|nie mam|nie mam uwag|nie mam zdania|nie mam komentarza|nie mam opinii|nie mam nic do dodania|nic do dodania|nie wiem|trudno powiedzieć|nie dotyczy|żaden|żadne|żadna"),
    ("en", "no|none|nope|nah|nothing|nothing really|nothing at all|nothing to add|nothing to say|nothing to report|nothing comes to mind|nothing else|nothing more|nothing further|nothing specific|nothing in particular|no comment|no comments|no comment at all|no comments at all|no further comment|no further comments|no other comments|no additional comments|no response|no answer|no reply|no feedback|no opinion|no idea|no suggestions|no suggestion|not applicable|not sure|does not apply|dont know|i dont know|do not know|i do not know|dont have any|i dont have any|i have none|i have no comment|i have no comments|i have nothing to say|i have nothing to add|unsure|idk|dunno|prefer not to say|prefer not to answer|rather not say|skip|no text|no content|not provided|not specified|not available|nothing to comment|no remarks|no remark|cant think of anything|i cant think of anything|cannot think of anything|cant say"),
    ("de", "nein|ne|nö|nee|nichts|gar nichts|nix|nichts besonderes|nichts weiter|nichts hinzuzufügen|nichts zu sagen|keine|keiner|keines|keins|kein kommentar|keine kommentare|keine angabe|keine angaben|keine antwort|keine meinung|keine anmerkung|keine anmerkungen|keine ahnung|keine bemerkung|keine bemerkungen|ohne kommentar|ohne angabe|weiß nicht|weiss nicht|weiß ich nicht|ich weiß nicht|ich weiß es nicht|nicht zutreffend|entfällt|trifft nicht zu"),
    ("es", "no|nada|ninguno|ninguna|ningún|nada más|nada en particular|nada en especial|nada que decir|nada que añadir|nada que agregar|nada que comentar|no tengo|no tengo ninguno|no tengo nada que decir|no tengo comentarios|no hay|no hay nada|no hay comentarios|sin comentarios|sin comentario|ningún comentario|sin respuesta|sin opinión|no sé|no se|no lo sé|no aplica|no procede|no contesta|ns nc|nsnc|prefiero no contestar|prefiero no responder"),
    ("fr", "non|rien|aucun|aucune|rien du tout|rien de spécial|rien de particulier|rien à dire|rien à ajouter|rien à signaler|ras|r a s|pas de commentaire|pas de commentaires|aucun commentaire|sans commentaire|sans commentaires|pas de réponse|sans réponse|aucune réponse|pas davis|sans avis|sans opinion|aucun avis|je ne sais pas|ne sais pas|je sais pas|sais pas|sans objet|non applicable|non concerné|non concernée|néant|nspp|nsp"),
    ("it", "no|niente|nulla|nessuno|nessuna|nessun|niente di particolare|nulla di particolare|niente da dire|nulla da dire|niente da aggiungere|nulla da aggiungere|niente da segnalare|nulla da segnalare|nessun commento|nessuna opinione|nessuna risposta|senza commenti|senza commento|non ho commenti|non ho nulla da dire|non so|non lo so|boh|non applicabile|non pertinente|preferisco non rispondere"),
    ("nl", "nee|niets|niks|geen|niets bijzonders|niets te melden|niets toe te voegen|niks te melden|geen commentaar|geen opmerking|geen opmerkingen|geen antwoord|geen mening|geen idee|zonder commentaar|weet niet|weet ik niet|ik weet het niet|niet van toepassing|liever niet"),
    ("cs", "ne|nic|žádný|žádná|žádné|nemám|nemám nic|nemám komentář|nemám připomínky|nemám názor|nic mě nenapadá|nic k dodání|bez komentáře|bez komentářů|bez připomínek|bez odpovědi|žádný komentář|žádné připomínky|nevím|těžko říct|netýká se|není|nic dodat"),
    ("sk", "nie|nič|žiadny|žiadna|žiadne|nemám|nemám nič|nemám komentár|nemám pripomienky|nemám názor|nič ma nenapadá|bez komentára|bez komentárov|bez pripomienok|bez odpovede|žiadny komentár|žiadne pripomienky|neviem|ťažko povedať|netýka sa"),
    ("tr", "hayır|yok|hiç|hiçbir şey|hiçbiri|hiçbir|bir şey yok|hiçbir şey yok|yorum yok|yorumsuz|yorumum yok|ekleyecek bir şey yok|söyleyecek bir şey yok|cevap yok|fikrim yok|bilmiyorum|bilmem|geçerli değil|önerim yok|belirtilmemiş"),
    ("sv", "nej|nä|inget|ingenting|inga|ingen|inget särskilt|inget speciellt|inget att tillägga|ingenting att tillägga|ingen kommentar|inga kommentarer|utan kommentar|inget svar|ingen åsikt|ingen aning|vet ej|vet inte|jag vet inte|ej tillämpligt|inga synpunkter"),
    ("da", "nej|intet|ingenting|ikke noget|ingen|ingen kommentar|ingen kommentarer|ingen bemærkninger|uden kommentar|intet svar|intet at tilføje|ikke noget at tilføje|ingen mening|ingen anelse|ved ikke|ved jeg ikke|det ved jeg ikke|ikke relevant|intet at bemærke"),
    ("ro", "nu|nimic|nimic deosebit|nimic special|nimic de adăugat|nimic de spus|nu am|nu am nimic de spus|nu am nimic de adăugat|nu am comentarii|nu este cazul|nu e cazul|niciunul|niciuna|nici unul|nici una|fără comentarii|fara comentarii|fără comentariu|niciun comentariu|fără răspuns|fără opinie|nu știu|nu stiu|nu se aplică"),
    ("hr", "ne|nema|nemam|ništa|nista|ništa posebno|ništa za dodati|nikakav|nikakve|bez komentara|nema komentara|nemam komentara|nemam primjedbi|bez primjedbi|nemam mišljenje|bez odgovora|nema odgovora|ne znam|nije primjenjivo|nijedan"),
    ("sl", "ne|nič|nima|nimam|nič posebnega|nič za dodati|nimam kaj dodati|nobeden|nobena|nobene|brez komentarja|brez komentarjev|brez pripomb|nimam komentarja|nimam pripomb|nimam mnenja|brez odgovora|ne vem|ni relevantno"),
];

/// Whether every line of a clean text says that there is no answer.
pub(super) fn is_no_answer(clean_text: &str) -> bool {
    let mut lines = clean_text.lines().filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(line)
}

fn line(line: &str) -> bool {
    // Dashes alone are typed to get past a required field.
    if line
        .chars()
        .all(|c| matches!(c, '-' | '–' | '—' | '―' | '_' | '/' | '\\' | '~'))
    {
        return true;
    }
    let said = bare(line);
    let among = |answers: &str| answers.split('|').any(|answer| answer == said);
    !said.is_empty() && said.len() <= LONGEST && (among(CODES) || ANSWERS.iter().any(|(_, answers)| among(answers)))
}

/// Longest answer of the lists, in bytes, with room to spare.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Content, clean};

    #[test]
    fn no_answer_in_all_languages() {
        for text in [
            "N/A",
            "n.a.",
            "#N/A",
            "NaN",
            "NULL",
            "None.",
            "—",
            "--",
            "-",
            "x",
            "No comment!",
            "nothing",
            "Nothing to add.",
            "I don't know",
            "Нічого",
            "немає",
            "без коментарів",
            "ничего",
            "Нет комментариев",
            "няма",
            "Nada",
            "Não tenho",
            "sem comentários",
            "semmi",
            "Nincs megjegyzés",
            "brak",
            "Brak uwag.",
            "keine Angabe",
            "k. A.",
            "Ninguna",
            "sin comentarios",
            "RAS",
            "rien à signaler",
            "Niente",
            "n.v.t.",
            "geen opmerkingen",
            "bez komentáře",
            "nič",
            "yok",
            "Yorum yok",
            "inga kommentarer",
            "Ved ikke",
            "Nimic",
            "ništa",
            "brez pripomb",
            "n/a\nn/a",
        ] {
            assert_eq!(clean(text).content(), Content::NoAnswer, "{text}");
        }
        assert_eq!(ANSWERS.len(), 20);
    }

    #[test]
    fn what_says_more_is_an_answer() {
        for text in [
            "Nothing works",
            "None of the shops was open",
            "no complaints",
            "нічого не працює",
            "Ничего хорошего",
            "nada funciona",
            "semmi sem működik",
            "brak obsługi",
            "No answer to my mail",
            "yes",
            "ok",
            "nothing 😡",
            "rien ne marche",
            "not good",
            "nie działa",
            "niente male",
        ] {
            assert_eq!(clean(text).content(), Content::Words, "{text}");
        }
    }

    #[test]
    fn lists_are_spelled_as_bare_text() {
        for answer in ANSWERS
            .iter()
            .flat_map(|(_, answers)| answers.split('|'))
            .chain(CODES.split('|'))
        {
            assert_eq!(bare(answer), answer);
            assert!(answer.len() <= LONGEST, "{answer}");
        }
    }
}
