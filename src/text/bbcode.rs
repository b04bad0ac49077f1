//! BBCode, the markup of game shops and forums: `[h1]`, `[b]`, `[*]`, `[url=...]`. Tags are taken away where a text has at least one that closes,
//! so that `[b]` alone or `[1]` stays what it is.

use super::draft::{Draft, Editor};

/// Tags that end a line of text.
const BLOCKS: &[&str] = &[
    "h1", "h2", "h3", "h4", "h5", "h6", "list", "olist", "ul", "ol", "li", "*", "quote", "table", "tr", "hr", "p",
    "center", "code",
];
/// Tags inside a line of text.
const INLINE: &[&str] = &[
    "b", "i", "u", "s", "strike", "spoiler", "url", "img", "color", "size", "font", "noparse", "email", "td", "th",
    "sub", "sup", "youtube",
];
/// Longest tag with its attribute.
const LONGEST: usize = 300;

/// Takes the tags away; the text between them stays.
pub(super) fn strip(draft: &Draft) -> Option<Draft> {
    let text = draft.text();
    if !closes(text) {
        return None;
    }
    let mut editor = Editor::new(draft);
    let mut at = 0;
    while let Some(found) = text[at..].find('[').map(|offset| at + offset) {
        at = found + 1;
        if let Some((name, end)) = tag(text, found) {
            editor.replace(found..end, if BLOCKS.contains(&name) { "\n" } else { "" });
            at = end;
        }
    }
    editor.finish()
}

/// Whether a tag closes somewhere.
fn closes(text: &str) -> bool {
    text.match_indices("[/").any(|(at, _)| tag(text, at).is_some())
}

/// The name of the tag that begins at `at`, and where it ends. Names are in lower case, so that placeholders such as `[URL]` are none.
fn tag(text: &str, at: usize) -> Option<(&str, usize)> {
    let inner = &text[at + 1..];
    let length = inner
        .bytes()
        .take(LONGEST)
        .position(|b| matches!(b, b']' | b'[' | b'\n'))?;
    let inner = inner[..length].trim_start_matches('/');
    let name = inner.split('=').next()?;
    let is_tag =
        text.as_bytes().get(at + 1 + length) == Some(&b']') && (BLOCKS.contains(&name) || INLINE.contains(&name));
    is_tag.then_some((name, at + length + 2))
}

#[cfg(test)]
mod tests {
    #[test]
    fn tags_go_and_their_text_stays() {
        for (text, want) in [
            (
                "[h1]Worst launch[/h1]\n[list][*]crashes[*]no servers[/list]",
                "Worst launch\ncrashes\nno servers",
            ),
            ("[b]Masterpiece.[/b] 10/10", "Masterpiece. 10/10"),
            ("[url=https://a.example]here[/url] it is", "here it is"),
            ("[spoiler]The end[/spoiler] is dull", "The end is dull"),
            ("array[i] and [1] stay, [b] too", "array[i] and [1] stay, [b] too"),
            ("[not a tag[/b", "[not a tag[/b"),
        ] {
            assert_eq!(crate::text::clean(text).text(), want, "{text}");
        }
    }
}
