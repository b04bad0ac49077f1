//! Detects files that are not text by their first bytes (an image, a workbook, a web page saved by mistake), and says what to do about them.

/// Whether most bytes are control characters. Text has hardly any but tabs and line ends; a few (a stray NUL) are left to the rows.
pub(super) fn mostly_controls(bytes: &[u8]) -> bool {
    let controls = bytes
        .iter()
        .filter(|b| matches!(b, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F))
        .count();
    controls >= 8 && controls * 50 > bytes.len()
}

/// Names the binary format of the first bytes, and what to do about it.
pub(super) fn known_binary(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const SHEET: &str = "save the sheet as CSV (UTF-8) and give that";
    const TABLE: &str = "give CSV, TSV, JSON lines, a JSON array, Parquet or XLSX";
    const UNPACK: &str = "unpack it first, or pack it with gzip or zstd";
    const MAGIC: &[(&[u8], &str, &str)] = &[
        (b"\x89PNG", "a PNG image", TABLE),
        (b"\xFF\xD8\xFF", "a JPEG image", TABLE),
        (b"GIF8", "a GIF image", TABLE),
        (b"%PDF-", "a PDF document", TABLE),
        (
            b"\xD0\xCF\x11\xE0",
            "a workbook with a password, or an old Excel or Word file (XLS, DOC)",
            "open it, take the password away, and save the sheet as XLSX or CSV (UTF-8)",
        ),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
        (b"Rar!\x1A\x07", "a RAR archive", UNPACK),
        (b"\xFD7zXZ\0", "an xz archive", UNPACK),
        (b"BZh91AY&SY", "a bzip2 archive", UNPACK),
        (b"\x7FELF", "a program", TABLE),
        (
            b"SQLite format 3\0",
            "an SQLite database",
            "export the table as CSV and give that",
        ),
        (
            b"ARROW1",
            "an Arrow IPC (Feather) file",
            "save it as Parquet and give that",
        ),
        (b"Obj\x01", "an Avro file", "save it as Parquet and give that"),
        (b"\xFF\xFE\0\0", "UTF-32 text", "save it as UTF-8 and give that"),
        (b"\0\0\xFE\xFF", "UTF-32 text", "save it as UTF-8 and give that"),
    ];
    if head.starts_with(b"PK\x03\x04") {
        let sheet = head.windows(3).any(|w| w == b"xl/") || head.windows(13).any(|w| w == b"[Content_Type");
        return Some(if sheet {
            ("an Excel workbook (XLSX)", SHEET)
        } else {
            ("a ZIP archive", UNPACK)
        });
    }
    let start: Vec<u8> = head
        .trim_ascii_start()
        .iter()
        .take(14)
        .map(u8::to_ascii_lowercase)
        .collect();
    let holds = |what: &[u8]| head.windows(what.len()).any(|w| w.eq_ignore_ascii_case(what));
    let html = start.starts_with(b"<!doctype html") || start.starts_with(b"<html") || start.starts_with(b"<table");
    if html && holds(b"<table") {
        return Some((
            "an HTML page with a table, which many programs write as .xls",
            "open it in Excel or LibreOffice and save it as XLSX or CSV (UTF-8)",
        ));
    }
    if html {
        return Some((
            "an HTML page",
            "a login or error page may have been saved in place of the export",
        ));
    }
    if start.starts_with(b"<?xml") && holds(b"office:spreadsheet") {
        return Some(("an Excel 2003 XML workbook", SHEET));
    }
    if start.starts_with(b"<?xml") {
        return Some(("an XML document", TABLE));
    }
    MAGIC
        .iter()
        .find(|(magic, ..)| head.starts_with(magic))
        .map(|&(_, looks, cure)| (looks, cure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, looks) in [
            (
                &b"PK\x03\x04\x14\0\x06\0[Content_Types].xml"[..],
                "an Excel workbook (XLSX)",
            ),
            (b"%PDF-1.7", "a PDF document"),
            (b"\n <!DOCTYPE HTML><title>Sign in", "an HTML page"),
        ] {
            assert_eq!(known_binary(bytes).unwrap().0, looks);
        }
        assert_eq!(known_binary(b"id,comment"), None);
        let noise: Vec<u8> = (0..4000u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8)
            .collect();
        assert!(mostly_controls(&noise));
        assert!(!mostly_controls("a\tb\r\n\0".repeat(2).as_bytes()));
    }
}
