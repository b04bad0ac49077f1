//! Fuzz target `readers` (`cargo +nightly fuzz run readers`): see `targets::readers`.
#![no_main]

#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::readers(bytes));
