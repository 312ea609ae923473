//! Rounding to 16 bits as torch does: by the host at an upload, by the kernels at an update.

use embag::optim::{Rounding, Sgd, UpdateRules};
use embag::quant::{QuantizedBags, RangeSearch, RowFormat, RowLayout};
use embag::{EmbeddingBags, Init, Matrix, Pooling, Precision, Recorder, Table};

use crate::common;
use crate::golden::Golden;

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
            let table = Table::rows(inputs.len()).dim(1).precision(precision).init(Init::Zero);
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
            // an upload refuses what would become infinite, and takes what is
            assert!(bags.upload("t", &inputs).is_err());
            let taken =
                inputs.iter().zip(&expected).map(|(&input, &e)| if e.is_infinite() { e } else { input });
            bags.upload("t", &taken.collect::<Vec<f32>>()).unwrap();
            assert_same(&format!("{what}, uploaded"), &inputs, &bags.download("t").unwrap(), &expected, true);
            let looked_up = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_same(&format!("{what}, looked up"), &inputs, &looked_up, &expected, false);
        }
    }
}

#[test]
fn golden_bits_of_rows_rounded_on_the_device() {
    let file = Golden::open("rounding");
    let all: Vec<f32> = file.words("f32_bits").into_iter().map(f32::from_bits).collect();
    for (format, field, largest) in
        [(RowFormat::F16, "f16_bits", 65_504.0), (RowFormat::Bf16, "bf16_bits", half::bf16::MAX.to_f32())]
    {
        let bits = file.half_words(field);
        // rows are refused that would not be finite
        let kept: Vec<usize> = (0..all.len()).filter(|&i| all[i].abs() <= largest).collect();
        assert!(kept.len() > 2000 && kept.len() < all.len());
        let inputs: Vec<f32> = kept.iter().map(|&i| all[i]).collect();
        let expected: Vec<u8> = kept.iter().flat_map(|&i| bits[i].to_le_bytes()).collect();
        for ctx in common::devices() {
            let mut bags = QuantizedBags::builder(&ctx)
                .table("t", inputs.len(), 1, format)
                .feature("f", "t", Pooling::Sum)
                .build()
                .unwrap();
            let mut rec = Recorder::new(&ctx);
            let matrix = Matrix::from_slice(&ctx, &inputs, inputs.len(), 1).unwrap();
            bags.record_quantize(&mut rec, "t", 0, &matrix, RangeSearch::MinMax).unwrap();
            rec.run().unwrap();
            let got = bags.download_bytes("t", RowLayout::Fused).unwrap();
            for ((input, got), expected) in inputs.iter().zip(got.chunks(2)).zip(expected.chunks(2)) {
                assert_eq!(got, expected, "{input:e} as {format:?} on {}", common::name_of(&ctx));
            }
        }
    }
}
