//! V1 and V2: rows of differing dimensions.

use embag::variable::{RowValues, VariableBatch, VariableRows};
use embag::{Buffer, Context, Init, Recorder, Result};

use crate::bags::ROWS;
use crate::inputs::{hashed, zipf};
use crate::measure::{Measure, Work, checksum};

const DIMS: [usize; 8] = [8, 16, 32, 48, 64, 96, 128, 256];
/// Ids of each table.
const IDS: usize = 16_384;

/// Tables of 200,000 rows, and the rows that are wanted of each.
fn store(ctx: &Context) -> Result<(VariableRows, VariableBatch)> {
    let builder = DIMS
        .iter()
        .fold(VariableRows::builder(ctx).init(Init::Zero), |builder, &dim| builder.rows(ROWS as usize, dim));
    let rows = builder.build()?;
    let ids = zipf(DIMS.len() * IDS, ROWS);
    let firsts = (0..).step_by(ROWS as usize);
    let ids: Vec<u32> =
        ids.chunks(IDS).zip(firsts).flat_map(|(ids, first)| ids.iter().map(move |id| id + first)).collect();
    let batch = rows.select(&ids)?;
    Ok((rows, batch))
}

/// Values of each table, tagged from a number on.
fn values(rows: usize, tag: u32) -> Vec<f32> {
    DIMS.iter().zip(tag..).flat_map(|(dim, tag)| hashed(rows * dim, tag)).collect()
}

/// Bytes, of which each value costs `each`, with ids of 4 bytes.
fn bytes(each: usize) -> u64 {
    DIMS.iter().map(|dim| (IDS * (4 + each * dim)) as u64).sum()
}

pub(crate) fn gather(ctx: &Context, measure: &Measure) -> Result<()> {
    let (mut rows, batch) = store(ctx)?;
    rows.upload(&values(ROWS as usize, 0))?;
    let out = rows.gather(&batch)?;
    let run = || {
        let mut rec = Recorder::new(ctx);
        rows.record_gather(&mut rec, &batch, &out)?;
        Ok(rec)
    };
    let sums = checksum(&out.read::<f32>(ctx)?);
    let work = Work { bytes: bytes(8), flops: 0 };
    measure.case("V1_gather_dims8-256_R200000_k16384x8", "one call, jagged output", work, sums, run)
}

pub(crate) fn scatter(ctx: &Context, measure: &Measure) -> Result<()> {
    let (mut rows, batch) = store(ctx)?;
    let source = RowValues::Jagged(Buffer::from_slice(ctx, &values(IDS, 1000))?);
    let run = |rows: &mut VariableRows| {
        let mut rec = Recorder::new(ctx);
        rows.record_scatter_add(&mut rec, &batch, &source)?;
        Ok(rec)
    };
    run(&mut rows)?.run()?;
    let sums = checksum(&rows.download()?);
    let work = Work { bytes: bytes(12), flops: 0 };
    measure.case(
        "V2_scatter_add_dims8-256_R200000_k16384x8",
        "one call, duplicates summed in order",
        work,
        sums,
        || run(&mut rows),
    )
}
