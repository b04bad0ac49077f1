//! Text that is edited in stages and keeps its alignment with the original comment.
//!
//! An [`Editor`] takes edits in ascending order and builds the next [`Draft`], whose runs map every byte to Unicode scalars of the original. A stage
//! without edits returns nothing, so it costs no copy.

use std::ops::Range;

/// Exact runs are split into pieces of about this many bytes, so that a look-up never counts more characters than that.
const CHECKPOINT_BYTES: usize = 256;

/// A stretch of text and the original scalars it stands for. It ends where the next run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// First byte in the draft's text.
    at: usize,
    /// Scalars of the original: first, and one past the last.
    from: usize,
    to: usize,
    /// True when each character stands for exactly one original scalar. Otherwise the run as a whole stands for all of them.
    exact: bool,
}

/// A text between original and clean, with its alignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    text: String,
    runs: Vec<Run>,
}

impl Draft {
    pub(super) fn new(original: &str) -> Self {
        let runs = match original.chars().count() {
            0 => Vec::new(),
            to => vec![Run {
                at: 0,
                from: 0,
                to,
                exact: true,
            }],
        };
        Self {
            text: original.to_owned(),
            runs,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Builds the index for many look-ups, see [`Draft::original_span`].
    pub(super) fn indexed(mut self) -> Self {
        self.text.shrink_to_fit();
        if self.text.len() <= CHECKPOINT_BYTES {
            return self;
        }
        let mut runs = Vec::with_capacity(self.runs.len() + self.text.len() / CHECKPOINT_BYTES);
        for (index, run) in self.runs.iter().enumerate() {
            let end = self.run_end(index);
            let mut piece = *run;
            while run.exact && end - piece.at > CHECKPOINT_BYTES {
                let at = self.text.floor_char_boundary(piece.at + CHECKPOINT_BYTES);
                let middle = piece.from + self.text[piece.at..at].chars().count();
                runs.push(Run { to: middle, ..piece });
                piece = Run {
                    at,
                    from: middle,
                    ..piece
                };
            }
            runs.push(piece);
        }
        self.runs = runs;
        self
    }

    /// Maps a byte range of the text to scalars of the original. Bytes past the end, inside a character or in the wrong order are moved to the
    /// nearest valid position.
    pub(super) fn original_span(&self, bytes: Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(bytes.start);
        let end = self.text.ceil_char_boundary(bytes.end);
        if start >= end || bytes.is_empty() {
            let place = self
                .run_at(start)
                .map_or_else(|| self.original_end(), |run| self.scalar(run, start).start);
            return place..place;
        }
        let (Some(first), Some(last)) = (self.run_at(start), self.run_at(self.text.floor_char_boundary(end - 1)))
        else {
            return self.original_end()..self.original_end();
        };
        self.scalar(first, start).start..self.scalar(last, self.text.floor_char_boundary(end - 1)).end
    }

    /// The original scalars of the character at `byte`, which lies in `run`.
    fn scalar(&self, run: Run, byte: usize) -> Range<usize> {
        if !run.exact {
            return run.from..run.to;
        }
        let scalar = run.from + self.text[run.at..byte].chars().count();
        scalar..scalar + 1
    }

    fn run_at(&self, byte: usize) -> Option<Run> {
        if byte >= self.text.len() {
            return None;
        }
        let index = self.runs.partition_point(|run| run.at <= byte);
        self.runs.get(index.checked_sub(1)?).copied()
    }

    fn run_end(&self, index: usize) -> usize {
        self.runs.get(index + 1).map_or(self.text.len(), |next| next.at)
    }

    fn original_end(&self) -> usize {
        self.runs.last().map_or(0, |run| run.to)
    }
}

/// Builds the next draft from edits in ascending order.
pub(super) struct Editor<'a> {
    source: &'a Draft,
    next: Draft,
    /// Position in the source up to which it has been consumed: byte, run, and original scalar when that run is exact.
    byte: usize,
    run: usize,
    scalar: usize,
    edited: bool,
}

impl<'a> Editor<'a> {
    pub(super) fn new(source: &'a Draft) -> Self {
        let scalar = source.runs.first().map_or(0, |run| run.from);
        let next = Draft {
            text: String::new(),
            runs: Vec::new(),
        };
        Self {
            source,
            next,
            byte: 0,
            run: 0,
            scalar,
            edited: false,
        }
    }

    /// Replaces `bytes` of the source with `with` and keeps the unedited text before it. Ranges must be ascending and on character boundaries; an
    /// empty `with` deletes the range.
    pub(super) fn replace(&mut self, bytes: Range<usize>, with: &str) {
        if bytes.is_empty() || bytes.start < self.byte || &self.source.text[bytes.clone()] == with {
            return;
        }
        if !self.edited {
            self.edited = true;
            self.next.text.reserve(self.source.text.len());
        }
        self.advance(bytes.start, true);
        let original = self.advance(bytes.end, false);
        if !with.is_empty() {
            self.push(with, original, false);
        }
    }

    /// Deletes a range of the source.
    pub(super) fn drop(&mut self, bytes: Range<usize>) {
        self.replace(bytes, "");
    }

    /// Returns the next draft, or nothing if no edit changed anything.
    pub(super) fn finish(mut self) -> Option<Draft> {
        if !self.edited {
            return None;
        }
        self.advance(self.source.text.len(), true);
        Some(self.next)
    }

    /// Consumes the source up to `end`, keeping or dropping it, and returns the original scalars it covered.
    fn advance(&mut self, end: usize, keep: bool) -> Range<usize> {
        let mut original = self.scalar..self.scalar;
        while self.byte < end && self.run < self.source.runs.len() {
            let run = self.source.runs[self.run];
            let run_end = self.source.run_end(self.run);
            let piece = &self.source.text[self.byte..end.min(run_end)];
            let scalars = if run.exact {
                self.scalar..self.scalar + piece.chars().count()
            } else {
                run.from..run.to
            };
            if original.is_empty() {
                original.start = scalars.start;
            }
            original.end = scalars.end;
            self.byte += piece.len();
            if self.byte == run_end {
                self.run += 1;
                self.scalar = self.source.runs.get(self.run).map_or(run.to, |next| next.from);
            } else if run.exact {
                self.scalar = scalars.end;
            }
            if keep {
                self.push(piece, scalars, run.exact);
            }
        }
        original
    }

    fn push(&mut self, text: &str, original: Range<usize>, exact: bool) {
        let joins = |last: &Run| exact && last.exact && last.to == original.start;
        match self.next.runs.last_mut().filter(|last| joins(last)) {
            Some(last) => last.to = original.end,
            None => {
                let at = self.next.text.len();
                self.next.runs.push(Run {
                    at,
                    from: original.start,
                    to: original.end,
                    exact,
                });
            }
        }
        self.next.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_lead_back_through_two_stages() {
        let original = Draft::new("їжа &amp; сервіс!!!!");
        let mut editor = Editor::new(&original);
        editor.replace(7..12, "&");
        let first = editor.finish().unwrap();
        assert_eq!(first.text(), "їжа & сервіс!!!!");
        let mut editor = Editor::new(&first);
        editor.drop(0..7);
        editor.drop(22..first.text().len());
        let second = editor.finish().unwrap().indexed();
        assert_eq!(second.text(), "& сервіс!");
        assert_eq!(second.original_span(0..1), 4..9);
        assert_eq!(second.original_span(2..4), 10..11);
        assert_eq!(second.original_span(0..second.text().len()), 4..17);
        assert_eq!(second.original_span(1..1), 9..9);
    }

    #[test]
    fn edits_that_change_nothing_leave_no_trace() {
        let draft = Draft::new("same");
        let mut editor = Editor::new(&draft);
        editor.replace(0..4, "same");
        editor.drop(2..2);
        assert_eq!(editor.finish(), None);
    }

    #[test]
    fn any_range_has_an_answer() {
        let draft = Draft::new("é").indexed();
        assert_eq!(draft.original_span(1..1), 0..0);
        assert_eq!(draft.original_span(0..1), 0..1);
        assert_eq!(draft.original_span(7..9), 1..1);
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = 2..0;
        assert_eq!(draft.original_span(reversed), 1..1);
        assert_eq!(Draft::new("").original_span(0..5), 0..0);
    }

    #[test]
    fn long_runs_are_counted_in_small_pieces() {
        let text = "ж".repeat(2000);
        let draft = Draft::new(&text).indexed();
        assert!(draft.runs.len() > 10);
        for scalar in [0, 1, 127, 128, 129, 1000, 1999] {
            assert_eq!(draft.original_span(2 * scalar..2 * scalar + 2), scalar..scalar + 1);
        }
    }
}
