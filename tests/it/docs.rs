//! The documents agree with the program: commands, options, columns, files and sections that README.md and the pages under docs/ name exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use regex::Regex;
use undertone::sink::{Columns, SCHEMA_VERSION};

use crate::support::Room;

/// Largest README.md, in bytes.
const README_BYTES: usize = 10_240;
/// Programs whose options are their own.
const OTHER_PROGRAMS: &[&str] = &["cargo", "cat", "git", "mkdir", "pip", "printf", "python3"];

/// The command line as the help texts state it.
struct Program {
    /// Options of each command, such as `themes fit`; of the program itself under the empty name.
    options: BTreeMap<String, BTreeSet<String>>,
    /// All added columns, and those that name folders of a lake.
    columns: BTreeSet<String>,
}

/// A command of a shell, or a name, in a document.
enum Code {
    Span(String),
    ShellLine(String),
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

fn schema() -> Schema {
    let columns = Columns {
        prefix: "ut_".to_owned(),
        clean_text: true,
    };
    columns.schema(&Schema::default()).expect("a schema")
}

impl Program {
    fn read() -> Self {
        let mut program = Self {
            options: BTreeMap::new(),
            columns: schema().iter_names().map(ToString::to_string).collect(),
        };
        program.add(&Room::new(), "");
        program
    }

    /// Adds a command and those under it.
    fn add(&mut self, room: &Room, command: &str) {
        let ended = room.run(&format!("{command} --help"));
        assert_eq!(ended.code, Some(0), "{command}: {}", ended.err);
        let mut options = BTreeSet::new();
        for found in pattern(r"(?m)^(?: {2}(-\w), | {6})(--[a-z0-9-]+)").captures_iter(&ended.out) {
            options.extend(found.iter().skip(1).flatten().map(|name| name.as_str().to_owned()));
        }
        for found in pattern(r"\[alias(?:es)?: ([^\]]+)\]").captures_iter(&ended.out) {
            options.extend(found[1].split(", ").map(str::to_owned));
        }
        let folders = pattern(r"(ut_[a-z]+)=");
        self.columns
            .extend(folders.captures_iter(&ended.out).map(|found| found[1].to_owned()));
        self.options.insert(command.to_owned(), options);
        let below = ended.out.split("\nCommands:\n").nth(1).unwrap_or_default();
        let below = below.split("\n\n").next().unwrap_or_default();
        for name in pattern(r"(?m)^  ([a-z-]+)  ").captures_iter(below) {
            if &name[1] != "help" {
                self.add(room, format!("{command} {}", &name[1]).trim());
            }
        }
    }

    fn has_commands(&self, command: &str) -> bool {
        let below = format!("{command} ");
        command.is_empty() || self.options.keys().any(|name| name.starts_with(&below))
    }

    /// What is wrong with the arguments of a call.
    fn faults_of_call(&self, words: &[String]) -> Vec<String> {
        let mut command = String::new();
        let mut rest = words;
        while let [first, others @ ..] = rest {
            let longer = format!("{command} {first}").trim().to_owned();
            if first.starts_with('-') || !self.has_commands(&command) {
                break;
            }
            if !self.options.contains_key(&longer) {
                return vec![format!("there is no command `{longer}`")];
            }
            (command, rest) = (longer, others);
        }
        let known = &self.options[&command];
        let names = rest.iter().filter(|word| is_option(word));
        let names = names.map(|word| word.split('=').next().unwrap_or_default());
        names
            .filter(|name| !known.contains(*name))
            .map(|name| format!("`{command}` has no option `{name}`"))
            .collect()
    }

    fn faults_of_command(&self, words: &[String], in_block: bool) -> Vec<String> {
        let Some(first) = words.first() else {
            return Vec::new();
        };
        let is_own = first == "undertone" || first.ends_with("/undertone");
        if first == "cargo" && words.get(1).is_some_and(|word| word == "run") {
            let own = words.iter().position(|word| word == "--").map(|at| &words[at + 1..]);
            return self.faults_of_call(own.unwrap_or_default());
        }
        if is_own {
            return self.faults_of_call(&words[1..]);
        }
        if !in_block && self.options.contains_key(first) {
            return self.faults_of_call(words);
        }
        if !in_block && first.starts_with("--") {
            let known: BTreeSet<&String> = self.options.values().flatten().collect();
            let names = words.iter().filter(|word| is_option(word) && !known.contains(word));
            return names
                .map(|name| format!("no command has the option `{name}`"))
                .collect();
        }
        let is_script = first.contains('/') && root().join(first).is_file();
        if is_script || OTHER_PROGRAMS.contains(&first.as_str()) {
            return Vec::new();
        }
        let needs_program = in_block || words.iter().any(|word| word.starts_with("--"));
        if needs_program {
            vec![format!("`{first}` is no program that is known here")]
        } else {
            faults_of_path(first)
        }
    }

    /// Everything that is wrong in a document, by what it says and not by how it says it.
    fn faults(&self, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for code in codes(text) {
            let (text, in_block) = match &code {
                Code::Span(text) => (text, false),
                Code::ShellLine(text) => (text, true),
            };
            match shlex::split(text) {
                Some(words) => {
                    for command in words.split(|word| matches!(word.as_str(), "|" | "&&" | ";")) {
                        faults.extend(self.faults_of_command(command, in_block));
                    }
                }
                None if in_block => faults.push(format!("`{text}` has an open quote")),
                None => {}
            }
        }
        for found in pattern(r"\but_[a-z][a-z0-9_]*").find_iter(text) {
            if !self.columns.contains(found.as_str()) {
                faults.push(format!("there is no column `{}`", found.as_str()));
            }
        }
        faults
    }
}

fn is_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let has_letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    has_letter && matches!((word.len() - name.len(), name.len()), (1, 1) | (2, _))
}

/// A path of the repository, named by itself, must exist.
fn faults_of_path(name: &str) -> Vec<String> {
    let top = name.split('/').next().unwrap_or_default();
    let is_path = pattern(r"^[.\w-]+(/[.\w-]+)+/?$").is_match(name) && top != "target" && root().join(top).is_dir();
    if is_path && !root().join(name).exists() {
        vec![format!("there is no file `{name}`")]
    } else {
        Vec::new()
    }
}

/// Code spans, and the lines of indented blocks and of fenced ones without a language.
fn codes(text: &str) -> Vec<Code> {
    let mut codes = Vec::new();
    let mut paragraph = String::new();
    let mut fence: Option<bool> = None; // inside a fence: whether it holds commands
    let mut indented = false;
    let mut after_blank = true;
    for line in text.lines().chain([""]) {
        if let Some(language) = line.strip_prefix("```") {
            fence = match fence {
                None => Some(matches!(language, "" | "sh")),
                Some(_) => None,
            };
            continue;
        }
        if let Some(shell) = fence {
            if shell {
                codes.push(Code::ShellLine(line.to_owned()));
            }
            continue;
        }
        indented = line.starts_with("    ") && (after_blank || indented);
        after_blank = line.is_empty();
        if indented {
            codes.push(Code::ShellLine(line.to_owned()));
        } else if line.is_empty() {
            let spans = pattern(r"`([^`]+)`");
            codes.extend(
                spans
                    .captures_iter(&paragraph)
                    .map(|span| Code::Span(span[1].to_owned())),
            );
            paragraph.clear();
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    codes
}

/// Anchors of the headings, as GitHub forms them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Relative links of a document in `folder` whose file or section does not exist.
fn broken_links(folder: &Path, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for link in pattern(r"\]\(([^)\s]+)\)").captures_iter(text) {
        let target = &link[1];
        if target.contains("://") {
            continue;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = folder.join(file);
        let holds = |anchor: &str| {
            let target = if file.is_empty() {
                Ok(text.to_owned())
            } else {
                fs::read_to_string(&path)
            };
            anchor.is_empty() || target.is_ok_and(|text| anchors(&text).contains(anchor))
        };
        if !path.exists() || !holds(anchor) {
            broken.push(format!("the link {target} leads nowhere"));
        }
    }
    broken
}

/// All Markdown files of a folder of the repository.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    pages
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A type as docs/schema.md writes it.
fn type_name(dtype: &DataType) -> String {
    match dtype {
        DataType::String => "string".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Int32 => "i32".to_owned(),
        DataType::Int64 => "i64".to_owned(),
        DataType::Float32 => "f32".to_owned(),
        DataType::Datetime(TimeUnit::Microseconds, Some(zone)) => format!("timestamp[us, {zone}]"),
        DataType::List(inner) => format!("list of {}", type_name(inner)),
        DataType::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| format!("{} {}", field.name(), type_name(field.dtype())));
            format!("struct({})", fields.collect::<Vec<_>>().join(", "))
        }
        other => panic!("docs/schema.md has no word for {other:?}"),
    }
}

#[test]
fn commands_options_columns_and_files_named_in_documents_exist() {
    let program = Program::read();
    for page in [vec![root().join("README.md")], pages("docs")].concat() {
        assert_eq!(program.faults(&read(&page)), Vec::<String>::new(), "{}", page.display());
    }
}

#[test]
fn links_lead_to_files_and_sections() {
    for page in [pages("."), pages("docs"), pages("bench")].concat() {
        let folder = page.parent().expect("a folder");
        assert_eq!(
            broken_links(folder, &read(&page)),
            Vec::<String>::new(),
            "{}",
            page.display()
        );
    }
}

#[test]
fn readme_is_short() {
    let bytes = read(&root().join("README.md")).len();
    assert!(
        bytes <= README_BYTES,
        "README.md has {bytes} bytes, more than {README_BYTES}: move details to docs/"
    );
}

#[test]
fn schema_page_has_every_column_with_its_type() {
    let page = read(&root().join("docs/schema.md"));
    assert!(page.contains(&format!("version {SCHEMA_VERSION}")));
    let rows = pattern(r"(?m)^\| `(ut_\w+)` \| ([^|]+) \|");
    let documented: Vec<String> = rows
        .captures_iter(&page)
        .map(|row| format!("{}: {}", &row[1], &row[2]))
        .collect();
    let schema = schema();
    let written: Vec<String> = schema
        .iter()
        .map(|(name, dtype)| format!("{name}: {}", type_name(dtype)))
        .collect();
    let sorted = |lines: &[String]| lines.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&documented), sorted(&written));
    assert_eq!(documented.len(), written.len(), "a column stands in the page twice");
}

#[test]
fn wrong_documents_are_found_out() {
    let program = Program::read();
    let wrong = [
        ("`undertone tagg a.csv`", "there is no command `tagg`"),
        ("    undertone themes fitt a.csv", "there is no command `themes fitt`"),
        (
            "    cat a.csv | undertone tag - --outputs b.csv",
            "`tag` has no option `--outputs`",
        ),
        (
            "    target/release/undertone export a.parquet --to csv --text b",
            "`export` has no option `--text`",
        ),
        (
            "    cargo run --release -- tag a.csv --colour",
            "`tag` has no option `--colour`",
        ),
        ("Give\n`tag --never`.", "`tag` has no option `--never`"),
        ("Give `--never`.", "no command has the option `--never`"),
        ("```sh\nundertone inspect -x\n```", "`inspect` has no option `-x`"),
        (
            "    undertome tag a.csv",
            "`undertome` is no program that is known here",
        ),
        ("See `ut_mood`.", "there is no column `ut_mood`"),
        ("```python\nt[\"ut_mood\"]\n```", "there is no column `ut_mood`"),
        ("See `data/nothing.toml`.", "there is no file `data/nothing.toml`"),
    ];
    for (text, fault) in wrong {
        assert_eq!(program.faults(text), [fault], "{text}");
    }
    let right = "# Tag\n\n    undertone tag 'a b.csv' -o b.parquet --json   # comment --never\n    cargo test --release --test it x\n\n\
                 `themes fit`, `--text`, `undertone`, `cargo test --test it`, `data/README.md`, `ut_day`, `ut_*`, `lake/none.md`\n\n```text\nundertone --never\n```\n";
    assert_eq!(program.faults(right), Vec::<String>::new());
    let folder = root();
    for link in ["[a](docs/none.md)", "[a](docs/schema.md#none)", "[a](#none)"] {
        assert_eq!(broken_links(folder, link).len(), 1, "{link}");
    }
    assert_eq!(
        broken_links(
            folder,
            "# A b\n[a](docs/schema.md#metadata) [b](#a-b) [c](https://example.org/none)"
        ),
        Vec::<String>::new()
    );
}
