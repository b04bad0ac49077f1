//! How close are two vectors? Input: slices of f32 of one length. Output: products and lengths whose sums run in a fixed order, so that no thread count
//! and no processor changes a bit.

/// The inner product, summed in eight lanes.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (left, right) = (a.as_chunks::<8>().1, b.as_chunks::<8>().1);
    let rest: f32 = left.iter().zip(right).map(|(x, y)| x * y).sum();
    let [a, b, c, d, e, f, g, h] = lanes(a, b);
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

/// The sums of every eighth product. Kept apart: seen together with the additions of `dot`, the compiler turns the lanes round in every step
/// so that those come out even, and takes three times as long.
#[inline(never)]
fn lanes(a: &[f32], b: &[f32]) -> [f32; 8] {
    let mut sums = [0.0; 8];
    for (x, y) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums
}

/// Makes a vector of unit length; one without length stays as it is.
pub(super) fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > f32::MIN_POSITIVE {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

/// Adds `weight` times a vector.
pub(super) fn add(sum: &mut [f32], vector: &[f32], weight: f32) {
    sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += weight * x);
}

/// Cuts a figure to five decimals: what is written to a file is then what was computed with, and short to read.
pub(super) fn rounded(x: f32) -> f32 {
    let cut = (f64::from(x) * 1e5).round() / 1e5;
    // Never minus zero: it would be another text for the same figure.
    cut as f32 + 0.0
}

/// The place of the greatest value and that value; the first of equals. None when there is none.
pub(super) fn greatest(values: impl Iterator<Item = f32>) -> Option<(usize, f32)> {
    values.enumerate().fold(None, |best, (at, value)| match best {
        Some((_, most)) if most >= value => best,
        _ => Some((at, value)),
    })
}

/// Points of one dimension, row after row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Points {
    values: Vec<f32>,
    width: usize,
}

impl Points {
    /// Rows of `width` figures each; `width` is at least 1.
    pub(super) fn new(values: Vec<f32>, width: usize) -> Self {
        Self {
            values,
            width: width.max(1),
        }
    }

    /// Rows of equal length.
    pub(super) fn of(rows: Vec<Vec<f32>>) -> Self {
        let width = rows.first().map_or(1, Vec::len);
        Self::new(rows.concat(), width)
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() / self.width
    }

    pub(super) fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.width..(at + 1) * self.width]
    }

    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// The nearest row by inner product, and that product.
    pub(super) fn nearest(&self, vector: &[f32]) -> Option<(usize, f32)> {
        greatest(self.rows().map(|row| dot(row, vector)))
    }
}
