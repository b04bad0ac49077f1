//! Converts HTML mail and scraped pages to the text that a reader sees: removes tags, comments and scripts, decodes entities.
//!
//! Block tags become line breaks, and quoted blocks get the `> ` of plain-text mail so that [`super::mail`] recognises them. Only known HTML tag
//! names count as tags: `<3`, `:<`, `a < b` and `<name>` stay. One linear pass: the search for the end of a tag never crosses the next `<`.

use std::ops::Range;

use super::characters::as_windows_1252;
use super::draft::{Draft, Editor};

/// Tags that end a line of text.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "select",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "title",
    "tr",
    "ul",
];

/// Tags that separate words but not lines.
const CELLS: &[&str] = &[
    "button", "iframe", "img", "input", "label", "object", "td", "textarea", "th", "video",
];

/// Tags inside a line of text.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "audio", "b", "base", "bdi", "bdo", "big", "canvas", "cite", "code", "col", "colgroup",
    "del", "dfn", "em", "embed", "font", "head", "i", "ins", "kbd", "link", "mark", "meta", "noscript", "param", "q",
    "s", "samp", "script", "small", "source", "span", "strike", "strong", "style", "sub", "summary", "sup", "svg",
    "template", "time", "tt", "u", "var", "wbr",
];

/// Elements whose content is not text.
const HIDDEN: [&str; 4] = ["head", "script", "style", "template"];

/// Prefixes of the tags office programs write, as in `<o:p>`.
const OFFICE: &[&str] = &["m:", "o:", "st1:", "v:", "w:", "x:"];

/// Longest entity name with its `&` and `;`: `&CounterClockwiseContourIntegral;`.
const LONGEST_ENTITY: usize = 34;

/// Removes tags, comments and hidden elements.
pub(super) fn strip_tags(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    if !text.contains('<') {
        return None;
    }
    let mut editor = Editor::new(draft);
    let mut comment_ends = Finder::new("-->");
    let mut closings = HIDDEN.map(|name| Finder::new(["</", name].concat()));
    let (mut at, mut quoted) = (0, 0_usize);
    while let Some(found) = next_stop(text, at, quoted > 0) {
        at = found + 1;
        if text[found..].starts_with('\n') {
            editor.replace(found..at, "\n> ");
        } else if text[found..].starts_with("<!--") {
            if let Some(end) = comment_ends.find(text, found + 4) {
                at = end + 3;
                editor.drop(found..at);
            }
        } else if let Some(end) = declaration(text, found) {
            at = end;
            editor.drop(found..at);
        } else if let Some(tag) = Tag::parse(text, found) {
            at = tag.end;
            if tag.name == "blockquote" {
                quoted = if tag.closing {
                    quoted.saturating_sub(1)
                } else {
                    quoted + 1
                };
            }
            let hidden = HIDDEN.iter().position(|&name| name == tag.name && !tag.closing);
            if let Some(end) = hidden.and_then(|index| closings[index].find(text, at)) {
                at = end;
            }
            editor.replace(found..at, tag.leaves(quoted > 0));
        }
    }
    editor.finish()
}

/// Decodes entities, including those encoded several times (`&amp;amp;quot;`).
pub(super) fn decode_entities(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    let mut editor = Editor::new(draft);
    let mut at = 0;
    while let Some(found) = text[at..].find('&').map(|offset| at + offset) {
        let mut name = found + 1;
        while text[name..].starts_with("amp;") {
            name += 4;
        }
        at = name;
        if let Some((decoded, end)) = entity(text, name) {
            at = end;
            editor.replace(found..end, &decoded);
        } else if name > found + 1 {
            editor.replace(found..name, "&");
        }
    }
    editor.finish()
}

/// Decodes the entity whose name begins at `name` (the `&` may be earlier); returns its meaning and its end.
fn entity(text: &str, name: usize) -> Option<(String, usize)> {
    let rest = &text.as_bytes()[name..];
    let length = rest
        .iter()
        .take(LONGEST_ENTITY)
        .take_while(|&&b| b == b'#' || b.is_ascii_alphanumeric())
        .count();
    let end = name + length;
    if length > 0 && text[end..].starts_with(';') {
        let code = ["&", &text[name..end], ";"].concat();
        let decoded = html_escape::decode_html_entities(&code);
        if decoded != code {
            return Some((decoded.chars().map(as_windows_1252).collect(), end + 1));
        }
    }
    // Browsers accept a few old names without a semicolon, and mail exports do omit it.
    ["nbsp", "amp", "lt", "gt", "quot"]
        .iter()
        .zip(["\u{a0}", "&", "<", ">", "\""])
        .find_map(|(&known, meaning)| {
            (&text[name..end] == known && !text[end..].starts_with('=')).then(|| (meaning.to_owned(), end))
        })
}

/// The next position to examine: a `<`, or a line break when inside a quoted block.
fn next_stop(text: &str, from: usize, quoted: bool) -> Option<usize> {
    let rest = &text[from..];
    let found = if quoted { rest.find(['<', '\n']) } else { rest.find('<') };
    found.map(|offset| from + offset)
}

/// The end of a `<!DOCTYPE ...>`, `<?xml ...>` or conditional comment `<![endif]>` at `at`.
fn declaration(text: &str, at: usize) -> Option<usize> {
    let bytes = &text.as_bytes()[at..];
    let opens = |prefix: &str| {
        bytes
            .get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    if !(opens("<!doctype") || opens("<?xml") || opens("<![")) {
        return None;
    }
    let length = bytes[1..].iter().position(|&byte| byte == b'>' || byte == b'<')?;
    (bytes[1 + length] == b'>').then_some(at + length + 2)
}

struct Tag {
    /// In lower case.
    name: String,
    closing: bool,
    end: usize,
}

impl Tag {
    /// Parses the tag that begins with the `<` at `at`, if it is an HTML tag.
    fn parse(text: &str, at: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let closing = bytes.get(at + 1) == Some(&b'/');
        let start = at + 1 + usize::from(closing);
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b':';
        let length = bytes[start..].iter().take(16).take_while(is_name).count();
        let after = start + length;
        if length == 0 || !matches!(bytes.get(after), Some(b'>' | b'/' | b' ' | b'\t' | b'\n')) {
            return None;
        }
        let name = text[start..after].to_ascii_lowercase();
        let known = [BLOCKS, CELLS, INLINE]
            .iter()
            .any(|names| names.binary_search(&name.as_str()).is_ok());
        if !known && !OFFICE.iter().any(|prefix| name.starts_with(prefix)) {
            return None;
        }
        Some(Self {
            name,
            closing,
            end: tag_end(bytes, after)?,
        })
    }

    /// Text that replaces the tag.
    fn leaves(&self, quoted: bool) -> &'static str {
        match () {
            () if BLOCKS.binary_search(&self.name.as_str()).is_ok() => {
                if quoted {
                    "\n> "
                } else {
                    "\n"
                }
            }
            () if CELLS.binary_search(&self.name.as_str()).is_ok() => " ",
            () => "",
        }
    }
}

/// One past the `>` that ends a tag. A `>` inside quotes does not end it, unless the quotes never close.
fn tag_end(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut quote, mut first) = (None, None);
    for (offset, &byte) in bytes[from..].iter().enumerate() {
        match byte {
            b'<' => break,
            b'>' if quote.is_none() => return Some(from + offset + 1),
            b'>' => first = first.or(Some(from + offset + 1)),
            b'"' | b'\'' if quote.is_none() => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            _ => {}
        }
    }
    first
}

/// Case-insensitive search for an ASCII string from ascending positions, in linear time overall.
struct Finder<S> {
    needle: S,
    /// Last match and the position from which it is valid. `None`: no match.
    found: Option<Range<usize>>,
}

impl<S: AsRef<str>> Finder<S> {
    fn new(needle: S) -> Self {
        Self {
            needle,
            found: Some(0..0),
        }
    }

    fn find(&mut self, text: &str, from: usize) -> Option<usize> {
        let needle = self.needle.as_ref().as_bytes();
        if self.found.as_ref()?.start < from || self.found.as_ref()?.is_empty() {
            let windows = text.as_bytes().get(from..)?.windows(needle.len());
            let place = windows
                .into_iter()
                .position(|window| window.eq_ignore_ascii_case(needle));
            self.found = place.map(|offset| from + offset..from + offset + needle.len());
        }
        self.found.as_ref().map(|found| found.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> String {
        let draft = Draft::new(text);
        let draft = strip_tags(&draft).unwrap_or(draft);
        decode_entities(&draft).unwrap_or(draft).text().to_owned()
    }

    #[test]
    fn tables_are_sorted_for_binary_search() {
        for names in [BLOCKS, CELLS, INLINE] {
            assert!(names.is_sorted());
        }
    }

    #[test]
    fn tags_go_and_their_text_stays() {
        assert_eq!(
            stripped("<p>Гарний <b>сервіс</b>!</p><p>Дякую</p>"),
            "\nГарний сервіс!\n\nДякую\n"
        );
        assert_eq!(stripped("a<br/>b<BR >c<td>d</td>e<o:p></o:p>"), "a\nb\nc d e");
        assert_eq!(stripped(r#"<a href="x" title="1 > 2">link</a>"#), "link");
        assert_eq!(stripped("<a title=\"open>link"), "link");
        assert_eq!(
            stripped("<style>p { color: red }</style>ok<script>if (a<b) {}</script>"),
            "ok"
        );
        assert_eq!(stripped("<!DOCTYPE html><!-- c > d --><![endif]-->x"), "x");
    }

    #[test]
    fn what_only_looks_like_markup_stays() {
        for text in [
            "I <3 it",
            "a < b and c > d",
            ":< :> >_<",
            "<name> <b",
            "5<6",
            "<",
            "</",
            "<!--",
            "&",
            "a&b",
            "R&D;",
            "<script",
        ] {
            assert_eq!(stripped(text), text);
        }
    }

    #[test]
    fn entities_in_every_dress() {
        assert_eq!(
            stripped("&quot;l&#39;eau&quot; &eacute;&#233;&#xE9; &nbsp;&hellip;"),
            "\"l'eau\" ééé \u{a0}…"
        );
        assert_eq!(
            stripped("&amp;amp;quot;x&amp;&amp;&nbspy &nbsp z"),
            "\"x&&&nbspy \u{a0} z"
        );
        assert_eq!(
            stripped("don&#146;t &#0; &#xD800; &#99999999; &nosuch;"),
            "don’t &#0; &#xD800; &#99999999; &nosuch;"
        );
    }

    #[test]
    fn quoted_blocks_look_like_quoted_mail() {
        assert_eq!(
            stripped("No.<blockquote>Are you<br>happy?</blockquote>Bye"),
            "No.\n> Are you\n> happy?\nBye"
        );
    }
}
