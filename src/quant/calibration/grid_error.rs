//! The squared error of rounding a histogram's values to the codes of a range.

use super::histogram::Bins;

/// Squared errors of ranges of bins, for values spread evenly inside their bins. In units of bins, so that
/// only ranges of one histogram can be compared.
#[derive(Debug)]
pub(super) struct GridError<'a> {
    counts: &'a [u64],
    /// Steps between the first code's value and the last's.
    steps: f64,
    /// Of the bins up to each: their values' number, sum, and sum of squares.
    moments: Vec<[f64; 3]>,
}

impl<'a> GridError<'a> {
    pub(super) fn new(bins: &'a Bins, levels: u16) -> Self {
        let mut sum = [0.0; 3];
        let mut moments = vec![sum];
        for (bin, &count) in bins.counts.iter().enumerate() {
            let (n, center) = (count as f64, bin as f64 + 0.5);
            // a value's variance inside its bin is 1 / 12
            let terms = [n, n * center, n * (center * center + 1.0 / 12.0)];
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            moments.push(sum);
        }
        Self { counts: &bins.counts, steps: f64::from(levels - 1), moments }
    }

    /// The squared error of all values if codes stand for even steps from edge `start` to edge `end`; what is
    /// at least `bound` may be anything that is.
    ///
    /// A stretch from `b` to `e` around a code's value, with `density` values a unit, adds
    /// `density (e^3 - b^3) / 3` (FBGEMM's and PyTorch's search does the same).
    pub(super) fn of(&self, (start, end): (usize, usize), bound: f64) -> f64 {
        let mut error = self.clipped(start, end);
        if error >= bound {
            return error;
        }
        let step = (end - start) as f64 / self.steps;
        let half = step / 2.0;
        let whole = half.powi(3) * 2.0 / 3.0;
        for (bin, &count) in self.counts[start..end].iter().enumerate() {
            if count == 0 {
                continue;
            }
            let (begin, end) = (bin as f64, bin as f64 + 1.0);
            let code = |x: f64| (x / step + 0.5).floor().min(self.steps);
            let (low, high) = (code(begin), code(end));
            let (from, to) = (begin - low * step, end - high * step);
            let cubes = to.powi(3) - from.powi(3);
            // up to half a step behind the first code, whole steps, and from half a step before the last one
            error += count as f64 * (cubes / 3.0 + (high - low) * whole);
            if error >= bound {
                return error;
            }
        }
        error
    }

    /// The part of the values outside, which the first and the last code stand for.
    fn clipped(&self, start: usize, end: usize) -> f64 {
        let from = |edge: usize, [n, sum, squares]: [f64; 3]| {
            let edge = edge as f64;
            (squares - edge * (2.0 * sum - edge * n)).max(0.0)
        };
        let [below, inside_too, all] = [start, end, self.counts.len()].map(|bin| self.moments[bin]);
        let above = [0, 1, 2].map(|moment: usize| all[moment] - inside_too[moment]);
        from(start, below) + from(end, above)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use approx::abs_diff_eq;

    use super::super::histogram::Histogram;
    use super::*;

    /// The same by brute force: every bin as many values evenly spread, each rounded to the nearest code.
    pub(in super::super) fn brute_force(bins: &Bins, (start, end): (usize, usize), levels: u16) -> f64 {
        const POINTS: u32 = 400;
        let step = (end - start) as f64 / f64::from(levels - 1);
        let mut error = 0.0;
        for (bin, &count) in bins.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            for point in 0..POINTS {
                let x = bin as f64 + (f64::from(point) + 0.5) / f64::from(POINTS) - start as f64;
                let code = (x / step).round().clamp(0.0, f64::from(levels - 1));
                error += (x - code * step).powi(2) * count as f64 / f64::from(POINTS);
            }
        }
        error
    }

    #[test]
    fn errors_are_those_of_values_rounded_one_by_one() {
        let mut histogram = Histogram::default();
        histogram.add(&[-7.0, -1.5, -1.25, 0.0, 0.25, 0.5, 0.5, 3.0, 3.5, 9.0]);
        for levels in [2, 3, 16, 256] {
            // few bins, which codes are finer than, and many
            for limit in [f64::INFINITY, 0.1] {
                let bins = histogram.within((-limit, limit));
                let errors = GridError::new(&bins, levels);
                for range in bins.ranges(97) {
                    let (found, wanted) =
                        (errors.of(range, f64::INFINITY), brute_force(&bins, range, levels));
                    let near = abs_diff_eq!(found, wanted, epsilon = 1e-3 * wanted + 1e-4);
                    assert!(near, "{levels} levels, {range:?}: {found}, {wanted}");
                }
            }
        }
    }

    #[test]
    fn a_bound_cuts_nothing_short_that_is_below() {
        let mut histogram = Histogram::default();
        histogram.add(&[-1.0, 0.3, 0.5, 0.75, 1.0]);
        let bins = histogram.within((f64::NEG_INFINITY, f64::INFINITY));
        let errors = GridError::new(&bins, 16);
        let error = errors.of(bins.all(), f64::INFINITY);
        assert_eq!(errors.of(bins.all(), error * 1.001), error);
        assert!(errors.of(bins.all(), error * 0.5) >= error * 0.5);
    }
}
