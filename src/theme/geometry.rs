//! Vector arithmetic in f32. Sums run in a fixed order, so that results are bit-identical for any thread count and processor.

/// Inner product, summed in eight lanes.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (left, right) = (a.as_chunks::<8>().1, b.as_chunks::<8>().1);
    let rest: f32 = left.iter().zip(right).map(|(x, y)| x * y).sum();
    let [a, b, c, d, e, f, g, h] = lanes(a, b);
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

/// Sums of every eighth product. A separate function, because the compiler would otherwise rotate the lanes in every step together with the additions
/// of `dot`, which takes three times as long.
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

/// Scales a vector to unit length; a zero vector stays as it is.
pub(super) fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > f32::MIN_POSITIVE {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

/// Adds `weight` times `vector` to `sum`.
pub(super) fn add(sum: &mut [f32], vector: &[f32], weight: f32) {
    sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += weight * x);
}

/// Rounds to five decimals, so that the computed value equals the value in the file.
pub(super) fn rounded(x: f32) -> f32 {
    let cut = (f64::from(x) * 1e5).round() / 1e5;
    // Avoids minus zero, which would be another text for the same number.
    cut as f32 + 0.0
}

/// Index and value of the maximum, the first among equals; none for an empty input.
pub(super) fn greatest(values: impl Iterator<Item = f32>) -> Option<(usize, f32)> {
    values.enumerate().fold(None, |best, (at, value)| match best {
        Some((_, most)) if most >= value => best,
        _ => Some((at, value)),
    })
}

/// Points of equal dimension, stored row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Points {
    values: Vec<f32>,
    width: usize,
}

impl Points {
    /// Creates points from rows of `width` values each; `width` is at least 1.
    pub(super) fn new(values: Vec<f32>, width: usize) -> Self {
        Self {
            values,
            width: width.max(1),
        }
    }

    /// Creates points from rows of equal length.
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
