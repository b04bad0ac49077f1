//! JSON cut into records. Input: decoded bytes of JSON lines, of values one after another, of one array, or of a list inside a document. Output: the
//! raw bytes of each line or element with its line number, before anyone parses them, so that a broken record costs only
//! itself and memory is bounded by one record. Refuses an array that does not end, or that something follows.

use std::io::{self, BufRead, BufReader};

use crate::error::{Error, Result};
use crate::source::MAX_RECORD;
use crate::source::input::{Bytes, Input};

/// How a file is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum Cut {
    /// A record a line.
    Lines,
    /// Values one after another, over as many lines as they like.
    Values,
    /// The elements of the list at this path, or, if it is keyed, the members of the object there; an empty path is the file itself.
    List {
        /// Names of members, from the top.
        path: Vec<String>,
        /// The records are the members of an object.
        keyed: bool,
    },
}

/// One line or array element.
pub(super) struct Piece<'a> {
    /// Without white space around it; only the first [`MAX_RECORD`] bytes of a longer one.
    pub(super) raw: &'a [u8],
    /// Its true length.
    pub(super) bytes: u64,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// The name it has in an object of records.
    pub(super) key: Option<&'a str>,
}

/// Lines or elements of one file.
pub(super) struct Pieces {
    reader: BufReader<Bytes>,
    cut: Cut,
    key: Option<String>,
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
pub(in crate::source) fn first_character(bytes: Bytes) -> io::Result<Option<u8>> {
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
    pub(super) fn new(bytes: Bytes, cut: Cut) -> Self {
        let place = match cut {
            Cut::List { .. } => Place::Before,
            Cut::Lines | Cut::Values => Place::Between,
        };
        Pieces {
            reader: BufReader::with_capacity(1 << 16, bytes),
            cut,
            key: None,
            place,
            line: 1,
            raw: Vec::new(),
        }
    }

    /// The next record, or none at the end of the file. Blank lines are no records.
    pub(super) fn next(&mut self, input: &Input) -> Result<Option<Piece<'_>>> {
        let (is_part, keyed) = match &self.cut {
            Cut::List { path, keyed } => (!path.is_empty(), *keyed),
            Cut::Lines | Cut::Values => (false, false),
        };
        if self.place == Place::Before && (is_part || keyed) {
            self.open(input)?;
        }
        if self.place == Place::After && (is_part || keyed) {
            return Ok(None);
        }
        if keyed && !self.name_member(input)? {
            return Ok(None);
        }
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
                self.place = match &self.cut {
                    Cut::Lines => before.in_lines(byte),
                    Cut::Values => before.in_values(byte),
                    Cut::List { .. } => before.in_array(byte, keyed),
                };
                self.line += u64::from(byte == b'\n');
                match (before, self.place) {
                    (Place::Between | Place::Before, Place::Inside { .. }) => line = self.line,
                    (Place::Inside { .. }, Place::Between | Place::After) => {
                        // The bracket that ends a value is part of it.
                        if self.cut == Cut::Values && matches!(byte, b'}' | b']') {
                            bytes += 1;
                            self.raw.push(byte);
                        }
                        done = true;
                        break;
                    }
                    (Place::Between, Place::After) if is_part || keyed => {
                        self.reader.consume(used);
                        return Ok(None);
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

    /// Goes on to the first element of the list.
    fn open(&mut self, input: &Input) -> Result<()> {
        let Cut::List { path, keyed } = self.cut.clone() else {
            return Ok(());
        };
        for wanted in path {
            self.expect(input, b'{')?;
            loop {
                let Some(name) = self.name(input)? else {
                    return Err(self.changed(input));
                };
                if name == wanted {
                    break;
                }
                self.skip_value(input)?;
            }
        }
        self.expect(input, if keyed { b'{' } else { b'[' })?;
        self.place = Place::Between;
        Ok(())
    }

    /// Reads the name of the next member of an object of records; false at its end.
    fn name_member(&mut self, input: &Input) -> Result<bool> {
        self.key = self.name(input)?;
        if self.key.is_none() {
            self.place = Place::After;
        }
        Ok(self.key.is_some())
    }

    /// The name of the next member, with the colon after it; none at the end of the object.
    fn name(&mut self, input: &Input) -> Result<Option<String>> {
        if self.place == Place::After {
            return Ok(None);
        }
        let mut raw = match self.significant(input)? {
            b',' => vec![self.significant(input)?],
            byte => vec![byte],
        };
        if raw == [b'}'] {
            return Ok(None);
        }
        if raw != [b'"'] {
            return Err(self.changed(input));
        }
        let mut escape = false;
        loop {
            let byte = self.byte(input)?;
            raw.push(byte);
            match byte {
                b'"' if !escape => break,
                b'\\' => escape = !escape,
                _ => escape = false,
            }
        }
        self.expect(input, b':')?;
        serde_json::from_slice(&raw).map(Some).map_err(|_| self.changed(input))
    }

    /// Passes over a value and the comma after it; the bracket that closes the object around it stays.
    fn skip_value(&mut self, input: &Input) -> Result<()> {
        let mut place = Place::Between;
        loop {
            let Some(&byte) = self.reader.fill_buf().map_err(|source| input.failed(source))?.first() else {
                return Err(self.changed(input));
            };
            place = place.in_array(byte, true);
            match place {
                Place::After => return Ok(()),
                Place::Between if byte == b',' => {
                    self.byte(input)?;
                    return Ok(());
                }
                _ => self.byte(input).map(drop)?,
            }
        }
    }

    fn expect(&mut self, input: &Input, wanted: u8) -> Result<()> {
        if self.significant(input)? == wanted {
            Ok(())
        } else {
            Err(self.changed(input))
        }
    }

    /// The next byte that is no white space.
    fn significant(&mut self, input: &Input) -> Result<u8> {
        loop {
            let byte = self.byte(input)?;
            if !byte.is_ascii_whitespace() {
                return Ok(byte);
            }
        }
    }

    fn byte(&mut self, input: &Input) -> Result<u8> {
        let Some(&byte) = self.reader.fill_buf().map_err(|source| input.failed(source))?.first() else {
            return Err(self.changed(input));
        };
        self.reader.consume(1);
        self.line += u64::from(byte == b'\n');
        Ok(byte)
    }

    /// The error for a document that is not as it was when its structure was looked at.
    fn changed(&self, input: &Input) -> Error {
        Error::Changed {
            file: input.name.to_string(),
        }
    }

    fn end(&self, input: &Input, bytes: u64, line: u64) -> Result<Option<Piece<'_>>> {
        match self.place {
            Place::Inside { .. } if self.is_list() => Err(self.damaged(
                input,
                &format!("the file ends inside the element that begins on line {line}"),
            )),
            Place::Between | Place::Before if self.is_list() => Err(self.damaged(input, "no ] at the end")),
            Place::Inside { .. } if bytes > 0 => Ok(Some(self.piece(bytes, line))),
            _ => Ok(None),
        }
    }

    fn is_list(&self) -> bool {
        matches!(self.cut, Cut::List { .. })
    }

    fn piece(&self, bytes: u64, line: u64) -> Piece<'_> {
        let raw = self.raw.trim_ascii_end();
        let bytes = if self.raw.len() < MAX_RECORD {
            raw.len() as u64
        } else {
            bytes
        };
        Piece {
            raw,
            bytes,
            line,
            key: self.key.as_deref(),
        }
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

    fn in_values(self, byte: u8) -> Self {
        match self {
            // Record separators of RFC 7464, and commas between objects.
            Place::Between if byte.is_ascii_whitespace() || matches!(byte, b',' | 0x1E) => Place::Between,
            Place::Inside {
                depth: 0,
                string: false,
                ..
            } if byte.is_ascii_whitespace() => Place::Between,
            Place::Inside {
                depth: 1,
                string: false,
                ..
            } if matches!(byte, b'}' | b']') => Place::Between,
            Place::Between => Place::Inside {
                depth: u32::from(matches!(byte, b'{' | b'[')),
                string: byte == b'"',
                escape: false,
            },
            inside => match inside.in_array(byte, false) {
                Place::Between | Place::After => inside,
                next => next,
            },
        }
    }

    /// Inside an array, or inside an object whose members' names are read apart.
    fn in_array(self, byte: u8, keyed: bool) -> Self {
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
            Place::Between if byte == if keyed { b'}' } else { b']' } => Place::After,
            Place::Between | Place::After => RECORD.in_array(byte, keyed),
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
                b']' if depth == 0 && !keyed => Place::After,
                b'}' if depth == 0 && keyed => Place::After,
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
