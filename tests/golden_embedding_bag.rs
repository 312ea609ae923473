//! `torch.nn.functional.embedding_bag` in f32: sum, mean, per-sample weights, padding.
//!
//! Weight gradients are checked through the fused SGD: with a learning rate of -1 a table of zeros becomes its
//! gradient.

mod common;
#[path = "common/golden.rs"]
mod golden;

use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Sgd, Table};
use golden::{Golden, assert_close};

const TOLERANCE: f32 = 1e-6;

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
        let table = Table::rows(self.rows as u64).dim(self.dim).init(Init::Zero);
        let builder = EmbeddingBags::builder(ctx).table("t", table).feature("f", "t", pooling);
        let builder = if padded { builder.padding(PADDING) } else { builder };
        builder.optimizer(Sgd { lr: -1.0, ..Default::default() }).build().expect("the bags")
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

        bags.upload("t", &vec![0.0; fields.rows * fields.dim]).unwrap();
        bags.backward(&batch, &grad).unwrap();
        let field = format!("grad_weight_{suffix}");
        assert_close(&field, &bags.download("t").unwrap(), &fields.file.floats(&field), TOLERANCE);
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
    golden_weighted: Sum, "sum", true, false;
    golden_weighted_padding: Sum, "sum", true, true;
}

#[test]
fn golden_two_dimensional() {
    let fields = Fields::open();
    let shape = fields.file.shape("indices_2d");
    let lengths = vec![u32::try_from(shape[1]).unwrap(); shape[0]];
    for ctx in common::devices() {
        for (pooling, field) in [(Pooling::Sum, "out_2d_sum"), (Pooling::Mean, "out_2d_mean")] {
            let mut bags = fields.bags(&ctx, pooling, false);
            bags.upload("t", &fields.file.floats("weight")).unwrap();
            let batch = bags.batch_from_lengths(&fields.file.ints("indices_2d"), &lengths, None).unwrap();
            let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_close(field, &out, &fields.file.floats(field), TOLERANCE);
        }
    }
}
