//! Tables beyond 2^31 elements and 4 GiB: the last row is the last row.

use std::time::Instant;

use embag::optim::RowwiseAdagrad;
use embag::{Context, EmbeddingBags, Init, Matrix, Pooling, Table};

use crate::common;

/// Touches rows at every boundary that 32 bits know, and the last one, of a table that begins as zeros, so
/// that the system gives memory only for what is touched.
fn touch(ctx: &Context, rows: usize, dim: usize) {
    let begin = Instant::now();
    let built = EmbeddingBags::builder(ctx)
        .table("t", Table::rows(rows).dim(dim).init(Init::Zero))
        .feature("f", "t", Pooling::Sum)
        .optimizer(RowwiseAdagrad { lr: 1.0, eps: 0.0, ..Default::default() })
        .build();
    let mut bags = match built {
        Ok(bags) => bags,
        Err(error) => {
            println!("*** not run on {}: {error} ***", ctx.device_name());
            return;
        }
    };
    let (wide, rows) = (dim as u64, rows as u64);
    let mut ids: Vec<u64> = [1 << 31, 1 << 32, (1 << 31) / 4, (1 << 32) / 4]
        .iter()
        .map(|elements| elements / wide)
        .flat_map(|row| [row - 1, row, row + 1])
        .chain([0, 1, rows - 2, rows - 1])
        .filter(|&row| row < rows)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    for (i, &id) in ids.iter().enumerate() {
        bags.write_row("t", id, &vec![i as f32 + 1.0; dim]).unwrap();
    }
    let batch = bags.batch().feature("f", &ids).build().unwrap();
    let out = bags.forward(&batch).unwrap().to_vec(ctx).unwrap();
    for (i, row) in out.chunks(dim).enumerate() {
        assert!(row.iter().all(|&value| value == i as f32 + 1.0), "row {}", ids[i]);
    }
    // every second one gets a gradient of its own; Adagrad's first step is the rate
    let half: Vec<u64> = ids.iter().copied().step_by(2).collect();
    let batch = bags.batch().feature("f", &half).build().unwrap();
    let grad = Matrix::from_slice(ctx, &vec![2.0; half.len() * dim], half.len(), dim).unwrap();
    bags.backward(&batch, &grad).unwrap();
    for (i, &id) in ids.iter().enumerate() {
        let expected = i as f32 + if i % 2 == 0 { 0.0 } else { 1.0 };
        assert_eq!(bags.read_row("t", id).unwrap(), vec![expected; dim], "row {id}");
    }
    let error = bags.batch().feature("f", &[rows]).build().unwrap_err();
    assert!(error.to_string().ends_with(&format!("id {rows} out of range for {rows} rows")), "{error}");
    println!(
        "{:.1} GiB in {} windows on {}: {:.2?}",
        bags.bytes() as f64 / f64::from(1 << 30),
        bags.table_buffers("t").unwrap().len(),
        common::name_of(ctx),
        begin.elapsed()
    );
}

#[test]
fn more_than_two_to_the_31_elements() {
    touch(&Context::cpu(), 140_000_000, 16);
}

#[test]
fn more_rows_than_31_bits() {
    touch(&Context::cpu(), 3_000_000_000, 1);
}

#[test]
fn beyond_four_gib_on_every_device() {
    if std::env::var_os("EMBAG_LARGE").is_none() {
        return;
    }
    for ctx in std::iter::once(&Context::cpu()).chain(common::gpu_shapes()) {
        touch(ctx, 80_000_000, 16);
        touch(ctx, 140_000_000, 16);
    }
}
