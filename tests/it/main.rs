//! Tests of the whole program: each file holds one kind of promise.

#![allow(clippy::expect_used, missing_docs)] // in a test, what is not as expected ends it

mod answers;
mod bad_input;
mod formats;
mod help;
mod interrupted;
mod promises;
mod schema;
mod support;
mod taxonomy;
