//! Quantised bags against rows that were restored by hand, replaced rows, pruned ids, files and bad input.

use approx::abs_diff_eq;
use embag::quant::{QuantizedBags, RangeSearch, RowFormat, RowLayout};
use embag::{
    Bounds, Checkpoint, Context, ContextOptions, DeviceBatch, EmbeddingBags, Init, JaggedBatch, Matrix,
    Pooling, Precision, Recorder, Table,
};

use crate::common;

const FORMATS: [RowFormat; 6] =
    [RowFormat::F32, RowFormat::F16, RowFormat::Bf16, RowFormat::Int8, RowFormat::Int4, RowFormat::Int2];

/// Three tables of different dims and formats, one with two features.
fn trained(ctx: &Context) -> EmbeddingBags {
    let table = |rows, dim| Table::rows(rows).dim(dim).init(Init::Normal { mean: 0.1, std: 0.5 });
    EmbeddingBags::builder(ctx)
        .table("a", table(300, 16))
        .table("b", table(50, 7).precision(Precision::F16))
        .table("c", table(120, 64))
        .feature("a sum", "a", Pooling::Sum)
        .feature("b mean", "b", Pooling::Mean)
        .padding(3)
        .feature("c mean", "c", Pooling::Mean)
        .feature("a max", "a", Pooling::Max)
        .seed(5)
        .build()
        .unwrap()
}

fn batch(bags: &QuantizedBags, pruned: i64) -> JaggedBatch {
    bags.batch()
        .bags("a sum", &[1i64, 299, pruned, 7, 7], &[3, 0, 2])
        .bags("b mean", &[3i64, 49, 0, 1], &[2, 1, 1])
        .weights("b mean", &[1.0, 2.0, -0.5, 1.0])
        .bags("c mean", &[pruned, 119, 4, 5, 6], &[2, 2, 1])
        .bags("a max", &[5i64, pruned, 9, 9], &[2, 1, 1])
        .build()
        .unwrap()
}

/// The same lookups in the restored values, where the pruned id is a row of zeros of its own.
fn expected(bags: &QuantizedBags) -> Vec<f32> {
    let ctx = Context::cpu();
    let mut builder = EmbeddingBags::builder(&ctx);
    for name in bags.tables() {
        let (rows, dim) = bags.table_shape(name).unwrap();
        builder = builder.table(name, Table::rows(rows + 1).dim(dim));
    }
    let mut whole = builder
        .feature("a sum", "a", Pooling::Sum)
        .feature("b mean", "b", Pooling::Mean)
        .padding(3)
        .feature("c mean", "c", Pooling::Mean)
        .feature("a max", "a", Pooling::Max)
        .build()
        .unwrap();
    for name in bags.tables() {
        let mut values = bags.download(name).unwrap();
        values.extend(vec![0.0; bags.table_shape(name).unwrap().1]);
        whole.upload(name, &values).unwrap();
    }
    let batch = whole
        .batch()
        .bags("a sum", &[1u32, 299, 300, 7, 7], &[3, 0, 2])
        .bags("b mean", &[3u32, 49, 0, 1], &[2, 1, 1])
        .weights("b mean", &[1.0, 2.0, -0.5, 1.0])
        .bags("c mean", &[120u32, 119, 4, 5, 6], &[2, 2, 1])
        .bags("a max", &[5u32, 300, 9, 9], &[2, 1, 1])
        .build()
        .unwrap();
    whole.forward(&batch).unwrap().to_vec(&ctx).unwrap()
}

#[test]
fn lookups_are_those_of_the_restored_values() {
    // windows of a few rows, and one for all tables
    for binding in [4096, 1 << 27] {
        let options = ContextOptions::new().max_binding(binding);
        let made: Vec<Vec<Vec<f32>>> = common::devices_with(&options)
            .iter()
            .map(|ctx| {
                let source = trained(ctx);
                FORMATS
                    .iter()
                    .map(|&format| {
                        let bags = QuantizedBags::of(&source, |_| (format, RangeSearch::Greedy)).unwrap();
                        let bytes = |rows, dim| rows * format.row_bytes(dim) as u64;
                        assert_eq!(bags.bytes(), bytes(300, 16) + bytes(50, 7) + bytes(120, 64));
                        let out = bags.forward(&batch(&bags, -1)).unwrap().to_vec(ctx).unwrap();
                        // windows add up in another order than the one table of the oracle
                        let expected = expected(&bags);
                        for (got, expected) in out.iter().zip(&expected) {
                            assert!(
                                abs_diff_eq!(got, expected, epsilon = 1e-6),
                                "{format:?}: {got} {expected}"
                            );
                        }
                        let batch = batch(&bags, -1);
                        let half = common::forward_in(&bags, &batch, batch.len(), Precision::F16).unwrap();
                        for (got, exact) in half.to_vec(ctx).unwrap().into_iter().zip(&out) {
                            assert!(
                                abs_diff_eq!(got, exact, epsilon = exact.abs() * 5e-4 + 1e-7),
                                "{format:?}: {got} {exact}"
                            );
                        }
                        out
                    })
                    .collect()
            })
            .collect();
        for (ctx, there) in common::devices_with(&options).iter().zip(&made) {
            for (format, (there, here)) in FORMATS.iter().zip(there.iter().zip(&made[0])) {
                // a card may decide for another range than the CPU
                if common::is_exact(ctx) {
                    common::assert_bits(&format!("{format:?} on {}", common::name_of(ctx)), there, here);
                }
            }
        }
    }
}

#[test]
fn a_greedy_range_never_loses_more() {
    let values = trained(&Context::cpu()).download("c").unwrap();
    for format in [RowFormat::Int8, RowFormat::Int4, RowFormat::Int2] {
        for ctx in common::devices() {
            let mut bags = QuantizedBags::builder(&ctx)
                .table("c", 120, 64, format)
                .feature("c", "c", Pooling::None)
                .build()
                .unwrap();
            let mut losses = Vec::new();
            for search in [RangeSearch::MinMax, RangeSearch::Greedy] {
                bags.upload("c", &values, search).unwrap();
                let restored = bags.download("c").unwrap();
                let row_loss = |(a, b): (&[f32], &[f32])| -> f64 {
                    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
                };
                losses.push(restored.chunks(64).zip(values.chunks(64)).map(row_loss).collect::<Vec<f64>>());
            }
            assert!(
                losses[0].iter().zip(&losses[1]).all(|(whole, greedy)| greedy <= &(whole * (1.0 + 1e-6)))
            );
            let [whole, greedy] = [0, 1].map(|k| losses[k].iter().sum::<f64>());
            // by much where codes are few
            assert!(
                greedy < whole * if format == RowFormat::Int8 { 1.0 } else { 0.9 },
                "{format:?}: {greedy} {whole}"
            );
        }
    }
}

#[test]
fn rows_are_replaced_while_it_serves() {
    for ctx in common::devices() {
        let mut bags = QuantizedBags::of(&trained(&ctx), |name| match name {
            "a" => (RowFormat::Int4, RangeSearch::MinMax),
            "b" => (RowFormat::F16, RangeSearch::MinMax),
            _ => (RowFormat::Int8, RangeSearch::MinMax),
        })
        .unwrap();
        let before = bags.download("a").unwrap();
        let row: Vec<f32> = (0u8..16).map(f32::from).collect();
        bags.write_row("a", 7, &row, RangeSearch::MinMax).unwrap();
        assert_eq!(bags.read_row("a", 7).unwrap(), row);
        let layout = RowLayout::Inference { alignment: 16 };
        let bytes = bags.download_bytes("a", layout).unwrap();
        bags.write_row_bytes("a", 299, &bytes[7 * 16..8 * 16], layout).unwrap();
        let mut rec = Recorder::new(&ctx);
        let two = Matrix::from_slice(&ctx, &[row.clone(), row.clone()].concat(), 2, 16).unwrap();
        bags.record_quantize(&mut rec, "a", 100, &two, RangeSearch::Greedy).unwrap();
        let out = Matrix::zeros(&ctx, 3, 16).unwrap();
        bags.record_dequantize(&mut rec, "a", 99, &out).unwrap();
        rec.run().unwrap();
        let after = bags.download("a").unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), after[99 * 16..102 * 16]);
        for (r, (after, before)) in after.chunks(16).zip(before.chunks(16)).enumerate() {
            let expected = if [7, 299, 100, 101].contains(&r) { &row[..] } else { before };
            assert_eq!(after, expected, "row {r} on {}", common::name_of(&ctx));
        }
    }
}

#[test]
fn lookups_see_the_row_of_their_time() {
    // whole tables, and cut into windows
    for options in [ContextOptions::new(), ContextOptions::new().max_binding(2048)] {
        for ctx in common::devices_with(&options) {
            for format in [RowFormat::Int8, RowFormat::Int4, RowFormat::F16] {
                let bags = QuantizedBags::of(&trained(&ctx), |_| (format, RangeSearch::MinMax)).unwrap();
                let batch = batch(&bags, -1);
                let before = expected(&bags);
                let forward = |bags: &QuantizedBags| {
                    let out = Matrix::zeros(&ctx, batch.len(), bags.output_cols()).unwrap();
                    let mut rec = Recorder::new(&ctx);
                    bags.record_forward(&mut rec, &batch, &out).unwrap();
                    (rec.submit().unwrap(), out)
                };
                // nothing waits in between
                let (first, old) = forward(&bags);
                let row: Vec<f32> = (0u8..16).map(|i| f32::from(i) - 9.0).collect();
                bags.write_row("a", 7, &row, RangeSearch::MinMax).unwrap();
                let (second, new) = forward(&bags);
                first.wait().unwrap();
                second.wait().unwrap();
                let after = expected(&bags);
                assert_ne!(before, after);
                let what = format!("{format:?} on {}", common::name_of(&ctx));
                for (got, wanted) in [(old, before), (new, after)] {
                    let got = got.to_vec(&ctx).unwrap();
                    // windows are summed one after the other
                    let near = |(got, wanted): (&f32, &f32)| {
                        abs_diff_eq!(got, wanted, epsilon = 1e-5 * (1.0 + wanted.abs()))
                    };
                    assert!(got.iter().zip(&wanted).all(near), "{what}: {got:?} {wanted:?}");
                }
            }
        }
    }
}

#[test]
fn pruned_ids_of_device_batches() {
    for ctx in common::devices() {
        let bags = QuantizedBags::of(&trained(&ctx), |_| (RowFormat::Int8, RangeSearch::MinMax)).unwrap();
        let host = bags
            .batch()
            .bags("a sum", &[1i64, -1], &[2])
            .bags("b mean", &[-1i64, 4], &[2])
            .bags("c mean", &[-1i64], &[1])
            .bags("a max", &[-1i32, 2], &[2])
            .build()
            .unwrap();
        let ids = [1, u32::MAX, u32::MAX, 4, u32::MAX, u32::MAX, 2];
        let buffer = |words: &[u32]| embag::Buffer::from_slice(&ctx, words).unwrap();
        let device = |ids: &[u32]| DeviceBatch::from_offsets(1, buffer(ids), buffer(&[0, 2, 4, 5, 7]));
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, device(&ids)).unwrap();
        rec.run().unwrap();
        let out = |batch: &JaggedBatch| bags.forward(batch).unwrap().to_vec(&ctx).unwrap();
        common::assert_bits("device batch", &out(&batch), &out(&host));
        // what is no row and not pruned is still an error
        let mut rec = Recorder::new(&ctx);
        bags.batch_from_device(&mut rec, device(&[1, u32::MAX, u32::MAX, 4, u32::MAX - 1, u32::MAX, 2]))
            .unwrap();
        let error = rec.run().unwrap_err().to_string();
        assert!(error.contains("feature \"c mean\"") && error.contains("4294967294"), "{error}");
    }
}

#[test]
fn ids_that_are_no_rows_do_not_count_where_they_are_skipped() {
    for ctx in common::devices() {
        let build = |pooling| {
            let bags = QuantizedBags::builder(&ctx)
                .table("t", 10, 8, RowFormat::Int8)
                .feature("f", "t", pooling)
                .bounds(Bounds::Skip);
            let mut bags = bags.build().unwrap();
            bags.upload("t", &[1.0; 80], RangeSearch::MinMax).unwrap();
            bags
        };
        // pruned ones are rows of zeros; -5, 2^40 and 77 are none
        for (ids, pooling, first, skipped) in [
            (&[1i64, -5][..], Pooling::Mean, 1.0, 1),
            (&[1, -1, 77, -5], Pooling::Mean, 0.5, 2),
            (&[1 << 40, -1, 1], Pooling::Sum, 1.0, 1),
            (&[-5, -1], Pooling::Max, 0.0, 1),
        ] {
            let bags = build(pooling);
            let len = u32::try_from(ids.len()).unwrap();
            let host = bags.batch_from_lengths(ids, &[len], None).unwrap();
            assert_eq!(host.skipped().unwrap(), skipped);
            let out = bags.forward(&host).unwrap().to_vec(&ctx).unwrap();
            assert_eq!(out, [first; 8], "{ids:?} on {}", common::name_of(&ctx));
            // of device memory, where ids are u32
            let narrow: Vec<u32> = ids
                .iter()
                .map(|&id| if id == -1 { u32::MAX } else { u32::try_from(id).unwrap_or(u32::MAX - 7) })
                .collect();
            let buffer = |words: &[u32]| embag::Buffer::from_slice(&ctx, words).unwrap();
            let device = DeviceBatch::from_offsets(1, buffer(&narrow), buffer(&[0, len]));
            let mut rec = Recorder::new(&ctx);
            let device = bags.batch_from_device(&mut rec, device).unwrap();
            rec.run().unwrap();
            common::assert_bits("device", &bags.forward(&device).unwrap().to_vec(&ctx).unwrap(), &out);
            assert_eq!(device.skipped().unwrap(), skipped);
        }
    }
}

#[test]
fn sequences_and_bags_in_matrices_of_their_own() {
    // windows of a few rows, and one for all tables
    for (binding, dim) in [(4096, 16), (1 << 27, 16), (1 << 27, 7)] {
        let options = ContextOptions::new().max_binding(binding);
        for (ctx, format) in
            common::devices_with(&options).iter().flat_map(|ctx| FORMATS.map(|format| (ctx, format)))
        {
            let mut bags = QuantizedBags::builder(ctx)
                .table("t", 200, dim, format)
                .feature("sequence", "t", Pooling::None)
                .feature("sum", "t", Pooling::Sum)
                .build()
                .unwrap();
            let values: Vec<f32> = (0..200 * dim).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
            bags.upload("t", &values, RangeSearch::MinMax).unwrap();
            let restored = bags.download("t").unwrap();
            let row = |id: i64| match usize::try_from(id) {
                Ok(id) => restored[id * dim..][..dim].to_vec(),
                Err(_) => vec![0.0; dim],
            };
            let ids = [5i64, -1, 199, 5, 0];
            let batch = bags
                .batch()
                .bags("sequence", &ids, &[2, 0, 3])
                .bags("sum", &[1i64, 2, -1], &[2, 1, 0])
                .build()
                .unwrap();
            let what = format!("{format:?}, {dim} columns on {}", common::name_of(ctx));
            let [sequence, sums] = &bags.forward_features(&batch).unwrap()[..] else { panic!("two") };
            let expected: Vec<f32> = ids.iter().flat_map(|&id| row(id)).collect();
            assert_eq!(sequence.to_vec(ctx).unwrap(), expected, "{what}");
            let sums = sums.to_vec(ctx).unwrap();
            for precision in [Precision::F16, Precision::Bf16] {
                let halves = [ids.len(), 3].map(|rows| Matrix::zeros_of(precision, ctx, rows, dim).unwrap());
                let mut rec = Recorder::new(ctx);
                bags.record_forward(&mut rec, &batch, &halves).unwrap();
                rec.run().unwrap();
                for (half, exact) in halves.iter().zip([&expected, &sums]) {
                    let half = half.to_vec(ctx).unwrap();
                    assert_eq!(half.len(), exact.len());
                    let rounded = |x: f32| match precision {
                        Precision::F16 => half::f16::from_f32(x).to_f32(),
                        _ => half::bf16::from_f32(x).to_f32(),
                    };
                    assert!(half.iter().zip(exact).all(|(got, &exact)| *got == rounded(exact)), "{what}");
                }
            }
        }
    }
    let ctx = Context::cpu();
    let bags = QuantizedBags::builder(&ctx)
        .table("t", 10, 8, RowFormat::Int8)
        .feature("f", "t", Pooling::None)
        .build()
        .unwrap();
    let batch = bags.batch_from_lengths(&[1u32, 2], &[2], None).unwrap();
    let out = Matrix::zeros_of(Precision::F16, &ctx, 1, 8).unwrap();
    let error = bags.record_forward(&mut Recorder::new(&ctx), &batch, &[out]).unwrap_err();
    assert_eq!(error.to_string(), "outs of feature \"f\": expected 2 x 8, got 1 x 8");
}

#[test]
fn files_hold_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("served.safetensors");
    for ctx in common::devices() {
        for (format, dim) in FORMATS.into_iter().flat_map(|format| [(format, 16), (format, 7)]) {
            let name = if dim == 16 { "a" } else { "b" };
            let bags = QuantizedBags::of(&trained(&ctx), |_| (format, RangeSearch::MinMax)).unwrap();
            bags.save(&path).unwrap();
            let back = QuantizedBags::from_file(&Context::cpu(), &path).unwrap();
            assert_eq!(back.format(name).unwrap(), format);
            let bytes = |bags: &QuantizedBags| bags.download_bytes(name, RowLayout::Fused).unwrap();
            assert_eq!(bytes(&back), bytes(&bags));
            let out = |bags: &QuantizedBags| {
                bags.forward(&batch(bags, -1)).unwrap().to_vec(bags.context()).unwrap()
            };
            common::assert_agrees(&ctx, "loaded", &out(&bags), &out(&back));
        }
    }
    let mut damaged = Checkpoint::new();
    damaged.set_json("quantized.bags", &"nothing").unwrap();
    damaged.save(&path).unwrap();
    let error = QuantizedBags::from_file(&Context::cpu(), &path).unwrap_err().to_string();
    assert!(error.contains("metadata \"quantized.bags\""), "{error}");
    // tables that are described and not there, or cannot be
    let table = |rows: u64, dim: usize| {
        serde_json::json!({
            "tables": [{ "name": "t", "rows": rows, "dim": dim, "format": "int8" }],
            "features": [{ "name": "f", "table": "t", "pooling": "sum", "padding": null }],
            "bounds": "error",
        })
    };
    for (rows, dim, bytes, expected) in [
        (4_000_000_000, 1_000_000, &[0u8; 9][..], "[4000000000, 1000008]"),
        (u64::MAX, usize::MAX, &[0; 9], "a table that memory has room for"),
        (1, 0, &[0; 8], "dim"),
        (1, 1, &[255; 9], "row 0 of table \"t\": expected finite values, scale and bias, got NaN"),
    ] {
        let mut damaged = Checkpoint::new();
        damaged.set_json("quantized.bags", &table(rows, dim)).unwrap();
        let columns = if rows == 1 { bytes.len() } else { 9 };
        damaged.insert("quantized.t.rows", &[bytes.len() / columns, columns], bytes.to_vec()).unwrap();
        let error = QuantizedBags::from_checkpoint(&Context::cpu(), &damaged, "quantized").unwrap_err();
        assert!(matches!(error, embag::Error::Checkpoint { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_row() {
    for ctx in common::devices() {
        for (format, bad, kept) in [
            (RowFormat::Int8, f32::NAN, 1e38),
            (RowFormat::Int8, 3e38, -1e38),
            (RowFormat::Int4, 65_520.0, 65_504.0),
            (RowFormat::Int2, f32::NEG_INFINITY, 1.0),
            (RowFormat::F16, 7e4, -65_504.0),
            (RowFormat::Bf16, f32::INFINITY, 3e38),
            (RowFormat::F32, f32::NAN, f32::MAX),
        ] {
            let mut values = vec![1.0; 40 * 5];
            (values[31 * 5 + 4], values[33 * 5], values[2]) = (bad, f32::NAN, kept);
            let mut source = EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(40).dim(5))
                .feature("f", "t", Pooling::Sum)
                .build()
                .unwrap();
            source.upload("t", &values).unwrap();
            let mut bags = QuantizedBags::builder(&ctx)
                .table("t", 40, 5, format)
                .feature("f", "t", Pooling::Sum)
                .build()
                .unwrap();
            let what = format!("{format:?}, {bad} on {}", common::name_of(&ctx));
            let matrix = Matrix::from_slice(&ctx, &values, 40, 5).unwrap();
            let mut rec = Recorder::new(&ctx);
            bags.record_quantize(&mut rec, "t", 0, &matrix, RangeSearch::MinMax).unwrap();
            let errors = [
                QuantizedBags::of(&source, |_| (format, RangeSearch::MinMax)).unwrap_err().to_string(),
                bags.upload("t", &values, RangeSearch::MinMax).unwrap_err().to_string(),
                rec.run().unwrap_err().to_string(),
            ];
            for error in &errors {
                assert!(
                    error.starts_with("row 31 of table \"t\": expected finite values"),
                    "{what}: {error}"
                );
                assert!(error.ends_with(&format!("got {bad}")), "{what}: {error}");
            }
            assert!(bags.download("t").unwrap().iter().all(|&value| value == 0.0), "{what}: written");
        }
    }
}

#[test]
fn bad_input_is_an_error() {
    let ctx = Context::cpu();
    let mut bags = QuantizedBags::builder(&ctx)
        .table("t", 10, 6, RowFormat::Int8)
        .feature("f", "t", Pooling::Sum)
        .bounds(Bounds::Error)
        .build()
        .unwrap();
    let message = |result: embag::Result<()>| result.unwrap_err().to_string();
    let min_max = RangeSearch::MinMax;
    assert_eq!(
        message(bags.upload("t", &[0.0; 61], min_max)),
        "values of table \"t\": expected 10 rows x 6 = 60 values, got 61"
    );
    assert_eq!(message(bags.upload("u", &[], min_max)), "table: expected one of [\"t\"], got \"u\"");
    assert_eq!(
        message(bags.write_row("t", 10, &[0.0; 6], min_max)),
        "table \"t\": row 10 out of range for 10 rows"
    );
    assert_eq!(
        message(bags.write_row("t", 1, &[0.0; 5], min_max)),
        "row of table \"t\": expected 6 values, got 5"
    );
    assert_eq!(
        message(bags.upload_bytes("t", &[0; 139], RowLayout::Fused)),
        "bytes of table \"t\": expected 10 rows x 14 = 140 bytes, got 139"
    );
    let mut bytes = [0; 14];
    bytes[6..10].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(
        message(bags.write_row_bytes("t", 7, &bytes, RowLayout::Fused)),
        "row 7 of table \"t\": expected finite values, scale and bias, got NaN"
    );
    // scale and bias are finite, what they make of the codes is not
    bytes[..6].fill(255);
    for half in [6..10, 10..14] {
        bytes[half].copy_from_slice(&3e38f32.to_le_bytes());
    }
    assert_eq!(
        message(bags.write_row_bytes("t", 7, &bytes, RowLayout::Fused)),
        "row 7 of table \"t\": expected finite values, scale and bias, got inf"
    );
    for alignment in [0, 1 << 63] {
        let layout = RowLayout::Inference { alignment };
        let expected = format!("alignment: expected 1 to 4096 bytes, got {alignment}");
        assert_eq!(message(bags.upload_bytes("t", &[], layout)), expected);
        assert_eq!(message(bags.download_bytes("t", layout).map(drop)), expected);
    }
    assert_eq!(
        message(RowLayout::Fused.row_bytes(RowFormat::Int8, usize::MAX).map(drop)),
        format!("dim: expected as many columns as memory has bits for, got {}", usize::MAX)
    );
    bags.write_row("t", 4, &[0.0, 0.0, 0.0, 0.0, 0.0, 1e9], min_max).unwrap();
    let error = bags.download_bytes("t", RowLayout::Inference { alignment: 1 }).unwrap_err().to_string();
    assert!(error.starts_with("row 4 of table \"t\": expected a scale and a bias within 16 bits"), "{error}");
    let matrix = Matrix::zeros(&ctx, 3, 6).unwrap();
    let mut rec = Recorder::new(&ctx);
    assert_eq!(
        message(bags.record_quantize(&mut rec, "t", 8, &matrix, min_max)),
        "table \"t\": row 10 out of range for 10 rows"
    );
    let error = bags.batch().bags("f", &[-2i64], &[1]).build().unwrap_err().to_string();
    assert!(error.contains("out of range for 10 rows"), "{error}");
    let other = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(3))
        .feature("f", "t", Pooling::Sum)
        .build()
        .unwrap();
    assert!(other.batch().bags("f", &[-1i64], &[1]).build().is_err(), "only quantised rows are pruned");
}

#[test]
fn rows_are_replaced_whole_while_others_look_up() {
    for ctx in common::devices() {
        let tables = EmbeddingBags::builder(&ctx).table("t", Table::rows(8).dim(64).init(Init::Zero));
        let tables = tables.feature("f", "t", Pooling::Sum).build().unwrap();
        let served = QuantizedBags::of(&tables, |_| (RowFormat::F16, RangeSearch::MinMax)).unwrap();
        let batch = served.batch().feature("f", &[3u32]).build().unwrap();
        let rows = [[0.0f32; 64], [1.0; 64], [2.0; 64]];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for k in 0..60 {
                    served.write_row("t", 3, &rows[1 + k % 2], RangeSearch::MinMax).unwrap();
                }
            });
            for _ in 0..40 {
                let row = served.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                assert!(rows.iter().any(|whole| row == whole), "{row:?}");
            }
        });
        assert_eq!(served.read_row("t", 3).unwrap(), rows[2]);
    }
}
