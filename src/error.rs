//! All errors that stop a run, as one enum. A message says what happened, where, and what to do. Rows that cannot be read are not errors; they go to
//! the rejects file.

use std::io;
use std::path::{Path, PathBuf};

/// An error that stops a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened, read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The attempted action, as a verb: `open`, `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// The output could not be written completely.
    #[error("cannot write {}: {source}; nothing was published, the input is untouched", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// The writer's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The output's folder does not exist.
    #[error("cannot write into {}: there is no such folder; create it or choose another with -o", folder.display())]
    NoFolder {
        /// The folder that is missing.
        folder: PathBuf,
    },

    /// The output's extension is not a known format.
    #[error("cannot tell the output format of {}: the name must end in .parquet, .csv or .jsonl", path.display())]
    OutputFormat {
        /// The output.
        path: PathBuf,
    },

    /// The output is one of the inputs.
    #[error("the output {} is also an input; choose another name with -o, the input is never written to", path.display())]
    OutputIsInput {
        /// The output.
        path: PathBuf,
    },

    /// Another run writes the same output.
    #[error("another run is writing {} right now; wait for it or choose another name with -o", path.display())]
    OutputBusy {
        /// The output.
        path: PathBuf,
    },

    /// The input already has a column with the name of an added one.
    #[error(
        "the input already has a column `{column}`; choose another prefix than `{prefix}` with --prefix, for example --prefix new_"
    )]
    ColumnTaken {
        /// The column.
        column: String,
        /// The prefix in use.
        prefix: String,
    },

    /// A table operation failed inside polars.
    #[error("cannot build the output table: {0}")]
    Table(#[from] polars::error::PolarsError),

    /// The model's files are damaged or do not belong together.
    #[error("the model cannot be used: {part}: {reason}; take all files of its folder from one release")]
    Model {
        /// The file, or its part.
        part: String,
        /// The problem.
        reason: String,
    },

    /// libtorch was requested, but the program was built without it.
    #[error(
        "this program was built without libtorch, which --engine libtorch and --model need: run scripts/fetch-libtorch in its sources, then cargo build --release --features libtorch"
    )]
    NoLibtorch,

    /// A checkpoint was given to the engine that only runs the built-in model.
    #[error(
        "--engine native runs the built-in model only: leave out --engine, or say --engine libtorch, to run the one of --model"
    )]
    NotNative,

    /// The output names of a classifier do not identify sentiments.
    #[error(
        "the {count} outputs of the model ({names}) do not tell which are negative, neutral and positive: name each of them with --labels, for example --labels negative,neutral,positive"
    )]
    UnknownLabels {
        /// Names of the outputs.
        names: String,
        /// Number of outputs.
        count: usize,
    },

    /// A text could not be tokenised.
    #[error("text {text} of the batch could not be cut into pieces: {reason}; please report it with the text")]
    Pieces {
        /// 0-based index of the text in the call.
        text: usize,
        /// The tokenizer's error.
        reason: String,
    },

    /// No input was given.
    #[error("no input: give one or more files, or - for standard input")]
    NoInput,
    /// A file that does not exist.
    #[error("there is no file {}: check the name and the folder", path.display())]
    Missing {
        /// As given.
        path: PathBuf,
    },
    /// A file without read permission.
    #[error("may not read {}: permission denied; give yourself the right to read it, or run as a user who has it", path.display())]
    Denied {
        /// As given.
        path: PathBuf,
    },
    /// A directory instead of a file.
    #[error("{0} is a directory: name its files, for example '{0}/*.csv'", path.display())]
    Directory {
        /// As given.
        path: PathBuf,
    },
    /// A pattern without matches.
    #[error("no file matches {pattern}: check the folder and the pattern")]
    NoMatch {
        /// As given.
        pattern: String,
    },
    /// An invalid pattern.
    #[error("{pattern} is not a pattern: {source}; write for example 'exports/*.csv'")]
    BadPattern {
        /// As given.
        pattern: String,
        /// The problem.
        source: glob::PatternError,
    },
    /// An empty file.
    #[error("{file} is empty: a table needs at least a header row; was the export finished?")]
    Empty {
        /// The file.
        file: String,
    },
    /// A file that is not a text table.
    #[error("{file} is not a table of comments: it looks like {looks}; {cure}")]
    NotATable {
        /// The file.
        file: String,
        /// Format according to its first bytes.
        looks: &'static str,
        /// How to solve it.
        cure: &'static str,
    },
    /// A ZIP archive of several tables.
    #[error("{file} is a ZIP archive of {count} files ({names}): unpack it and name the files to read")]
    Archive {
        /// The archive.
        file: String,
        /// How many files it has.
        count: usize,
        /// Their names.
        names: String,
    },
    /// A file that ends too early or does not follow its own format.
    #[error("{file} is damaged or cut short ({what}: {detail}); fetch it again, half a file is never tagged")]
    Damaged {
        /// The file.
        file: String,
        /// The damaged format: `gzip`, `zstd`, `Parquet`, `JSON array`, `CSV`.
        what: &'static str,
        /// The decoder's error, with the line if known.
        detail: String,
    },
    /// A header that most records do not fit.
    #[error(
        "line {line} of {file} has {names} column names, but {misfits} of {records} records have another number of fields: name \
         the line of the column names with --header-row, or say --no-header; what stands between two fields can be said with \
         --delimiter"
    )]
    NoHeader {
        /// The file.
        file: String,
        /// The line that was taken for the header.
        line: u64,
        /// How many names it has.
        names: usize,
        /// Records with more or fewer fields.
        misfits: u64,
        /// All records.
        records: u64,
    },
    /// An unknown encoding label.
    #[error(
        "no encoding is called {label}: give a name such as utf-8, utf-16le, windows-1250, windows-1251 or windows-1252"
    )]
    UnknownEncoding {
        /// As given.
        label: String,
    },
    /// Several lists in JSON that could be the records.
    #[error(
        "{file} holds several lists that could be the comments, with so many elements: {lists}; say which with --records PATH"
    )]
    JsonLists {
        /// The file.
        file: String,
        /// Their paths and lengths.
        lists: String,
    },
    /// A path to records that leads to no list.
    #[error("--records: {file} has no such list of records; {hint}")]
    UnknownRecords {
        /// The file.
        file: String,
        /// The lists there are.
        hint: String,
    },
    /// A table that is held column by column and too large to be turned.
    #[error(
        "{file} holds its columns one by one and is larger than {limit} MB: write one object a line instead, in pandas with \
         to_json(PATH, orient=\"records\", lines=True)"
    )]
    JsonColumns {
        /// The file.
        file: String,
        /// The most that is read, in MB.
        limit: u64,
    },
    /// A JSON file without a readable record.
    #[error(
        "nothing in {file} is a JSON object; line {line}: {problem}; give an array of objects or one object a line"
    )]
    NoRecords {
        /// The file.
        file: String,
        /// The line of the first problem.
        line: u64,
        /// The first problem.
        problem: String,
    },
    /// More columns than a table of comments can have.
    #[error(
        "{file} has more than {limit} columns: is the delimiter right (--delimiter), or are ids used as JSON keys?"
    )]
    TooManyColumns {
        /// The file.
        file: String,
        /// The maximum.
        limit: usize,
    },
    /// A file that changed between two passes.
    #[error("{file} changed while it was being read: wait until the export is finished, then run again")]
    Changed {
        /// The file.
        file: String,
    },
    /// No column looks like comments.
    #[error("no column reads like comments; columns: {columns}; name the right one with --text COLUMN")]
    NoTextColumn {
        /// The existing columns.
        columns: String,
    },
    /// Two columns are equally likely to hold the comments.
    #[error(
        "two columns read like comments: `{first}` (\u{201c}{first_example}\u{201d}) and `{second}` (\u{201c}{second_example}\u{201d}); \
         choose with --text COLUMN, give --text twice to join them, or --answers to read each as a comment of its own"
    )]
    TwoTextColumns {
        /// The more likely one.
        first: String,
        /// One of its values.
        first_example: String,
        /// The other column.
        second: String,
        /// One of its values.
        second_example: String,
    },
    /// A requested column does not exist.
    #[error("{option}: there is no column `{name}`; {hint}")]
    UnknownColumn {
        /// `--text` or `--id`.
        option: &'static str,
        /// As given.
        name: String,
        /// The nearest names, or all names.
        hint: String,
    },
    /// Unknown preset.
    #[error("there is no preset `{name}`; {hint}")]
    UnknownPreset {
        /// As given.
        name: String,
        /// The nearest name, or where to find the list.
        hint: String,
    },
    /// Unknown export profile.
    #[error("there is no profile `{name}`; profiles: {known}")]
    UnknownProfile {
        /// As given.
        name: String,
        /// All names.
        known: String,
    },
    /// A file without any of the columns in which its preset expects the comment.
    #[error(
        "{file} has no comments where the preset `{preset}` expects them ({wanted}): name the column with --text, or read it without presets: --preset none"
    )]
    PresetWithoutText {
        /// The file.
        file: String,
        /// The preset's name.
        preset: String,
        /// The expected columns.
        wanted: String,
    },
    /// A sheet that is not in the workbook.
    #[error("--sheet: {file} has no sheet `{name}`; sheets: {sheets}")]
    UnknownSheet {
        /// The workbook.
        file: String,
        /// As given.
        name: String,
        /// The existing sheets.
        sheets: String,
    },
    /// A workbook that unpacks to more than the limit.
    #[error("{file} is too large for a workbook ({what}); save the sheet as CSV (UTF-8) and give that")]
    WorkbookTooLarge {
        /// The workbook.
        file: String,
        /// The part, and the limit.
        what: String,
    },
    /// No row has a usable label.
    #[error(
        "no row has a usable label in column `{label}` ({left_out} rows left out); a label is {labels}: check --label, --map and --where"
    )]
    NothingToJudge {
        /// The column of labels.
        label: String,
        /// Valid labels.
        labels: String,
        /// Rows that were left out.
        left_out: u64,
    },
    /// A fast run was requested, but the model has no early exit.
    #[error("the model {model} has no early exit: leave out --quality, or say --quality best")]
    NoExit {
        /// The model's name.
        model: String,
    },
    /// A taxonomy file with problems.
    #[error("{file} is not a usable taxonomy:\n  {problems}")]
    Taxonomy {
        /// The file.
        file: String,
        /// All problems, one per line with its line number.
        problems: String,
    },
    /// The model has no embeddings, which theme discovery needs.
    #[error(
        "no themes: the model gives no embeddings, and themes are found by them; leave themes out with --themes off, or use a model with a head `embedding`"
    )]
    NoEmbeddings,
    /// Theme discovery was requested for a lake.
    #[error(
        "a lake needs themes that are the same every night: make a theme file with `undertone themes fit` and give it with --themes FILE"
    )]
    LakeThemes,
    /// A theme file that cannot be used.
    #[error("{} cannot be used as a theme file: {reason}; make a new one with `undertone themes fit`", path.display())]
    Themes {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// The share of rejected records exceeds the limit.
    #[error(
        "{rejected} of {records} records could not be read, more than the {percent} % of --max-rejects; nothing was \
         published: see the reasons in the rejects file of a run without --max-rejects, or fetch the export again"
    )]
    TooManyRejects {
        /// Records that could not be read.
        rejected: u64,
        /// All records.
        records: u64,
        /// The limit in percent.
        percent: f64,
    },

    /// A new lake needs a layout.
    #[error(
        "{} is not a lake yet: say how to lay it out with --partition-by day, week, month or dataset",
        path.display()
    )]
    LakeIsNew {
        /// The lake.
        path: PathBuf,
    },
    /// A lake without anything to take in.
    #[error("no inbox: name files or folders, and then the lake: undertone sync INBOX {}", path.display())]
    LakeNoInbox {
        /// The lake.
        path: PathBuf,
    },
    /// A repair of something that is no lake.
    #[error("{} is no lake: check the name; it is the last on the command line", path.display())]
    NoLake {
        /// As given.
        path: PathBuf,
    },
    /// A lake keeps its layout.
    #[error(
        "the lake {} was made with {option} {lake}, not {asked}: leave the option out, or choose another folder",
        path.display()
    )]
    LakeDiffers {
        /// The lake.
        path: PathBuf,
        /// The option.
        option: &'static str,
        /// Value of the lake.
        lake: String,
        /// Requested value.
        asked: String,
    },
    /// A lake of manifest 1 whose rows were recognised by somebody else's ids.
    #[error(
        "the lake {0} recognises rows by a column that is not their own id ({datasets}), so that rows may have replaced other people's comments; nothing \
         was changed: repair it with undertone sync --rekey INBOX {0}, which keeps every row there is, reads the inbox again and tells what was lost",
        path.display()
    )]
    LakeForeignId {
        /// The lake.
        path: PathBuf,
        /// The datasets with their columns.
        datasets: String,
    },
    /// A dry run on a lake that has to be migrated.
    #[error("the lake {} was written by an earlier version: run once without --dry-run, which brings it up to date first", path.display())]
    LakeToMigrate {
        /// The lake.
        path: PathBuf,
    },
    /// A file without the column by which the rows of its dataset are recognised.
    #[error(
        "{file} has no column `{column}`, by which the lake recognises the rows of `{dataset}`: fetch an export that has it, name another dataset with \
         --dataset, or change the lake's rule with --rekey"
    )]
    LakeIdMissing {
        /// The file.
        file: String,
        /// Its dataset.
        dataset: String,
        /// The column.
        column: String,
    },
    /// Another id column was asked for than the lake's.
    #[error(
        "the lake {} recognises the rows of `{dataset}` by {rule}, not by column `{asked}`: leave --id out, or change the rule for good with --rekey --id", path.display()
    )]
    LakeIdDiffers {
        /// The lake.
        path: PathBuf,
        /// The dataset.
        dataset: String,
        /// What it recognises rows by.
        rule: String,
        /// As given.
        asked: String,
    },
    /// Known rows would give way to other people's comments.
    #[error(
        "nothing was published: {replaced} of {known} known rows of `{dataset}` that came again have a text that shares nothing with the one before (\u{201c}{old}\u{201d} \
         would become \u{201c}{new}\u{201d}), so {rule} is hardly their own id: choose another with --rekey --dataset {dataset} (--id COLUMN, else the content), or allow it with --replace"
    )]
    LakeReplaces {
        /// The dataset.
        dataset: String,
        /// What rows are recognised by.
        rule: String,
        /// Rows whose texts share nothing.
        replaced: u64,
        /// Known rows that came again.
        known: u64,
        /// The first such text.
        old: String,
        /// What it would become.
        new: String,
    },
    /// Another run writes the same lake.
    #[error("another run is writing the lake {}; wait for it, or give --wait", path.display())]
    LakeBusy {
        /// The lake.
        path: PathBuf,
    },
    /// One of the lake's own files is damaged.
    #[error(
        "the lake is damaged: {}: {reason}; restore it from a copy, or make a new lake from the same files",
        path.display()
    )]
    LakeDamaged {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
    /// A theme file made with another model.
    #[error(
        "{} was made with another model ({made_with}) than this program holds ({model}): their embeddings cannot be compared; \
         make a new one with `undertone themes fit`, or use the program that made it", path.display()
    )]
    ThemesModel {
        /// The file.
        path: PathBuf,
        /// Fingerprint of the model that made it.
        made_with: String,
        /// Fingerprint of the current model.
        model: String,
    },
    /// No theme has this id.
    #[error("no theme has the id {id}; {hint}")]
    NoTheme {
        /// As given.
        id: String,
        /// The existing ids, or the nearest.
        hint: String,
    },
    /// The lake was written by another version of the program.
    #[error(
        "{} is of version {found}, this program knows version {known}: use the program that wrote it, or make a new lake",
        path.display()
    )]
    LakeVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// The publication was started but could not be completed.
    #[error("the work is done, but not all of it could be put in place: {source}; the next run finishes it")]
    LakeHalfway {
        /// The reason.
        source: Box<Error>,
    },
    /// Standard input cannot go into a lake, because the next run could not recognise it.
    #[error("a lake takes files, not standard input: it has to recognise them the next night")]
    LakeFromPipe,
    /// The lake was tagged with another model or other themes, and the user does not want a mixture.
    #[error(
        "the {what} of the lake is {was}, that of this program is {now}: leave out --fail-on-model-change to tag the inbox \
         anew, or make a new lake"
    )]
    ModelChanged {
        /// `model`, `themes` or `schema`.
        what: &'static str,
        /// Value of the lake.
        was: String,
        /// Value of this run.
        now: String,
    },
    /// The model has no head for the task.
    #[error("the model {model} has no `{head}` head, so there is nothing to judge: choose another --task")]
    NoHead {
        /// The model.
        model: String,
        /// The missing head.
        head: &'static str,
    },
    /// A label mapping with invalid content.
    #[error(
        "cannot use the labels of {file}: {problem}; it holds `knows`, a list of our labels, and a table `map` of theirs to ours"
    )]
    Mapping {
        /// The file.
        file: String,
        /// The problem.
        problem: String,
    },
    /// A behavioural suite with invalid content.
    #[error("cannot ask {file}: {problem}; tests/behaviour/README.md says what such a file holds")]
    Suite {
        /// The file or folder.
        file: String,
        /// The problem.
        problem: String,
    },
    /// A table operation failed, for example on a column type that cannot become text.
    #[error("cannot use the columns of {file}: {source}")]
    Columns {
        /// The file.
        file: String,
        /// The table library's error.
        source: polars::prelude::PolarsError,
    },
}

/// Result with the error of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failed file operation.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// An output that could not be written.
    pub(crate) fn write(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Write {
            path: path.to_owned(),
            source: source.into(),
        }
    }
}
