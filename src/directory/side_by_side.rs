//! Memory of several tables in one buffer, so that one dispatch reaches all of them.

use crate::Result;
use crate::device::{Buffer, Context};

/// Where a binding may begin on every device, and a bucket of a directory.
const ALIGNMENT: u64 = 256;

/// Ranges of these sizes in bytes, side by side in one buffer as long as that fits a binding, and then in
/// another one.
///
/// What lies between two ranges is less than [`ALIGNMENT`].
pub(crate) fn side_by_side(ctx: &Context, label: &str, sizes: &[u64]) -> Result<Vec<Buffer>> {
    let mut ranges = Vec::new();
    for offsets in places(sizes, ctx.limits().binding) {
        let sizes = &sizes[ranges.len()..][..offsets.len()];
        let end = offsets.iter().zip(sizes).map(|(offset, size)| offset + size).max();
        let whole = ctx.allocate(label, end.unwrap_or(0))?;
        ranges.extend(offsets.iter().zip(sizes).map(|(&offset, &size)| whole.part(offset, size)));
    }
    Ok(ranges)
}

/// Where ranges of these sizes begin, of each buffer.
fn places(sizes: &[u64], limit: u64) -> Vec<Vec<u64>> {
    let (mut all, mut end) = (Vec::<Vec<u64>>::new(), 0u64);
    for &size in sizes {
        let begin = end.next_multiple_of(ALIGNMENT);
        match all.last_mut() {
            Some(buffer) if begin + size <= limit => {
                buffer.push(begin);
                end = begin + size;
            }
            _ => {
                all.push(vec![0]);
                end = size;
            }
        }
    }
    all
}

/// Items by the buffer that each has a range of: the whole of it, and the items in their order.
pub(crate) fn together<T>(
    items: impl IntoIterator<Item = T>,
    range: impl Fn(&T) -> Buffer,
) -> Vec<(Buffer, Vec<T>)> {
    let mut all = Vec::<(Buffer, Vec<T>)>::new();
    for item in items {
        let whole = range(&item).whole();
        match all.iter_mut().find(|(buffer, _)| buffer.same_memory(&whole)) {
            Some((_, items)) => items.push(item),
            None => all.push((whole, vec![item])),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_do_not_overlap_and_are_found_together() -> Result<()> {
        let ctx = Context::cpu();
        let ranges = side_by_side(&ctx, "test", &[4, 0, 260, 8])?;
        assert_eq!(
            ranges.iter().map(|r| (r.offset, r.size)).collect::<Vec<_>>(),
            [(0, 4), (256, 0), (256, 260), (768, 8)]
        );
        let apart = side_by_side(&ctx, "test", &[8])?;
        let all = [&ranges[0], &apart[0], &ranges[3]];
        let groups = together(all, |&range| range.clone());
        assert_eq!(
            groups.iter().map(|(whole, of)| (whole.size(), of.len())).collect::<Vec<_>>(),
            [(776, 2), (16, 1)]
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_a_binding_begins_another_buffer() {
        assert_eq!(places(&[4, 744, 4, 1000, 100, 0], 1000), [vec![0, 256], vec![0], vec![0], vec![0, 256]]);
        assert_eq!(places(&[], 1000), Vec::<Vec<u64>>::new());
    }
}
