//! Reads options of `tag` from `undertone.toml` and inserts them into the command line, whose own options take precedence. Keys are the long names of
//! the options, which only clap knows. An unknown key is an error that suggests the nearest one, and so is a value that the command line could not
//! express.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

/// Default path of the configuration file, when `--config` is not given.
const FILE: &str = "undertone.toml";
/// The command whose options the file holds.
const COMMAND: &str = "tag";
/// Key of the inputs, which have no name on the command line.
const INPUTS: &str = "inputs";

/// Adds the options of the configuration file, if there is one, to the command line.
pub(crate) fn with_options_of_file(program: &Command, line: Vec<OsString>) -> Result<Vec<OsString>> {
    // Errors of the command line are reported later, when it is complete.
    let lenient = program.clone().ignore_errors(true).arg_required_else_help(false);
    let lenient = lenient.mut_subcommand(COMMAND, |command| {
        command.mut_arg(INPUTS, |inputs| inputs.required(false))
    });
    let Ok(parsed) = lenient.try_get_matches_from(&line) else {
        return Ok(line);
    };
    let Some((COMMAND, given)) = parsed.subcommand() else {
        return Ok(line);
    };
    let Some(tag) = program.find_subcommand(COMMAND) else {
        return Ok(line);
    };
    let path = match given.get_one::<PathBuf>("config") {
        Some(path) => path.clone(),
        None if Path::new(FILE).is_file() => PathBuf::from(FILE),
        None => return Ok(line),
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (options, inputs) = arguments(tag, given, &text).with_context(|| path.display().to_string())?;
    let at = line
        .iter()
        .position(|word| word == COMMAND)
        .map_or(line.len(), |at| at + 1);
    let (before, after) = line.split_at(at);
    Ok([before, &options, after, &inputs].concat())
}

/// Converts the file's options to arguments, without those that were given, and its inputs, which come last.
fn arguments(tag: &Command, given: &ArgMatches, text: &str) -> Result<(Vec<OsString>, Vec<OsString>)> {
    let table: Table = text.parse()?;
    let (mut options, mut inputs) = (Vec::new(), Vec::new());
    for (key, value) in &table {
        let is_called = |argument: &&Arg| {
            let alias = || {
                argument
                    .get_visible_aliases()
                    .is_some_and(|aliases| aliases.contains(&key.as_str()))
            };
            argument.get_long() == Some(key) || key == INPUTS && argument.get_id() == INPUTS || alias()
        };
        let found = tag.get_arguments().find(is_called);
        let Some(argument) = found.filter(|_| key != "config") else {
            bail!(unknown(tag, key))
        };
        if given.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine) {
            continue;
        }
        if key == INPUTS {
            inputs.push("--".into());
            inputs.extend(words(key, value)?.into_iter().map(OsString::from));
        } else if matches!(argument.get_action(), ArgAction::SetTrue) {
            match value {
                Value::Boolean(true) => options.push(format!("--{key}").into()),
                Value::Boolean(false) => {}
                _ => bail!("`{key}` is either true or false"),
            }
        } else {
            if value.is_array() && !matches!(argument.get_action(), ArgAction::Append) {
                bail!("`{key}` takes one value, not a list");
            }
            options.extend(
                words(key, value)?
                    .into_iter()
                    .map(|word| OsString::from(format!("--{key}={word}"))),
            );
        }
    }
    Ok((options, inputs))
}

/// Converts a value to command-line arguments.
fn words(key: &str, value: &Value) -> Result<Vec<String>> {
    Ok(match value {
        Value::String(text) => vec![text.clone()],
        Value::Integer(number) => vec![number.to_string()],
        Value::Float(number) => vec![number.to_string()],
        Value::Array(items) if items.iter().all(|item| !item.is_array()) => items
            .iter()
            .map(|item| words(key, item))
            .collect::<Result<Vec<_>>>()?
            .concat(),
        _ => bail!("`{key}` must be a text, a number, or a list of these"),
    })
}

/// Error message for an unknown key.
fn unknown(tag: &Command, key: &str) -> String {
    let names = tag
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|name| *name != "config")
        .chain([INPUTS]);
    let lower = key.to_lowercase().replace('_', "-");
    let nearest = names
        .map(|name| (strsim::jaro_winkler(&lower, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness >= 0.75 => format!("there is no option `{key}`; did you mean `{name}`?"),
        _ => format!("there is no option `{key}`; `undertone tag --help` lists them"),
    }
}
