//! Tests of the whole program: each file holds one kind of promise.

mod answers;
mod bad_input;
mod formats;
mod help;
mod interrupted;
mod promises;
mod schema;
mod support;
