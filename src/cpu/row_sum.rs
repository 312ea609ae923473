//! The fixed order of a sum over a row: column `c` goes to accumulator `c % 64`, which stands for lane `c / 4
//! % 16` and component `c % 4` of the shaders; a binary tree adds the lanes, then the components in pairs.

/// Sums `a[c] * b[c]` over the columns of a row.
#[inline(always)]
pub(crate) fn row_sum(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 64];
    let (blocks_a, tail_a) = a.as_chunks::<64>();
    let (blocks_b, tail_b) = b.as_chunks::<64>();
    for (a, b) in blocks_a.iter().zip(blocks_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(tail_a).zip(tail_b) {
        *sum += a * b;
    }
    tree(&mut sums)
}

/// Sums the columns of a row.
#[inline(always)]
pub(crate) fn row_total(values: &[f32]) -> f32 {
    let mut sums = [0.0f32; 64];
    let (blocks, tail) = values.as_chunks::<64>();
    for values in blocks {
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    sums.iter_mut().zip(tail).for_each(|(sum, value)| *sum += value);
    tree(&mut sums)
}

#[inline(always)]
fn tree(sums: &mut [f32; 64]) -> f32 {
    // in place and in slices: the compiler makes vectors of that, but not of arrays passed by value
    for half in [32, 16, 8, 4] {
        let (low, high) = sums.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
    }
    let [x, y, z, w, ..] = *sums;
    (x + y) + (z + w)
}

#[cfg(test)]
mod tests {
    use super::{row_sum, row_total};

    #[test]
    fn sums_every_column_once() {
        for len in [0, 1, 3, 4, 63, 64, 65, 200] {
            let a: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let ones = vec![1.0; len];
            let expected = (len * len.saturating_sub(1) / 2) as f32;
            assert_eq!(row_sum(&a, &ones), expected, "{len}");
            assert_eq!(row_total(&a), expected, "{len}");
        }
    }
}
