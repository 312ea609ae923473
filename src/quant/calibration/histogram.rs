//! A histogram whose range grows with what it is shown.

use crate::quant::ActivationRange;

/// Bins at most: as many as PyTorch's `HistogramObserver` has.
const BINS: i64 = 2048;

/// How often values fall into bins of one width.
///
/// The width is a power of two and one bin begins at 0, so that bins are halved in number, two becoming one,
/// without guessing where a bin's values lie: a histogram is the same in whatever batches and order its
/// values come. Its bins reach from the least to the greatest value and to 0, which must have a code of its
/// own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Histogram {
    /// The binary logarithm of the bins' width.
    exponent: i32,
    /// The first bin begins at this number of widths.
    first: i64,
    counts: Vec<u64>,
    /// Of all values and 0.
    min: f64,
    max: f64,
}

impl Histogram {
    /// Adds values, all of them finite.
    pub(super) fn add(&mut self, values: &[f32]) {
        let of = |pick: fn(f32, f32) -> f32| f64::from(values.iter().copied().fold(0.0, pick));
        self.reach(of(f32::min), of(f32::max));
        let scale = (-f64::from(self.exponent)).exp2();
        for &value in values {
            // inside by now
            let bin = usize::try_from(bin(value.into(), scale) - self.first).unwrap_or(0);
            self.counts[bin] += 1;
        }
    }

    /// Makes room for values from `min` to `max`.
    fn reach(&mut self, min: f64, max: f64) {
        let (min, max) = (self.min.min(min), self.max.max(max));
        let bins = |exponent: i32| {
            let scale = (-f64::from(exponent)).exp2();
            (bin(min, scale), bin(max, scale))
        };
        let mut exponent = self.exponent;
        if self.counts.is_empty() {
            // the width of a bin if all were used; what is not above 0 is as good as the least width there is
            let width = ((max - min) / BINS as f64).max(f64::from(f32::from_bits(1)));
            #[expect(clippy::cast_possible_truncation, reason = "the logarithm of an f32, about")]
            let floor = width.log2().floor() as i32;
            exponent = floor;
        }
        let (mut first, mut last) = bins(exponent);
        while last.saturating_sub(first) >= BINS {
            exponent += 1;
            (first, last) = bins(exponent);
        }
        let mut counts = vec![0; usize::try_from(last - first + 1).unwrap_or(1)];
        // beyond 63 all bins but the two at 0 are gone
        let halvings = (exponent - self.exponent).min(63);
        for (old, count) in (self.first..).zip(&self.counts) {
            counts[usize::try_from((old >> halvings) - first).unwrap_or(0)] += count;
        }
        *self = Self { exponent, first, counts, min, max };
    }

    /// The bins within `low .. high`, which 0 lies in; values outside are taken for the nearest inside.
    pub(super) fn within(&self, (low, high): (f64, f64)) -> Bins {
        let width = f64::from(self.exponent).exp2();
        let inside = |bin: i64| (bin + 1) as f64 * width > low && (bin as f64 * width) < high;
        // the bin that begins at 0 is always there, and inside
        let (mut zero, mut below, mut counts) = (0, 0, Vec::<u64>::new());
        for (bin, &count) in (self.first..).zip(&self.counts) {
            match (inside(bin), counts.last_mut()) {
                (true, _) => {
                    zero += usize::from(bin < 0);
                    counts.push(count);
                }
                (false, Some(last)) => *last += count,
                (false, None) => below += count,
            }
        }
        counts[0] += below;
        Bins { width, zero, counts, min: self.min.max(low), max: self.max.min(high) }
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// The bin that a value is in, where `scale` is one over the width.
fn bin(value: f64, scale: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "what is beyond i64 is far more than BINS off 0")]
    let bin = (value * scale).floor() as i64;
    bin
}

/// Bins that a range is chosen from: those from `start` to `end` make the range from edge `start` to edge
/// `end`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    pub(super) width: f64,
    /// Which bin's beginning is 0.
    pub(super) zero: usize,
    /// At least one.
    pub(super) counts: Vec<u64>,
    min: f64,
    max: f64,
}

impl Bins {
    /// The range of all bins.
    pub(super) fn all(&self) -> (usize, usize) {
        (0, self.counts.len())
    }

    /// All ranges `start .. end` that 0 lies in, the widest ones first, with starts and ends `step` bins
    /// apart.
    pub(super) fn ranges(&self, step: usize) -> impl Iterator<Item = (usize, usize)> {
        let (zero, all) = (self.zero, self.counts.len());
        let ends = move |start| (zero.max(start + 1)..=all).rev().step_by(step).map(move |end| (start, end));
        (0..=zero).step_by(step).flat_map(ends)
    }

    /// The range of the bins `start .. end`, no wider than what was seen.
    pub(super) fn range(&self, (start, end): (usize, usize)) -> ActivationRange {
        let edge = |bin: usize| (bin as f64 - self.zero as f64) * self.width;
        #[expect(clippy::cast_possible_truncation, reason = "within f32, and no better than a bin's width")]
        let range =
            ActivationRange { min: edge(start).max(self.min) as f32, max: edge(end).min(self.max) as f32 };
        range
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bins of width 1, of which the one that begins at 0 is number `zero`.
    pub(in super::super) fn bins(zero: usize, counts: Vec<u64>) -> Bins {
        let (min, max) = (-(zero as f64), (counts.len() - zero) as f64);
        Bins { width: 1.0, zero, counts, min, max }
    }

    fn of<'a>(batches: impl IntoIterator<Item = &'a [f32]>) -> Histogram {
        let mut histogram = Histogram::default();
        batches.into_iter().for_each(|batch| histogram.add(batch));
        histogram
    }

    const VALUES: [f32; 9] = [0.001, -0.002, 0.0, 3.0, 1e-41, -700.0, 12.5, 2e38, -0.5];

    #[test]
    fn batches_and_their_order_make_no_difference() {
        for upto in 1..=VALUES.len() {
            let values = &VALUES[..upto];
            let whole = of([values]);
            assert_eq!(of(values.chunks(1)), whole);
            assert_eq!(of(values.rchunks(2).rev()), whole);
            assert_eq!(of(values.chunks(2).rev()), whole);
        }
    }

    #[test]
    fn every_value_is_counted_in_its_bin() {
        for upto in 1..=VALUES.len() {
            let (values, histogram) = (&VALUES[..upto], of(VALUES[..upto].chunks(1)));
            assert!(histogram.counts.len() <= 2048);
            let width = f64::from(histogram.exponent).exp2();
            for (bin, &count) in (histogram.first..).zip(&histogram.counts) {
                let span = bin as f64 * width..(bin + 1) as f64 * width;
                let inside = values.iter().filter(|&&value| span.contains(&f64::from(value))).count();
                assert_eq!(count, inside as u64, "{span:?}");
            }
        }
        // as fine as the range allows
        assert!(of([&[0.0, 1.0][..]]).counts.len() > 1024 && of([&[0.0, 0.99][..]]).counts.len() > 1024);
    }

    #[test]
    fn what_lies_outside_the_limits_goes_to_the_nearest_bin() {
        let histogram = of([&[-3.0, -1.0, 0.0, 0.5, 2.0, 7.0][..]]);
        let all = histogram.within((f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(all.counts, histogram.counts);
        assert_eq!(all.range(all.all()), ActivationRange { min: -3.0, max: 7.0 });
        let relu = histogram.within((0.0, f64::INFINITY));
        assert_eq!((relu.zero, relu.counts[0], relu.counts.iter().sum()), (0, 3, 6));
        assert_eq!(relu.range(relu.all()), ActivationRange { min: 0.0, max: 7.0 });
        let both = histogram.within((-1.5, 1.5));
        assert_eq!((both.counts[0], both.counts.last(), both.counts.iter().sum()), (1, Some(&2), 6));
        assert_eq!(both.range(both.all()), ActivationRange { min: -1.5, max: 1.5 });
        // nothing below 0, nothing above
        assert_eq!(of([&[2.0f32, 4.0][..]]).within((-1.0, 1.0)).zero, 0);
        let below = of([&[-2.0f32, -4.0][..]]).within((f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(below.range(below.all()), ActivationRange { min: -4.0, max: 0.0 });
        assert!(below.ranges(1).all(|(start, end)| start <= below.zero && below.zero <= end && start < end));
    }
}
