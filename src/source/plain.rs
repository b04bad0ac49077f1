//! Delimited bytes as the csv crate reads them: a delimiter of several bytes becomes one, blanks between delimiter and quote
//! go, and so do NUL bytes, which are counted. A stream with nothing of the kind passes as it is.

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::ByteRecord;

use super::dialect::Dialect;
use super::input::Bytes;

/// How many bytes were left out.
pub(super) type Dropped = Arc<AtomicU64>;

/// A head of a file as the parser sees it.
pub(super) fn of(head: &[u8], dialect: Dialect) -> Cow<'_, [u8]> {
    if dialect.wide.is_none() && !dialect.blanks && !head.contains(&0) {
        return head.into();
    }
    let mut rewriter = Rewriter::new(dialect);
    let mut out = Vec::with_capacity(head.len());
    rewriter.push(head, &mut out);
    rewriter.finish(&mut out);
    out.into()
}

/// The fields within a record of one field, where whole lines stand in quotes.
pub(super) fn unwrapped(record: &ByteRecord, dialect: Dialect) -> Option<ByteRecord> {
    if !dialect.wrapped || record.len() != 1 || !record[0].contains(&dialect.delimiter) {
        return None;
    }
    let mut reader = Dialect {
        wrapped: false,
        ..dialect
    }
    .reader(1 << 12)
    .from_reader(&record[0]);
    let mut inner = ByteRecord::new();
    matches!(reader.read_byte_record(&mut inner), Ok(true)).then_some(inner)
}

/// The same bytes as the parser wants them.
pub(super) fn stream(bytes: Bytes, dialect: Dialect, dropped: &Dropped) -> Bytes {
    Box::new(Plain {
        inner: bytes,
        rewriter: Rewriter::new(dialect),
        block: vec![0; 1 << 16],
        out: Vec::new(),
        served: 0,
        ended: false,
        dropped: Arc::clone(dropped),
    })
}

struct Plain {
    inner: Bytes,
    rewriter: Rewriter,
    block: Vec<u8>,
    out: Vec<u8>,
    served: usize,
    ended: bool,
    dropped: Dropped,
}

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.served == self.out.len() && !self.ended {
            self.out.clear();
            self.served = 0;
            let n = self.inner.read(&mut self.block)?;
            if n == 0 {
                self.ended = true;
                self.rewriter.finish(&mut self.out);
            } else {
                self.rewriter.push(&self.block[..n], &mut self.out);
                self.dropped
                    .fetch_add(std::mem::take(&mut self.rewriter.dropped), Ordering::Relaxed);
            }
        }
        let n = buffer.len().min(self.out.len() - self.served);
        buffer[..n].copy_from_slice(&self.out[self.served..self.served + n]);
        self.served += n;
        Ok(n)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Bare,
    Quoted,
    /// Behind a backslash in quotes.
    Escaped,
    /// Behind a quote in quotes, which ends the field or is one of two.
    Closing,
}

/// Rewrites bytes as they come, in blocks of any size.
struct Rewriter {
    dialect: Dialect,
    state: State,
    /// Blanks that are dropped if a quote or the field's end follows.
    blanks: Vec<u8>,
    /// Bytes of the wide delimiter that were seen.
    matched: usize,
    dropped: u64,
}

impl Rewriter {
    fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            state: State::FieldStart,
            blanks: Vec::new(),
            matched: 0,
            dropped: 0,
        }
    }

    fn push(&mut self, block: &[u8], out: &mut Vec<u8>) {
        if self.dialect.wide.is_none() && !self.dialect.blanks {
            if !block.contains(&0) {
                return out.extend_from_slice(block);
            }
            for part in block.split_inclusive(|b| *b == 0) {
                let kept = part.strip_suffix(&[0]).unwrap_or(part);
                self.dropped += (part.len() - kept.len()) as u64;
                out.extend_from_slice(kept);
            }
            return;
        }
        for &byte in block {
            match byte {
                0 => self.dropped += 1,
                _ => self.byte(byte, out),
            }
        }
    }

    /// What is still held back at the end.
    fn finish(&mut self, out: &mut Vec<u8>) {
        let held = self.held();
        held.into_iter().for_each(|byte| self.plain(byte, out));
        out.append(&mut self.blanks);
    }

    /// Takes the begun delimiter back.
    fn held(&mut self) -> Vec<u8> {
        let matched = std::mem::take(&mut self.matched);
        self.dialect
            .wide
            .map_or_else(Vec::new, |wide| wide.as_bytes()[..matched].to_vec())
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Some(wide) = self.dialect.wide else {
            return self.plain(byte, out);
        };
        if matches!(self.state, State::Quoted | State::Escaped) {
            return self.plain(byte, out);
        }
        let wide = wide.as_bytes();
        if byte == wide[self.matched] {
            self.matched += 1;
            if self.matched == wide.len() {
                self.matched = 0;
                self.blanks.clear();
                out.push(self.dialect.delimiter);
                self.state = State::FieldStart;
            }
            return;
        }
        let held = self.held();
        held.into_iter().for_each(|byte| self.plain(byte, out));
        if byte == wide[0] {
            self.matched = 1;
        } else {
            self.plain(byte, out);
        }
    }

    fn plain(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Dialect {
            delimiter,
            quote,
            quoting,
            escape,
            blanks,
            wide,
            ..
        } = self.dialect;
        let ends = (byte == delimiter && wide.is_none()) || matches!(byte, b'\r' | b'\n');
        if blanks && byte == b' ' && matches!(self.state, State::FieldStart | State::Closing) {
            return self.blanks.push(byte);
        }
        let quotes = quoting && byte == quote;
        let drop = (self.state == State::FieldStart && quotes) || (self.state == State::Closing && ends);
        if drop {
            self.blanks.clear();
        } else {
            out.append(&mut self.blanks);
        }
        out.push(byte);
        self.state = match self.state {
            State::Quoted if escape && byte == b'\\' => State::Escaped,
            State::Quoted if quotes => State::Closing,
            State::Quoted | State::Escaped => State::Quoted,
            State::Closing if quotes => State::Quoted,
            State::FieldStart if quotes => State::Quoted,
            _ if ends => State::FieldStart,
            _ => State::Bare,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::dialect::{Separator, sniff};

    #[test]
    fn blocks_of_any_size_give_the_same_bytes() {
        let text = b"id||note\n1||\"a||b\"\n2|| \"c|\" \n3||d|e\0\n4||:::\n5|";
        let dialect = Dialect {
            blanks: true,
            ..sniff(text, true, Separator::new("||"), false).0
        };
        let want = b"id\x1fnote\n1\x1f\"a||b\"\n2\x1f\"c|\"\n3\x1fd|e\n4\x1f:::\n5|";
        assert_eq!(&*of(text, dialect), want);
        for size in 1..text.len() {
            let mut rewriter = Rewriter::new(dialect);
            let mut out = Vec::new();
            text.chunks(size).for_each(|block| rewriter.push(block, &mut out));
            rewriter.finish(&mut out);
            assert_eq!((out.as_slice(), rewriter.dropped), (&want[..], 1), "{size}");
        }
    }
}
