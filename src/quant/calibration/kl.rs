//! The range whose codes are distributed most like the values.

use super::histogram::Bins;

/// Starts and ends tried, at most, between the first bin and the last.
const STEPS: usize = 128;

/// The range with the least Kullback-Leibler divergence of the values, those outside taken for the nearest
/// inside, from what their codes say of them: each code's share, evenly over the bins of its that hold
/// values. What lies outside is not counted there, so that to clip has its price (the search of TensorRT); a
/// bin that holds nothing else counts as one value.
///
/// Ranges of less bins than codes lose nothing and are not tried.
pub(super) fn search(bins: &Bins, levels: u16) -> (usize, usize) {
    let (mut best, mut least) = (bins.all(), f64::INFINITY);
    let step = bins.counts.len().div_ceil(STEPS);
    for range in bins.ranges(step).filter(|(start, end)| end - start >= levels.into()) {
        let found = divergence(bins, range, levels);
        if found < least {
            (best, least) = (range, found);
        }
    }
    best
}

fn divergence(bins: &Bins, (start, end): (usize, usize), levels: u16) -> f64 {
    let sum = |counts: &[u64]| counts.iter().sum::<u64>();
    let last = end - start - 1;
    let mut outside = vec![0; end - start];
    outside[0] += sum(&bins.counts[..start]);
    outside[last] += sum(&bins.counts[end..]);
    let mut inside = bins.counts[start..end].to_vec();
    for bin in [0, last] {
        inside[bin] = inside[bin].max(outside[bin].min(1));
    }
    let (total, coded) = (sum(&bins.counts) as f64, sum(&inside) as f64);
    let edge = |code: usize| code * inside.len() / usize::from(levels);
    let mut divergence = 0.0;
    for code in 0..usize::from(levels) {
        let mine = edge(code)..edge(code + 1);
        let holding = inside[mine.clone()].iter().filter(|&&count| count > 0).count();
        let share = sum(&inside[mine.clone()]) as f64 / holding as f64 / coded;
        for (bin, &count) in mine.clone().zip(&bins.counts[start + mine.start..]) {
            let values = (count + outside[bin]) as f64 / total;
            if values > 0.0 {
                divergence += values * (values / share).ln();
            }
        }
    }
    divergence
}

#[cfg(test)]
mod tests {
    use approx::{abs_diff_eq, assert_abs_diff_eq};

    use super::super::histogram::tests::bins;
    use super::*;

    /// By the definition, over whole distributions.
    fn oracle(counts: &[u64], (start, end): (usize, usize), levels: usize) -> f64 {
        let mut inside = counts[start..end].to_vec();
        let mut values: Vec<f64> = inside.iter().map(|&count| count as f64).collect();
        for (bin, outside) in [(0, &counts[..start]), (inside.len() - 1, &counts[end..])] {
            let outside: u64 = outside.iter().sum();
            values[bin] += outside as f64;
            inside[bin] += u64::from(inside[bin] == 0 && outside > 0);
        }
        let code_of = |bin: usize| (0..levels).rfind(|code| code * inside.len() / levels <= bin);
        let mut codes = vec![0.0; inside.len()];
        for (bin, value) in codes.iter_mut().enumerate().filter(|(bin, _)| inside[*bin] > 0) {
            let mine = (0..inside.len()).filter(|&other| code_of(other) == code_of(bin) && inside[other] > 0);
            let mine: Vec<f64> = mine.map(|other| inside[other] as f64).collect();
            *value = mine.iter().sum::<f64>() / mine.len() as f64;
        }
        let normal = |all: Vec<f64>| {
            let sum: f64 = all.iter().sum();
            all.into_iter().map(move |value| value / sum)
        };
        normal(values).zip(normal(codes)).filter(|(p, _)| *p > 0.0).map(|(p, q)| p * (p / q).ln()).sum()
    }

    #[test]
    fn the_search_finds_the_least_divergence() {
        for (zero, counts) in [
            (2, vec![1, 7, 9, 30, 12, 0, 4, 4, 1, 0, 0, 1]),
            (0, vec![50, 40, 30, 20, 10, 5, 3, 2, 1, 0, 0, 0, 0, 1, 0, 2]),
        ] {
            let bins = bins(zero, counts.clone());
            let tried = || bins.ranges(1).filter(|(start, end)| end - start >= 4);
            for range in tried() {
                let (found, wanted) = (divergence(&bins, range, 4), oracle(&counts, range, 4));
                let alike = abs_diff_eq!(found, wanted, epsilon = 1e-12);
                assert!(alike, "{range:?}: {found}, {wanted}");
            }
            let least = tried().map(|range| oracle(&counts, range, 4)).fold(f64::INFINITY, f64::min);
            assert_abs_diff_eq!(oracle(&counts, search(&bins, 4), 4), least, epsilon = 1e-12);
        }
    }

    #[test]
    fn few_bins_are_kept_whole() {
        assert_eq!(search(&bins(1, vec![3, 1, 9]), 256), (0, 3));
    }
}
