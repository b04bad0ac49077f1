//! Input files: expands paths, globs and `-` to [`Input`]s that can be read repeatedly from the start. gzip and zstd are detected by their first
//! bytes, not by name. Standard input and pipes are first copied to a temporary file. Missing files, directories, unreadable files and truncated
//! compressed data are errors.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::archive::{self, Part};
use super::spool::{CopyError, copy, spool, spooling};
use crate::error::{Error, Result};

/// Decompressed bytes of one input.
pub(super) type Bytes = Box<dyn Read + Send>;

/// One file, reopened for every pass.
#[derive(Debug)]
pub(super) struct Input {
    /// As on the command line or found by the glob; `-` is standard input.
    pub(super) name: Arc<str>,
    /// Size of the stored (compressed) file in bytes.
    pub(super) bytes: u64,
    origin: Origin,
    packing: Packing,
    /// The name of the file of a ZIP archive that is read.
    member: Option<String>,
}

#[derive(Debug)]
enum Origin {
    Path(PathBuf),
    /// An unnamed temporary file; the system removes it with the process. Passes share its cursor, so only one at a time.
    Spooled(File),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    /// A file of a ZIP archive.
    Member(Part),
}

/// Number of stored bytes read so far; shared with the counting reader.
pub(super) type Counter = Arc<AtomicU64>;

/// Expands globs, sorts their matches, removes repeats (with a note) and opens every file once to check that it can be read.
pub(super) fn inputs(paths: &[String], notes: &mut Vec<String>) -> Result<Vec<Input>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for given in paths {
        for path in expand(given)? {
            let name = path.to_string_lossy().into_owned();
            let identity = if name == "-" {
                path.clone()
            } else {
                path.canonicalize().unwrap_or_else(|_| path.clone())
            };
            if seen.insert(identity) {
                found.push(Input::open(&path)?);
            } else {
                notes.push(format!("{name}: given more than once, read once"));
            }
        }
    }
    if found.is_empty() {
        Err(Error::NoInput)
    } else {
        Ok(found)
    }
}

/// Expands one argument. An existing path is used literally, whatever characters its name has; otherwise it may be a pattern.
pub(crate) fn expand(given: &str) -> Result<Vec<PathBuf>> {
    if given == "-" || !given.contains(['*', '?', '[']) || Path::new(given).symlink_metadata().is_ok() {
        return Ok(vec![PathBuf::from(given)]);
    }
    let matches = glob::glob(given).map_err(|source| Error::BadPattern {
        pattern: given.to_owned(),
        source,
    })?;
    let mut paths = Vec::new();
    for path in matches {
        let path = path.map_err(|failure| {
            let path = failure.path().to_owned();
            Error::Io {
                action: "read",
                path,
                source: failure.into(),
            }
        })?;
        if !path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        Err(Error::NoMatch {
            pattern: given.to_owned(),
        })
    } else {
        Ok(paths)
    }
}

impl Input {
    fn open(path: &Path) -> Result<Self> {
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        let file = if &*name == "-" {
            spool(&mut io::stdin().lock())?
        } else {
            let meta = path.metadata().map_err(|source| refused(path, source))?;
            if meta.is_dir() {
                return Err(Error::Directory { path: path.to_owned() });
            }
            let mut file = File::open(path).map_err(|source| refused(path, source))?;
            if meta.is_file() {
                let packing = packing(&mut file).map_err(|source| refused(path, source))?;
                return Ok(Input {
                    name,
                    bytes: meta.len(),
                    origin: Origin::Path(path.to_owned()),
                    packing,
                    member: None,
                });
            }
            spool(&mut file)?
        };
        Input::spooled(name, file)
    }

    fn spooled(name: Arc<str>, mut file: File) -> Result<Self> {
        let (packing, bytes) = packing(&mut file)
            .and_then(|packing| Ok((packing, file.metadata()?.len())))
            .map_err(spooling)?;
        Ok(Input {
            name,
            bytes,
            origin: Origin::Spooled(file),
            packing,
            member: None,
        })
    }

    /// The decompressed bytes from the start; stored bytes are counted as they are read.
    pub(super) fn reader(&self, counter: &Counter) -> Result<Bytes> {
        if let Packing::Member(part) = &self.packing {
            return archive::unpacked(self.stored()?, part, counter).map_err(|source| self.failed(source));
        }
        let counted = Counted {
            file: self.stored()?,
            counter: Arc::clone(counter),
        };
        Ok(match self.packing {
            Packing::Plain | Packing::Member(_) => Box::new(counted),
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(counted))),
            Packing::Zstd => Box::new(zstd::Decoder::new(counted).map_err(|source| self.failed(source))?),
        })
    }

    /// From now on reads `file`, an unnamed temporary one, in place of the bytes there are.
    pub(super) fn replace(&mut self, file: File) -> Result<()> {
        *self = Input::spooled(Arc::clone(&self.name), file)?;
        Ok(())
    }

    /// The file itself, at its start, for a format that needs to jump about in it. Compressed files are unpacked first.
    pub(super) fn seekable(&mut self) -> Result<File> {
        if self.packing != Packing::Plain {
            let mut reader = self.reader(&Counter::default())?;
            let mut file = tempfile::tempfile().map_err(spooling)?;
            copy(&mut reader, &mut file).map_err(|end| match end {
                CopyError::Read(source) => self.failed(source),
                CopyError::Write(source) => spooling(source),
            })?;
            let member = self.member.take();
            *self = Input::spooled(Arc::clone(&self.name), file)?;
            self.member = member;
        }
        self.stored()
    }

    pub(super) fn stored(&self) -> Result<File> {
        let opened = match &self.origin {
            Origin::Path(path) => File::open(path),
            Origin::Spooled(file) => file.try_clone().and_then(|mut file| file.rewind().map(|()| file)),
        };
        opened.map_err(|source| self.failed(source))
    }

    /// Error for bytes that could not be read: a decoder error means damage, a system error does not.
    pub(super) fn failed(&self, source: io::Error) -> Error {
        let what = match self.packing {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Member(_) => "ZIP",
            Packing::Plain => return refused(Path::new(&*self.name), source),
        };
        if source.raw_os_error().is_some() {
            return refused(Path::new(&*self.name), source);
        }
        Error::Damaged {
            file: self.name.to_string(),
            what,
            detail: source.to_string(),
        }
    }

    /// Reads a file of the archive in its place.
    pub(super) fn enter(&mut self, name: String, part: Part) {
        self.packing = Packing::Member(part);
        self.member = Some(name);
    }

    /// Whether this is a file of an archive.
    pub(super) const fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Whether this is the file at `path`.
    pub(super) fn is(&self, path: &Path) -> bool {
        match (&self.origin, path.canonicalize()) {
            (Origin::Path(own), Ok(path)) => own.canonicalize().is_ok_and(|own| own == path),
            _ => false,
        }
    }

    /// The name's extension in lower case, without `.gz` or `.zst`.
    pub(super) fn extension(&self) -> String {
        let lower = self.member.as_deref().unwrap_or(&self.name).to_lowercase();
        let inner = [".gz", ".zst", ".zstd"]
            .iter()
            .find_map(|end| lower.strip_suffix(end))
            .unwrap_or(&lower);
        Path::new(inner)
            .extension()
            .map(|e| e.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// Error for a file that the system does not let us open.
pub(crate) fn refused(path: &Path, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
        io::ErrorKind::PermissionDenied => Error::Denied { path: path.to_owned() },
        _ => Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        },
    }
}

fn packing(file: &mut File) -> io::Result<Packing> {
    file.seek(SeekFrom::Start(0))?;
    let mut magic = Vec::new();
    file.take(4).read_to_end(&mut magic)?;
    Ok(match magic.as_slice() {
        [0x1F, 0x8B, ..] => Packing::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD] => Packing::Zstd,
        _ => Packing::Plain,
    })
}

/// Counts the stored bytes read.
struct Counted {
    file: File,
    counter: Counter,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.counter.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn all(input: &Input) -> io::Result<String> {
        let mut text = String::new();
        input
            .reader(&Counter::default())
            .unwrap()
            .read_to_string(&mut text)
            .map(|_| text)
    }

    #[test]
    fn compression_is_told_by_bytes_and_every_pass_starts_anew() {
        let dir = tempfile::tempdir().unwrap();
        let plain = b"a\n1\n";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(plain).unwrap();
        let gzip = gzip.finish().unwrap();
        let two_members = [gzip.as_slice(), &gzip].concat();
        let packed = zstd::encode_all(&plain[..], 1).unwrap();
        for (bytes, want) in [
            (plain.to_vec(), "a\n1\n"),
            (gzip, "a\n1\n"),
            (two_members, "a\n1\na\n1\n"),
            (packed, "a\n1\n"),
        ] {
            let path = dir.path().join("named-anything.csv");
            std::fs::write(&path, &bytes).unwrap();
            let input = Input::open(&path).unwrap();
            assert_eq!(all(&input).unwrap(), want);
            assert_eq!(all(&input).unwrap(), want, "a second pass reads the same");
            let spooled = Input::spooled("-".into(), spool(&mut bytes.as_slice()).unwrap()).unwrap();
            assert_eq!(
                (all(&spooled).unwrap(), all(&spooled).unwrap()),
                (want.to_owned(), want.to_owned())
            );
            assert_eq!(spooled.bytes, bytes.len() as u64);
        }
    }

    #[test]
    fn globs_are_sorted_and_a_repeated_file_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "odd [1].csv", "other.txt"] {
            std::fs::write(dir.path().join(name), "t\nx\n").unwrap();
        }
        std::fs::create_dir(dir.path().join("c.csv")).unwrap();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        let mut notes = Vec::new();
        let found = inputs(&[at("b.csv"), at("?.csv"), at("odd [1].csv")], &mut notes).unwrap();
        let names: Vec<_> = found.iter().map(|input| input.name.to_string()).collect();
        assert_eq!(names, [at("b.csv"), at("a.csv"), at("odd [1].csv")]);
        assert_eq!(notes, [format!("{}: given more than once, read once", at("b.csv"))]);
    }

    #[test]
    fn the_extension_looks_behind_the_compression() {
        let name = |name: &str| {
            let origin = Origin::Path(PathBuf::new());
            Input {
                name: name.into(),
                bytes: 0,
                origin,
                packing: Packing::Plain,
                member: None,
            }
            .extension()
        };
        assert_eq!(
            [name("a.CSV.gz"), name("x/a.jsonl.zst"), name("a"), name("-")],
            ["csv", "jsonl", "", ""]
        );
    }
}
