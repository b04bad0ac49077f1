//! Clean texts -> scores.
