//! Tables from and to safetensors files that other libraries write and read.

use std::path::Path;

use embag::{Checkpoint, Context, EmbeddingBags, Pooling, Precision, Result, Table};
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::common;

/// A file as another library writes it: floats of three types, and a counter.
fn write_foreign(path: &Path) {
    let floats: Vec<f32> = (0..6).map(|i| i as f32 - 2.5).collect();
    let halves: Vec<f16> = floats.iter().map(|&value| f16::from_f32(value)).collect();
    let brains: Vec<bf16> = floats.iter().map(|&value| bf16::from_f32(value)).collect();
    let view = |dtype, shape: &[usize], bytes| TensorView::new(dtype, shape.to_vec(), bytes).unwrap();
    let tensors = [
        ("a.weight", view(Dtype::F32, &[3, 2], bytemuck::cast_slice(&floats))),
        ("b.weight", view(Dtype::F16, &[3, 2], bytemuck::cast_slice(&halves))),
        ("c.weight", view(Dtype::BF16, &[3, 2], bytemuck::cast_slice(&brains))),
        ("steps", view(Dtype::I64, &[1], &[7, 0, 0, 0, 0, 0, 0, 0])),
    ];
    safetensors::serialize_to_file(tensors, None, path).unwrap();
}

fn bags(ctx: &Context, tables: &[(&str, Table)]) -> EmbeddingBags {
    let mut builder = EmbeddingBags::builder(ctx);
    for (name, table) in tables {
        builder = builder.table(name, table.clone()).feature(name, name, Pooling::Sum);
    }
    builder.build().unwrap()
}

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn weights_of_any_float_type_come_in_and_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.safetensors");
    write_foreign(&path);
    let foreign = Checkpoint::read_foreign(&path).unwrap();
    for ctx in common::devices() {
        let table = || Table::rows(3).dim(2);
        let half = || table().precision(Precision::F16);
        let mut bags = bags(&ctx, &[("a", half()), ("b", table()), ("c", table())]);
        bags.import_weights(&foreign, |table| format!("{table}.weight")).unwrap();
        let expected: Vec<f32> = (0..6).map(|i| i as f32 - 2.5).collect();
        for table in ["a", "b", "c"] {
            assert_eq!(bags.download(table).unwrap(), expected, "{table}");
        }

        let mut out = Checkpoint::new();
        bags.export_weights(&mut out, |table| format!("model.{table}.weight")).unwrap();
        let saved = folder.path().join("saved.safetensors");
        out.save(&saved).unwrap();
        let bytes = std::fs::read(&saved).unwrap();
        let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let tensor = read.tensor("model.a.weight").unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F16, &[3, 2][..]));
        let tensor = read.tensor("model.b.weight").unwrap();
        assert_eq!(bytemuck::pod_collect_to_vec::<u8, f32>(tensor.data()), expected);
    }
}

#[test]
fn weights_that_do_not_fit_are_told_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.safetensors");
    write_foreign(&path);
    let foreign = Checkpoint::read_foreign(&path).unwrap();
    let shown = path.display();
    let ctx = Context::cpu();
    let mut bags = bags(&ctx, &[("a", Table::rows(3).dim(2)), ("d", Table::rows(3).dim(2))]);
    let before = bags.download("a").unwrap();
    for (name, got) in [
        ("other", "only tensors [\"a.weight\", \"b.weight\", \"c.weight\"]"),
        ("steps", "I64, which is not read"),
    ] {
        let error = message(bags.import_weights(&foreign, |table| match table {
            "a" => "a.weight".to_owned(),
            _ => name.to_owned(),
        }));
        let expected = format!("tensor \"{name}\": expected F32, F16 or BF16 [3, 2], got {got}");
        assert_eq!(error, format!("checkpoint {shown}: {expected}"));
        assert_eq!(bags.download("a").unwrap(), before);
    }
    let mut wide = self::bags(&ctx, &[("a", Table::rows(3).dim(4))]);
    assert_eq!(
        message(wide.import_weights(&foreign, |_| "a.weight".to_owned())),
        format!("checkpoint {shown}: tensor \"a.weight\": expected F32, F16 or BF16 [3, 4], got F32 [3, 2]")
    );
    let mut large = Checkpoint::new();
    large.insert("w", &[2, 2], vec![1.0f32, 2.0, 3.0, 1e6]).unwrap();
    let mut half = self::bags(&ctx, &[("a", Table::rows(2).dim(2).precision(Precision::F16))]);
    assert_eq!(
        message(half.import_weights(&large, |_| "w".to_owned())),
        "checkpoint (in memory): tensor \"w\", row 1: expected finite values of at most 6.5504e4 in size, \
         for F16, got 1000000"
    );
}

#[test]
fn a_foreign_file_is_not_one_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.safetensors");
    write_foreign(&path);
    assert_eq!(
        message(Checkpoint::load(&path)),
        format!(
            "checkpoint {}: expected the checksum that embag writes, got none (`Checkpoint::read_foreign` needs none)",
            path.display()
        )
    );
    // a checksum that is there is checked
    let mut ours = Checkpoint::new();
    ours.insert("w", &[2], vec![1.0f32, 2.0]).unwrap();
    ours.save(&path).unwrap();
    assert_eq!(Checkpoint::read_foreign(&path).unwrap().tensor::<f32>("w", &[2]).unwrap(), [1.0, 2.0]);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = message(Checkpoint::read_foreign(&path));
    assert!(error.contains("the file was altered"), "{error}");
}
