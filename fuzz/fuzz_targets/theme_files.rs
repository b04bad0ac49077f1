//! Fuzz target `theme_files` (`cargo +nightly fuzz run theme_files`): see `targets::theme_files`.
#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::theme_files(bytes));
