//! Rounding to 16 bits as torch does: by the host at an upload, by the kernels at an update.

mod common;
#[path = "common/golden.rs"]
mod golden;

use embag::{EmbeddingBags, Init, Matrix, Pooling, Precision, Rounding, Sgd, Table, UpdateRules};
use golden::Golden;

/// NaN is NaN, whatever its bits.
fn assert_same(what: &str, inputs: &[f32], got: &[f32], expected: &[f32], bits: bool) {
    for ((input, got), expected) in inputs.iter().zip(got).zip(expected) {
        let same = if bits { got.to_bits() == expected.to_bits() } else { got == expected };
        assert!(
            same || (got.is_nan() && expected.is_nan()),
            "{what} of {input:e}: expected {expected:e}, got {got:e}"
        );
    }
}

#[test]
fn golden_rounding() {
    let file = Golden::open("rounding");
    let inputs: Vec<f32> = file.words("f32_bits").into_iter().map(f32::from_bits).collect();
    for (precision, field) in [(Precision::F16, "f16_back_f32_bits"), (Precision::Bf16, "bf16_back_f32_bits")]
    {
        let expected: Vec<f32> = file.words(field).into_iter().map(f32::from_bits).collect();
        for ctx in common::devices() {
            // an odd number of columns, so that the last lies alone in its word
            let table = Table::rows(inputs.len() as u64).dim(1).precision(precision).init(Init::Zero);
            let rules = UpdateRules { rounding: Rounding::Nearest, ..Default::default() };
            let mut bags = EmbeddingBags::builder(&ctx)
                .table("t", table)
                .feature("f", "t", Pooling::Sum)
                .optimizer(Sgd { lr: -1.0, ..Default::default() })
                .update_rules(rules)
                .build()
                .unwrap();
            let ids: Vec<u32> = (0u32..).take(inputs.len()).collect();
            let batch = bags.batch().feature("f", &ids).build().unwrap();
            // 0 + g: the sign of a zero is lost, subnormal gradients may be flushed on the way
            bags.backward(&batch, &Matrix::from_slice(&ctx, &inputs, inputs.len(), 1).unwrap()).unwrap();
            let what = format!("{precision:?} on {}", ctx.device_name());
            let updated = bags.download("t").unwrap();
            assert_same(&format!("{what}, updated"), &inputs, &updated, &expected, false);
            bags.upload("t", &inputs).unwrap();
            assert_same(&format!("{what}, uploaded"), &inputs, &bags.download("t").unwrap(), &expected, true);
            let looked_up = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_same(&format!("{what}, looked up"), &inputs, &looked_up, &expected, false);
        }
    }
}
