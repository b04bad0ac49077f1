//! The program: parses the command line, runs the command, prints the result, sets the exit code.

mod cli;
mod config;

use std::fmt::Display;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use serde::Serialize;
use undertone::inspect::Inspector;
use undertone::model::Engine;
use undertone::progress::{LogFormat, Progress};
use undertone::redact::Privacy;
use undertone::run::Job;
use undertone::theme::taxonomy::Taxonomy;
use undertone::theme::{self, Themes};
use undertone::{eval, export, find, lake, presets, run, sink};

use crate::cli::{Cli, Command, Manners, SyncArgs, Tag, Tagging, TaxonomyAction, ThemesAction};

const ERROR: Style = AnsiColor::Red.on_default().bold();

fn main() -> ExitCode {
    // The format of errors is known after the command line is parsed.
    let mut log = LogFormat::Text;
    match work(&mut log) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            match log {
                LogFormat::Json => Progress::json().event("error", serde_json::json!({ "text": message(&error) })),
                // If standard error is closed, the message is lost.
                LogFormat::Text => drop(writeln!(
                    anstream::stderr(),
                    "{ERROR}error:{ERROR:#} {}",
                    message(&error)
                )),
            }
            ExitCode::from(2)
        }
    }
}

/// Message of an error. Our own errors already include their causes; others are printed with theirs.
fn message(error: &anyhow::Error) -> String {
    error
        .downcast_ref::<undertone::Error>()
        .map_or_else(|| format!("{error:#}"), ToString::to_string)
}

fn work(log: &mut LogFormat) -> Result<u8> {
    let line = config::with_options_of_file(&Cli::command(), std::env::args_os().collect())?;
    let cli = Cli::parse_from(line);
    ctrlc::set_handler(|| {
        let _parts = sink::remove_parts();
        std::process::exit(130);
    })
    .context("cannot listen for Ctrl-C")?;
    match cli.command {
        Command::Tag(command) => {
            *log = command.tagging.log;
            prepare(&command.tagging.manners)?;
            let engine = command.tagging.model.engine()?;
            tag(*command, &*engine)
        }
        Command::Sync(command) => {
            *log = command.tagging.log;
            prepare(&command.tagging.manners)?;
            let engine = command.tagging.model.engine()?;
            sync(*command, &*engine)
        }
        Command::Inspect(command) => {
            let engine = command.model.engine()?;
            let inspector = Inspector::new(&*engine, command.taxonomy.as_deref())?;
            for some in comments(command.texts) {
                for finding in inspector.inspect(&some.context("cannot read standard input")?)? {
                    let told = tell(&if command.json {
                        serde_json::to_string(&finding)?
                    } else {
                        finding.to_string()
                    })?;
                    if !told {
                        return Ok(0);
                    }
                }
            }
            Ok(0)
        }
        Command::Export(command) => {
            let (quiet, json) = (command.quiet, command.json);
            let exported = export::export(&command.job(), &Progress::new(quiet))?;
            if json {
                tell(&serde_json::to_string_pretty(&exported)?)?;
            } else if !quiet {
                tell(&exported.to_string())?;
            }
            Ok(0)
        }
        Command::Presets(command) => {
            let list = presets::list();
            tell(&if command.json {
                serde_json::to_string_pretty(&list)?
            } else {
                list.to_string()
            })?;
            Ok(0)
        }
        Command::Eval(command) => {
            let (quiet, json) = prepare(&command.manners)?;
            let engine = command.model.engine()?;
            match &command.suite {
                Some(folder) => show(&eval::suite::run(folder, &*engine)?, json)?,
                None => show(&eval::eval(&command.question(), &*engine, &Progress::new(quiet))?, json)?,
            };
            Ok(0)
        }
        Command::Themes(command) => {
            let told = themes(command.action)?;
            if !told.is_empty() {
                tell(&told)?;
            }
            Ok(0)
        }
        Command::Taxonomy(command) => {
            tell(&taxonomy(command.action)?)?;
            Ok(0)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "undertone", &mut script);
            tell(&String::from_utf8_lossy(&script))?;
            Ok(0)
        }
        Command::Man { command } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(manual(command.as_deref())?).render(&mut page)?;
            tell(&String::from_utf8_lossy(&page))?;
            Ok(0)
        }
    }
}

/// Runs a `themes` command; returns the text to print, empty when quiet.
fn themes(action: ThemesAction) -> Result<String> {
    let edit = |file: &Path, change: &dyn Fn(&mut Themes) -> undertone::Result<()>| -> Result<String> {
        let mut themes = Themes::read(file)?;
        change(&mut themes)?;
        sink::publish(file, themes.to_json()?.as_bytes())?;
        Ok(format!("{} renewed: {} themes", file.display(), themes.themes.len()))
    };
    match action {
        ThemesAction::Fit(fit) => {
            let (quiet, json) = prepare(&fit.manners)?;
            let (engine, output) = (fit.model.engine()?, fit.output.clone());
            let quest = fit.quest();
            let themes =
                find::fit(&quest, &*engine, &Progress::new(quiet)).map_err(|error| told(error, quest.privacy))?;
            sink::publish(&output, themes.to_json()?.as_bytes())?;
            Ok(match (json, quiet) {
                (true, _) => themes.to_json()?,
                (false, false) => themes.to_string(),
                (false, true) => String::new(),
            })
        }
        ThemesAction::Update(fit) => {
            let (quiet, json) = prepare(&fit.manners)?;
            let (engine, output) = (fit.model.engine()?, fit.output.clone());
            let old = Themes::load(&output, engine.fingerprint())?;
            let quest = fit.quest();
            let (themes, changes) = find::renew(&old, &quest, &*engine, &Progress::new(quiet))
                .map_err(|error| told(error, quest.privacy))?;
            sink::publish(&output, themes.to_json()?.as_bytes())?;
            Ok(match (json, quiet) {
                (true, _) => serde_json::to_string_pretty(&changes)?,
                (false, false) => theme::report(&changes),
                (false, true) => String::new(),
            })
        }
        ThemesAction::Show { file, json } => {
            let themes = Themes::read(&file)?;
            Ok(if json { themes.to_json()? } else { themes.to_string() })
        }
        ThemesAction::Rename { id, name, file } => edit(&file, &|themes| themes.rename(&id, &name)),
        ThemesAction::Merge { id, other, file } => edit(&file, &|themes| themes.merge(&id, &other)),
    }
}

/// Runs a `taxonomy` command.
fn taxonomy(action: TaxonomyAction) -> Result<String> {
    let (taxonomy, json, whole) = match action {
        TaxonomyAction::Check { file, json } => (Taxonomy::load(&file)?, json, false),
        TaxonomyAction::Show { file, json } => (
            file.map_or_else(Taxonomy::embedded, |file| Taxonomy::load(&file))?,
            json,
            true,
        ),
    };
    Ok(match (json, whole) {
        (true, true) => serde_json::to_string_pretty(&taxonomy)?,
        (false, true) => taxonomy.to_string(),
        (true, false) => serde_json::to_string_pretty(&taxonomy.tally())?,
        (false, false) => taxonomy.tally().to_string(),
    })
}

/// The command of a manual page, under its full name.
fn manual(command: Option<&str>) -> Result<clap::Command> {
    let mut program = Cli::command();
    program.build();
    match command {
        None => Ok(program),
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            found.with_context(|| format!("there is no command {name}: see undertone --help"))
        }
    }
}

/// An error with a redacted message.
fn told(error: undertone::Error, privacy: Privacy) -> anyhow::Error {
    match privacy.redact {
        true => anyhow::Error::msg(privacy.told(&error.to_string()).into_owned()),
        false => error.into(),
    }
}

/// Tags into a file, and tells what was found.
fn tag(command: Tag, engine: &dyn Engine) -> Result<u8> {
    let manners = Telling::of(&command.tagging);
    let progress = manners.progress();
    let (job, lake) = command.job();
    if let Some(options) = lake {
        let lake = job.output.display();
        progress.note(&format!(
            "tagging into a lake is now `undertone sync INBOX {lake}`; `tag --out {lake}` goes on working in this version"
        ));
        return into_lake(&job, &options, engine, &progress, manners);
    }
    let summary = run::tag(&job, engine, &progress).map_err(|error| told(error, job.privacy))?;
    manners.tell(&progress, &summary, summary.exit_code())
}

/// Brings a lake up to date, and tells what was found.
fn sync(command: SyncArgs, engine: &dyn Engine) -> Result<u8> {
    let manners = Telling::of(&command.tagging);
    let progress = manners.progress();
    let (job, options) = command.job();
    into_lake(&job, &options, engine, &progress, manners)
}

fn into_lake(
    job: &Job,
    options: &lake::Options,
    engine: &dyn Engine,
    progress: &Progress,
    manners: Telling,
) -> Result<u8> {
    let report = lake::sync(job, options, engine, progress).map_err(|error| told(error, job.privacy))?;
    manners.tell(progress, &report, report.exit_code())
}

/// How much a run tells, and in which way.
#[derive(Clone, Copy)]
struct Telling {
    quiet: bool,
    json: bool,
    log: LogFormat,
}

impl Telling {
    fn of(tagging: &Tagging) -> Self {
        Self {
            quiet: tagging.manners.quiet,
            json: tagging.manners.json,
            log: tagging.log,
        }
    }

    fn progress(self) -> Progress {
        match self.log {
            LogFormat::Json => Progress::json(),
            LogFormat::Text => Progress::new(self.quiet),
        }
    }

    /// Tells the report of a run that ends with `code`.
    fn tell(self, progress: &Progress, report: &(impl Display + Serialize), code: u8) -> Result<u8> {
        let answer = serde_json::to_value(report)?;
        if self.json {
            tell(&serde_json::to_string_pretty(&answer)?)?;
        } else if !self.quiet && self.log == LogFormat::Text {
            tell(&report.to_string())?;
        }
        progress.event("done", serde_json::json!({ "exit_code": code, "report": answer }));
        Ok(code)
    }
}

/// Sets the number of worker threads; returns the output options.
fn prepare(manners: &Manners) -> Result<(bool, bool)> {
    let threads = manners.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the worker threads")?;
    Ok((manners.quiet, manners.json))
}

/// Comments to inspect in batches: the arguments, or the lines of standard input, one by one on a terminal.
fn comments(given: Vec<String>) -> Box<dyn Iterator<Item = io::Result<Vec<String>>>> {
    if !given.is_empty() && given != ["-"] {
        return Box::new(std::iter::once(Ok(given)));
    }
    let input = io::stdin().lock();
    let at_once = if input.is_terminal() { 1 } else { 64 };
    let mut lines = input.split(b'\n').map(|line| {
        let line = line?;
        Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
    });
    Box::new(std::iter::from_fn(move || {
        let some: io::Result<Vec<String>> = lines.by_ref().take(at_once).collect();
        (!matches!(&some, Ok(lines) if lines.is_empty())).then_some(some)
    }))
}

/// Prints a report as text or JSON.
fn show(report: &(impl Display + Serialize), json: bool) -> Result<bool> {
    if json {
        tell(&serde_json::to_string_pretty(report)?)
    } else {
        tell(&report.to_string())
    }
}

/// Prints a text; false when the reader closed the pipe, as `head` does, which is not an error.
fn tell(text: &str) -> Result<bool> {
    match writeln!(anstream::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true).context("cannot write to standard output"),
    }
}
