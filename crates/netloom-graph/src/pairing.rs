//! Two sequences paired in order for the greatest gain, for whoever compares operators.

/// The order-keeping pairing of greatest gain of two sequences of some lengths, by index; a pair without gain is none, and
/// among equals pairs stand as early as they can. Takes time and room in proportion to the product of the lengths.
pub(crate) fn best((n, m): (usize, usize), mut gain: impl FnMut(usize, usize) -> u64) -> Vec<(usize, usize)> {
    let at = |i: usize, j: usize| i * (m + 1) + j;
    let mut gains = vec![0u64; n * m];
    // The greatest gain of what is left from here on.
    let mut rest = vec![0u64; (n + 1) * (m + 1)];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            let gain = gain(i, j);
            gains[i * m + j] = gain;
            let paired = if gain > 0 { gain + rest[at(i + 1, j + 1)] } else { 0 };
            rest[at(i, j)] = paired.max(rest[at(i + 1, j)]).max(rest[at(i, j + 1)]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < n && j < m {
        let gain = gains[i * m + j];
        if gain > 0 && rest[at(i, j)] == gain + rest[at(i + 1, j + 1)] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if rest[at(i, j)] == rest[at(i + 1, j)] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}
