//! Walks the segments of a jagged tensor.

use std::ops::Range;

/// The segments that the values of a range lie in, each with its part of the range; `begins` are their
/// offsets, as many as segments or one more.
pub(crate) fn segments_of(
    begins: &[u32],
    range: Range<usize>,
) -> impl Iterator<Item = (usize, Range<usize>)> {
    // the last that begins at or before the first value: empty ones before it begin there too
    let mut segment = begins.partition_point(|&begin| begin as usize <= range.start).saturating_sub(1);
    let mut at = range.start;
    std::iter::from_fn(move || {
        while at < range.end {
            let end = begins.get(segment + 1).map_or(range.end, |&end| range.end.min(end as usize));
            let found = (segment, at..end);
            (segment, at) = (segment + 1, end.max(at));
            if !found.1.is_empty() {
                return Some(found);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_segments_are_left_out() {
        let begins = [0, 0, 3, 3, 3, 5, 6, 6];
        let parts = |range| segments_of(&begins, range).collect::<Vec<_>>();
        assert_eq!(parts(0..6), [(1, 0..3), (4, 3..5), (5, 5..6)]);
        assert_eq!(parts(2..4), [(1, 2..3), (4, 3..4)]);
        assert_eq!(parts(3..3), []);
    }
}
