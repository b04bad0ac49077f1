//! Raw comment -> clean text, language, opinion units.
