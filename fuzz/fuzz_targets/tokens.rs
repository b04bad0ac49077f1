//! Fuzz target `tokens` (`cargo +nightly fuzz run tokens`): see `targets::tokens`.
#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::tokens(bytes));
