//! What a run says: a table of the methods, the criteria, and a line of JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::criteria::Criterion;
use crate::search::Tuned;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub device: String,
    pub driver: String,
    pub seeds: Vec<u64>,
    /// Rates tried for each method and horizon.
    pub grid: u8,
    pub seconds: f64,
    pub results: Vec<Row>,
    pub criteria: Vec<Criterion>,
    /// Whether all criteria hold.
    pub passed: bool,
}

/// A line of the table; null in JSON for a number that is not finite.
#[derive(Debug, Serialize)]
pub struct Row {
    pub tokens: &'static str,
    pub horizon: u32,
    pub method: &'static str,
    pub rate: f64,
    pub lr: f32,
    pub at_edge: bool,
    pub best_loss: f64,
    pub last_loss: f64,
    pub steps_to_sgd: f64,
    pub ratio: f64,
}

impl From<&Tuned> for Row {
    fn from(tuned: &Tuned) -> Self {
        Self {
            tokens: tuned.setting,
            horizon: tuned.horizon,
            method: tuned.method.name(),
            rate: tuned.rate,
            lr: tuned.lr,
            at_edge: tuned.at_edge,
            best_loss: tuned.best,
            last_loss: tuned.last,
            steps_to_sgd: tuned.steps_to_sgd,
            ratio: tuned.ratio(),
        }
    }
}

const HEADER: &str = concat!(
    "tokens         T  method                   rate          lr  best loss  last loss",
    "  steps to SGD's best  ratio"
);

impl Summary {
    /// Writes table and criteria.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{HEADER}")?;
        for row in &self.results {
            let edge = if row.at_edge { '*' } else { ' ' };
            write!(out, "{:<9}{:>7}  {:<20}", row.tokens, row.horizon, row.method)?;
            write!(out, "{:>9.4}{edge}{:>11.4}", row.rate, row.lr)?;
            write!(out, "{}{}", number(row.best_loss, 11, 4), number(row.last_loss, 11, 4))?;
            writeln!(out, "{}{}", number(row.steps_to_sgd, 21, 0), number(row.ratio, 7, 3))?;
        }
        if self.results.iter().any(|row| row.at_edge) {
            writeln!(out, "* the least or the greatest rate that was tried")?;
        }
        writeln!(out)?;
        for criterion in &self.criteria {
            let verdict = if criterion.holds { "pass" } else { "FAIL" };
            let Criterion { name, value, limit, .. } = criterion;
            writeln!(out, "{verdict}  {name}:{}, at most {limit}", number(*value, 7, 4))?;
        }
        Ok(())
    }

    /// Writes the line of JSON.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}

/// A number, or a dash if it is not finite: a loss that diverged, steps that did not suffice.
fn number(value: f64, width: usize, decimals: usize) -> String {
    match value.is_finite() {
        true => format!("{value:>width$.decimals$}"),
        false => format!("{:>width$}", "-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let row = |method, steps_to_sgd: f64| Row {
            tokens: "Zipf 1.1",
            horizon: 12_000,
            method,
            rate: 20.0,
            lr: 495.7419,
            at_edge: method == "SGD",
            best_loss: 0.49,
            last_loss: 0.5,
            steps_to_sgd,
            ratio: steps_to_sgd / 12_000.0,
        };
        Summary {
            device: "CPU".into(),
            driver: "rayon".into(),
            seeds: vec![1],
            grid: 3,
            seconds: 1.0,
            results: vec![row("SGD", 12_000.0), row("CF-SGD, occurrences", f64::INFINITY)],
            criteria: vec![Criterion { name: "a".into(), value: f64::NAN, limit: 0.65, holds: false }],
            passed: false,
        }
    }

    #[test]
    fn the_table_is_aligned_and_the_criteria_follow() -> io::Result<()> {
        let mut out = Vec::new();
        summary().write_text(&mut out)?;
        let text = String::from_utf8_lossy(&out);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[..3].iter().all(|line| line.len() == HEADER.len()), "{text}");
        assert!(lines[1].contains("20.0000* ") && lines[1].ends_with(" 12000  1.000"), "{text}");
        assert!(lines[2].ends_with(" -      -"), "{text}");
        assert_eq!(lines[5], "FAIL  a:      -, at most 0.65");
        Ok(())
    }

    #[test]
    fn the_json_is_one_line_without_infinity() -> Result<(), Box<dyn std::error::Error>> {
        let mut out = Vec::new();
        summary().write_json(&mut out)?;
        assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let json: serde_json::Value = serde_json::from_slice(&out)?;
        assert_eq!(json["results"][1]["ratio"], serde_json::Value::Null);
        assert_eq!(json["results"][0]["ratio"], 1.0);
        Ok(())
    }
}
