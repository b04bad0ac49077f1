//! Command line: clap types and their conversion to jobs. Doc comments here are help texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use undertone::Error;
use undertone::eval::{Question, Task};
use undertone::export::{self, Profile, Target};
use undertone::find::{Choice, Quest};
use undertone::lake::{self, PartitionBy, Repair};
use undertone::model::{self, Engine, Quality};
use undertone::progress::LogFormat;
use undertone::redact::Privacy;
use undertone::run::Job;
use undertone::sink::Columns;
use undertone::source::{Choice as PresetChoice, DateOrder, Format, HeaderRow, Roles, Scale, Separator, SourceOptions};
use undertone::tag::Sentiment;
use undertone::theme::Wish;

/// Tags customer feedback with language and sentiment, offline, in many languages.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Tag(Box<Tag>),
    Sync(Box<SyncArgs>),
    Inspect(Inspect),
    Eval(Eval),
    Taxonomy(Taxonomy),
    Themes(ThemesCommand),
    Presets(Presets),
    Export(Box<Export>),
    /// Print shell completions, to be sourced or put where the shell looks for them
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program, or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
}

/// List the vendors' export formats that are read without being told how
#[derive(Debug, Args)]
pub(crate) struct Presets {
    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Write tagged files as CSV, JSON lines or an Excel workbook, for people or for a monitoring tool
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  undertone export tagged.parquet --to xlsx --flat -o tagged.xlsx
  undertone export tagged.parquet --to csv --only negative --columns comment,ut_sentiment,ut_time -o negative.csv
  undertone export tagged.parquet --to csv --profile brand24 -o import.csv

In CSV, cells that a spreadsheet would run as a formula get a ' in front; in workbooks text is never a formula.")]
pub(crate) struct Export {
    /// Files that `tag` wrote; globs
    #[arg(required = true, value_name = "TAGGED")]
    inputs: Vec<String>,

    /// Format to write
    #[arg(long, value_enum)]
    to: Target,

    /// File to write [default: the first input's name with the format's extension]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Make nested columns readable: a column for each field, one line of text for a list
    #[arg(long)]
    flat: bool,

    /// Only rows of this sentiment
    #[arg(long, value_enum, value_name = "SENTIMENT")]
    only: Option<Sentiment>,

    /// Only these columns, in this order
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,...")]
    columns: Vec<String>,

    /// Write ids, sentiment and tags as this monitoring tool has them: brand24, sentione or meltwater
    #[arg(long, value_name = "TOOL", value_parser = profile, conflicts_with = "columns")]
    profile: Option<&'static Profile>,

    /// What the names of the added columns begin with
    #[arg(long, default_value = "ut_", value_name = "PREFIX")]
    prefix: String,

    /// No progress and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tag files of comments and write them, with their original columns, to one file
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  undertone tag reviews.csv                           writes reviews.tagged.parquet
  undertone tag reviews.csv -o tagged.parquet
  undertone tag 'inbox/*.csv.gz' more.jsonl -o all.parquet
  undertone tag survey.csv --text comment --id response_id -o survey.csv.tagged.jsonl
  cat reviews.csv | undertone tag - -o tagged.parquet --quiet --json

For a folder of exports that grows every night: undertone sync INBOX LAKE.
Options may stand in undertone.toml of the working directory, by their long names: text = \"comment\".

Exit codes: 0 done; 1 done, but rows were rejected or failed; 2 nothing published; 130 interrupted.")]
pub(crate) struct Tag {
    /// Files to read: CSV, TSV, JSON lines, JSON array, Parquet or XLSX, also in .gz, .zst and .zip; globs; `-` for
    /// standard input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,

    /// File to write: .parquet, .csv or .jsonl [default: the first input's name with .tagged.parquet]
    #[arg(short, long, visible_alias = "out", value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tagging: Tagging,

    #[command(flatten)]
    lake: TagLake,
}

/// Keep a lake up to date: a folder of Parquet files that takes in what is new or changed in an inbox, every night
#[derive(Debug, Args)]
#[command(
    override_usage = "undertone sync [OPTIONS] [INBOX]... <LAKE>",
    after_help = "\
Examples:
  undertone sync inbox/ lake/ --partition-by day      the first night
  undertone sync inbox/ lake/                         every other night: tags what is new or changed
  undertone sync inbox/ lake/ --dry-run               says what would happen
  undertone sync survey.csv lake/ --dataset survey --id response_id
  undertone sync lake/ --retag --themes themes.json   the lake's own rows anew, after a new model or theme file
  undertone sync inbox/ lake/ --rekey                 repairs a lake whose rows were known by somebody else's ids

Readers need one pattern: lake/ut_*/*.parquet. Each run reports to LAKE/_runs. Killed at any moment, the next run goes on.
Options may stand in undertone.toml of the working directory, by their long names, with inputs = [\"inbox\"] and lake = \"lake\".

Exit codes: 0 done; 1 done, but records or files were rejected or rows failed; 2 nothing published; 130 interrupted."
)]
pub(crate) struct SyncArgs {
    /// Files, globs and folders of exports, then the folder of the lake; with --retag and --rekey the lake alone may stand there
    #[arg(required = true, value_name = "INBOX... LAKE")]
    inputs: Vec<String>,

    #[command(flatten)]
    pub(crate) tagging: Tagging,

    #[command(flatten)]
    lake: Lake,
}

/// How comments are read and tagged
#[derive(Debug, Args)]
pub(crate) struct Tagging {
    /// Put before the name of every added column
    #[arg(long, default_value = "ut_", value_name = "PREFIX")]
    prefix: String,

    /// Also write the cleaned text the model read
    #[arg(long)]
    keep_clean: bool,

    /// Put placeholders such as [EMAIL] and [PHONE] for personal data in every added column, report and log line
    #[arg(long)]
    redact: bool,

    /// Leave the original comment columns out of the output
    #[arg(long)]
    drop_original: bool,

    #[command(flatten)]
    about: About,

    #[command(flatten)]
    read: Read,

    #[command(flatten)]
    pub(crate) model: Model,

    #[command(flatten)]
    pub(crate) manners: Manners,

    /// Fail, with nothing published, when more than this share of the records cannot be read, such as 1%
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Running")]
    max_rejects: Option<f64>,

    /// Progress and messages on standard error as lines of text or of JSON
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Running")]
    pub(crate) log: LogFormat,

    /// File of options [default: undertone.toml of the working directory, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    config: Option<PathBuf>,
}

/// A folder of Parquet parts that grows from night to night
#[derive(Debug, Args)]
#[command(next_help_heading = "Lake")]
pub(crate) struct Lake {
    /// Lay the lake out by the comments' time or by dataset; needed the first time only
    #[arg(long, value_enum, value_name = "BY")]
    partition_by: Option<PartitionBy>,

    /// Dataset all inputs belong to; ids are told apart by it [default: their names without dates and numbers]
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,

    /// Only say what is new, changed or known; write nothing
    #[arg(long)]
    dry_run: bool,

    /// Wait for another run on the same lake instead of failing
    #[arg(long)]
    wait: bool,

    /// Fail when the lake was tagged with another model or other themes
    #[arg(long)]
    fail_on_model_change: bool,

    /// Publish even where more than 5 % and at least 5 of the known rows that came again give way to texts that share nothing with them
    #[arg(long)]
    replace: bool,

    /// Recognise rows that were known by somebody else's ids by their content from now on, or by --id COLUMN, and read the inbox again; tells
    /// what was lost. With --dataset or --id also for a dataset whose ids were sound
    #[arg(long, conflicts_with_all = ["retag", "dry_run"])]
    rekey: bool,

    /// Analyse the lake's own rows anew where their answers are of another model, other themes or other options
    #[arg(long, conflicts_with = "dry_run")]
    retag: bool,
}

/// Options of `sync`, which `tag` still takes when it writes into a lake
#[derive(Debug, Args)]
struct TagLake {
    /// See `sync`
    #[arg(long, value_enum, value_name = "BY", hide = true)]
    partition_by: Option<PartitionBy>,

    /// See `sync`
    #[arg(long, value_name = "NAME", hide = true, alias = "source")]
    dataset: Option<String>,

    /// See `sync`
    #[arg(long, hide = true)]
    dry_run: bool,

    /// See `sync`
    #[arg(long, hide = true)]
    wait: bool,

    /// See `sync`
    #[arg(long, hide = true)]
    fail_on_model_change: bool,
}

/// What comments are about
#[derive(Debug, Args)]
#[command(next_help_heading = "Themes")]
struct About {
    /// Where themes come from: `found` in this very run and saved as OUTPUT.themes.json, a number of themes to find, a theme FILE, or `off`
    #[arg(long, default_value = "found", value_name = "FILE|N|off", value_parser = choice)]
    themes: Choice,

    /// Found themes: a unit less close to every theme than this has none, -1 to 1 [default: what 2 % of the texts do not reach]
    #[arg(long, value_name = "COSINE", value_parser = cosine, allow_negative_numbers = true)]
    none_below: Option<f32>,

    /// Taxonomy of named themes [default: touchpoints of the customer journey]
    #[arg(long, value_name = "FILE")]
    taxonomy: Option<PathBuf>,
}

/// Find themes, keep them in a file, renew it, name and merge what is in it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  undertone themes fit 'reviews/*.csv' -o themes.json
  undertone tag tonight.csv --themes themes.json
  undertone themes show
  undertone themes rename t-3f9a1c \"Late parcels\"
  undertone themes merge t-3f9a1c t-07be52
  undertone themes update 'reviews/*.csv'              keeps ids, names and merges; tells what changed")]
pub(crate) struct ThemesCommand {
    #[command(subcommand)]
    pub(crate) action: ThemesAction,
}

/// What to do with themes
#[derive(Debug, Subcommand)]
pub(crate) enum ThemesAction {
    /// Find the themes of files of comments
    Fit(Fit),
    /// Find them again, keeping the ids, names and merges of those that are still there
    Update(Fit),
    /// List the themes of a file
    Show {
        /// The theme file
        #[arg(default_value = "themes.json")]
        file: PathBuf,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a theme or group a name of your own; an empty one takes it away
    Rename {
        /// Its id, such as t-3f9a1c
        id: String,
        /// Its name
        name: String,
        /// The theme file
        #[arg(short, long, value_name = "FILE", default_value = "themes.json")]
        file: PathBuf,
    },
    /// Make one theme of two; the first keeps its id
    Merge {
        /// The theme that stays
        id: String,
        /// The theme that becomes part of it
        other: String,
        /// The theme file
        #[arg(short, long, value_name = "FILE", default_value = "themes.json")]
        file: PathBuf,
    },
}

/// Where to find themes
#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// Files to read, as for `tag`
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,

    /// Theme file to write; for an update, to renew
    #[arg(short, long, value_name = "FILE", default_value = "themes.json")]
    pub(crate) output: PathBuf,

    /// Exactly this many themes [default: as many as the data choose]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    themes: Option<u16>,

    /// A unit less close to every theme than this has none, -1 to 1 [default: what 2 % of the texts do not reach]
    #[arg(long, value_name = "COSINE", value_parser = cosine, allow_negative_numbers = true)]
    none_below: Option<f32>,

    /// Put placeholders such as [EMAIL] and [PHONE] for personal data in labels, phrases, exemplars and messages
    #[arg(long)]
    redact: bool,

    #[command(flatten)]
    read: Read,

    #[command(flatten)]
    pub(crate) model: Model,

    #[command(flatten)]
    pub(crate) manners: Manners,
}

impl Fit {
    /// Converts the arguments to a job.
    pub(crate) fn quest(self) -> Quest {
        Quest {
            source: self.read.options(&self.manners),
            inputs: self.inputs,
            wish: Wish {
                themes: self.themes.map(usize::from),
                none_below: self.none_below,
            },
            privacy: Privacy {
                redact: self.redact,
                drop_original: false,
            },
        }
    }
}

fn choice(text: &str) -> Result<Choice, String> {
    match text {
        "off" => Ok(Choice::Off),
        "found" => Ok(Choice::Found(Wish::default())),
        "" => Err("write a file, a number, `found` or `off`".to_owned()),
        _ => Ok(match text.parse() {
            Ok(0) => return Err("at least 1 theme, or `off`".to_owned()),
            Ok(themes) => Choice::Found(Wish {
                themes: Some(themes),
                none_below: None,
            }),
            Err(_) => Choice::File(PathBuf::from(text)),
        }),
    }
}

fn cosine(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|x: &f32| (-1.0..=1.0).contains(x))
        .ok_or_else(|| "a number from -1 to 1".to_owned())
}

impl About {
    fn choice(&self) -> Choice {
        match &self.themes {
            Choice::Found(wish) => Choice::Found(Wish {
                none_below: self.none_below,
                ..*wish
            }),
            other => other.clone(),
        }
    }
}

/// How to read the inputs; all of it is found by looking at the data where it is not given
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Read {
    /// Column that holds the comment; given several times, they are joined
    #[arg(long, value_name = "COLUMN")]
    text: Vec<String>,

    /// Read each answer of a survey as a comment of its own, beside its question
    #[arg(long)]
    answers: bool,

    /// Column that names the row
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,

    /// List of records in JSON, such as `result.items` [default: found by its values]
    #[arg(long, value_name = "PATH")]
    records: Option<String>,

    /// Format of the inputs
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Field separator of CSV: a character, a few such as `||`, or `tab`
    #[arg(long, value_parser = delimiter, value_name = "CHARS")]
    delimiter: Option<Separator>,

    /// Line or row of the sheet that names the columns; what stands above is left out [default: the one that looks like it]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    header_row: Option<u64>,

    /// No row names the columns: they are called column_1, column_2 ...
    #[arg(long, conflicts_with = "header_row")]
    no_header: bool,

    /// Character encoding, such as utf-8, utf-16le, windows-1250
    #[arg(long, value_name = "LABEL")]
    encoding: Option<String>,

    /// Read all files as this export format, or `none` [default: told by the columns; `undertone presets` lists them]
    #[arg(long, value_name = "NAME", value_parser = preset)]
    preset: Option<PresetChoice>,

    /// Sheet of a workbook [default: the first with a table that is not hidden]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,

    /// Column that says when the comment was made
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,

    /// Order of day and month in dates of numbers [default: as the values show]
    #[arg(long, value_enum, value_name = "ORDER")]
    date_order: Option<DateOrder>,

    /// Column that holds the customer's rating
    #[arg(long, value_name = "COLUMN")]
    rating: Option<String>,

    /// What the rating's points mean [default: told by its name and values]
    #[arg(long, value_enum, value_name = "SCALE")]
    rating_scale: Option<Scale>,

    /// Column that says how the comment came in
    #[arg(long, value_name = "COLUMN")]
    channel: Option<String>,
}

/// Which model reads the comments
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct Model {
    /// Read each comment through all layers of the model, or only up to its early exit
    #[arg(long, value_enum, default_value_t)]
    pub(crate) quality: Quality,

    /// What computes: the built-in int8 engine, or libtorch, which uses a GPU where there is one and needs a build with the feature `libtorch`
    /// [default: native]
    #[arg(long, value_enum, value_name = "ENGINE")]
    engine: Option<EngineName>,

    /// Folder of a Hugging Face sequence classifier (BERT, DistilBERT, RoBERTa or XLM-R) to use in place of the built-in model, on libtorch;
    /// sentiment is all it tells
    #[arg(long = "model", value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Sentiment of each of that model's outputs, in order, where their names do not tell: negative,neutral,positive
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "folder")]
    labels: Vec<String>,
}

/// What computes
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum EngineName {
    /// The built-in engine
    Native,
    /// rust-bert on libtorch
    Libtorch,
}

impl Model {
    /// Creates the engine.
    ///
    /// # Errors
    /// When its model cannot be used, or this program was built without it.
    pub(crate) fn engine(&self) -> undertone::Result<Box<dyn Engine>> {
        match (self.engine, &self.folder) {
            (Some(EngineName::Native), Some(_)) => Err(Error::NotNative),
            (Some(EngineName::Libtorch), _) | (_, Some(_)) => self.libtorch(),
            _ => Ok(Box::new(model::base(self.quality)?)),
        }
    }

    #[cfg(feature = "libtorch")]
    fn libtorch(&self) -> undertone::Result<Box<dyn Engine>> {
        Ok(match &self.folder {
            Some(folder) => Box::new(model::torch::checkpoint(folder, &self.labels, self.quality)?),
            None => Box::new(model::torch::base(self.quality)?),
        })
    }

    #[cfg(not(feature = "libtorch"))]
    fn libtorch(&self) -> undertone::Result<Box<dyn Engine>> {
        Err(Error::NoLibtorch)
    }
}

/// How the run behaves
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Manners {
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Rows held in memory at a time
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch_rows: u32,

    /// No progress and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show what is found in a few comments: sentiment, emotions, intent, touchpoint, signals, and what is praised or blamed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  undertone inspect 'Great coffee, awful queue.'
  undertone inspect 'Дуже дякую!' 'Nem működik az alkalmazás.'
  undertone inspect < comments.txt                    one comment a line
  undertone inspect --json < comments.txt | jq .sentiment")]
pub(crate) struct Inspect {
    /// Comments; without any, or with `-`, the lines of standard input
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,

    /// Print one JSON object a line, the fields named like the columns of `tag`
    #[arg(long)]
    pub(crate) json: bool,

    /// Taxonomy of named themes [default: touchpoints of the customer journey]
    #[arg(long, value_name = "FILE")]
    pub(crate) taxonomy: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) model: Model,
}

/// Judge the answers on labelled data, or by what the model must be able to do
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  undertone eval data/samples/feedback.csv --text comment --label gold --by language
  undertone eval labelled.jsonl.gz --text text --label label --by lang --where split=test --json
  undertone eval goemotions.jsonl.gz --task emotion --text text --label emotions --map models/train/labels/goemotions.toml
  undertone eval reviews.jsonl --task targets --text text --label aspects
  undertone eval --suite tests/behaviour")]
pub(crate) struct Eval {
    /// Labelled files, in any format that `tag` reads
    #[arg(required_unless_present = "suite", value_name = "LABELLED")]
    inputs: Vec<String>,

    /// What the rows are labelled with
    #[arg(long, value_enum, default_value_t = Task::Sentiment)]
    task: Task,

    /// Column of the right answers; rows with anything else in it are left out
    #[arg(long, required_unless_present = "suite", value_name = "COLUMN")]
    label: Option<String>,

    /// TOML file that names our labels for those in the column
    #[arg(long = "map", value_name = "FILE")]
    mapping: Option<PathBuf>,

    /// Column to report by
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,

    /// Judge only rows whose COLUMN has this VALUE, or one of several separated by `|`
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = condition)]
    only: Vec<(String, Vec<String>)>,

    /// Choose among negative, neutral and positive by probability, never abstaining; rows labelled mixed are left out
    #[arg(long)]
    forced: bool,

    /// Instead of labelled files, ask everything in this folder of capabilities
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["inputs", "task", "label", "mapping", "by", "only", "forced"])]
    pub(crate) suite: Option<PathBuf>,

    #[command(flatten)]
    read: Read,

    #[command(flatten)]
    pub(crate) model: Model,

    #[command(flatten)]
    pub(crate) manners: Manners,
}

/// Check or show a taxonomy: themes of your own, told from comments by phrases and by meaning
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  undertone taxonomy show                             the default one, a customer's journey
  undertone taxonomy check themes.toml                what is wrong in a file, line by line
  undertone taxonomy show themes.toml --json")]
pub(crate) struct Taxonomy {
    #[command(subcommand)]
    pub(crate) action: TaxonomyAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TaxonomyAction {
    /// Tell everything that is wrong in a taxonomy file, with its line; exit code 2 if anything is
    Check {
        /// The taxonomy, a TOML file
        file: PathBuf,

        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the themes of a taxonomy
    Show {
        /// The taxonomy, a TOML file [default: the touchpoints of a customer's journey]
        file: Option<PathBuf>,

        /// Print all of it as JSON
        #[arg(long)]
        json: bool,
    },
}

fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    share
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "a share such as 1% or 0.01".to_owned())
}

fn delimiter(text: &str) -> Result<Separator, String> {
    let text = if matches!(text, "tab" | "\\t") { "\t" } else { text };
    Separator::new(text).ok_or_else(|| "one to eight characters but quotes and line ends, or `tab`".to_owned())
}

fn profile(name: &str) -> Result<&'static Profile, String> {
    Profile::named(name).map_err(|error| error.to_string())
}

fn preset(name: &str) -> Result<PresetChoice, String> {
    PresetChoice::named(name).map_err(|error| error.to_string())
}

fn condition(text: &str) -> Result<(String, Vec<String>), String> {
    let (column, values) = text.split_once('=').ok_or("write COLUMN=VALUE")?;
    Ok((column.to_owned(), values.split('|').map(str::to_owned).collect()))
}

impl Read {
    fn options(self, manners: &Manners) -> SourceOptions {
        SourceOptions {
            text: self.text,
            id: self.id,
            format: self.format,
            delimiter: self.delimiter,
            header: match self.header_row {
                Some(number) => HeaderRow::At(number),
                None if self.no_header => HeaderRow::None,
                None => HeaderRow::Find,
            },
            encoding: self.encoding,
            batch_rows: manners.batch_rows as usize,
            preset: self.preset.unwrap_or_default(),
            sheet: self.sheet,
            records: self.records,
            answers: self.answers,
            roles: Roles {
                time: self.time,
                date_order: self.date_order,
                rating: self.rating,
                rating_scale: self.rating_scale,
                channel: self.channel,
            },
        }
    }
}

impl Export {
    /// Converts the arguments to an export.
    pub(crate) fn job(self) -> export::Export {
        let extension = match self.to {
            Target::Csv => "csv",
            Target::Jsonl => "jsonl",
            Target::Xlsx => "xlsx",
        };
        export::Export {
            output: self.output.unwrap_or_else(|| {
                default_output(&self.inputs)
                    .with_extension("")
                    .with_extension(extension)
            }),
            inputs: self.inputs,
            target: self.to,
            flat: self.flat,
            only: self.only,
            columns: self.columns,
            profile: self.profile,
            prefix: self.prefix,
        }
    }
}

/// Default output path: beside the first input, or in the current folder for standard input and globs.
fn default_output(inputs: &[String]) -> PathBuf {
    match inputs.first().map(String::as_str) {
        Some(name) if name != "-" && !name.contains(['*', '?', '[']) => {
            let path = PathBuf::from(name);
            let stem = path.file_name().and_then(|n| n.to_str()).unwrap_or("feedback");
            let stem = stem.trim_end_matches(".gz").trim_end_matches(".zst");
            let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
            path.with_file_name(format!("{stem}.tagged.parquet"))
        }
        _ => PathBuf::from("feedback.tagged.parquet"),
    }
}

impl Tag {
    /// Converts the arguments to a job; with lake options when the output is a lake.
    pub(crate) fn job(self) -> (Job, Option<lake::Options>) {
        let output = self.output.unwrap_or_else(|| default_output(&self.inputs));
        let own = self.lake;
        let asked = own.partition_by.is_some() || own.dataset.is_some();
        let asked = asked || own.dry_run || own.wait || own.fail_on_model_change || lake::is_lake(&output);
        let lake = asked.then_some(lake::Options {
            partition_by: own.partition_by,
            dataset: own.dataset,
            wait: own.wait,
            dry_run: own.dry_run,
            fail_on_model_change: own.fail_on_model_change,
            ..lake::Options::default()
        });
        (self.tagging.job(self.inputs, output), lake)
    }
}

impl SyncArgs {
    /// What this command line asks for.
    pub(crate) fn job(mut self) -> (Job, lake::Options) {
        let lake = PathBuf::from(self.inputs.pop().unwrap_or_default());
        let options = lake::Options {
            partition_by: self.lake.partition_by,
            dataset: self.lake.dataset,
            wait: self.lake.wait,
            dry_run: self.lake.dry_run,
            fail_on_model_change: self.lake.fail_on_model_change,
            replace: self.lake.replace,
            repair: match (self.lake.rekey, self.lake.retag) {
                (true, _) => Some(Repair::Rekey),
                (false, true) => Some(Repair::Retag),
                (false, false) => None,
            },
        };
        (self.tagging.job(self.inputs, lake), options)
    }
}

impl Tagging {
    fn job(self, inputs: Vec<String>, output: PathBuf) -> Job {
        Job {
            output,
            source: self.read.options(&self.manners),
            inputs,
            columns: Columns {
                prefix: self.prefix,
                clean_text: self.keep_clean || self.redact,
            },
            privacy: Privacy {
                redact: self.redact,
                drop_original: self.drop_original,
            },
            themes: self.about.choice(),
            taxonomy: self.about.taxonomy,
            max_rejects: self.max_rejects,
        }
    }
}

impl Eval {
    /// Converts the arguments to an evaluation.
    pub(crate) fn question(self) -> Question {
        Question {
            source: self.read.options(&self.manners),
            inputs: self.inputs,
            task: self.task,
            label: self.label.unwrap_or_default(),
            mapping: self.mapping,
            by: self.by,
            only: self.only,
            forced: self.forced,
        }
    }
}
