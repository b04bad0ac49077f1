//! Where does one JSON record end and the next begin? Input: decoded bytes of JSON lines or of one array. Output: the raw
//! bytes of each line or element with its line number, before anyone parses them, so that a broken record costs only
//! itself and memory is bounded by one record. Refuses an array that does not end, or that something follows.

use std::io::{self, BufRead, BufReader};

use super::MAX_RECORD;
use super::input::{Bytes, Input};
use crate::error::{Error, Result};

/// One line or array element.
pub(super) struct Piece<'a> {
    /// Without white space around it; only the first [`MAX_RECORD`] bytes of a longer one.
    pub(super) raw: &'a [u8],
    /// Its true length.
    pub(super) bytes: u64,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
}

/// Lines or elements of one file.
pub(super) struct Pieces {
    reader: BufReader<Bytes>,
    array: bool,
    place: Place,
    /// Line of the next byte, from 1.
    line: u64,
    raw: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the `[` of an array.
    Before,
    /// Between records.
    Between,
    /// Inside a record: open brackets, inside a string, after a backslash.
    Inside { depth: u32, string: bool, escape: bool },
    /// After the `]` of an array.
    After,
}

/// The first byte that is not white space.
pub(super) fn first_character(bytes: Bytes) -> io::Result<Option<u8>> {
    let mut reader = BufReader::new(bytes);
    loop {
        let block = reader.fill_buf()?;
        let length = block.len();
        if let Some(&byte) = block.iter().find(|b| !b.is_ascii_whitespace()) {
            return Ok(Some(byte));
        }
        if length == 0 {
            return Ok(None);
        }
        reader.consume(length);
    }
}

impl Pieces {
    pub(super) fn new(bytes: Bytes, array: bool) -> Self {
        let place = if array { Place::Before } else { Place::Between };
        Pieces {
            reader: BufReader::with_capacity(1 << 16, bytes),
            array,
            place,
            line: 1,
            raw: Vec::new(),
        }
    }

    /// The next record, or none at the end of the file. Blank lines are no records.
    pub(super) fn next(&mut self, input: &Input) -> Result<Option<Piece<'_>>> {
        self.raw.clear();
        let (mut bytes, mut line) = (0_u64, self.line);
        loop {
            let block = self.reader.fill_buf().map_err(|source| input.failed(source))?;
            if block.is_empty() {
                return self.end(input, bytes, line);
            }
            let mut done = false;
            let mut used = 0;
            for &byte in block {
                used += 1;
                let before = self.place;
                self.place = if self.array {
                    before.in_array(byte)
                } else {
                    before.in_lines(byte)
                };
                self.line += u64::from(byte == b'\n');
                match (before, self.place) {
                    (Place::Between | Place::Before, Place::Inside { .. }) => line = self.line,
                    (Place::Inside { .. }, Place::Between | Place::After) => {
                        done = true;
                        break;
                    }
                    (Place::After, Place::Inside { .. }) => return Err(self.damaged(input, "text follows the array")),
                    _ => {}
                }
                if matches!(self.place, Place::Inside { .. }) {
                    bytes += 1;
                    if self.raw.len() < MAX_RECORD {
                        self.raw.push(byte);
                    }
                }
            }
            self.reader.consume(used);
            if done {
                return Ok(Some(self.piece(bytes, line)));
            }
        }
    }

    fn end(&self, input: &Input, bytes: u64, line: u64) -> Result<Option<Piece<'_>>> {
        match self.place {
            Place::Inside { .. } if self.array => Err(self.damaged(
                input,
                &format!("the file ends inside the element that begins on line {line}"),
            )),
            Place::Between | Place::Before if self.array => Err(self.damaged(input, "no ] at the end")),
            Place::Inside { .. } if bytes > 0 => Ok(Some(self.piece(bytes, line))),
            _ => Ok(None),
        }
    }

    fn piece(&self, bytes: u64, line: u64) -> Piece<'_> {
        let raw = self.raw.trim_ascii_end();
        let bytes = if self.raw.len() < MAX_RECORD {
            raw.len() as u64
        } else {
            bytes
        };
        Piece { raw, bytes, line }
    }

    fn damaged(&self, input: &Input, detail: &str) -> Error {
        let detail = format!("line {}: {detail}", self.line);
        Error::Damaged {
            file: input.name.to_string(),
            what: "JSON array",
            detail,
        }
    }
}

impl Place {
    fn in_lines(self, byte: u8) -> Self {
        match self {
            Place::Inside { .. } if byte == b'\n' => Place::Between,
            Place::Between if byte.is_ascii_whitespace() => Place::Between,
            _ => Place::Inside {
                depth: 0,
                string: false,
                escape: false,
            },
        }
    }

    fn in_array(self, byte: u8) -> Self {
        const RECORD: Place = Place::Inside {
            depth: 0,
            string: false,
            escape: false,
        };
        match self {
            Place::Before if byte == b'[' => Place::Between,
            Place::Before => Place::Before,
            Place::Between | Place::After if byte.is_ascii_whitespace() => self,
            Place::Between if byte == b',' => Place::Between,
            Place::Between if byte == b']' => Place::After,
            Place::Between | Place::After => RECORD.in_array(byte),
            Place::Inside {
                depth,
                string: true,
                escape,
            } => {
                let string = escape || byte != b'"';
                Place::Inside {
                    depth,
                    string,
                    escape: !escape && byte == b'\\',
                }
            }
            Place::Inside { depth, .. } => match byte {
                b'"' => Place::Inside {
                    depth,
                    string: true,
                    escape: false,
                },
                b'{' | b'[' => Place::Inside {
                    depth: depth.saturating_add(1),
                    string: false,
                    escape: false,
                },
                b']' if depth == 0 => Place::After,
                b',' if depth == 0 => Place::Between,
                b'}' | b']' => Place::Inside {
                    depth: depth.saturating_sub(1),
                    string: false,
                    escape: false,
                },
                _ => self,
            },
        }
    }
}
