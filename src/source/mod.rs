//! Any export file -> bounded batches in input order, every original column and row kept.
