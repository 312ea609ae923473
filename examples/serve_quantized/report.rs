//! What is printed.

use std::io::{self, Write};
use std::path::Path;

use embag::quant::accuracy::{NeDifference, PairedNe, ShadowReport};
use indicatif::HumanBytes;
use serde::Serialize;

use crate::args::Activations;
use crate::choice::Outcome;
use crate::serving::Timing;
use crate::treatment::Brought;

/// One part of the model.
#[derive(Debug, Serialize)]
pub struct PartLine {
    pub name: String,
    /// As it was trained, and as it is kept.
    pub bytes_before: u64,
    pub bytes: u64,
    pub format: String,
    /// By how much the normalized entropy grows with this part alone so kept, in percent.
    pub percent: f64,
    /// Of its values (tables) or outputs (layers) on the same inputs, and its rank among those: the worst is
    /// 1.
    pub relative_l2: f64,
    pub rank: usize,
    /// Every format that was tried: its name, bytes and percent.
    pub tried: Vec<(String, u64, f64)>,
}

/// What came of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub device: String,
    pub budget_percent: f64,
    pub activations: Activations,
    /// What each way of making layers ready for 8 bits brought.
    pub treatments: Vec<Brought>,
    pub parts: Vec<PartLine>,
    /// The worst part first.
    pub errors: ShadowReport,
    pub bytes_before: u64,
    pub bytes: u64,
    pub file: String,
    pub file_bytes: u64,
    /// On the examples that formats were chosen on, and on others.
    pub chosen_on: NeDifference,
    pub held_out: NeDifference,
    pub serving: Timing,
}

/// What the report is made of.
pub struct Found {
    pub device: String,
    pub budget: f64,
    pub activations: Activations,
    pub outcome: Outcome,
    pub brought: Vec<Brought>,
    /// Bytes of each part as it was trained.
    pub before: Vec<u64>,
    pub errors: ShadowReport,
    pub held_out: PairedNe,
    pub serving: Timing,
}

impl Report {
    pub fn new(found: Found, path: &Path) -> embag::Result<Self> {
        let Found { outcome, before, errors, .. } = found;
        let line = |((part, &pick), &bytes_before): ((&embag::quant::accuracy::Part, &usize), &u64)| {
            let kept = &part.candidates[pick];
            let rank = errors.parts.iter().position(|error| error.name == part.name);
            let error = rank.map(|rank| &errors.parts[rank]);
            PartLine {
                name: part.name.clone(),
                bytes_before,
                bytes: kept.bytes,
                format: kept.format.clone(),
                percent: kept.percent,
                relative_l2: error.map_or(f64::NAN, |error| error.relative_l2),
                rank: rank.map_or(0, |rank| rank + 1),
                tried: part.candidates.iter().map(|c| (c.format.clone(), c.bytes, c.percent)).collect(),
            }
        };
        let parts: Vec<PartLine> =
            outcome.parts.iter().zip(&outcome.selection.choice.picks).zip(&before).map(line).collect();
        Ok(Self {
            device: found.device,
            budget_percent: found.budget,
            activations: found.activations,
            bytes_before: before.iter().sum(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
            treatments: found.brought,
            parts,
            errors,
            file: path.display().to_string(),
            file_bytes: path.metadata().map_or(0, |metadata| metadata.len()),
            chosen_on: outcome.selection.measured,
            held_out: found.held_out.difference()?,
            serving: found.serving,
        })
    }

    pub fn write_text(&self, mut to: impl Write) -> io::Result<()> {
        writeln!(
            to,
            "{:<6}  {:<18}  {:>5}  {:>9}  {:>9}  {:>21}  {:>9}",
            "int8", "layers", "apart", "bytes", "NE", "95 %", "log odds"
        )?;
        for line in &self.treatments {
            let NeDifference { percent, lower, upper, .. } = line.difference;
            writeln!(
                to,
                "{:<6}  {:<18}  {:>5}  {:>9}  {:>+7.4} %  {:>+9.4} to {:>+8.4}  {:>9.2e}{}",
                line.stack,
                line.treatment.name(),
                line.channels_apart,
                line.bytes,
                percent,
                lower,
                upper,
                line.logit_error,
                if line.taken { "  taken" } else { "" }
            )?;
        }
        writeln!(to)?;
        let width = self.parts.iter().map(|part| part.name.len()).fold("part".len(), usize::max);
        writeln!(
            to,
            "{:<width$}  {:>11}  {:>6}  {:>11}  {:>11}  {:>11}  {:>4}",
            "part", "bytes", "kept", "bytes", "NE alone", "relative L2", "rank"
        )?;
        for part in &self.parts {
            writeln!(
                to,
                "{:<width$}  {:>11}  {:>6}  {:>11}  {:>+9.4} %  {:>11.2e}  {:>4}",
                part.name,
                part.bytes_before,
                part.format,
                part.bytes,
                part.percent,
                part.relative_l2,
                part.rank
            )?;
        }
        let share = self.bytes as f64 / self.bytes_before.max(1) as f64 * 100.0;
        writeln!(
            to,
            "\nmodel: {} before, {} quantised ({share:.1} %), written to {} ({})",
            HumanBytes(self.bytes_before),
            HumanBytes(self.bytes),
            self.file,
            HumanBytes(self.file_bytes)
        )?;
        if let Some(worst) = self.errors.parts.first() {
            writeln!(to, "largest error: {}, {:.2e} of its values' size", worst.name, worst.relative_l2)?;
        }
        writeln!(
            to,
            "chosen on {} test examples, budget {} %: {}",
            self.chosen_on.examples, self.budget_percent, self.chosen_on
        )?;
        writeln!(to, "on the other {} test examples: {}", self.held_out.examples, self.held_out)?;
        let Timing { requests, batch, p50_ms, p95_ms, p99_ms, examples_per_s } = self.serving;
        writeln!(
            to,
            "{requests} requests of up to {batch} examples: p50 {p50_ms:.2} ms, p95 {p95_ms:.2} ms, p99 {p99_ms:.2} ms, {examples_per_s:.0} examples/s"
        )
    }

    pub fn write_json(&self, mut to: impl Write) -> io::Result<()> {
        let json = serde_json::to_string(self).map_err(io::Error::other)?;
        writeln!(to, "{json}")
    }
}
