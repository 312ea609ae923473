//! Numbers in smaller types.

/// A number that fits `u32`, as the caller knows (and says, where it is not plain). Debug builds check it.
#[inline]
pub(crate) fn narrow<N>(number: N) -> u32
where
    N: Copy + std::fmt::Debug,
    u32: TryFrom<N>,
{
    let narrow = u32::try_from(number).ok();
    debug_assert!(narrow.is_some(), "{number:?} is no number of 32 bits");
    narrow.unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::narrow;

    #[test]
    fn what_fits_stays() {
        assert_eq!((narrow(7usize), narrow(u64::from(u32::MAX))), (7, u32::MAX));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "4294967296 is no number of 32 bits")]
    fn what_does_not_is_a_mistake() {
        narrow(1u64 << 32);
    }
}
