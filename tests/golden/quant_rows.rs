//! Rows of few bits as FBGEMM and PyTorch make them, and FBGEMM's lookups in them.

use approx::abs_diff_eq;
use embag::quant::{QuantizedBags, RangeSearch, RowFormat, RowLayout};
use embag::{Context, EmbeddingBags, Init, Matrix, Pooling, Precision, Recorder, Table};

use crate::common::{self, assert_close};
use crate::golden::{Golden, assert_within_one_f16};

const DIM: usize = 16;

fn one_table(ctx: &Context, rows: usize, format: RowFormat) -> QuantizedBags {
    QuantizedBags::builder(ctx).table("t", rows, DIM, format).feature("f", "t", Pooling::Sum).build().unwrap()
}

/// Whether a format keeps all values of a row.
fn kept(row: &[f32], format: RowFormat) -> bool {
    row.iter().all(|value| value.abs() <= if format == RowFormat::Int8 { 1e38 } else { 65_504.0 })
}

#[test]
fn golden_quant_rowwise() {
    let file = Golden::open("quant_rowwise");
    let x = file.floats("x");
    for (format, field, dequantised) in [
        (RowFormat::Int8, "q8", "q8_dequant"),
        (RowFormat::Int4, "q4", "q4_dequant"),
        (RowFormat::Int2, "q2", "q2_dequant"),
    ] {
        let row_bytes = file.shape(field)[1];
        let rows: Vec<usize> =
            (0..x.len() / DIM).filter(|row| kept(&x[row * DIM..][..DIM], format)).collect();
        // -0 apart all rows but those whose scale or bias is beyond 16 bits
        assert!(rows.len() >= if format == RowFormat::Int8 { 18 } else { 14 });
        let pick = |all: &[f32]| -> Vec<f32> {
            rows.iter().flat_map(|row| all[row * DIM..][..DIM].to_vec()).collect()
        };
        let all_bytes: Vec<u8> = file.bytes(field).collect();
        let bytes: Vec<u8> =
            rows.iter().flat_map(|row| all_bytes[row * row_bytes..][..row_bytes].to_vec()).collect();
        let (values, expected) = (pick(&x), pick(&file.floats(dequantised)));
        for ctx in common::gpu_shapes().iter().cloned().chain([Context::cpu()]) {
            let what = format!("{format:?} on {}", common::name_of(&ctx));
            // with those that FBGEMM turns into infinities
            if let Some(bad) = (0..x.len() / DIM).find(|row| !rows.contains(row)) {
                let mut bags = one_table(&ctx, x.len() / DIM, format);
                let error = bags.upload("t", &x, RangeSearch::MinMax).unwrap_err().to_string();
                assert!(error.contains(&format!("row {bad} ")), "{what}: {error}");
            }
            // by the host
            let mut bags = one_table(&ctx, rows.len(), format);
            bags.upload("t", &values, RangeSearch::MinMax).unwrap();
            assert_eq!(bags.download_bytes("t", RowLayout::Fused).unwrap(), bytes, "{what}, by the host");
            // by the device, from a table and from a matrix
            let mut source = EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(rows.len()).dim(DIM).init(Init::Zero))
                .feature("f", "t", Pooling::Sum)
                .build()
                .unwrap();
            source.upload("t", &values).unwrap();
            let made = QuantizedBags::of(&source, |_| (format, RangeSearch::MinMax)).unwrap();
            let mut recorded = one_table(&ctx, rows.len(), format);
            let mut rec = Recorder::new(&ctx);
            let matrix = Matrix::from_slice(&ctx, &values, rows.len(), DIM).unwrap();
            recorded.record_quantize(&mut rec, "t", 0, &matrix, RangeSearch::MinMax).unwrap();
            rec.run().unwrap();
            if common::is_exact(&ctx) {
                assert_eq!(
                    made.download_bytes("t", RowLayout::Fused).unwrap(),
                    bytes,
                    "{what}, from a table"
                );
                let again = recorded.download_bytes("t", RowLayout::Fused).unwrap();
                assert_eq!(again, bytes, "{what}, from a matrix");
            }
            // bytes that PyTorch made, and their values
            let mut loaded = one_table(&ctx, rows.len(), format);
            loaded.upload_bytes("t", &bytes, RowLayout::Fused).unwrap();
            let mut rec = Recorder::new(&ctx);
            let out = Matrix::zeros(&ctx, rows.len(), DIM).unwrap();
            loaded.record_dequantize(&mut rec, "t", 0, &out).unwrap();
            rec.run().unwrap();
            // FBGEMM contracts the product into the sum
            for (row, expected) in expected.chunks(DIM).enumerate() {
                let size = expected.iter().fold(0.0f32, |size, value| size.max(value.abs()));
                let near = |got: &[f32]| {
                    got.iter().zip(expected).all(|(a, b)| abs_diff_eq!(a, b, epsilon = size * 3e-7))
                };
                assert!(near(&loaded.download("t").unwrap()[row * DIM..][..DIM]), "{what}, row {row}");
                assert!(near(&out.to_vec(&ctx).unwrap()[row * DIM..][..DIM]), "{what}, row {row}");
            }
        }
    }
}

#[test]
fn golden_rows_of_halves() {
    let file = Golden::open("quant_rowwise");
    let x = file.floats("x_half");
    for (format, field) in [(RowFormat::Int8, "q8_from_half"), (RowFormat::Int4, "q4_from_half")] {
        let row_bytes = file.shape(field)[1];
        let rows: Vec<usize> =
            (0..x.len() / DIM).filter(|row| kept(&x[row * DIM..][..DIM], format)).collect();
        assert!(rows.len() >= 14);
        let values: Vec<f32> = rows.iter().flat_map(|row| x[row * DIM..][..DIM].to_vec()).collect();
        let all_bytes: Vec<u8> = file.bytes(field).collect();
        // the least of a row with zeros of both signs is either: a bias of zero has no sign here
        let unsigned = |bytes: &[u8]| -> Vec<u8> {
            let bias =
                if format == RowFormat::Int8 { row_bytes - 4..row_bytes } else { row_bytes - 2..row_bytes };
            let mut bytes = bytes.to_vec();
            for row in bytes.chunks_mut(row_bytes) {
                let bias = &mut row[bias.clone()];
                if bias[bias.len() - 1] == 0x80 && bias[..bias.len() - 1].iter().all(|&byte| byte == 0) {
                    bias.fill(0);
                }
            }
            bytes
        };
        let bytes: Vec<u8> =
            rows.iter().flat_map(|row| all_bytes[row * row_bytes..][..row_bytes].to_vec()).collect();
        for ctx in common::gpu_shapes().iter().cloned().chain([Context::cpu()]) {
            let what = format!("{format:?} on {}", common::name_of(&ctx));
            // a table of halves, quantised on the device
            let mut source = EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(rows.len()).dim(DIM).precision(Precision::F16).init(Init::Zero))
                .feature("f", "t", Pooling::Sum)
                .build()
                .unwrap();
            source.upload("t", &values).unwrap();
            assert_eq!(source.download("t").unwrap(), values, "they are halves");
            let made = QuantizedBags::of(&source, |_| (format, RangeSearch::MinMax)).unwrap();
            if common::is_exact(&ctx) {
                let got = made.download_bytes("t", RowLayout::Fused).unwrap();
                assert_eq!(unsigned(&got), unsigned(&bytes), "{what}");
            }
        }
    }
}

#[test]
fn golden_rows_restored_as_halves() {
    let file = Golden::open("quant_rowwise");
    let (x, restored) = (file.floats("x"), file.floats("q8_dequant_half"));
    // halves have room for these alone
    let rows: Vec<usize> =
        (0..x.len() / DIM).filter(|row| kept(&x[row * DIM..][..DIM], RowFormat::Int4)).collect();
    assert!(rows.len() >= 14);
    let expected: Vec<f32> = rows.iter().flat_map(|row| restored[row * DIM..][..DIM].to_vec()).collect();
    let row_bytes = file.shape("q8")[1];
    let all_bytes: Vec<u8> = file.bytes("q8").collect();
    let bytes: Vec<u8> =
        rows.iter().flat_map(|row| all_bytes[row * row_bytes..][..row_bytes].to_vec()).collect();
    for ctx in common::devices() {
        let mut bags = one_table(&ctx, rows.len(), RowFormat::Int8);
        bags.upload_bytes("t", &bytes, RowLayout::Fused).unwrap();
        let ids: Vec<u32> = (0u32..).take(rows.len()).collect();
        let batch = bags.batch().feature("f", &ids).build().unwrap();
        let got =
            common::forward_in(&bags, &batch, batch.len(), Precision::F16).unwrap().to_vec(&ctx).unwrap();
        assert_within_one_f16(&format!("int8 on {}", common::name_of(&ctx)), &got, &expected);
    }
}

#[test]
fn golden_torch_prepack_and_bags() {
    let file = Golden::open("quant_rowwise");
    let (ids, weights) = (file.ints("bag_indices"), file.floats("bag_psw"));
    let offsets = file.offsets("bag_offsets");
    for (format, prepack, sums) in [
        (RowFormat::Int8, "torch_byte_prepack", "bag8_sum"),
        (RowFormat::Int4, "torch_4bit_prepack", "bag4_sum"),
        (RowFormat::Int2, "torch_2bit_prepack", "bag2_sum"),
    ] {
        let (rows, row_bytes) = (file.shape(prepack)[0], file.shape(prepack)[1]);
        let mut bytes: Vec<u8> = file.bytes(prepack).collect();
        let x = file.floats("x");
        // the bags look finite rows up; the others are refused, so that zeros take their place
        for row in (0..rows).filter(|row| !kept(&x[row * DIM..][..DIM], format)) {
            assert!(!ids.contains(&(row as u64)), "row {row} is looked up");
            bytes[row * row_bytes..][..row_bytes].fill(0);
        }
        for ctx in common::devices() {
            let mut bags = one_table(&ctx, rows, format);
            bags.upload_bytes("t", &bytes, RowLayout::Fused).unwrap();
            for (field, weights) in [(sums.to_owned(), None), (format!("{sums}_psw"), Some(&*weights))] {
                let batch = bags.batch_from_offsets(&ids, &offsets, weights).unwrap();
                let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                let expected = file.floats(&field);
                let size = expected.iter().fold(0.0f32, |size, value| size.max(value.abs()));
                common::assert_close_at(f64::from(size.max(1.0)), &field, &out, &expected, 2e-6);
            }
        }
    }
}

/// Tables as the inference TBE holds them.
fn inference_bags(ctx: &Context, file: &Golden, format: RowFormat, pooling: Pooling) -> QuantizedBags {
    let mut builder = QuantizedBags::builder(ctx);
    for t in 0..2 {
        let shape = file.shape(&format!("weights_f32.{t}"));
        builder = builder.table(&t.to_string(), shape[0], shape[1], format);
        builder = builder.feature(&format!("f{t}"), &t.to_string(), pooling);
    }
    let mut bags = builder.build().unwrap();
    for t in 0..2 {
        let layout = RowLayout::Inference { alignment: 1 };
        let bytes: Vec<u8> = file.bytes(&format!("rows_u8.{t}")).collect();
        bags.upload_bytes(&t.to_string(), &bytes, layout).unwrap();
        assert_eq!(bags.download_bytes(&t.to_string(), layout).unwrap(), bytes);
    }
    bags
}

#[test]
fn golden_nbit_tbe() {
    for (name, format) in [
        ("nbit_tbe_int8", RowFormat::Int8),
        ("nbit_tbe_int4", RowFormat::Int4),
        ("nbit_tbe_int2", RowFormat::Int2),
        ("nbit_tbe_fp16", RowFormat::F16),
        ("nbit_tbe_fp32", RowFormat::F32),
    ] {
        let file = Golden::open(name);
        let (ids, offsets) = (file.signed("indices"), file.offsets("offsets"));
        let weights = file.floats("psw");
        for ctx in common::devices() {
            // its rows are those that we make
            let mut made = inference_bags(&ctx, &file, format, Pooling::Sum);
            for t in 0..2 {
                let values = file.floats(&format!("weights_f32.{t}"));
                made.upload(&t.to_string(), &values, RangeSearch::MinMax).unwrap();
                let bytes =
                    made.download_bytes(&t.to_string(), RowLayout::Inference { alignment: 1 }).unwrap();
                assert!(file.bytes(&format!("rows_u8.{t}")).eq(bytes), "{name}, table {t}");
            }
            for (pooling, mode) in [(Pooling::Sum, "sum"), (Pooling::Mean, "mean")] {
                let bags = inference_bags(&ctx, &file, format, pooling);
                for (suffix, weights) in [("", None), ("_psw", Some(&*weights))] {
                    let batch = bags.batch_from_offsets(&ids, &offsets, weights).unwrap();
                    let field = format!("out_fp32_{mode}{suffix}");
                    let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                    assert_close(&format!("{name} {field}"), &out, &file.floats(&field), 2e-6);
                    let field = format!("out_fp16_{mode}{suffix}");
                    let out = common::forward_in(&bags, &batch, batch.len(), Precision::F16)
                        .unwrap()
                        .to_vec(&ctx)
                        .unwrap();
                    assert_within_one_f16(&format!("{name} {field}"), &out, &file.floats(&field));
                }
            }
            let bags = inference_bags(&ctx, &file, format, Pooling::Sum);
            let pruned = file.signed("indices_minus1");
            assert_eq!(pruned[1], -1);
            let batch = bags.batch_from_offsets(&pruned, &offsets, None).unwrap();
            let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            assert_close(&format!("{name} minus1"), &out, &file.floats("out_fp32_sum_minus1"), 2e-6);
        }
    }
}

#[test]
fn golden_sbhalf_rows_of_8_bits() {
    let file = Golden::open("quant_sbhalf");
    let (rows, dim) = (file.shape("values")[0], file.shape("values")[1]);
    let bytes: Vec<u8> = file.bytes("rows_8").collect();
    assert_eq!(RowLayout::SbHalf.row_bytes(RowFormat::Int8, dim).unwrap() * rows, bytes.len());
    for ctx in common::devices() {
        let mut bags = QuantizedBags::builder(&ctx)
            .table("t", rows, dim, RowFormat::Int8)
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap();
        bags.upload_bytes("t", &bytes, RowLayout::SbHalf).unwrap();
        assert_eq!(bags.download_bytes("t", RowLayout::SbHalf).unwrap(), bytes);
        let batch = bags.batch().feature("f", &(0..).take(rows).collect::<Vec<u32>>()).build().unwrap();
        let values = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        let expected: Vec<f64> = file.floats("floats_8").into_iter().map(f64::from).collect();
        assert_close(&common::name_of(&ctx), &values, &expected, 1e-6);
    }
}
