//! What a run says: a table of the methods and a line of JSON.

use std::io::{self, Write};

use embag::Context;
use serde::Serialize;

use crate::args::Args;
use crate::decisions;
use crate::learned::Learned;
use crate::problem::Problem;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub device: String,
    pub driver: String,
    pub training: usize,
    pub held_out: usize,
    pub samples: usize,
    pub seeds: u32,
    pub tanh: u32,
    /// What both learned methods took.
    pub seconds: f64,
    pub methods: Vec<Row>,
}

/// A line of the table: the error over that of a constant.
#[derive(Debug, Serialize)]
pub struct Row {
    pub method: &'static str,
    pub error: f64,
    /// Of the seeds.
    pub deviation: f64,
}

impl Report {
    pub fn new(
        ctx: &Context,
        problem: &Problem,
        args: &Args,
        learned: &[Learned],
        references: &[(&'static str, f64)],
        seconds: f64,
    ) -> Self {
        let own = learned.iter().map(|learned| {
            let [error, deviation] = learned.end();
            Row { method: learned.name, error, deviation }
        });
        let beside = references.iter().map(|&(method, error)| Row { method, error, deviation: 0.0 });
        Self {
            device: ctx.device_name(),
            driver: ctx.driver(),
            training: problem.training.len(),
            held_out: problem.held_out.len(),
            samples: args.steps(),
            seeds: args.seeds,
            tanh: args.tanh,
            seconds,
            methods: own.chain(beside).collect(),
        }
    }
}

impl decisions::Report for Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { training, held_out, samples, seeds, seconds, .. } = self;
        writeln!(out, "{training} ratings with 30 to follow, {held_out} of users that were held out")?;
        writeln!(out, "{seeds} seeds of {samples} transitions, two methods in {seconds:.1} s")?;
        writeln!(out, "method            error over a constant's   deviation of the seeds")?;
        for Row { method, error, deviation } in &self.methods {
            writeln!(out, "{method:<18}{error:>23.3}{deviation:>25.3}")?;
        }
        Ok(())
    }
}
