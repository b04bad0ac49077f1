//! Removes quoted mail, the headers that introduce it, and signatures from an e-mail.
//!
//! If nothing but those lines has words, the text stays as it is.

use std::ops::Range;

use super::draft::{Draft, Editor};
use super::mail_phrases::{DEVICES, FORWARDED, FROM, SENT_FROM, SENT_OR_SUBJECT, WROTE};
use super::symbols::{is_emoji, is_emoticon};

/// Maximum length of a header or signature line, in bytes; longer lines are sentences of a comment.
const LONGEST_HEADER: usize = 400;
/// How many of the last words of an introduction may hold its verb; German and Dutch put the sender's name after it.
const LAST_WORDS: usize = 10;
/// Maximum number of lines below a `--` line for it to start a signature; with more it is a divider.
const LONGEST_SIGNATURE: usize = 12;

/// Removes quoted mail and signatures.
pub(super) fn set_aside(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    if !text.contains('\n') {
        return None;
    }
    let mail = Mail::new(text);
    let aside: Vec<bool> = mail.aside();
    let kept = || {
        mail.lines
            .iter()
            .zip(&aside)
            .filter(|(_, aside)| !**aside)
            .map(|(line, _)| &text[line.clone()])
    };
    if !kept().any(|line| line.chars().any(|c| c.is_alphanumeric() || is_emoji(c))) {
        return None;
    }
    let mut editor = Editor::new(draft);
    for (line, _) in mail.lines.iter().zip(&aside).filter(|(_, aside)| **aside) {
        editor.drop(line.clone());
    }
    editor.finish()
}

struct Mail<'a> {
    text: &'a str,
    /// Byte ranges, each with the `\n` that ends it.
    lines: Vec<Range<usize>>,
}

impl<'a> Mail<'a> {
    fn new(text: &'a str) -> Self {
        let mut start = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            start += line.len();
            start - line.len()..start
        });
        Self {
            text,
            lines: lines.collect(),
        }
    }

    fn line(&self, index: usize) -> &'a str {
        self.lines.get(index).map_or("", |line| self.text[line.clone()].trim())
    }

    /// Marks the lines to remove.
    fn aside(&self) -> Vec<bool> {
        let mut aside = vec![false; self.lines.len()];
        for index in 0..self.lines.len() {
            let line = self.line(index);
            if self.is_quote(index) || is_device_signature(line) {
                aside[index] = true;
            } else if self.ends_message(index) {
                aside[index..].fill(true);
                break;
            } else if announces_quote(line) {
                // Mail programs wrap a long introduction; then its first half carries the date.
                let split = digits(line) < 3 && index > 0;
                let announcement = if split { self.line(index - 1) } else { line };
                let quoted = (index + 1..self.lines.len()).find(|&next| !self.line(next).is_empty());
                if digits(announcement) < 3 {
                    continue;
                }
                if quoted.is_some_and(|next| self.is_quote(next)) {
                    aside[index] = true;
                    aside[index - usize::from(split)] = true;
                } else if announcement.contains('@') || has_time(announcement) {
                    aside[index - usize::from(split)..].fill(true);
                    break;
                }
            }
        }
        aside
    }

    /// Whether a line begins with `>`, except where that is an emoticon or a single comparison (`> 30 minutes`).
    fn is_quote(&self, index: usize) -> bool {
        let Some(rest) = self.line(index).strip_prefix('>') else {
            return false;
        };
        if self.line(index).split_whitespace().next().is_some_and(is_emoticon) {
            return false;
        }
        let comparison = rest.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '=');
        let neighbour = |other: Option<usize>| other.is_some_and(|other| self.line(other).starts_with('>'));
        !comparison || neighbour(index.checked_sub(1)) || neighbour(index.checked_add(1))
    }

    /// Whether everything from this line on is an earlier message or a signature.
    fn ends_message(&self, index: usize) -> bool {
        let line = self.line(index);
        if line.len() > LONGEST_HEADER {
            return false;
        }
        if line == "--" {
            return self.lines.len() - index <= LONGEST_SIGNATURE;
        }
        let inner = line.trim_matches(['-', '_', '=', '*', ' ', ':']);
        if line.len() >= inner.len() + 2 && line.starts_with(['-', '_', '=', '*']) {
            let inner = inner.to_lowercase();
            return FORWARDED.iter().any(|phrase| inner == *phrase);
        }
        let header = |line: &str, words: &[&str]| {
            let field = line.split_once(':').map(|(field, _)| field.trim_matches(['*', ' ']));
            field
                .filter(|field| field.len() <= 40)
                .is_some_and(|field| words.contains(&field.to_lowercase().as_str()))
        };
        header(line, FROM)
            && (index + 1..index + 5)
                .filter(|&next| header(self.line(next), SENT_OR_SUBJECT))
                .count()
                >= 2
    }
}

/// "On 3 May 2024 at 10:00, Anna wrote:" in one of many languages, or the second half of it.
fn announces_quote(line: &str) -> bool {
    if !line.ends_with(':') || line.len() > LONGEST_HEADER {
        return false;
    }
    // Some languages of a well-known mail service introduce a quote with date and address alone.
    if line.ends_with(">:") && line.contains('@') && digits(line) >= 3 {
        return true;
    }
    let verb = |word: &str| WROTE.contains(&word.to_lowercase().as_str());
    line.rsplit(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .take(LAST_WORDS)
        .any(verb)
}

/// "Sent from my iPhone" in one of many languages.
fn is_device_signature(line: &str) -> bool {
    if line.is_empty() || line.len() > 120 {
        return false;
    }
    let line = line.to_lowercase();
    SENT_FROM.iter().any(|phrase| line.contains(phrase)) && DEVICES.iter().any(|device| line.contains(device))
}

fn digits(line: &str) -> usize {
    line.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether the line holds a time such as 9:05.
fn has_time(line: &str) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit();
    line.as_bytes()
        .windows(4)
        .any(|w| digit(&w[0]) && w[1] == b':' && digit(&w[2]) && digit(&w[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str) -> String {
        set_aside(&Draft::new(text)).map_or(text.to_owned(), |draft| draft.text().trim().to_owned())
    }

    #[test]
    fn quoted_mail_is_set_aside_in_many_languages() {
        for announcement in [
            "On Fri, May 3, 2024 at 10:00 AM Support <help@shop.example> wrote:",
            "пт, 3 трав. 2024 р. о 10:00 Підтримка <help@shop.example> пише:",
            "3 травня 2024, 10:00, від Підтримка написав(-ла):",
            "A sex., 3 de mai. de 2024 às 10:00, Apoio <help@shop.example> escreveu:",
            "пт, 3 мая 2024 г. в 10:00, Поддержка <help@shop.example>:",
            "03.05.2024 10:00, Поддержка пишет:",
            "Ügyfélszolgálat <help@shop.example> ezt írta (időpont: 2024. máj. 3., P, 10:00):",
            "pt., 3 maj 2024 o 10:00 Pomoc <help@shop.example> napisał(a):",
            "Am Fr., 3. Mai 2024 um 10:00 Uhr schrieb Hilfe <help@shop.example>:",
            "El vie, 3 may 2024 a las 10:00, Ayuda (<help@shop.example>) escribió:",
            "Le ven. 3 mai 2024 à 10:00, Aide <help@shop.example> a écrit :",
            "Il giorno ven 3 mag 2024 alle ore 10:00 Aiuto <help@shop.example> ha scritto:",
            "Op vr 3 mei 2024 om 10:00 schreef Hulp <help@shop.example>:",
            "pá 3. 5. 2024 v 10:00 odesílatel Pomoc <help@shop.example> napsal:",
        ] {
            assert_eq!(
                left(&format!("My answer\n\n{announcement}\n> old\n> older\n")),
                "My answer",
                "{announcement}"
            );
            assert_eq!(
                left(&format!("My answer\n{announcement}\nold\nolder")),
                "My answer",
                "{announcement}"
            );
        }
        assert_eq!(
            left("Yes\nOn Fri, May 3, 2024 at 10:00 AM Support <help@shop.example>\nwrote:\n\n> Happy?\nBye"),
            "Yes\n\nBye"
        );
    }

    #[test]
    fn earlier_messages_are_set_aside() {
        assert_eq!(
            left("Danke!\n-----Ursprüngliche Nachricht-----\nVon: Hilfe\nHallo"),
            "Danke!"
        );
        assert_eq!(
            left("Nej\n\nFrom: Help\nSent: Friday\nTo: Me\nSubject: Re\n\nHello"),
            "Nej"
        );
        assert_eq!(
            left("Ні\n\nВід: Підтримка\nНадіслано: пт\nТема: Відповідь\n\nВітаємо"),
            "Ні"
        );
    }

    #[test]
    fn signatures_are_set_aside() {
        assert_eq!(left("It broke\n-- \nAnna\nManager"), "It broke");
        for line in [
            "Sent from my iPhone",
            "Get Outlook for iOS",
            "Надіслано з iPhone",
            "Отправлено с iPhone",
            "Enviado do meu iPhone",
            "Az iPhone-omról küldve",
            "Wysłane z iPhone'a",
            "Von meinem iPhone gesendet",
            "Enviado desde mi iPhone",
            "Envoyé de mon iPhone",
            "Inviato da iPhone",
            "Verstuurd vanaf mijn iPhone",
            "Odesláno z iPhonu",
        ] {
            assert_eq!(left(&format!("Broken\n\n{line}")), "Broken", "{line}");
        }
    }

    #[test]
    fn what_customers_write_stays() {
        for text in [
            "> only a quote\n> and more",
            "On 3 May 2024 they wrote:\nno refund",
            "bad\n> 30 minutes on hold",
            "no\n>:( really",
            "Sent from London to Paris\nand it broke",
            "one\n--\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14",
            "--\nAnna",
            "From: me\nto you",
            "I wrote:\nnothing",
        ] {
            assert_eq!(left(text), text);
        }
    }
}
