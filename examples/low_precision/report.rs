//! What a run says: a table of each part, the criteria, and a line of JSON.

use std::io::{self, Write};

use embag::quant::accuracy::NeDifference;
use serde::Serialize;

use crate::criteria::Criterion;
use crate::layers::{Found, PLANTED};
use crate::products::ProductErrors;
use crate::rows::RowErrors;
use crate::tables::{BUDGET, Format, Selected};

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub device: String,
    pub driver: String,
    pub seconds: f64,
    pub rows: Vec<RowErrors>,
    pub products: Vec<ProductErrors>,
    pub training: Training,
    pub formats: Vec<Format>,
    pub selected: Selected,
    pub layers: Found,
    pub criteria: Vec<Criterion>,
    /// Whether all criteria hold.
    pub passed: bool,
}

/// The factorisation machine in `f32`, on the test set.
#[derive(Debug, Serialize)]
pub struct Training {
    pub log_loss: f64,
    pub normalized_entropy: f64,
}

impl Summary {
    /// Writes tables and criteria.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "rows, relative L2      int8      int4  int4 greedy")?;
        for RowErrors { dim, int8, int4, int4_greedy, .. } in &self.rows {
            writeln!(out, "{:<17}{int8:>10.5}{int4:>10.4}{int4_greedy:>13.4}", format!("dim {dim}"))?;
        }
        writeln!(out)?;
        writeln!(
            out,
            "products, relative L2      f16    acc16  blocked  int8 channel  int8 tensor  int8 ReLU"
        )?;
        for product in &self.products {
            let ProductErrors { length, f16, acc16, acc16_blocked, .. } = product;
            let ProductErrors { int8_channel, int8_tensor, int8_relu, .. } = product;
            write!(out, "{:<20}{f16:>10.2e}{acc16:>9.2e}{acc16_blocked:>9.2e}", format!("K {length}"))?;
            writeln!(out, "{int8_channel:>14.2e}{int8_tensor:>13.2e}{int8_relu:>11.2e}")?;
        }
        let Training { log_loss, normalized_entropy } = self.training;
        writeln!(out, "\nfactorisation machine: log loss {log_loss:.5}, NE {normalized_entropy:.5}")?;
        writeln!(
            out,
            "tables              bytes  relative L2   NE, %  (95 % of such intervals hold the truth)"
        )?;
        for Format { name, bytes, relative_l2, difference } in &self.formats {
            writeln!(out, "{name:<15}{bytes:>10}{relative_l2:>13.5}  {}", percents(difference))?;
        }
        writeln!(out, "\nparts               bytes: NE, %")?;
        for part in &self.selected.parts {
            write!(out, "{:<13}", part.name)?;
            for candidate in &part.candidates {
                write!(out, "  {} {}: {:+.5}", candidate.format, candidate.bytes, candidate.percent)?;
            }
            writeln!(out)?;
        }
        match &self.selected.selection {
            None => writeln!(out, "no choice holds {BUDGET} %")?,
            Some(found) => {
                let share = 100.0 * found.choice.bytes as f64 / self.selected.int8_bytes as f64;
                let measured = percents(&found.measured);
                write!(out, "within {BUDGET} %: {} bytes, {share:.1} % of int8's, ", found.choice.bytes)?;
                writeln!(out, "NE {measured} %, predicted {:+.5}", found.choice.percent)?;
                for (part, &pick) in self.selected.parts.iter().zip(&found.choice.picks) {
                    writeln!(out, "  {:<13} {}", part.name, part.candidates[pick].format)?;
                }
            }
        }
        writeln!(out, "\nnetwork with outliers planted in front of layer {PLANTED}, layers in int8")?;
        writeln!(out, "{}", self.layers.ranking)?;
        let Found { before, all, skipped, equalised, .. } = &self.layers;
        for (name, difference) in [
            ("before they were planted", before),
            ("all layers", all),
            ("the worst one in f32", skipped),
            ("all, equalised", equalised),
        ] {
            writeln!(out, "{name:<25} NE, % {}", percents(difference))?;
        }
        writeln!(out)?;
        for Criterion { name, value, at_least, at_most, holds } in &self.criteria {
            let verdict = if *holds { "pass" } else { "FAIL" };
            let least = at_least.map_or(String::new(), |least| format!("at least {least:.3e}, "));
            writeln!(out, "{verdict}  {name}: {value:.3e}, {least}at most {at_most:.3e}")?;
        }
        Ok(())
    }

    /// Writes the line of JSON.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, self)?;
        writeln!(out)
    }
}

fn percents(difference: &NeDifference) -> String {
    let NeDifference { percent, lower, upper, .. } = difference;
    format!("{percent:+.5} ({lower:+.5} to {upper:+.5})")
}
