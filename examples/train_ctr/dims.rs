//! The columns that ids keep against how often they occurred, in bins of occurrences.

use std::path::Path;

use crate::columns::{self, Line};
use crate::picture::PlotError;
use crate::upkeep::Kept;

/// A bin ends where ids occurred this many times as often as its first.
const BIN: f64 = 1.3;

/// Draws the columns and writes them to `path`; vectors have `dim` of them.
pub fn write(path: &Path, dim: usize, kept: &[Kept]) -> Result<(), PlotError> {
    let line = Line { name: "ids with a row".to_owned(), color: "#1f6fb4", width: 2.0, points: bins(kept) };
    // a dim that no u32 holds was an error of the tables
    columns::write(path, "occurrences of an id", u32::try_from(dim).unwrap_or(u32::MAX), vec![line])
}

/// The mean occurrences and columns of the ids of each bin; ids that did not occur in this run have none.
fn bins(kept: &[Kept]) -> Vec<(f64, f64)> {
    let mut kept: Vec<Kept> = kept.iter().copied().filter(|kept| kept.occurrences > 0).collect();
    kept.sort_unstable_by_key(|kept| kept.occurrences);
    let (mut bins, mut rest) = (Vec::new(), &kept[..]);
    while let Some(first) = rest.first() {
        let last = (first.occurrences as f64 * BIN).floor();
        let len = rest.partition_point(|kept| kept.occurrences as f64 <= last);
        let (bin, behind) = rest.split_at(len);
        let mean = |of: &dyn Fn(&Kept) -> f64| bin.iter().map(of).sum::<f64>() / bin.len() as f64;
        bins.push((mean(&|kept| kept.occurrences as f64), mean(&|kept| f64::from(kept.columns))));
        rest = behind;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_means_of_like_occurrences() {
        let kept = [(0, 16), (12, 4), (1, 0), (10, 8), (100, 16), (1, 4), (14, 16)];
        let kept = kept.map(|(occurrences, columns)| Kept { occurrences, columns });
        assert_eq!(bins(&kept), [(1.0, 2.0), (11.0, 6.0), (14.0, 16.0), (100.0, 16.0)]);
        assert!(bins(&[]).is_empty());
    }
}
