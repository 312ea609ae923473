//! The columns that ids keep against their frequency, as a PNG: the first seed's ids, in bins of frequency.

use std::path::Path;

use crate::columns::{self, Line};
use crate::compare::{Compared, Results};
use crate::method::{DIM, Method, ROWS_90, fiited};
use crate::picture::PlotError;
use crate::problem::{FIELDS, Problem};

/// A bin ends where its last rank is this many times its first.
const BIN: f64 = 1.15;
/// Frequencies are drawn as occurrences in this number of examples.
const EXAMPLES: f64 = 1e6;

const DRAWN: [(Method, &str, &str, f64); 5] = [
    (ROWS_90, "k = 1, 90 % pruned", "#f0b49e", 5.0),
    (fiited(0.95), "k = 4, 95 %", "#7a4fa3", 2.0),
    (fiited(0.9), "k = 4, 90 %", "#d1582b", 2.0),
    (fiited(0.75), "k = 4, 75 %", "#1f6fb4", 2.0),
    (fiited(0.5), "k = 4, 50 %", "#2a9d5c", 2.0),
];

/// Draws the columns and writes them to `path`.
pub fn write(path: &Path, results: &Results, problem: &Problem) -> Result<(), PlotError> {
    columns::write(path, "occurrences of an id in a million examples", DIM, lines(results, problem))
}

/// The mean frequency and columns of the ids of each bin.
fn bins(dims: &[[u32; FIELDS]], problem: &Problem) -> Vec<(f64, f64)> {
    let (mut bins, mut first) = (Vec::new(), 0);
    while first < dims.len() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
        let end = (((first + 1) as f64 * BIN) as usize).clamp(first + 1, dims.len());
        let count = (end - first) as f64;
        let frequency = (first..end).map(|rank| problem.probability(rank)).sum::<f64>() / count;
        let columns = dims[first..end].as_flattened().iter().copied().map(f64::from).sum::<f64>();
        bins.push((frequency * EXAMPLES, columns / (count * FIELDS as f64)));
        first = end;
    }
    bins
}

fn lines(results: &Results, problem: &Problem) -> Vec<Line> {
    let line = |(method, name, color, width): (Method, &str, _, _)| {
        let is = |compared: &&Compared| compared.method == method && !compared.dims.is_empty();
        let points = bins(&results.compared.iter().find(is)?.dims, problem);
        Some(Line { name: name.to_owned(), color, width, points })
    };
    DRAWN.into_iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn bins_have_all_ids_once() {
        let problem = Problem::new(100, 1);
        let dims: Vec<_> = (0..100).map(|id| [if id < 10 { 16 } else { 4 }; FIELDS]).collect();
        let bins = bins(&dims, &problem);
        assert_abs_diff_eq!(bins[0].0, problem.probability(0) * EXAMPLES, epsilon = 1e-6);
        assert_eq!(bins[0].1, 16.0);
        assert_eq!(bins.last().map(|bin| bin.1), Some(4.0));
        assert!(bins.windows(2).all(|pair| pair[0].0 > pair[1].0));
    }

    #[test]
    fn methods_that_were_run_have_lines() {
        let problem = Problem::new(100, 1);
        let compared = Compared {
            method: fiited(0.75),
            auc: 0.8,
            log_loss: 0.5,
            lost: 0.0,
            payload: 1.0,
            evicted: 0.0,
            partial: 0.0,
            dims: vec![[4; FIELDS]; 100],
        };
        let results = Results { best_auc: 0.9, clicks: 0.4, compared: vec![compared], drifted: Vec::new() };
        let lines = lines(&results, &problem);
        assert_eq!(lines.len(), 1);
        assert_eq!((&*lines[0].name, lines[0].points[0].1), ("k = 4, 75 %", 4.0));
    }
}
