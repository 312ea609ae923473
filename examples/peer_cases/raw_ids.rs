//! R1: E3's step with row-wise Adagrad, batches made of ids on the host: of rows, of raw ids that all have a
//! row, and of raw ids of which one in a hundred is new.

use embag::optim::RowwiseAdagrad;
use embag::{Context, EmbeddingBags, JaggedBatch, Matrix, Pooling, Recorder, Result, Table};

use crate::bags::{BATCH, ROWS, TABLES};
use crate::inputs::{hashed, zipf};
use crate::measure::{Measure, Work, checksum};

const DIM: usize = 64;
const LENGTH: usize = 20;

/// Raw ids of any value, one for each row.
fn raw(row: u32) -> u64 {
    u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn bags(ctx: &Context, table: impl Fn() -> Table) -> Result<EmbeddingBags> {
    let mut builder = EmbeddingBags::builder(ctx);
    for t in 0..TABLES {
        let name = t.to_string();
        builder = builder.table(&name, table().dim(DIM)).feature(&name, &name, Pooling::Sum);
    }
    builder.optimizer(RowwiseAdagrad::new(0.01)).build()
}

pub(crate) fn step(ctx: &Context, measure: &Measure) -> Result<()> {
    let rows = zipf(TABLES * BATCH * LENGTH, ROWS);
    let ids: Vec<u64> = rows.iter().map(|&row| raw(row)).collect();
    let lengths = vec![LENGTH as u32; TABLES * BATCH];
    let out = Matrix::zeros(ctx, BATCH, TABLES * DIM)?;
    let grad = Matrix::from_slice(ctx, &hashed(BATCH * TABLES * DIM, 1000), BATCH, TABLES * DIM)?;
    let shape = format!("T{TABLES}_R{ROWS}_D{DIM}_B{BATCH}_L{LENGTH}");
    let train = |bags: &mut EmbeddingBags, batch: &JaggedBatch| {
        let mut rec = Recorder::new(ctx);
        bags.record_forward(&mut rec, batch, &out)?;
        bags.record_backward(&mut rec, batch, &grad)?;
        rec.run()
    };
    let work = Work { bytes: (ids.len() * (8 + DIM * 8)) as u64, flops: 0 };

    let mut of_rows = bags(ctx, || Table::rows(ROWS as usize))?;
    let run = |bags: &mut EmbeddingBags| {
        let batch = bags.batch_from_lengths(&rows, &lengths, None)?;
        train(bags, &batch)
    };
    run(&mut of_rows)?;
    let sums = checksum(&of_rows.download("0")?);
    measure.call(&format!("R1_step_rows_{shape}"), "batch of rows made, then a step", work, sums, || {
        run(&mut of_rows)
    })?;

    let mut of_ids = bags(ctx, || Table::raw_ids(ROWS as usize * 4))?;
    let run = |bags: &mut EmbeddingBags, ids: &[u64]| {
        let batch = bags.admit_from_lengths(ids, &lengths, None)?;
        train(bags, &batch)
    };
    run(&mut of_ids, &ids)?;
    let sums = checksum(&of_ids.download("0")?);
    measure
        .call(&format!("R1_step_raw_{shape}"), "all ids have rows", work, sums, || run(&mut of_ids, &ids))?;
    let mut fresh = ids.clone();
    let mut next = ROWS;
    measure.call(&format!("R1_step_raw_new_{shape}"), "one id in a hundred is new", work, sums, || {
        for id in fresh.iter_mut().step_by(100) {
            *id = raw(next);
            next = next.wrapping_add(1);
        }
        run(&mut of_ids, &fresh)
    })
}
