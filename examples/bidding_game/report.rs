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
    pub games: usize,
    pub days: usize,
    pub budget: f64,
    /// What both learned methods took.
    pub seconds: f64,
    pub methods: Vec<Row>,
}

/// A line of the table: means over the games.
#[derive(Debug, Serialize)]
pub struct Row {
    pub method: &'static str,
    /// What both sides could still win in a day by other policies against the mean of what was played, at the
    /// price.
    pub gap: f64,
    /// High bids of a day, and their price.
    pub high: f64,
    pub price: f64,
    /// High bids above the budget, of all days.
    pub over: f64,
}

impl From<&Score<'_>> for Row {
    fn from(score: &Score<'_>) -> Self {
        let ([gap, over], [high, price]) = (score.end(), score.bids());
        Self { method: score.name, gap, high, price, over }
    }
}

impl Report {
    pub fn new(ctx: &Context, problem: &Problem, scores: &[Score<'_>], seconds: f64) -> Self {
        Self {
            device: ctx.device_name(),
            driver: ctx.driver(),
            games: problem.auctions.len(),
            days: problem.days,
            budget: problem.budget,
            seconds,
            methods: scores.iter().map(Row::from).collect(),
        }
    }
}

impl decisions::Report for Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { games, days, budget, seconds, .. } = self;
        writeln!(
            out,
            "{games} games, {days} days, {budget} high bids a day for both; two methods in {seconds:.2} s"
        )?;
        writeln!(out, "method               still to win  high bids a day    price  above the budget")?;
        for Row { method, gap, high, price, over } in &self.methods {
            writeln!(out, "{method:<20}{gap:>13.4}{high:>17.3}{price:>9.4}{over:>18.1}")?;
        }
        Ok(())
    }
}
