//! Progress and notes of a run on standard error: a bar with rows/s and remaining time on a terminal, one log line every 30 seconds elsewhere, one
//! JSON object a line on request, nothing when quiet.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Interval of log lines without a terminal.
const LOG_EVERY: Duration = Duration::from_secs(30);
/// Number of steps of the bar. It counts input bytes, because the number of rows is not known in advance.
const STEPS: u64 = 10_000;

/// How messages are written where there is no terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Sentences.
    #[default]
    Text,
    /// One JSON object a line: `event` (`note`, `progress`, `done`, `error`), `seconds` since the start, and what belongs to it.
    Json,
}

enum Show {
    Bar(ProgressBar),
    Log(Cell<Instant>),
    Json(Cell<Instant>),
    Nothing,
}

/// Progress of one run.
pub struct Progress {
    show: Show,
    started: Instant,
}

impl Progress {
    /// A bar or a log, depending on standard error.
    pub fn new(quiet: bool) -> Self {
        let started = Instant::now();
        let show = if quiet {
            Show::Nothing
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {bar:32.cyan/dim} {percent:>3} %  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(120));
            Show::Bar(bar)
        } else {
            Show::Log(Cell::new(started))
        };
        Self { show, started }
    }

    /// One JSON object a line on standard error.
    pub fn json() -> Self {
        let started = Instant::now();
        Self {
            show: Show::Json(Cell::new(started)),
            started,
        }
    }

    /// Emits an event; only [`LogFormat::Json`] shows it.
    pub fn event(&self, name: &str, fields: serde_json::Value) {
        if let Show::Json(_) = &self.show {
            let seconds = (self.started.elapsed().as_secs_f64() * 1e3).round() / 1e3;
            let mut line = serde_json::json!({ "event": name, "seconds": seconds });
            if let (Some(line), serde_json::Value::Object(fields)) = (line.as_object_mut(), fields) {
                line.extend(fields);
            }
            write_line(&line.to_string());
        }
    }

    /// No output, for use as a library.
    pub fn silent() -> Self {
        Self::new(true)
    }

    /// Prints a note about a decision of the reader.
    pub fn note(&self, text: &str) {
        match &self.show {
            Show::Bar(bar) => bar.println(text),
            Show::Log(_) => log(text),
            Show::Json(_) => self.event("note", serde_json::json!({ "text": text })),
            Show::Nothing => {}
        }
    }

    /// Reports that `rows` are done and, if known, the `share` of the input that was read, 0..=1.
    pub fn advance(&self, rows: u64, share: Option<f64>) {
        let spent = self.started.elapsed();
        let told = || {
            let rate = rows as f64 / spent.as_secs_f64().max(1e-3);
            let left = share
                .filter(|s| *s > 0.0)
                .map(|s| spent.mul_f64((1.0 / s - 1.0).clamp(0.0, 1e6)));
            let left = left.map_or(String::new(), |left| format!(", {} left", HumanDuration(left)));
            format!("{} rows, {rate:.0} rows/s{left}", HumanCount(rows))
        };
        match &self.show {
            Show::Bar(bar) => {
                bar.set_position(share.map_or(0, |s| (s * STEPS as f64) as u64));
                bar.set_message(told());
            }
            Show::Log(last) if last.get().elapsed() >= LOG_EVERY => {
                last.set(Instant::now());
                log(&told());
            }
            Show::Json(last) if last.get().elapsed() >= LOG_EVERY => {
                last.set(Instant::now());
                let rate = (rows as f64 / spent.as_secs_f64().max(1e-3)).round();
                self.event(
                    "progress",
                    serde_json::json!({ "rows": rows, "rows_per_second": rate, "share": share }),
                );
            }
            Show::Log(_) | Show::Json(_) | Show::Nothing => {}
        }
    }

    /// Removes the bar.
    pub fn done(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
        }
    }
}

fn log(text: &str) {
    write_line(&format!("undertone: {text}"));
}

fn write_line(line: &str) {
    // A closed standard error must not stop a run.
    let _ = writeln!(std::io::stderr(), "{line}");
}
