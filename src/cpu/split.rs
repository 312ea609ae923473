//! Cuts a slice into disjoint pieces that tasks may write at the same time.

/// The pieces that end at each of `ends`, which must not fall.
pub(crate) fn split_at_all<T>(mut slice: &mut [T], ends: impl IntoIterator<Item = usize>) -> Vec<&mut [T]> {
    let mut at = 0;
    ends.into_iter()
        .map(|end| {
            let (piece, rest) = std::mem::take(&mut slice).split_at_mut(end - at);
            (slice, at) = (rest, end);
            piece
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_may_be_empty() {
        let mut data = [1, 2, 3, 4];
        let pieces = split_at_all(&mut data, [0, 1, 1, 3]);
        assert_eq!(pieces, [&[][..], &[1], &[], &[2, 3]]);
    }
}
