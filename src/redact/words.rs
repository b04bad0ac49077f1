//! Addresses that lead to a person. Input: a text. Output: the bytes of links, of those among them that carry a secret, of pages of persons, IP
//! addresses and account names. A link without a secret is no personal data and stays.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::context::{Context, before, is_version};

static LINK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\b(?:https?|ftp)://[^\s<>"'«»“”]+|\bwww\.[^\s<>"'«»“”]+"#).ok());
/// A person's page on a social network.
static PROFILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:https?://)?(?:www\.|m\.)?(?:t\.me|telegram\.me|wa\.me|instagram\.com|facebook\.com|fb\.com|vk\.com|ok\.ru|twitter\.com|x\.com|tiktok\.com|linkedin\.com/in|threads\.net)/@?[\p{L}\p{N}_][\p{L}\p{N}_.-]+").ok()
});
/// Pages of social networks that are nobody's own.
const COMMON: &[&str] = &[
    "home",
    "search",
    "hashtag",
    "explore",
    "intent",
    "share",
    "sharer",
    "watch",
    "reel",
    "reels",
    "stories",
    "groups",
    "pages",
    "events",
    "joinchat",
    "status",
    "help",
    "login",
    "about",
    "wall",
    "feed",
    "photo",
    "video",
    "posts",
    "story.php",
    "sharer.php",
    "photo.php",
];
static IPV4: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d{1,3}(?:\.\d{1,3}){3}").ok());
static IPV6: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}").ok());
static HANDLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"@[\p{L}\p{N}_][\p{L}\p{N}_.]{1,39}").ok());
/// Names of URL parameters that grant access or identify a person.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)[?&;#/](?:[a-z_-]*(?:token|key|secret|passw|pwd|sig|signature|auth|session|sid|otp|jwt|hash|invite|reset|confirm|unsubscribe|email|mail|phone|user|login|uid|code)[a-z_-]*)=[^&#\s]{4,}").ok()
});

fn all(pattern: &'static LazyLock<Option<Regex>>, text: &str) -> impl Iterator<Item = Range<usize>> {
    pattern
        .iter()
        .flat_map(move |pattern| pattern.find_iter(text))
        .map(|part| part.range())
}

/// Finds all links, without trailing punctuation.
pub(super) fn links(text: &str) -> Vec<Range<usize>> {
    let shorter = |range: Range<usize>| {
        let link = text[range.clone()].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '…', '*']);
        range.start..range.start + link.len()
    };
    all(&LINK, text).map(shorter).collect()
}

/// The links with a secret: a telling parameter, a password before the host, or a long random part.
pub(super) fn secret_links(text: &str, links: &[Range<usize>]) -> Vec<Range<usize>> {
    let is_secret = |range: &&Range<usize>| {
        let link = &text[(*range).clone()];
        let (_, rest) = link.split_once("://").unwrap_or(("", link));
        let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let named = SECRET.iter().any(|pattern| pattern.is_match(path));
        host.contains('@')
            || named
            || path.contains("@") && path.contains('.')
            || path.split(['/', '?', '&', '=', '#', '.']).any(is_random)
    };
    links.iter().filter(is_secret).cloned().collect()
}

/// Whether a part is long and alternates often between letters and digits, unlike words and numbers.
fn is_random(part: &str) -> bool {
    let bytes = part.as_bytes();
    let changes = bytes
        .windows(2)
        .filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit())
        .count();
    bytes.len() >= 20
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        && changes >= 5
}

/// Pages of persons on social networks, with or without `https://`.
pub(super) fn profiles(text: &str) -> Vec<Range<usize>> {
    let own = |range: &Range<usize>| {
        let page = text[range.clone()]
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | '@' | '_');
        !text[..range.start].ends_with(inside) && !COMMON.contains(&page.trim_end_matches('.'))
    };
    all(&PROFILE, text)
        .map(|range| range.start..range.start + text[range].trim_end_matches(['.', '-']).len())
        .filter(own)
        .collect()
}

/// Finds IP addresses of both versions. Four numbers introduced as a version are excluded.
pub(super) fn addresses(text: &str) -> Vec<Range<usize>> {
    let alone = |range: &Range<usize>| {
        let before = text[..range.start].chars().next_back();
        let mut after = text[range.end..].chars();
        let next = after.next();
        let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '_');
        let ends = next.is_none_or(|c| {
            !joins(c) || (matches!(c, '.' | ':') && !after.next().is_some_and(|c| c.is_ascii_alphanumeric()))
        });
        before.is_none_or(|c| !joins(c)) && ends
    };
    let v4 = all(&IPV4, text).filter(|range| {
        text[range.clone()]
            .parse::<Ipv4Addr>()
            .is_ok_and(|ip| !ip.is_unspecified())
            && before(text, range.start) != Context::Other
            && !is_version(text, range.end)
    });
    let v6 = all(&IPV6, text).filter(|range| {
        let part = &text[range.clone()];
        part.len() >= 6 && part.parse::<Ipv6Addr>().is_ok()
    });
    let mut found: Vec<_> = v4.filter(&alone).collect();
    found.extend(v6.filter(alone));
    found
}

/// Finds account names after `@`.
pub(super) fn handles(text: &str) -> Vec<Range<usize>> {
    let inside = |range: &Range<usize>| {
        text[..range.start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@'))
    };
    all(&HANDLE, text)
        .filter(|range| !inside(range))
        .map(|range| range.start..range.start + text[range.clone()].trim_end_matches('.').len())
        .filter(|range| text[range.clone()].chars().any(char::is_alphabetic))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_compiled_in() {
        assert!(
            [&LINK, &PROFILE, &IPV4, &IPV6, &HANDLE, &SECRET]
                .into_iter()
                .all(|pattern| pattern.is_some())
        );
    }

    #[test]
    fn links_with_a_secret_are_told_from_links() {
        let secret = |link: &str| secret_links(link, &links(link)).len();
        for link in [
            "https://a.example/reset?token=abcd1234",
            "https://user:pass@a.example/",
            "https://a.example/u/9f8a7b6c5d4e3f2a1b0c9d8e",
            "www.a.example/unsubscribe?email=a%40b.example",
            "https://a.example/#access_token=abcdef",
        ] {
            assert_eq!(secret(link), 1, "{link}");
        }
        for link in [
            "https://a.example/",
            "https://a.example/products/red-shoes-for-children-2026",
            "https://a.example/search?q=shoes&page=2",
            "www.a.example/order/600100200",
        ] {
            assert_eq!(secret(link), 0, "{link}");
        }
    }

    #[test]
    fn pages_of_persons_are_told_from_pages_of_all() {
        for page in [
            "t.me/olena_k",
            "https://www.instagram.com/jane.doe",
            "linkedin.com/in/jane-doe",
            "x.com/@rui",
        ] {
            assert_eq!(profiles(&format!("see {page}.")).len(), 1, "{page}");
        }
        for page in [
            "https://netflix.com/title",
            "x.com/search",
            "facebook.com/groups",
            "https://shop.example/t.me/x",
        ] {
            assert_eq!(profiles(page).len(), 0, "{page}");
        }
    }

    #[test]
    fn addresses_are_told_from_versions_and_times() {
        assert_eq!(addresses("10.0.0.1 and 2001:db8::8a2e:370:7334.").len(), 2);
        assert_eq!(
            addresses("version 10.0.0.1, at 12:30:45, 1.2.3.4.5, 300.1.1.1").len(),
            0
        );
        assert_eq!(handles("@anna, mail a@b.example, 5 @ 3, @5").len(), 1);
    }
}
