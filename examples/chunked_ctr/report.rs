//! What a run says: a table of the methods, one of the drift, the criteria, and the same as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::compare::{Compared, Drifted, Results};
use crate::criteria::{Criterion, Wanted};

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub device: String,
    pub driver: String,
    pub seeds: Vec<u64>,
    pub ids: u32,
    pub steps: usize,
    pub seconds: f64,
    /// The AUC of the planted log odds.
    pub best_auc: f64,
    /// The share of the examples with a click.
    pub clicks: f64,
    pub results: Vec<Row>,
    pub drift: Vec<DriftRow>,
    pub criteria: Vec<Criterion>,
    /// Whether all criteria hold.
    pub passed: bool,
}

/// A line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    pub method: String,
    pub pruned: f64,
    pub auc: f64,
    pub log_loss: f64,
    pub auc_lost: f64,
    pub payload_bytes: f64,
    pub evicted: f64,
    /// Null for what is not adjusted.
    pub partial: f64,
}

impl From<&Compared> for Row {
    fn from(compared: &Compared) -> Self {
        Self {
            method: compared.method.name(),
            pruned: compared.method.pruned,
            auc: compared.auc,
            log_loss: compared.log_loss,
            auc_lost: compared.lost,
            payload_bytes: compared.payload,
            evicted: compared.evicted,
            partial: compared.partial,
        }
    }
}

/// A line of the drift's table.
#[derive(Debug, Serialize)]
pub struct DriftRow {
    pub method: String,
    pub pruned: f64,
    /// Steps from one adjustment to the next.
    pub every: usize,
    pub old: f64,
    /// Right before the change, then after each adjustment.
    pub new: Vec<f64>,
    pub lookups: Vec<f64>,
}

impl From<&Drifted> for DriftRow {
    fn from(Drifted { drifting, every, followed }: &Drifted) -> Self {
        Self {
            method: drifting.method.name(),
            pruned: drifting.method.pruned,
            every: *every,
            old: followed.old,
            new: followed.new.clone(),
            lookups: followed.lookups.clone(),
        }
    }
}

const HEADER: &str = concat!(
    "method                    pruned     AUC  log loss  AUC lost  bytes, M  evicted, k",
    "  partial"
);
const DRIFT_HEADER: &str = concat!(
    "drift                     pruned  every    old  new share, before and after each adjustment",
    "  lookups"
);

impl Summary {
    /// What is said of results, of which the criteria were judged.
    pub fn new(results: &Results, criteria: Vec<Criterion>) -> Self {
        Self {
            device: String::new(),
            driver: String::new(),
            seeds: Vec::new(),
            ids: 0,
            steps: 0,
            seconds: 0.0,
            best_auc: results.best_auc,
            clicks: results.clicks,
            results: results.compared.iter().map(Into::into).collect(),
            drift: results.drifted.iter().map(Into::into).collect(),
            passed: criteria.iter().all(|criterion| criterion.holds),
            criteria,
        }
    }

    /// Writes tables and criteria.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        let (best, clicks) = (self.best_auc, self.clicks * 100.0);
        writeln!(out, "AUC of the planted log odds {best:.4}, {clicks:.1} % clicks\n\n{HEADER}")?;
        for row in &self.results {
            write!(out, "{:<26}{:>4.0} %", row.method, row.pruned * 100.0)?;
            write!(out, "{:>8.4}{:>10.4}{:>10.4}", row.auc, row.log_loss, row.auc_lost)?;
            write!(out, "{:>10.3}{:>12.1}", row.payload_bytes / 1e6, row.evicted / 1e3)?;
            match row.partial.is_finite() {
                true => writeln!(out, "{:>7.1} %", row.partial * 100.0)?,
                false => writeln!(out, "{:>9}", "-")?,
            }
        }
        if !self.drift.is_empty() {
            writeln!(out, "\n{DRIFT_HEADER}")?;
        }
        for row in &self.drift {
            write!(out, "{:<26}{:>4.0} %", row.method, row.pruned * 100.0)?;
            write!(out, "{:>7}{:>7.3}  ", row.every, row.old)?;
            let shares: String = row.new.iter().map(|share| format!("{share:>7.3}")).collect();
            writeln!(out, "{shares:<43}{:>9.3}", row.lookups.last().copied().unwrap_or(f64::NAN))?;
        }
        writeln!(out)?;
        for Criterion { name, wanted, got, holds } in &self.criteria {
            let verdict = if *holds { "pass" } else { "FAIL" };
            let wanted = match wanted {
                Wanted::AtMost(limit) => format!("at most {limit}"),
                Wanted::AtLeast(limit) => format!("at least {limit}"),
            };
            writeln!(out, "{verdict}  {name}: {got:.4}, {wanted}")?;
        }
        Ok(())
    }

    /// Writes a line of JSON.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Followed;
    use crate::method::{FULL, PATIENT_75, fiited};

    fn summary() -> Summary {
        let compared = |method, partial| Compared {
            method,
            auc: 0.81,
            log_loss: 0.52,
            lost: -0.001,
            payload: 1_280_000.0,
            evicted: 318_000.0,
            partial,
            dims: Vec::new(),
        };
        let followed = Followed { old: 0.9, new: vec![0.5; 6], lookups: vec![0.95; 6] };
        let results = Results {
            best_auc: 0.87,
            clicks: 0.4,
            compared: vec![compared(FULL, f64::NAN), compared(fiited(0.75), 0.1)],
            drifted: vec![Drifted { drifting: PATIENT_75, every: 400, followed }],
        };
        let wanted = Wanted::AtMost(0.005);
        Summary::new(&results, vec![Criterion { name: "a".into(), wanted, got: f64::NAN, holds: false }])
    }

    #[test]
    fn the_tables_are_aligned_and_the_criteria_follow() -> io::Result<()> {
        let mut out = Vec::new();
        summary().write_text(&mut out)?;
        let text = String::from_utf8_lossy(&out);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2..5].iter().all(|line| line.len() == HEADER.len()), "{text}");
        assert!(lines[3].ends_with('-') && lines[4].ends_with(" 10.0 %"), "{text}");
        assert!(lines[6..8].iter().all(|line| line.len() == DRIFT_HEADER.len()), "{text}");
        assert_eq!(lines[9], "FAIL  a: NaN, at most 0.005");
        Ok(())
    }

    #[test]
    fn the_json_is_one_line_without_what_is_not_a_number() -> Result<(), Box<dyn std::error::Error>> {
        let mut out = Vec::new();
        summary().write_json(&mut out)?;
        assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let json: serde_json::Value = serde_json::from_slice(&out)?;
        assert_eq!(json["results"][0]["partial"], serde_json::Value::Null);
        assert_eq!(json["criteria"][0]["wanted"]["at_most"], 0.005);
        assert_eq!(json["passed"], false);
        Ok(())
    }
}
