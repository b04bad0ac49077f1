//! CSV records with the line they begin on and their original bytes, for the rejects file. The csv crate parses; a [`Tape`] between it and the file
//! keeps the bytes of the current record. For a quote that never closes, the lines up to the one it opens on are lost; reading resumes after them.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;

use csv::ByteRecord;

use super::MAX_RECORD;
use super::dialect::Dialect;
use super::input::Bytes;
use super::plain::{self, Dropped};
use super::reject::{Reason, SHOWN_BYTES};

const BUFFER: usize = 64 * 1024;

/// Records of one file, from its start.
pub(super) struct Records {
    reader: csv::Reader<Tape>,
    dialect: Dialect,
    /// Lines before the part of the file that `reader` sees.
    lines_before: u64,
    /// The line after the record before.
    expected: u64,
    /// Blank lines stand above the record read last.
    pub(super) after_gap: bool,
    /// The line on which the record read last begins, from 1.
    pub(super) line: u64,
    span: Range<u64>,
}

/// The next item of the stream.
pub(super) enum Next {
    End,
    Record,
    /// Bytes that cannot be a record: the reason, the first of them, and their number.
    Broken {
        reason: Reason,
        shown: Vec<u8>,
        bytes: u64,
    },
}

impl Records {
    /// Begins after the `sep=` line, if the dialect has one. NUL bytes that are left out are counted in `dropped`.
    pub(super) fn new(mut bytes: Bytes, dialect: Dialect, dropped: &Dropped) -> io::Result<Self> {
        io::copy(&mut (&mut bytes).take(dialect.skip as u64), &mut io::sink())?;
        let reader = dialect
            .reader(BUFFER)
            .from_reader(Tape::new(plain::stream(bytes, dialect, dropped)));
        Ok(Records {
            reader,
            dialect,
            lines_before: u64::from(dialect.skip > 0),
            expected: 1 + u64::from(dialect.skip > 0),
            after_gap: false,
            line: 1,
            span: 0..0,
        })
    }

    /// Bytes of the last record, without surrounding line ends.
    pub(super) fn raw(&self) -> &[u8] {
        self.reader.get_ref().between(&self.span)
    }

    /// The same with the file's own delimiter, for the rejects file.
    pub(super) fn original(&self) -> Cow<'_, [u8]> {
        let raw = self.raw();
        let Some(wide) = self.dialect.wide else {
            return raw.into();
        };
        let mut out = Vec::with_capacity(raw.len() + 16);
        for byte in raw {
            match *byte == self.dialect.delimiter {
                true => out.extend_from_slice(wide.as_bytes()),
                false => out.push(*byte),
            }
        }
        out.into()
    }

    /// Reads the next record into `record`.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> io::Result<Next> {
        let (start, line) = (self.reader.position().byte(), self.reader.position().line());
        self.reader.get_mut().forget(start);
        let more = match self.reader.read_byte_record(record) {
            Ok(more) => more,
            Err(_) if self.reader.get_ref().full => true,
            Err(failure) => {
                return Err(match failure.into_kind() {
                    csv::ErrorKind::Io(source) => source,
                    other => io::Error::other(format!("{other:?}")),
                });
            }
        };
        let tape = self.reader.get_ref();
        let end = if tape.full {
            tape.end()
        } else {
            self.reader.position().byte()
        };
        let all = tape.between(&(start..end));
        let leading = all.iter().take_while(|b| is_line_end(b)).count();
        let trailing = all[leading..].iter().rev().take_while(|b| is_line_end(b)).count();
        self.line = self.lines_before + line + newlines(&all[..leading]);
        self.after_gap = self.line > self.expected;
        self.expected = self.line + newlines(&all[leading..all.len() - trailing]) + 1;
        self.span = start + leading as u64..end - trailing as u64;
        if !more {
            return Ok(Next::End);
        }
        let (full, at_end) = (tape.full, tape.ended && end == tape.end());
        let body = &all[leading..];
        let open = if full || at_end {
            open_quote(body, self.dialect)
        } else {
            None
        };
        if let Some(open) = open {
            let length = body[open..]
                .iter()
                .position(|&b| b == b'\n')
                .map_or(body.len(), |at| open + at + 1);
            let (shown, lines) = (shown(&body[..length]), newlines(&body[..length]));
            self.restart(start + (leading + length) as u64, lines);
            return Ok(Next::Broken {
                reason: Reason::OpenQuote,
                shown,
                bytes: length as u64,
            });
        }
        if full {
            let (lines, length) = (newlines(body), body.len() as u64);
            let shown = shown(body);
            let bytes = length + self.reader.get_mut().skip_line()?;
            self.restart(0, lines + 1);
            return Ok(Next::Broken {
                reason: Reason::TooLong { limit: MAX_RECORD },
                shown,
                bytes,
            });
        }
        if let Some(inner) = plain::unwrapped(record, self.dialect) {
            *record = inner;
        }
        Ok(Next::Record)
    }

    /// Restarts at an offset of the tape, with a parser that has forgotten the open quote.
    fn restart(&mut self, offset: u64, lines: u64) {
        let empty = self.dialect.reader(0).from_reader(Tape::new(Box::new(io::empty())));
        let mut tape = std::mem::replace(&mut self.reader, empty).into_inner();
        tape.rewind(offset);
        self.lines_before = self.line - 1 + lines;
        self.span = 0..0;
        self.reader = self.dialect.reader(BUFFER).from_reader(tape);
    }
}

/// The bytes shown of a reject, plus a few so that truncation is detected.
fn shown(body: &[u8]) -> Vec<u8> {
    body[..body.len().min(SHOWN_BYTES + 4)].to_vec()
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}

/// Position of the quote that is still open at the end, by the csv crate's rules.
pub(super) fn open_quote(body: &[u8], dialect: Dialect) -> Option<usize> {
    enum State {
        FieldStart,
        Bare,
        Quoted,
        Escaped,
        QuoteInQuoted,
    }
    if !dialect.quoting {
        return None;
    }
    let mut state = State::FieldStart;
    let mut opened = 0;
    for (i, &byte) in body.iter().enumerate() {
        state = match (state, byte) {
            (State::Quoted, b'\\') if dialect.escape => State::Escaped,
            (State::Quoted, byte) if byte == dialect.quote => State::QuoteInQuoted,
            (State::Quoted | State::Escaped, _) => State::Quoted,
            (State::QuoteInQuoted, byte) if byte == dialect.quote => State::Quoted,
            (State::FieldStart, byte) if byte == dialect.quote => {
                opened = i;
                State::Quoted
            }
            (_, b'\r' | b'\n') => State::FieldStart,
            (_, byte) if byte == dialect.delimiter => State::FieldStart,
            _ => State::Bare,
        };
    }
    matches!(state, State::Quoted | State::Escaped).then_some(opened)
}

/// Keeps the bytes read since the start of the current record.
struct Tape {
    inner: Bytes,
    kept: Vec<u8>,
    /// Offset of `kept[0]`, counted from the last restart like the parser's position.
    base: u64,
    /// `kept` before this index belongs to completed records.
    needed: usize,
    /// `kept` before this index was passed to the parser.
    served: usize,
    /// The file has ended.
    ended: bool,
    /// The current record is longer than [`MAX_RECORD`].
    full: bool,
}

impl Tape {
    fn new(inner: Bytes) -> Self {
        Tape {
            inner,
            kept: Vec::new(),
            base: 0,
            needed: 0,
            served: 0,
            ended: false,
            full: false,
        }
    }

    fn index(&self, offset: u64) -> usize {
        (offset.saturating_sub(self.base) as usize).min(self.kept.len())
    }

    fn between(&self, span: &Range<u64>) -> &[u8] {
        let (start, end) = (self.index(span.start), self.index(span.end));
        &self.kept[start..end.max(start)]
    }

    fn end(&self) -> u64 {
        self.base + self.kept.len() as u64
    }

    fn forget(&mut self, before: u64) {
        self.needed = self.index(before);
    }

    fn rewind(&mut self, offset: u64) {
        self.kept.drain(..self.index(offset));
        (self.base, self.needed, self.served, self.full) = (0, 0, 0, false);
    }

    /// Drops the kept bytes and everything up to the next line end, so that the unread rest begins at offset 0 of the then kept bytes; returns the
    /// number of unseen bytes dropped.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            self.kept.clear();
            if self.fill(BUFFER)? == 0 {
                return Ok(skipped);
            }
            if let Some(at) = self.kept.iter().position(|&b| b == b'\n') {
                self.kept.drain(..=at);
                return Ok(skipped + at as u64 + 1);
            }
            skipped += self.kept.len() as u64;
        }
    }

    fn fill(&mut self, length: usize) -> io::Result<usize> {
        let old = self.kept.len();
        self.kept.resize(old + length, 0);
        let read = self.inner.read(&mut self.kept[old..]);
        self.kept.truncate(old + *read.as_ref().unwrap_or(&0));
        self.ended |= matches!(read, Ok(0));
        read
    }
}

impl Read for Tape {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.served.saturating_sub(self.needed) > MAX_RECORD {
            self.full = true;
            return Err(io::Error::other("record too long"));
        }
        if self.served == self.kept.len() {
            self.kept.drain(..self.needed);
            self.base += self.needed as u64;
            self.served -= self.needed;
            self.needed = 0;
            self.fill(buffer.len())?;
        }
        let n = buffer.len().min(self.kept.len() - self.served);
        buffer[..n].copy_from_slice(&self.kept[self.served..self.served + n]);
        self.served += n;
        Ok(n)
    }
}
