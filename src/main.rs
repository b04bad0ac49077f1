//! The program: parse, work, tell, exit.

mod cli;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use clap::Parser;
use undertone::model::Quality;
use undertone::progress::Progress;
use undertone::theme::taxonomy::Taxonomy;
use undertone::{eval, model, run, sink};

use crate::cli::{Cli, Command, Manners, TaxonomyAction};

const ERROR: Style = AnsiColor::Red.on_default().bold();

fn main() -> ExitCode {
    match work(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // With standard error closed there is nobody left to tell.
            let _ = writeln!(anstream::stderr(), "{ERROR}error:{ERROR:#} {}", message(&error));
            ExitCode::from(2)
        }
    }
}

/// Our own errors already say what lies beneath them; others are told with their causes.
fn message(error: &anyhow::Error) -> String {
    error
        .downcast_ref::<undertone::Error>()
        .map_or_else(|| format!("{error:#}"), ToString::to_string)
}

fn work(cli: Cli) -> Result<u8> {
    ctrlc::set_handler(|| {
        let _parts = sink::remove_parts();
        std::process::exit(130);
    })
    .context("cannot listen for Ctrl-C")?;
    match cli.command {
        Command::Tag(command) => {
            let (quiet, json) = prepare(&command.manners)?;
            let summary = run::tag(&command.job(), &model::base(Quality::Best)?, &Progress::new(quiet))?;
            match (json, quiet) {
                (true, _) => tell(&serde_json::to_string_pretty(&summary)?)?,
                (false, false) => tell(&summary.to_string())?,
                (false, true) => {}
            }
            Ok(summary.exit_code())
        }
        Command::Eval(command) => {
            let (quiet, json) = prepare(&command.manners)?;
            let report = eval::eval(&command.question(), &model::base(Quality::Best)?, &Progress::new(quiet))?;
            tell(&if json {
                serde_json::to_string_pretty(&report)?
            } else {
                report.to_string()
            })?;
            Ok(0)
        }
        Command::Taxonomy(command) => {
            tell(&taxonomy(command.action)?)?;
            Ok(0)
        }
    }
}

/// What is asked about a taxonomy.
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

/// Sets the number of workers; answers how much to tell.
fn prepare(manners: &Manners) -> Result<(bool, bool)> {
    let threads = manners.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the worker threads")?;
    Ok((manners.quiet, manners.json))
}

/// Prints the answer. A reader that went away, as `head` does, is no failure.
fn tell(text: &str) -> Result<()> {
    match writeln!(anstream::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}
