//! What a run says: a table of the methods and a line of JSON.

use std::io::{self, Write};

use embag::Context;
use serde::Serialize;

use crate::decisions;
use crate::problem::{KINDS, Problem};
use crate::score::Score;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub device: String,
    pub driver: String,
    pub groups: usize,
    pub rounds: usize,
    pub kinds: [&'static str; KINDS],
    pub floors: [f32; KINDS],
    /// What mirror prox took for all rounds.
    pub seconds: f64,
    pub methods: Vec<Row>,
}

/// A line of the table: means over the groups.
#[derive(Debug, Serialize)]
pub struct Row {
    pub method: &'static str,
    /// Of a day.
    pub loss: f64,
    /// Of all days, against the best mix that has all floors.
    pub regret: f64,
    /// The most that a floor was missed by until any day, added up.
    pub missed: f64,
    pub last_mix: [f64; KINDS],
}

impl From<&Score<'_>> for Row {
    fn from(score: &Score<'_>) -> Self {
        let [regret, missed] = score.end();
        Self { method: score.name, loss: score.loss(), regret, missed, last_mix: score.last }
    }
}

impl Report {
    pub fn new(ctx: &Context, problem: &Problem, scores: &[Score<'_>], seconds: f64) -> Self {
        Self {
            device: ctx.device_name(),
            driver: ctx.driver(),
            groups: problem.groups,
            rounds: problem.losses.len(),
            kinds: problem.kinds,
            floors: problem.floors,
            seconds,
            methods: scores.iter().map(Row::from).collect(),
        }
    }
}

impl decisions::Report for Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { groups, rounds, kinds, floors, seconds, .. } = self;
        let floors = kinds.iter().zip(floors).map(|(kind, floor)| format!("{kind} {floor}"));
        let floors = floors.collect::<Vec<_>>().join(", ");
        writeln!(out, "{groups} groups, {rounds} days, floors: {floors}; mirror prox in {seconds:.2} s")?;
        writeln!(out, "method          loss a day    regret  missed floors  mix of the last day")?;
        for Row { method, loss, regret, missed, last_mix } in &self.methods {
            let mix = last_mix.map(|share| format!("{share:.3}")).join(" ");
            writeln!(out, "{method:<14}{loss:>12.4}{regret:>10.2}{missed:>15.2}  {mix}")?;
        }
        Ok(())
    }
}
