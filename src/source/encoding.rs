//! Detects the encoding of text files and decodes them to UTF-8 in a stream. Order: byte order mark; UTF-16 by its NUL bytes; UTF-8 when most
//! non-ASCII characters are valid; otherwise chardetng decides between the legacy encodings. Files that are not text (images, XLSX, PDF) are errors.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv::{ByteRecord, StringRecord};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::input::{Bytes, Counter, Input};
use super::magic::{known_binary, mostly_controls};
use super::reject::Reason;
use crate::error::{Error, Result};

const BLOCK: usize = 64 * 1024;
/// Number of non-ASCII bytes passed to chardetng; more does not change its result.
const SAMPLE: usize = 1024 * 1024;

/// Looks up an encoding by the label of `--encoding`.
pub(super) fn by_label(label: &str) -> Result<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| Error::UnknownEncoding {
        label: label.to_owned(),
    })
}

/// Detects the encoding of a text file. ASCII files are read to the end, since one late line may decide.
pub(super) fn detect(input: &Input, given: Option<&'static Encoding>) -> Result<&'static Encoding> {
    let mut reader = input.reader(&Counter::default())?;
    let mut block = Vec::with_capacity(BLOCK);
    next_block(&mut reader, &mut block).map_err(|source| input.failed(source))?;
    let text = block.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&block);
    if block.len() < BLOCK && text.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::Empty {
            file: input.name.to_string(),
        });
    }
    if let Some((looks, cure)) = known_binary(&block) {
        return Err(Error::NotATable {
            file: input.name.to_string(),
            looks,
            cure,
        });
    }
    if let Some(encoding) = given
        .or_else(|| Encoding::for_bom(&block).map(|(e, _)| e))
        .or_else(|| utf16(&block))
    {
        return Ok(encoding);
    }
    if mostly_controls(&block) {
        let cure = "give CSV, TSV, JSON lines, a JSON array, Parquet or XLSX (--encoding, if it is text after all)";
        return Err(Error::NotATable {
            file: input.name.to_string(),
            looks: "binary data",
            cure,
        });
    }
    let mut guess = Guess::default();
    while !block.is_empty() && guess.seen < SAMPLE {
        guess.add(&block);
        next_block(&mut reader, &mut block).map_err(|source| input.failed(source))?;
    }
    Ok(guess.finish())
}

/// Decodes to UTF-8 without a byte order mark. UTF-8 passes unchanged, damage included; in other encodings undecodable bytes become U+FFFD.
pub(super) fn decoded(bytes: Bytes, encoding: &'static Encoding) -> Bytes {
    let mut builder = encoding_rs_io::DecodeReaderBytesBuilder::new();
    builder.bom_sniffing(false).strip_bom(true);
    if encoding != UTF_8 {
        builder.encoding(Some(encoding));
    }
    Box::new(builder.build(bytes))
}

/// The reason to reject a record in this encoding, if there is one. Half of a surrogate pair in UTF-16 (some exports cut comments at a number of
/// units) stays as U+FFFD, because the rest of the comment is intact.
pub(super) fn fault(record: &[u8], encoding: &'static Encoding) -> Option<Reason> {
    if record.contains(&0) {
        return Some(Reason::Nul);
    }
    let unicode = [UTF_8, UTF_16LE, UTF_16BE, GB18030].contains(&encoding);
    (!unicode && record.windows(3).any(|w| w == "\u{FFFD}".as_bytes())).then(|| Reason::NotInEncoding(encoding.name()))
}

/// How the records of a delimited file become text. Files in UTF-8 or an encoding of one byte a character are parsed as they are,
/// and each record is decoded by itself: exports that were glued together change their encoding from line to line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Characters {
    /// What the file is decoded by before it is parsed.
    pub(super) stream: &'static Encoding,
    /// What records that are not UTF-8 are in.
    other: Option<&'static Encoding>,
    /// Most records are in `other`.
    mostly: bool,
}

impl Characters {
    /// `told` says that the user named the encoding: then the whole file is in it.
    pub(super) fn new(encoding: &'static Encoding, told: bool) -> Self {
        let by_record = !told && encoding.is_single_byte() && encoding != UTF_8;
        Self {
            stream: if by_record { UTF_8 } else { encoding },
            other: by_record.then_some(encoding),
            mostly: by_record,
        }
    }

    /// The encoding of a few records of a file that is UTF-8 otherwise, where these are in one.
    pub(super) fn with_strays(self, strays: Strays) -> Self {
        let other = if self.stream == UTF_8 && self.other.is_none() {
            strays.guess()
        } else {
            None
        };
        Self {
            other: self.other.or(other),
            ..self
        }
    }

    /// Whether records may be in another encoding than UTF-8.
    pub(super) const fn has_other(self) -> bool {
        self.other.is_some()
    }

    /// The encoding that the fewer records are in.
    pub(super) fn odd_name(self) -> &'static str {
        match self.other {
            Some(other) if !self.mostly => other.name(),
            _ => UTF_8.name(),
        }
    }

    /// A record as text, and whether it is in another encoding than most are.
    pub(super) fn text(self, record: ByteRecord, raw: &[u8]) -> std::result::Result<(StringRecord, bool), Reason> {
        let bytes = match StringRecord::from_byte_record(record) {
            Ok(text) => {
                return match self.stream == UTF_8 {
                    true => Ok((text, self.mostly && !raw.is_ascii())),
                    false => fault(raw, self.stream).map_or(Ok((text, false)), Err),
                };
            }
            Err(damage) => damage.into_byte_record(),
        };
        let Some(other) = self.other.filter(|_| self.mostly || is_stray(raw)) else {
            return Err(Reason::NotUtf8);
        };
        let mut text = StringRecord::with_capacity(raw.len() * 2, bytes.len());
        for cell in &bytes {
            let (decoded, damaged) = other.decode_without_bom_handling(cell);
            if damaged || decoded.contains(|c| matches!(c, '\u{80}'..='\u{9F}')) {
                return Err(Reason::NotInEncoding(other.name()));
            }
            if !self.mostly && !is_plausible(&decoded) {
                return Err(Reason::NotUtf8);
            }
            text.push_field(&decoded);
        }
        Ok((text, !self.mostly))
    }
}

/// Whether a record that is not UTF-8 has no sound character beyond ASCII: then it is in another encoding, and not damaged.
fn is_stray(raw: &[u8]) -> bool {
    raw.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}

/// A capital in the middle of a word tells that the encoding is another one, or that a character was torn.
fn is_plausible(text: &str) -> bool {
    let mut before = ' ';
    text.chars().all(|c| {
        let odd = before.is_lowercase() && c.is_uppercase() && !(before.is_ascii() && c.is_ascii());
        before = c;
        !odd
    })
}

/// Records of a UTF-8 file that are not UTF-8.
pub(super) struct Strays(Option<EncodingDetector>);

impl Strays {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    pub(super) fn add(&mut self, raw: &[u8]) {
        if std::str::from_utf8(raw).is_err() && is_stray(raw) {
            let detector = self
                .0
                .get_or_insert_with(|| EncodingDetector::new(Iso2022JpDetection::Deny));
            detector.feed(raw, false);
            detector.feed(b"\n", false);
        }
    }

    fn guess(self) -> Option<&'static Encoding> {
        let mut detector = self.0?;
        detector.feed(b"", true);
        Some(detector.guess(None, Utf8Detection::Deny)).filter(|encoding| encoding.is_single_byte())
    }
}

fn next_block(reader: &mut Bytes, block: &mut Vec<u8>) -> io::Result<()> {
    block.clear();
    reader.take(BLOCK as u64).read_to_end(block).map(|_| ())
}

/// Counts valid UTF-8 while chardetng makes its own guess.
struct Guess {
    detector: EncodingDetector,
    seen: usize,
    sound: usize,
    damaged: usize,
    /// Start of a character split by a block boundary.
    torn: Vec<u8>,
}

impl Default for Guess {
    fn default() -> Self {
        let detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        Guess {
            detector,
            seen: 0,
            sound: 0,
            damaged: 0,
            torn: Vec::new(),
        }
    }
}

impl Guess {
    fn add(&mut self, block: &[u8]) {
        if block.is_ascii() && self.torn.is_empty() {
            return;
        }
        self.seen += block.len();
        self.detector.feed(block, false);
        let mut bytes = std::mem::take(&mut self.torn);
        bytes.extend_from_slice(block);
        self.torn = bytes.split_off(bytes.len() - unfinished(&bytes));
        self.count(&bytes);
    }

    fn count(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            self.sound += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            self.damaged += chunk.invalid().len().min(1);
        }
    }

    /// Legacy text is rarely valid UTF-8 by accident, so more valid characters than damaged ones means UTF-8.
    fn finish(mut self) -> &'static Encoding {
        let torn = std::mem::take(&mut self.torn);
        self.count(&torn);
        if self.sound > self.damaged || self.damaged == 0 {
            return UTF_8;
        }
        self.detector.feed(b"", true);
        self.detector.guess(None, Utf8Detection::Deny)
    }
}

/// Number of bytes at the end that begin an incomplete UTF-8 character.
fn unfinished(bytes: &[u8]) -> usize {
    (1..=bytes.len().min(3))
        .find(|&back| {
            let needs = match bytes[bytes.len() - back] {
                0xC2..=0xDF => 2,
                0xE0..=0xEF => 3,
                0xF0..=0xF4 => 4,
                _ => 0,
            };
            needs > back
        })
        .unwrap_or(0)
}

/// UTF-16 without a mark: delimiters, digits, spaces and line ends put NUL bytes on one side of the pairs.
fn utf16(block: &[u8]) -> Option<&'static Encoding> {
    let zeros = |side: usize| block.iter().skip(side).step_by(2).filter(|&&b| b == 0).count();
    let (big, little) = (zeros(0), zeros(1));
    let encoding = if little > big * 10 { UTF_16LE } else { UTF_16BE };
    let (more, less) = (big.max(little), big.min(little));
    if more < 3 || more * 40 < block.len() || more <= less * 10 {
        return None;
    }
    let (text, damaged) = encoding.decode_without_bom_handling(&block[..block.len() & !1]);
    // The block may end inside a surrogate pair.
    let sound = !damaged || !text.trim_end_matches('\u{FFFD}').contains('\u{FFFD}');
    (sound && !mostly_controls(text.as_bytes())).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};

    fn guess(bytes: &[u8]) -> &'static Encoding {
        let mut guess = Guess::default();
        bytes.chunks(7).for_each(|block| guess.add(block));
        guess.finish()
    }

    #[test]
    fn legacy_encodings_are_told_apart() {
        let cases = [
            (
                WINDOWS_1250,
                "Przesyłka przyszła późno, opakowanie było zniszczone, a kurier źle się odzywał. Żenada!",
            ),
            (
                WINDOWS_1251,
                "Посылка пришла поздно, коробка была порвана. Дуже повільна доставка, їжа холодна, є питання.",
            ),
            (
                WINDOWS_1252,
                "La livraison était très en retard et le colis abîmé. Não voltarei a comprar, péssima experiência.",
            ),
        ];
        for (encoding, text) in cases {
            let (bytes, _, lossy) = encoding.encode(text);
            assert!(!lossy);
            assert_eq!(guess(&bytes), encoding, "{text}");
            assert_eq!(guess(text.as_bytes()), UTF_8, "{text}");
        }
    }

    #[test]
    fn a_little_damage_leaves_utf8_what_it_is() {
        let mut bytes = "Дуже смачно, але довго чекали\n".repeat(3).into_bytes();
        bytes.extend_from_slice(b"caf\xE9\n");
        assert_eq!(guess(&bytes), UTF_8);
        assert_eq!(guess(b"id,comment\n1,caf\xE9\n").name(), "windows-1252");
        assert_eq!(guess(b"plain\n"), UTF_8);
    }

    #[test]
    fn utf16_without_a_mark_shows_in_its_nul_bytes() {
        for text in [
            "id;comment\r\n1;so so\r\n",
            "номер;відгук\r\n1;Дуже смачно, але довго чекали 😀\r\n",
        ] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!((utf16(&little), utf16(&big)), (Some(UTF_16LE), Some(UTF_16BE)));
            assert_eq!(utf16(text.as_bytes()), None);
        }
        assert_eq!(utf16(b"id,comment\n1,a stray \0 in a row\n"), None);
    }
}
