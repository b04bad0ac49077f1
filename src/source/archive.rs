//! The files in a ZIP archive, and their bytes. The directory (APPNOTE.TXT 6.3, with the 64-bit fields) says where each file lies;
//! each is then a stream of its own, checked against the length and checksum that the directory says, so that nothing is unpacked
//! to more than is announced. Damaged directories, encrypted files and packings other than deflate are refused.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

use super::input::Counter;

/// Maximum size of the directory: a workbook's has a few kilobytes.
const MOST_DIRECTORY: u64 = 16 << 20;
/// The end record without its comment, and the longest comment.
const END: u64 = 22;
const MOST_COMMENT: u64 = u16::MAX as u64;

/// Most files of an archive; a workbook has a few dozen.
pub(super) const MOST_FILES: usize = 10_000;

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Offset of its local header.
    header: u64,
    stored: u64,
    size: u64,
    checksum: u32,
    deflated: bool,
}

/// Where the bytes of a file lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    start: u64,
    stored: u64,
    /// Bytes when unpacked.
    pub(super) size: u64,
    checksum: u32,
    deflated: bool,
}

/// The entries of an archive in the order of its directory.
pub(super) fn entries(file: &mut File) -> io::Result<Vec<Entry>> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_start = length.saturating_sub(END + MOST_COMMENT);
    let tail = read_at(file, tail_start, length - tail_start)?;
    let end = tail
        .windows(4)
        .rposition(|w| w == b"PK\x05\x06")
        .ok_or_else(|| damaged("no directory at its end"))?;
    let mut fields = Fields(&tail[end + 4..]);
    fields.skip(6)?;
    let (mut count, mut size, mut start) = (
        u64::from(fields.u16()?),
        u64::from(fields.u32()?),
        u64::from(fields.u32()?),
    );
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
        let locator = end
            .checked_sub(20)
            .and_then(|at| tail.get(at..))
            .filter(|at| at.starts_with(b"PK\x06\x07"));
        let mut fields = Fields(locator.ok_or_else(|| damaged("no 64-bit directory"))?);
        fields.skip(8)?;
        let record = read_at(file, fields.u64()?, 56)?;
        let mut fields = Fields(
            record
                .strip_prefix(b"PK\x06\x06")
                .ok_or_else(|| damaged("no 64-bit directory"))?,
        );
        fields.skip(28)?;
        (count, size, start) = (fields.u64()?, fields.u64()?, fields.u64()?);
    }
    if size > MOST_DIRECTORY || start.checked_add(size).is_none_or(|end| end > length) {
        return Err(damaged("a directory that does not fit into the file"));
    }
    let directory = read_at(file, start, size)?;
    let mut fields = Fields(&directory);
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(fields.entry()?);
    }
    Ok(entries)
}

/// Where the bytes of an entry lie, behind its own header.
pub(super) fn part(file: &mut File, entry: &Entry) -> io::Result<Part> {
    let header = read_at(file, entry.header, 30)?;
    let mut fields = Fields(
        header
            .strip_prefix(b"PK\x03\x04")
            .ok_or_else(|| damaged("an entry without its header"))?,
    );
    fields.skip(22)?;
    let (name, extra) = (fields.u16()?, fields.u16()?);
    Ok(Part {
        start: entry.header + 30 + u64::from(name) + u64::from(extra),
        stored: entry.stored,
        size: entry.size,
        checksum: entry.checksum,
        deflated: entry.deflated,
    })
}

/// The bytes of a file of the archive. Stored bytes are counted as they are read.
pub(super) fn unpacked(mut archive: File, part: &Part, counter: &Counter) -> io::Result<Box<dyn Read + Send>> {
    archive.seek(SeekFrom::Start(part.start))?;
    let stored = Stored {
        file: archive.take(part.stored),
        counter: counter.clone(),
    };
    let stored = BufReader::with_capacity(1 << 16, stored);
    let inner: Box<dyn Read + Send> = match part.deflated {
        true => Box::new(flate2::bufread::DeflateDecoder::new(stored)),
        false => Box::new(stored),
    };
    Ok(Box::new(Checked {
        inner,
        left: part.size,
        checksum: flate2::Crc::new(),
        wanted: part.checksum,
    }))
}

fn read_at(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err(damaged("it is cut short")),
    }
}

fn damaged(detail: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the ZIP archive is not sound: {detail}"),
    )
}

/// Little-endian fields, one after another.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| damaged("a record is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> io::Result<()> {
        self.take(length).map(|_| ())
    }

    fn number(&mut self, length: usize) -> io::Result<u64> {
        Ok(self
            .take(length)?
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn u16(&mut self) -> io::Result<u16> {
        self.number(2).map(|n| n as u16)
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.number(4).map(|n| n as u32)
    }

    fn u64(&mut self) -> io::Result<u64> {
        self.number(8)
    }

    /// One record of the directory.
    fn entry(&mut self) -> io::Result<Entry> {
        if self.take(4)? != b"PK\x01\x02" {
            return Err(damaged("a directory with something else in it"));
        }
        self.skip(4)?;
        let (flags, method) = (self.u16()?, self.u16()?);
        self.skip(4)?;
        let checksum = self.u32()?;
        let (mut stored, mut size) = (u64::from(self.u32()?), u64::from(self.u32()?));
        let (name, extra, comment) = (self.u16()?, self.u16()?, self.u16()?);
        self.skip(8)?;
        let mut header = u64::from(self.u32()?);
        let name = String::from_utf8_lossy(self.take(usize::from(name))?)
            .trim_start_matches('/')
            .to_owned();
        let mut extra = Fields(self.take(usize::from(extra))?);
        self.skip(usize::from(comment))?;
        while extra.0.len() >= 4 {
            let (id, length) = (extra.u16()?, extra.u16()?);
            let mut field = Fields(extra.take(usize::from(length))?);
            if id == 1 {
                // Those of the three that do not fit into 32 bits, in this order.
                for value in [&mut size, &mut stored, &mut header] {
                    if *value == 0xFFFF_FFFF {
                        *value = field.u64()?;
                    }
                }
            }
        }
        if flags & 1 != 0 {
            return Err(damaged("it is encrypted; take the password away first"));
        }
        match method {
            0 | 8 => Ok(Entry {
                name,
                header,
                stored,
                size,
                checksum,
                deflated: method == 8,
            }),
            _ => Err(damaged("a file is packed in a way that is not read")),
        }
    }
}

/// Counts the stored bytes that went by.
struct Stored {
    file: Take<File>,
    counter: Counter,
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.counter.fetch_add(n as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(n)
    }
}

/// Passes on as many bytes as the directory announces, and fails if there are others or their checksum differs.
struct Checked {
    inner: Box<dyn Read + Send>,
    left: u64,
    checksum: flate2::Crc,
    wanted: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.checksum.update(&buffer[..n]);
        let more = n as u64 > self.left;
        self.left = self.left.saturating_sub(n as u64);
        let ended = n == 0 && !buffer.is_empty();
        if more || (ended && (self.left > 0 || self.checksum.sum() != self.wanted)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a part does not have the length or checksum it should have",
            ));
        }
        Ok(n)
    }
}
