//! What a run says: a table of the nets, the criteria, and a line of JSON.

use std::io::{self, Write};

use serde::Serialize;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub device: String,
    pub driver: String,
    pub seconds: f64,
    pub train_examples: usize,
    pub test_examples: usize,
    pub seeds: u64,
    pub nets: Vec<Row>,
    /// None where too little was trained for them.
    pub criteria: Vec<Criterion>,
    /// Whether all criteria hold.
    pub passed: bool,
}

/// A net.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub net: &'static str,
    pub parameters: usize,
    /// Normalised entropy of the test after each epoch, the mean of the seeds.
    pub ne: Vec<f64>,
}

impl Row {
    /// The normalised entropy at the end.
    pub fn last(&self) -> f64 {
        self.ne.last().copied().unwrap_or(f64::NAN)
    }
}

/// That the first net's normalised entropy is at least so much below another's.
#[derive(Debug, Clone, Serialize)]
pub struct Criterion {
    pub against: &'static str,
    pub below_by: f64,
    pub at_least: f64,
    pub holds: bool,
}

/// By how much the first net must be better than each of the others.
const MARGINS: [f64; 3] = [0.015, 0.005, 0.08];

/// Judges the nets, which come in the order of `NETS`.
pub fn judge(rows: &[Row]) -> Vec<Criterion> {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    let against = |(row, at_least): (&Row, f64)| {
        let below_by = row.last() - first.last();
        Criterion { against: row.net, below_by, at_least, holds: below_by >= at_least }
    };
    others.iter().zip(MARGINS).map(against).collect()
}

impl Summary {
    /// Writes table and criteria.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{:<26}{:>11}{:>9}", "net", "parameters", "NE")?;
        for row in &self.nets {
            writeln!(out, "{:<26}{:>11}{:>9.4}", row.net, row.parameters, row.last())?;
        }
        if !self.criteria.is_empty() {
            writeln!(out)?;
        }
        for Criterion { against, below_by, at_least, holds } in &self.criteria {
            let verdict = if *holds { "pass" } else { "FAIL" };
            writeln!(out, "{verdict}  below {against}: by {below_by:.4}, at least {at_least}")?;
        }
        Ok(())
    }

    /// Writes the line of JSON.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(net: &'static str, last: f64) -> Row {
        Row { net, parameters: 1, ne: vec![1.0, last] }
    }

    #[test]
    fn a_net_must_be_better_by_its_margin() {
        let judged =
            judge(&[row("best", 0.7), row("one", 0.716), row("dot", 0.704), row("linear", f64::NAN)]);
        assert_eq!(judged.iter().map(|criterion| criterion.holds).collect::<Vec<_>>(), [true, false, false]);
        assert!(judge(&[]).is_empty());
    }
}
