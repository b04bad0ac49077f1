//! Tests of the whole program: each file holds one kind of promise.

#![allow(clippy::expect_used, missing_docs)] // in a test, what is not as expected ends it

mod answers;
mod bad_input;
mod behaviour;
mod config;
mod corpus;
mod evaluation;
mod faults;
mod formats;
mod help;
mod inspect;
mod interrupted;
mod lake;
mod opinions;
mod presets;
mod promises;
mod schema;
mod support;
mod taxonomy;
mod themes;
