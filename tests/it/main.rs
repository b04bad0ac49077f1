//! Tests of the whole program: each file holds one kind of promise.

#![allow(clippy::expect_used, missing_docs)] // in a test, what is not as expected ends it

mod answers;
mod bad_input;
mod behaviour;
mod config;
mod corpus;
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
mod taxonomy;
mod themes;
