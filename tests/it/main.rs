//! Tests of the whole program; each file covers one kind of promise.

// Tests may panic, print, and use plain loops.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::while_let_on_iterator,
    clippy::double_ended_iterator_last,
    clippy::cloned_ref_to_slice_refs,
    missing_docs
)]

mod answers;
mod bad_input;
mod behaviour;
mod config;
mod corpus;
mod docs;
mod engines;
mod evaluation;
mod export;
mod faults;
mod formats;
mod help;
mod inspect;
mod interrupted;
mod lake;
mod malformed;
mod opinions;
mod presets;
mod promises;
mod redaction;
mod schema;
mod support;
mod survey;
mod taxonomy;
mod themes;
