//! What a run says: a table of the methods and a line of JSON.

use std::io::{self, Write};

use embag::Context;
use serde::Serialize;

use crate::decisions;
use crate::problem::Problem;
use crate::score::Score;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub device: String,
    pub driver: String,
    pub groups: usize,
    pub days: usize,
    pub budget: f64,
    /// Clicks a day of the best policy within the budget, had all been known.
    pub best: f64,
    /// What upper-confidence primal-dual took for all days, and how far its flows were from being flows.
    pub seconds: f64,
    pub residual: f32,
    pub methods: Vec<Row>,
}

/// A line of the table: means over the groups.
#[derive(Debug, Serialize)]
pub struct Row {
    pub method: &'static str,
    /// Of a day.
    pub clicks: f64,
    pub messages: f64,
    /// Of all days: clicks that the best policy would have had more, and the most messages above the budget
    /// until any day.
    pub regret: f64,
    pub over: f64,
}

impl From<&Score<'_>> for Row {
    fn from(score: &Score<'_>) -> Self {
        let [clicks, messages, over] = score.end();
        Self { method: score.name, clicks, messages, regret: score.regret(), over }
    }
}

impl Report {
    pub fn new(ctx: &Context, problem: &Problem, scores: &[Score<'_>], seconds: f64, residual: f32) -> Self {
        let methods: Vec<Row> = scores.iter().map(Row::from).collect();
        let days = problem.rates.len();
        let best = methods.first().map_or(0.0, |row| row.clicks + row.regret / days as f64);
        Self {
            device: ctx.device_name(),
            driver: ctx.driver(),
            groups: problem.groups,
            days,
            budget: problem.budget,
            best,
            seconds,
            residual,
            methods,
        }
    }
}

impl decisions::Report for Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { groups, days, budget, best, seconds, .. } = self;
        writeln!(
            out,
            "{groups} groups, {days} days, {budget} messages a day; upper confidence in {seconds:.2} s"
        )?;
        writeln!(out, "the best policy within the budget, had all been known: {best:.4} clicks a day")?;
        writeln!(out, "method              clicks a day  messages a day    regret  most above the budget")?;
        for Row { method, clicks, messages, regret, over } in &self.methods {
            writeln!(out, "{method:<18}{clicks:>14.4}{messages:>16.3}{regret:>10.1}{over:>23.1}")?;
        }
        Ok(())
    }
}
