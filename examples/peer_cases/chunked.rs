//! C1: E1's lookup on tables of raw ids, all of whose chunks are there; C2: an adjustment.

use embag::chunked::ChunkedTables;
use embag::directory::DeviceIds;
use embag::optim::Sgd;
use embag::{Buffer, Context, Matrix, Pooling, Recorder, Result};

use crate::bags::{BATCH, ROWS, TABLES};
use crate::inputs::{hashed, zipf};
use crate::measure::{Measure, Work, checksum};

const DIM: usize = 64;
const WIDTH: u32 = 16;
const LENGTH: usize = 20;

/// Raw ids of any value, one for each row.
fn raw(row: u32) -> u64 {
    u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Tables whose rows are all admitted: ten batches as E1's, which come after it, and the ids that are left.
fn full(ctx: &Context) -> Result<ChunkedTables> {
    let chunks = DIM as u32 / WIDTH;
    let mut builder =
        ChunkedTables::builder(ctx).chunk_width(WIDTH).slots(TABLES as u32 * ROWS * chunks).scale(0.5);
    for t in 0..TABLES {
        let name = t.to_string();
        builder = builder.table(&name, ROWS as usize, DIM).feature(&name, &name, Pooling::Sum);
    }
    let mut tables = builder.build()?;
    let n = TABLES * BATCH * LENGTH;
    let history: Vec<u64> = zipf(n * 11, ROWS).into_iter().map(raw).collect();
    for ids in history[n..].chunks(n) {
        tables.admit_from_lengths(ids, &vec![LENGTH as u32; TABLES * BATCH])?;
    }
    let part = ROWS / 8;
    for first in (0..ROWS).step_by(part as usize) {
        let ids: Vec<u64> = (first..first + part).map(raw).collect();
        tables.admit_from_lengths(&ids.repeat(TABLES), &[part; TABLES])?;
    }
    Ok(tables)
}

pub(crate) fn forward(ctx: &Context, measure: &Measure) -> Result<()> {
    let tables = full(ctx)?;
    let ids: Vec<u64> = zipf(TABLES * BATCH * LENGTH, ROWS).into_iter().map(raw).collect();
    let lengths = vec![LENGTH as u32; TABLES * BATCH];
    let batch = tables.find_from_lengths(&ids, &lengths)?;
    let out = Matrix::zeros(ctx, BATCH, TABLES * DIM)?;
    let work = Work { bytes: (ids.len() * (8 + DIM * 4) + BATCH * TABLES * DIM * 4) as u64, flops: 0 };
    let shape = format!("T{TABLES}_R{ROWS}_D{DIM}_W{WIDTH}_B{BATCH}_L{LENGTH}");
    let looked_up = || {
        let mut rec = Recorder::new(ctx);
        tables.record_forward(&mut rec, &batch, &out)?;
        Ok(rec)
    };
    looked_up()?.run()?;
    let sums = checksum(&out.to_vec(ctx)?);
    measure.case(&format!("C1_chunked_fwd_{shape}"), "ids found before", work, sums, looked_up)?;
    let resident = DeviceIds::from_lengths(
        BATCH,
        Buffer::from_slice(ctx, &ids)?,
        Buffer::from_slice(ctx, &lengths)?,
        vec![BATCH * LENGTH; TABLES],
    );
    measure.case(
        &format!("C1_chunked_find_device_fwd_{shape}"),
        "from ids on the device",
        work,
        sums,
        || {
            let mut rec = Recorder::new(ctx);
            let batch = tables.record_find_from_device(&mut rec, resident.clone())?;
            tables.record_forward(&mut rec, &batch, &out)?;
            Ok(rec)
        },
    )?;
    measure.case(&format!("C1_chunked_find_fwd_{shape}"), "from ids on the host", work, sums, || {
        let mut rec = Recorder::new(ctx);
        let batch = tables.record_find_from_lengths(&mut rec, &ids, &lengths)?;
        tables.record_forward(&mut rec, &batch, &out)?;
        Ok(rec)
    })
}

/// Rows of the table that is adjusted: 8 million chunks.
const ADJUSTED: u32 = 2_000_000;

pub(crate) fn adjust(ctx: &Context, measure: &Measure) -> Result<()> {
    let chunks = ADJUSTED * (DIM as u32 / WIDTH);
    let mut tables = ChunkedTables::builder(ctx)
        .table("t", ADJUSTED as usize, DIM)
        .feature("f", "t", Pooling::Sum)
        .chunk_width(WIDTH)
        .slots(chunks / 4)
        .optimizer(Sgd::default())
        .build()?;
    let part = ADJUSTED / 40;
    for first in (0..ADJUSTED).step_by(part as usize) {
        let ids: Vec<u64> = (first..first + part).map(raw).collect();
        let batch = tables.admit_from_lengths(&ids, &vec![1; ids.len()])?;
        let grad = hashed(ids.len() * DIM, first);
        tables.backward(&batch, &Matrix::from_slice(ctx, &grad, ids.len(), DIM)?)?;
    }
    let first = tables.adjust(0.75, 1.0)?;
    let sums = (f64::from(first.evicted), f64::from(first.thresholds[0]));
    // every other one gives slots back, and takes them again
    let mut shares = [0.8, 0.75].into_iter().cycle();
    let work = Work { bytes: u64::from(chunks) * 8, flops: 0 };
    let case = format!("C2_adjust_chunks{chunks}_W{WIDTH}");
    measure.call(&case, "a twentieth of all chunks leaves or comes", work, sums, || {
        tables.adjust(shares.next().unwrap_or(0.75), 1.0).map(drop)
    })
}
