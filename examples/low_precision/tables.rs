//! What a trained factorisation machine loses with its tables in few bits, and the formats that hold a
//! budget.

use embag::quant::accuracy::{Candidate, NeDifference, PairedNe, Part, Selection, select};
use embag::quant::{RangeSearch, RowFormat};
use embag::{Context, Result};
use serde::Serialize;

use crate::model::{NAMES, Tester};
use crate::problem::{DIM, FIELDS};
use crate::rows::{relative_l2, restore};

/// In percent of normalized entropy.
pub const BUDGET: f64 = 0.05;
/// The most frequent ids of a field that make a part of their own for the selector: one in this many.
const HEAD: usize = 10;

/// How all tables are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Rows(RowFormat, RangeSearch),
    /// Codes of this many bits, with one scale and bias for the whole table.
    Tensor(u32),
}

/// What is measured, by its name.
pub const FORMATS: [(&str, Kept); 8] = [
    ("fp16", Kept::Rows(RowFormat::F16, RangeSearch::MinMax)),
    ("bf16", Kept::Rows(RowFormat::Bf16, RangeSearch::MinMax)),
    ("int8", Kept::Rows(RowFormat::Int8, RangeSearch::MinMax)),
    ("int8 per tensor", Kept::Tensor(8)),
    ("int4", Kept::Rows(RowFormat::Int4, RangeSearch::MinMax)),
    ("int4 greedy", Kept::Rows(RowFormat::Int4, RangeSearch::Greedy)),
    ("int4 per tensor", Kept::Tensor(4)),
    ("int2", Kept::Rows(RowFormat::Int2, RangeSearch::MinMax)),
];

/// What the selector chooses from, by their places in [`FORMATS`].
const CHOICES: [usize; 3] = [5, 2, 0];

impl Kept {
    fn restore(self, ctx: &Context, values: &[f32]) -> Result<Vec<f32>> {
        match self {
            Self::Rows(format, search) => restore(ctx, values, DIM, format, search),
            Self::Tensor(bits) => Ok(by_tensor(values, bits)),
        }
    }

    fn bytes(self, rows: usize) -> u64 {
        match self {
            Self::Rows(format, _) => (rows * format.row_bytes(DIM)) as u64,
            Self::Tensor(bits) => (rows * DIM) as u64 * u64::from(bits) / 8 + 8,
        }
    }
}

/// `min + scale q` for the nearest of the codes `q`, which `min` and `max` of all values have the first and
/// the last of.
fn by_tensor(values: &[f32], bits: u32) -> Vec<f32> {
    let of = |pick: fn(f32, f32) -> f32| values.iter().copied().reduce(pick).unwrap_or(0.0);
    let (min, max) = (of(f32::min), of(f32::max));
    let scale = (max - min) / (2f32.powi(bits.cast_signed()) - 1.0);
    values.iter().map(|value| ((value - min) / scale).round_ties_even() * scale + min).collect()
}

/// All tables in one format.
#[derive(Debug, Clone, Serialize)]
pub struct Format {
    pub name: &'static str,
    pub bytes: u64,
    pub relative_l2: f64,
    pub difference: NeDifference,
}

/// What the selector was told, and what it found.
#[derive(Debug, Serialize)]
pub struct Selected {
    pub parts: Vec<Part>,
    /// Null if nothing holds the budget.
    pub selection: Option<Selection>,
    /// Bytes of all tables in int8.
    pub int8_bytes: u64,
}

/// The trained tables, and the logits of the machine with them.
#[derive(Debug)]
pub struct Trained {
    tester: Tester,
    tables: Vec<Vec<f32>>,
    logits: Vec<f32>,
}

impl Trained {
    /// `tables` are the factors of each field.
    pub fn new(tester: Tester, tables: Vec<Vec<f32>>) -> Result<Self> {
        let logits = tester.logits()?;
        Ok(Self { tester, tables, logits })
    }

    /// The logits and labels of the machine as it was trained.
    pub fn predictions(&self) -> (&[f32], &[f32]) {
        (&self.logits, self.tester.labels())
    }

    fn rows(&self) -> usize {
        self.tables[0].len() / DIM
    }

    /// Against the machine as it was trained, with these factors instead.
    fn compare<'a>(&mut self, tables: impl IntoIterator<Item = (usize, &'a [f32])>) -> Result<PairedNe> {
        let mut changed = Vec::new();
        for (field, values) in tables {
            self.tester.set(field, values)?;
            changed.push(field);
        }
        let mut pair = PairedNe::default();
        pair.add_logits(&self.logits, &self.tester.logits()?, self.tester.labels())?;
        for field in changed {
            self.tester.set(field, &self.tables[field])?;
        }
        Ok(pair)
    }

    /// What each format costs if all tables have it.
    pub fn formats(&mut self, ctx: &Context) -> Result<Vec<Format>> {
        let mut all = Vec::new();
        for (name, kept) in FORMATS {
            let restored =
                (self.tables.iter()).map(|values| kept.restore(ctx, values)).collect::<Result<Vec<_>>>()?;
            all.push(Format {
                name,
                bytes: FIELDS as u64 * kept.bytes(self.rows()),
                relative_l2: relative_l2(&self.tables.concat(), &restored.concat())?,
                difference: self.compare(restored.iter().map(Vec::as_slice).enumerate())?.difference()?,
            });
        }
        Ok(all)
    }

    /// The formats of each table's frequent and rare ids that hold [`BUDGET`] in the fewest bytes.
    pub fn select(&mut self, ctx: &Context) -> Result<Selected> {
        let kept = CHOICES.map(|choice| FORMATS[choice]);
        let mut restored = Vec::new();
        for values in &self.tables {
            let all = kept.iter().map(|(_, kept)| kept.restore(ctx, values));
            restored.push(all.collect::<Result<Vec<_>>>()?);
        }
        let head = self.rows() / HEAD;
        let bands = [("frequent", 0..head), ("rare", head..self.rows())];
        let mut parts = Vec::new();
        for (field, restored) in restored.iter().enumerate() {
            for (band, rows) in &bands {
                let mut candidates = Vec::new();
                for ((format, kept), restored) in kept.iter().zip(restored) {
                    let mut values = self.tables[field].clone();
                    let span = rows.start * DIM..rows.end * DIM;
                    values[span.clone()].copy_from_slice(&restored[span]);
                    candidates.push(Candidate {
                        format: (*format).to_owned(),
                        bytes: kept.bytes(rows.len()),
                        percent: self.compare([(field, &values[..])])?.difference()?.percent,
                    });
                }
                parts.push(Part { name: format!("{}, {band}", NAMES[field]), candidates });
            }
        }
        let selection = select(&parts, BUDGET, |choice| {
            // fields, and the bands of each
            let tables: Vec<Vec<f32>> = (choice.picks.chunks(bands.len()).zip(&restored))
                .map(|(picks, restored)| {
                    let band = |(pick, (_, rows)): (&usize, &(_, std::ops::Range<usize>))| {
                        restored[*pick][rows.start * DIM..rows.end * DIM].to_vec()
                    };
                    picks.iter().zip(&bands).flat_map(band).collect()
                })
                .collect();
            self.compare(tables.iter().map(Vec::as_slice).enumerate())
        })?;
        let int8 = Kept::Rows(RowFormat::Int8, RangeSearch::MinMax);
        Ok(Selected { parts, selection, int8_bytes: FIELDS as u64 * int8.bytes(self.rows()) })
    }
}

#[cfg(test)]
mod tests {
    use approx::abs_diff_eq;

    use super::*;

    #[test]
    fn a_table_of_one_scale_has_as_many_values_as_codes() {
        let values: Vec<f32> = (0..1000).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
        let mut restored = by_tensor(&values, 4);
        let half_a_step = 100.0 / 15.0 / 2.0;
        assert!(restored.iter().zip(&values).all(|(a, b)| abs_diff_eq!(a, b, epsilon = half_a_step + 1e-4)));
        restored.sort_by(f32::total_cmp);
        restored.dedup();
        assert_eq!((restored.len(), restored[0], restored[15]), (16, -50.0, 50.0));
    }

    #[test]
    fn bytes_count_scales() {
        let bytes = |name| FORMATS.iter().find(|(n, _)| *n == name).map(|(_, kept)| kept.bytes(100));
        assert_eq!(bytes("int8"), Some(100 * 24));
        assert_eq!(bytes("int4 greedy"), Some(100 * 12));
        assert_eq!(bytes("int4 per tensor"), Some(100 * 8 + 8));
        assert_eq!(CHOICES.map(|choice| FORMATS[choice].0), ["int4 greedy", "int8", "fp16"]);
    }
}
