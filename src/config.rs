//! Reads options of `tag` and `sync` from `undertone.toml` and inserts them into the command line, whose own options take precedence. Keys are the long
//! names of the options, which only clap knows, and `inputs` and `lake`. An option of the other command is ignored; an unknown key is an error that
//! suggests the nearest one, and so is a value that the command line could not express.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

/// Default path of the configuration file, when `--config` is not given.
const FILE: &str = "undertone.toml";
/// The commands whose options the file holds, each with the keys of what has no name on its command line, in order.
const COMMANDS: [(&str, &[&str]); 2] = [("tag", &["inputs"]), ("sync", &["inputs", "lake"])];
/// The argument that holds what has no name.
const INPUTS: &str = "inputs";

/// Adds the options of the configuration file, if there is one, to the command line.
pub(crate) fn with_options_of_file(program: &Command, line: Vec<OsString>) -> Result<Vec<OsString>> {
    // Errors of the command line are reported later, when it is complete.
    let lenient = program.clone().ignore_errors(true).arg_required_else_help(false);
    let lenient = COMMANDS.iter().fold(lenient, |program, (name, _)| {
        program.mut_subcommand(name, |command| command.mut_arg(INPUTS, |inputs| inputs.required(false)))
    });
    let Ok(parsed) = lenient.try_get_matches_from(&line) else {
        return Ok(line);
    };
    let Some((name, given)) = parsed.subcommand() else {
        return Ok(line);
    };
    let Some((command, (_, nameless))) = program
        .find_subcommand(name)
        .zip(COMMANDS.iter().find(|(command, _)| *command == name))
    else {
        return Ok(line);
    };
    let path = match given.get_one::<PathBuf>("config") {
        Some(path) => path.clone(),
        None if Path::new(FILE).is_file() => PathBuf::from(FILE),
        None => return Ok(line),
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (options, inputs) =
        arguments(program, command, nameless, given, &text).with_context(|| path.display().to_string())?;
    let at = line
        .iter()
        .position(|word| word == name)
        .map_or(line.len(), |at| at + 1);
    let (before, after) = line.split_at(at);
    Ok([before, &options, after, &inputs].concat())
}

/// Converts the file's options to arguments, without those that were given, and what has no name, which comes last.
fn arguments(
    program: &Command,
    command: &Command,
    nameless: &[&str],
    given: &ArgMatches,
    text: &str,
) -> Result<(Vec<OsString>, Vec<OsString>)> {
    let table: Table = text.parse()?;
    let (mut options, mut inputs) = (Vec::new(), Vec::new());
    if given.value_source(INPUTS) != Some(ValueSource::CommandLine) {
        for (key, value) in nameless.iter().filter_map(|key| Some((key, table.get(*key)?))) {
            if inputs.is_empty() {
                inputs.push(OsString::from("--"));
            }
            inputs.extend(words(key, value)?.into_iter().map(OsString::from));
        }
    }
    for (key, value) in &table {
        if COMMANDS.iter().any(|(_, nameless)| nameless.contains(&key.as_str())) {
            continue;
        }
        let Some(argument) = option(command, key) else {
            if COMMANDS
                .iter()
                .filter_map(|(name, _)| program.find_subcommand(name))
                .any(|other| option(other, key).is_some())
            {
                continue;
            }
            bail!(unknown(command, key))
        };
        if given.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine) {
            continue;
        }
        if matches!(argument.get_action(), ArgAction::SetTrue) {
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

/// Finds the option of a command that a key names.
fn option<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    let is_called = |argument: &&Arg| {
        let alias = || argument.get_all_aliases().is_some_and(|aliases| aliases.contains(&key));
        argument.get_long() == Some(key) || alias()
    };
    command.get_arguments().find(is_called).filter(|_| key != "config")
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
fn unknown(command: &Command, key: &str) -> String {
    let names = command
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
        _ => format!(
            "there is no option `{key}`; `undertone {} --help` lists them",
            command.get_name()
        ),
    }
}
