//! `torch.nn.functional.embedding_bag` in f32: sum, mean, per-sample weights, padding.
//!
//! Weight gradients are checked through the fused SGD: with a learning rate of -1 a table of zeros becomes
//! its gradient.

use approx::relative_eq;
use embag::optim::{Sgd, UpdateRules};
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Precision, Table};

use crate::common::{self, assert_close};
use crate::golden::{self, Golden};

const TOLERANCE: f64 = 1e-6;

/// The padding id that the names of the fields speak of.
const PADDING: u32 = 3;

struct Fields {
    file: Golden,
    rows: usize,
    dim: usize,
    ids: Vec<u64>,
    offsets: Vec<u32>,
    batch: usize,
}

impl Fields {
    fn open() -> Self {
        let file = Golden::open("embedding_bag");
        let shape = file.shape("weight");
        let offsets = file.offsets("offsets_include_last");
        let ids = file.ints("indices");
        let batch = file.shape("grad_out")[0];
        Self { rows: shape[0], dim: shape[1], ids, offsets, batch, file }
    }

    fn bags(&self, ctx: &Context, pooling: Pooling, padded: bool) -> EmbeddingBags {
        self.bags_of(ctx, pooling, padded, Precision::F32, UpdateRules::default())
    }

    fn bags_of(
        &self,
        ctx: &Context,
        pooling: Pooling,
        padded: bool,
        precision: Precision,
        rules: UpdateRules,
    ) -> EmbeddingBags {
        let table = Table::rows(self.rows).dim(self.dim).precision(precision).init(Init::Zero);
        let builder = EmbeddingBags::builder(ctx).table("t", table).feature("f", "t", pooling);
        let builder = if padded { builder.padding(PADDING) } else { builder };
        let sgd = Sgd { lr: -1.0, ..Default::default() };
        builder.optimizer(sgd).update_rules(rules).build().expect("the bags")
    }

    fn grad(&self, ctx: &Context) -> Matrix {
        Matrix::from_slice(ctx, &self.file.floats("grad_out"), self.batch, self.dim).unwrap()
    }

    fn batch(&self, bags: &EmbeddingBags, weighted: bool) -> JaggedBatch {
        let weights = self.file.floats("psw");
        let weights = weighted.then_some(&weights[..]);
        bags.batch_from_offsets(&self.ids, &self.offsets, weights).expect("the batch")
    }
}

fn check(pooling: Pooling, mode: &str, weighted: bool, padded: bool) {
    let fields = Fields::open();
    let suffix = format!("{mode}{}{}", if weighted { "_psw" } else { "" }, if padded { "_pad3" } else { "" });
    for ctx in common::devices() {
        let mut bags = fields.bags(&ctx, pooling, padded);
        let batch = fields.batch(&bags, weighted);
        let grad = fields.file.floats("grad_out");
        let grad = Matrix::from_slice(&ctx, &grad, fields.batch, fields.dim).unwrap();

        bags.upload("t", &fields.file.floats("weight")).unwrap();
        let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert_close(&suffix, &out, &fields.file.floats(&format!("out_{suffix}")), TOLERANCE);
        if weighted {
            let found: Vec<f32> = bags.weight_grad(&batch, &grad).unwrap().read(&ctx).unwrap();
            let field = format!("grad_psw{}", if padded { "_pad3" } else { "" });
            assert_close(&field, &found, &fields.file.floats(&field), TOLERANCE);
        }

        // maxima are those of the rows as they are
        let before = match pooling {
            Pooling::Max => fields.file.floats("weight"),
            _ => vec![0.0; fields.rows * fields.dim],
        };
        bags.upload("t", &before).unwrap();
        bags.backward(&batch, &grad).unwrap();
        let field = format!("grad_weight_{suffix}");
        let added: Vec<f32> = bags.download("t").unwrap().iter().zip(before).map(|(w, b)| w - b).collect();
        assert_close(&field, &added, &fields.file.floats(&field), TOLERANCE);
    }
}

macro_rules! golden {
    ($($test:ident: $pooling:ident, $mode:literal, $weighted:literal, $padded:literal;)+) => {
        $(#[test] fn $test() { check(Pooling::$pooling, $mode, $weighted, $padded); })+
    };
}

golden! {
    golden_sum: Sum, "sum", false, false;
    golden_sum_padding: Sum, "sum", false, true;
    golden_mean: Mean, "mean", false, false;
    golden_mean_padding: Mean, "mean", false, true;
    golden_max: Max, "max", false, false;
    golden_max_padding: Max, "max", false, true;
    golden_weighted: Sum, "sum", true, false;
    golden_weighted_padding: Sum, "sum", true, true;
}

#[test]
fn golden_two_dimensional() {
    let fields = Fields::open();
    let shape = fields.file.shape("indices_2d");
    for ctx in common::devices() {
        let fields_of =
            [(Pooling::Sum, "out_2d_sum"), (Pooling::Mean, "out_2d_mean"), (Pooling::Max, "out_2d_max")];
        for (pooling, field) in fields_of {
            let mut bags = fields.bags(&ctx, pooling, false);
            bags.upload("t", &fields.file.floats("weight")).unwrap();
            let batch = bags.batch().rows("f", &fields.file.ints("indices_2d"), shape[1]).build().unwrap();
            let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_close(field, &out, &fields.file.floats(field), TOLERANCE);
        }
    }
}

#[test]
fn golden_scale_by_frequency() {
    let fields = Fields::open();
    for ctx in common::devices() {
        for (pooling, mode) in [(Pooling::Sum, "sum"), (Pooling::Mean, "mean")] {
            let rules = UpdateRules { scale_by_frequency: true, ..Default::default() };
            let mut bags = fields.bags_of(&ctx, pooling, false, Precision::F32, rules);
            let batch = fields.batch(&bags, false);
            bags.backward(&batch, &fields.grad(&ctx)).unwrap();
            let field = format!("grad_weight_{mode}_scale_by_freq");
            assert_close(&field, &bags.download("t").unwrap(), &fields.file.floats(&field), TOLERANCE);
        }
    }
}

/// Torch shortens rows when they are looked up; a step of nothing with a limit does the same before.
#[test]
fn golden_max_norm() {
    let fields = Fields::open();
    for ctx in common::devices() {
        let rules = UpdateRules { max_norm: Some(1.5), ..Default::default() };
        let mut bags = fields.bags_of(&ctx, Pooling::Sum, false, Precision::F32, rules);
        bags.upload("t", &fields.file.floats("weight")).unwrap();
        let batch = fields.batch(&bags, false);
        bags.backward(&batch, &Matrix::zeros(&ctx, fields.batch, fields.dim).unwrap()).unwrap();
        let expected = fields.file.floats("weight_after_max_norm1.5");
        assert_close("weight_after_max_norm1.5", &bags.download("t").unwrap(), &expected, TOLERANCE);
        let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert_close("out_sum_max_norm1.5", &out, &fields.file.floats("out_sum_max_norm1.5"), TOLERANCE);
    }
}

/// NaN, infinities and negative zeros.
#[test]
fn golden_edges() {
    let file = Golden::open("embedding_bag");
    let shape = file.shape("edge_weight");
    let starts = file.offsets("edge_offsets");
    for ctx in common::devices() {
        for (pooling, mode) in [(Pooling::Sum, "sum"), (Pooling::Mean, "mean"), (Pooling::Max, "max")] {
            let table = Table::rows(shape[0]).dim(shape[1]).init(Init::Zero);
            let mut bags =
                EmbeddingBags::builder(&ctx).table("t", table).feature("f", "t", pooling).build().unwrap();
            bags.upload("t", &file.floats("edge_weight")).unwrap();
            let batch = bags.batch().starts("f", &file.ints("edge_indices"), &starts).build().unwrap();
            let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            let field = format!("edge_out_{mode}");
            for (i, (got, expected)) in out.iter().zip(file.floats(&field)).enumerate() {
                let (got, expected) = (f64::from(*got), f64::from(expected));
                let close = relative_eq!(got, expected, epsilon = TOLERANCE, max_relative = TOLERANCE);
                let both_nan = got.is_nan() && expected.is_nan();
                assert!(close || both_nan, "{field}[{i}]: expected {expected}, got {got}");
            }
        }
    }
}

/// Tables of 16 bits: torch's f16 sum and all its maxima are an f32 sum that is rounded once; its f16 mean
/// rounds twice, and its bf16 sum half up, so that they may be a neighbour of ours.
#[test]
fn golden_half() {
    let fields = Fields::open();
    for ctx in common::devices() {
        for (precision, name) in [(Precision::F16, "f16"), (Precision::Bf16, "bf16")] {
            for (pooling, mode) in [(Pooling::Sum, "sum"), (Pooling::Mean, "mean"), (Pooling::Max, "max")] {
                let mut bags = fields.bags_of(&ctx, pooling, false, precision, UpdateRules::default());
                bags.upload("t", &fields.file.halves(&format!("weight_{name}"), precision)).unwrap();
                let batch = fields.batch(&bags, false);
                let out =
                    common::forward_in(&bags, &batch, batch.len(), precision).unwrap().to_vec(&ctx).unwrap();
                let field = format!("out_{name}_{mode}");
                let expected = fields.file.halves(&field, precision);
                let exact = mode == "max" || (mode, name) == ("sum", "f16");
                golden::assert_rounded(&field, &out, &expected, precision, exact);
            }
        }
    }
}

/// As torch does, ids behind the last offset are left out: they are in no bag.
#[test]
fn golden_offsets_that_end_early() {
    let fields = Fields::open();
    let mut bags = fields.bags(&Context::cpu(), Pooling::Sum, false);
    let short = fields.file.offsets("offsets_include_last_short");
    assert!((short.last().copied().unwrap() as usize) < fields.ids.len());
    bags.upload("t", &fields.file.floats("weight")).unwrap();
    let batch = bags.batch_from_offsets(&fields.ids, &short, None).unwrap();
    let out = bags.forward(&batch).unwrap().to_vec(bags.context()).unwrap();
    assert_close("out_sum", &out, &fields.file.floats("out_sum_include_last_short"), TOLERANCE);
}
