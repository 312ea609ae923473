//! What is claimed of low precision, and whether a run bears it out.
//!
//! The errors of rows and products are those of other implementations, within a fifth; the differences of
//! normalized entropy are bounds, as the trained model is this example's own.

use serde::Serialize;

use crate::layers::{Found, PLANTED};
use crate::products::ProductErrors;
use crate::rows::RowErrors;
use crate::tables::{BUDGET, Format, Selected};

const WITHIN: f64 = 0.2;
/// Relative errors of int8, int4 and greedy int4 rows by dim.
const ROWS: [(usize, [f64; 3]); 4] = [
    (16, [0.0038, 0.065, 0.058]),
    (32, [0.0046, 0.078, 0.071]),
    (64, [0.0053, 0.090, 0.082]),
    (128, [0.0059, 0.100, 0.091]),
];
/// Least and greatest relative errors of products of any length; those of `acc16` grow.
const F16: [f64; 2] = [2.1e-4, 2.1e-4];
const ACC16: [(usize, f64); 3] = [(256, 2.3e-3), (1024, 4.7e-3), (4096, 9.3e-3)];
const ACC16_BLOCKED: [f64; 2] = [1.7e-3, 1.9e-3];
const INT8_CHANNEL: [f64; 2] = [1.1e-2, 1.3e-2];
const INT8_TENSOR: [f64; 2] = [1.3e-2, 1.4e-2];
const INT8_RELU: [f64; 2] = [8e-3, 9e-3];
/// Differences of normalized entropy in percent.
const FP16_NE: f64 = 0.001;
const INT8_NE: f64 = 0.01;
const SKIPPED_NE: f64 = 0.02;
/// Of int8's bytes.
const SELECTED_BYTES: f64 = 0.6;

/// One claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Criterion {
    pub name: String,
    pub value: f64,
    /// Null if there is none.
    pub at_least: Option<f64>,
    pub at_most: f64,
    pub holds: bool,
}

impl Criterion {
    fn at_most(name: impl Into<String>, value: f64, at_most: f64) -> Self {
        // what is not a number holds nothing
        Self { name: name.into(), value, at_least: None, at_most, holds: value <= at_most }
    }

    /// Within a fifth of what lies from `least` to `greatest`.
    fn near(name: String, value: f64, [least, greatest]: [f64; 2]) -> Self {
        let (at_least, at_most) = (least * (1.0 - WITHIN), greatest * (1.0 + WITHIN));
        let holds = (at_least..=at_most).contains(&value);
        Self { name, value, at_least: Some(at_least), at_most, holds }
    }
}

/// Those of rows and products, which take no training.
pub fn of_errors(rows: &[RowErrors], products: &[ProductErrors]) -> Vec<Criterion> {
    let mut all = Vec::new();
    for row in rows {
        let Some((dim, known)) = ROWS.iter().find(|(dim, _)| *dim == row.dim) else { continue };
        let found = [("int8", row.int8), ("int4", row.int4), ("greedy int4", row.int4_greedy)];
        for ((name, value), known) in found.into_iter().zip(known) {
            all.push(Criterion::near(format!("{name} rows of {dim}: relative L2"), value, [*known; 2]));
        }
        let worse = format!("rows of {dim} that the greedy search makes worse");
        all.push(Criterion::at_most(worse, row.worse as f64, 0.0));
    }
    for product in products {
        let known = ACC16.iter().find(|(length, _)| *length == product.length);
        let acc16 = known.map(|(_, known)| ("sums of f16", product.acc16, [*known; 2]));
        let others = [
            ("f16 weights", product.f16, F16),
            ("sums of f16 in blocks", product.acc16_blocked, ACC16_BLOCKED),
            ("int8 by channel", product.int8_channel, INT8_CHANNEL),
            ("int8 by tensor", product.int8_tensor, INT8_TENSOR),
            ("int8 after a ReLU", product.int8_relu, INT8_RELU),
        ];
        for (name, value, known) in others.into_iter().chain(acc16) {
            let name = format!("products of {}, {name}: relative L2", product.length);
            all.push(Criterion::near(name, value, known));
        }
    }
    all
}

/// Those of what was trained.
pub fn of_models(formats: &[Format], selected: &Selected, found: &Found) -> Vec<Criterion> {
    let percent = |name: &str| {
        let format = formats.iter().find(|format| format.name == name);
        format.map_or(f64::NAN, |format| format.difference.percent)
    };
    let (bytes, measured) = match &selected.selection {
        Some(selection) => (selection.choice.bytes as f64, selection.measured.percent),
        None => (f64::NAN, f64::NAN),
    };
    let planted = found.ranking.parts.iter().position(|part| part.name == PLANTED.to_string());
    vec![
        Criterion::at_most("fp16 tables: NE, %", percent("fp16").abs(), FP16_NE),
        Criterion::at_most("int8 tables: NE, %", percent("int8").abs(), INT8_NE),
        Criterion::at_most(
            "int4 tables: NE of the greedy search over that of min-max",
            percent("int4 greedy") / percent("int4"),
            // less, not as much
            1.0f64.next_down(),
        ),
        Criterion::at_most("the selected formats: NE, %", measured, BUDGET),
        Criterion::at_most(
            "the selected formats: bytes over those of int8",
            bytes / selected.int8_bytes as f64,
            SELECTED_BYTES,
        ),
        Criterion::at_most(
            "layers ranked above the one with outliers",
            planted.map_or(f64::NAN, |rank| rank as f64),
            0.0,
        ),
        Criterion::at_most("int8 without that layer: NE, %", found.skipped.percent.abs(), SKIPPED_NE),
    ]
}

#[cfg(test)]
mod tests {
    use embag::quant::accuracy::{Choice, NeDifference, PartError, Selection, ShadowReport};

    use super::*;

    fn difference(percent: f64) -> NeDifference {
        NeDifference { examples: 1, reference: 0.8, other: 0.8, percent, lower: percent, upper: percent }
    }

    /// Which criteria hold if the differences of fp16, int8, int4, greedy int4, the selection and the network
    /// are these.
    fn holds(percents: [f64; 6], bytes: Option<u64>, first: &str) -> Vec<bool> {
        let names = ["fp16", "int8", "int4", "int4 greedy"];
        let formats: Vec<Format> = names
            .into_iter()
            .zip(percents)
            .map(|(name, percent)| Format {
                name,
                bytes: 1,
                relative_l2: 0.1,
                difference: difference(percent),
            })
            .collect();
        let selection = bytes.map(|bytes| Selection {
            choice: Choice { picks: vec![], bytes, percent: 0.0 },
            measured: difference(percents[4]),
            measurements: 1,
        });
        let part = |name: &str| PartError {
            name: name.to_owned(),
            values: 1,
            relative_l2: 0.1,
            max_error: 0.1,
            sqnr: 20.0,
        };
        let found = Found {
            ranking: ShadowReport { parts: vec![part(first), part("1")] },
            before: difference(0.0),
            all: difference(1.0),
            skipped: difference(percents[5]),
            equalised: difference(0.0),
        };
        let selected = Selected { parts: vec![], selection, int8_bytes: 100 };
        of_models(&formats, &selected, &found).iter().map(|criterion| criterion.holds).collect()
    }

    #[test]
    fn each_criterion_of_models_can_fail() {
        let good = [0.0005, 0.003, 0.12, 0.06, 0.04, 0.01];
        assert_eq!(holds(good, Some(55), "1"), [true; 7]);
        assert_eq!(holds([-0.002, 0.02, 0.12, 0.12, 0.06, -0.03], Some(61), "0"), [false; 7]);
        assert_eq!(holds(good, None, "1"), [true, true, true, false, false, true, true]);
    }

    #[test]
    fn errors_are_held_from_both_sides() {
        let row = |int8, worse| RowErrors { dim: 16, int8, int4: 0.065, int4_greedy: 0.058, worse };
        let holds = |row| of_errors(&[row], &[]).iter().map(|c| c.holds).collect::<Vec<_>>();
        assert_eq!(holds(row(0.004, 0)), [true; 4]);
        assert_eq!(holds(row(0.005, 1)), [false, true, true, false]);
        assert!(!holds(row(0.002, 0))[0]);
        let product = ProductErrors {
            length: 1024,
            f16: 2e-4,
            acc16: 2.3e-3,
            acc16_blocked: 1.8e-3,
            int8_channel: 1.2e-2,
            int8_tensor: 1.4e-2,
            int8_relu: f64::NAN,
        };
        let found = of_errors(&[], &[product]);
        assert_eq!(found.iter().map(|c| c.holds).collect::<Vec<_>>(), [true, true, true, true, false, false]);
    }
}
