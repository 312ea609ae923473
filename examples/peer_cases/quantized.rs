//! E4: lookups in quantised rows.

use embag::quant::{QuantizedBags, RangeSearch, RowFormat};
use embag::{Context, Matrix, Pooling, Recorder, Result};

use crate::bags::{BATCH, ROWS, TABLES};
use crate::inputs::{hashed, zipf};
use crate::measure::{Measure, Work, checksum};

const DIM: usize = 64;
const LENGTH: usize = 20;

/// E1 on tables of codes, with outputs of `f32`.
pub(crate) fn forward(ctx: &Context, measure: &Measure, name: &str, format: RowFormat) -> Result<()> {
    let mut builder = QuantizedBags::builder(ctx);
    for t in 0..TABLES {
        let name = t.to_string();
        builder = builder.table(&name, ROWS as usize, DIM, format).feature(&name, &name, Pooling::Sum);
    }
    let mut bags = builder.build()?;
    for t in 0..TABLES {
        bags.upload(&t.to_string(), &hashed(ROWS as usize * DIM, t as u32), RangeSearch::MinMax)?;
    }
    let ids = zipf(TABLES * BATCH * LENGTH, ROWS);
    let batch = bags.batch_from_lengths(&ids, &vec![LENGTH as u32; TABLES * BATCH], None)?;
    let out = Matrix::zeros(ctx, BATCH, TABLES * DIM)?;
    let run = || {
        let mut rec = Recorder::new(ctx);
        bags.record_forward(&mut rec, &batch, &out)?;
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(&out.to_vec(ctx)?);
    let bytes = ids.len() * (4 + format.row_bytes(DIM)) + BATCH * TABLES * DIM * 4;
    let case = format!("E4_fwd_{name}_T{TABLES}_R{ROWS}_D{DIM}_B{BATCH}_L{LENGTH}");
    let work = Work { bytes: bytes as u64, flops: 0 };
    measure.case(
        &case,
        "one call, one [batch, 8 x dim] matrix of f32, ids of 4 bytes, checked",
        work,
        sums,
        run,
    )
}
