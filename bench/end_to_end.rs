//! `cargo bench --bench end_to_end [-- --rows N --texts N --threads N --short]`: runs the built program on a corpus of N rows (default 100,000) with
//! at most that many distinct texts, and prints rows/s, MB/s, peak memory and the share of time in each stage.

#![allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for

mod corpus;

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use corpus::Length;

/// Peak resident memory of a running process in MB, on systems that report it.
fn peak_memory(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1000.0)
}

fn argument(name: &str) -> Option<u64> {
    let given: Vec<String> = std::env::args().collect();
    let at = given.iter().position(|argument| argument == name)?;
    given.get(at + 1)?.parse().ok()
}

fn main() -> Result<(), Box<dyn Error>> {
    let rows = argument("--rows").unwrap_or(100_000);
    let texts = argument("--texts").unwrap_or(rows);
    let threads = argument("--threads");
    let folder = tempfile::tempdir()?;
    let (input, output) = (folder.path().join("corpus.csv"), folder.path().join("tagged.parquet"));
    let length = if std::env::args().any(|a| a == "--short") {
        Length::Short
    } else {
        Length::Natural
    };
    corpus::write(BufWriter::new(File::create(&input)?), rows, texts, length)?;
    let megabytes = fs::metadata(&input)?.len() as f64 / 1e6;

    let mut command = Command::new(env!("CARGO_BIN_EXE_undertone"));
    command
        .arg("tag")
        .arg(&input)
        .arg("-o")
        .arg(&output)
        .args(["--text", "comment", "--quiet", "--json"]);
    if let Some(threads) = threads {
        command.args(["--threads", &threads.to_string()]);
    }
    // Standard output goes to a file: a pipe that is not read until the end would block on a long summary.
    let answer = folder.path().join("summary.json");
    let started = Instant::now();
    let mut child = command.stdout(File::create(&answer)?).spawn()?;
    let mut peak = 0.0f64;
    while child.try_wait()?.is_none() {
        peak = peak.max(peak_memory(&child).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let seconds = started.elapsed().as_secs_f64();
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("undertone ended with {status}").into());
    }
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(&answer)?)?;
    let stage = |name: &str| summary["seconds"][name].as_f64().unwrap_or(0.0);

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let lines = [
        format!("undertone    {}", env!("CARGO_PKG_VERSION")),
        format!("machine      {} {}, {cores} cores", std::env::consts::OS, processor()),
        format!("threads      {}", threads.map_or(cores as u64, |t| t)),
        format!(
            "rows         {rows}, {} of them copies or nearly, {megabytes:.1} MB of CSV",
            summary["duplicates"].as_u64().unwrap_or(0)
        ),
        format!("time         {seconds:.1} s"),
        format!("rows/s       {:.0}", rows as f64 / seconds),
        format!("MB/s         {:.3}", megabytes / seconds),
        format!("peak memory  {peak:.0} MB"),
        format!(
            "output       {:.1} MB of Parquet",
            fs::metadata(&output)?.len() as f64 / 1e6
        ),
    ];
    lines.iter().for_each(|line| println!("{line}"));
    for name in ["read", "text", "model", "themes", "write"] {
        println!("{name:<12} {:5.1} % of the time", 100.0 * stage(name) / seconds);
    }
    Ok(())
}

/// Name of the processor and its best instructions for int8 products, on which most of the time is spent.
fn processor() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = known
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or(std::env::consts::ARCH);
    let has = |feature: &str| known.split_whitespace().any(|word| word == feature);
    let products = match (has("avx512_vnni"), has("avx_vnni"), has("avx2")) {
        (true, ..) => ", AVX-512 VNNI",
        (_, true, _) => ", AVX-VNNI",
        (.., true) => ", AVX2 without VNNI",
        _ => "",
    };
    format!("{}{products}", name.trim_start_matches([' ', '\t', ':']))
}
