//! The range with the least squared error.

use super::grid_error::GridError;
use super::histogram::Bins;

/// The best of all ranges that 0 lies in.
pub(super) fn exact(bins: &Bins, levels: u16) -> (usize, usize) {
    let errors = GridError::new(bins, levels);
    // a good range first: most others are then given up early
    let mut best = walk(bins, &errors);
    let mut least = errors.of(best, f64::INFINITY);
    for range in bins.ranges(1) {
        let error = errors.of(range, least);
        if error < least {
            (best, least) = (range, error);
        }
    }
    best
}

/// A good range, found by a walk (`L2_APPROX`).
pub(super) fn approximate(bins: &Bins, levels: u16) -> (usize, usize) {
    walk(bins, &GridError::new(bins, levels))
}

/// Walks from all values inward, by the bound that gives up more bins for another 1e-5 of the values, until
/// the error rises. A bound stops at 0, which must stay inside.
fn walk(bins: &Bins, errors: &GridError<'_>) -> (usize, usize) {
    const SHARE: f64 = 1e-5;
    let mut upto = 0;
    let cumulated: Vec<u64> = (bins.counts.iter())
        .map(|count| {
            upto += count;
            upto
        })
        .collect();
    let total = upto as f64;
    let (mut start, mut end) = bins.all();
    let (mut below, mut above) = (0.0, 0.0);
    let mut least = errors.of((start, end), f64::INFINITY);
    while below + above < 1.0 {
        // edges that leave no more than a share of the values outside
        let mass = |share: f64| share * total;
        let low = cumulated[..bins.zero].partition_point(|&upto| upto as f64 <= mass(below + SHARE));
        let outside = |upto: u64| total - upto as f64;
        let high = cumulated.partition_point(|&upto| outside(upto) > mass(above + SHARE)) + 1;
        let low = low.clamp(start, end - 1);
        let high = high.max(bins.zero).clamp(low + 1, end);
        let next = if low - start > end - high {
            below += SHARE;
            (low, end)
        } else {
            above += SHARE;
            (start, high)
        };
        if next == (start, end) {
            continue;
        }
        let error = errors.of(next, f64::INFINITY);
        if error > least {
            break;
        }
        (start, end) = next;
        least = error;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::super::grid_error::tests::brute_force;
    use super::super::histogram::tests::bins;
    use super::*;

    #[test]
    fn the_exact_search_finds_the_best_of_all_ranges() {
        for (levels, zero, counts) in [
            (4, 3, vec![1, 0, 3, 20, 31, 0, 16, 4, 1, 0, 0, 1]),
            (8, 0, vec![90, 40, 20, 10, 5, 3, 2, 1, 1, 1, 0, 0, 0, 0, 1]),
            (5, 11, vec![1, 0, 0, 0, 0, 7, 4, 9, 22, 14, 3, 0]),
            (2, 0, vec![3]),
            (16, 6, vec![5; 13]),
        ] {
            let bins = bins(zero, counts);
            let all = |range| brute_force(&bins, range, levels);
            let least = bins.ranges(1).map(all).fold(f64::INFINITY, f64::min);
            let found = exact(&bins, levels);
            assert!(found.0 <= zero && zero <= found.1);
            assert!(all(found) <= least * 1.001 + 1e-4, "{found:?}: {} of {least}", all(found));
            // the walk is never worse than all values, nor better than the best
            let walked = all(approximate(&bins, levels));
            assert!(walked <= all(bins.all()) * 1.001 + 1e-4 && walked >= all(found) * 0.999 - 1e-4);
        }
    }

    #[test]
    fn the_walk_gives_an_outlier_up() {
        let mut counts = vec![0; 1000];
        counts[..100].fill(50_000);
        counts[999] = 1;
        assert_eq!(approximate(&bins(50, counts.clone()), 256), (0, 100));
        counts.reverse();
        assert_eq!(approximate(&bins(950, counts), 256), (900, 1000));
    }
}
