//! B3 and I1: the matrix product, the dot interaction and the cross layer.

use embag::dense::{CrossLayer, Interaction, record_matmul};
use embag::optim::Sgd;
use embag::{Context, Matrix, Recorder, Result};

use crate::inputs::hashed;
use crate::measure::{Measure, Work, checksum};

pub(crate) fn product(ctx: &Context, measure: &Measure) -> Result<()> {
    let (m, k, n) = (512, 1024, 1024);
    let a = Matrix::from_slice(ctx, &hashed(m * k, 1), m, k)?;
    let b = Matrix::from_slice(ctx, &hashed(k * n, 2), k, n)?;
    let out = Matrix::zeros(ctx, m, n)?;
    let run = || {
        let mut rec = Recorder::new(ctx);
        record_matmul(&mut rec, &a, &b, &out)?;
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(&out.to_vec(ctx)?);
    let work = Work { bytes: ((m * k + k * n + m * n) * 4) as u64, flops: (2 * m * k * n) as u64 };
    measure.case("B3_matmul_512x1024x1024", "f32", work, sums, run)
}

const BATCH: usize = 2048;
const FEATURES: usize = 27;
const DIM: usize = 64;

/// The strictly lower pairs; `dense_part` puts the first vector in front, `backward` adds the gradient of the
/// input.
pub(crate) fn dots(ctx: &Context, measure: &Measure, dense_part: bool, backward: bool) -> Result<()> {
    let interaction = Interaction { features: FEATURES, dim: DIM, self_interaction: false, dense_part };
    let (inputs, outputs) = (interaction.in_cols(), interaction.out_cols());
    let x = Matrix::from_slice(ctx, &hashed(BATCH * inputs, 1), BATCH, inputs)?;
    let out = Matrix::zeros(ctx, BATCH, outputs)?;
    let dout = Matrix::from_slice(ctx, &hashed(BATCH * outputs, 1000), BATCH, outputs)?;
    let dx = Matrix::zeros(ctx, BATCH, inputs)?;
    let run = || {
        let mut rec = Recorder::new(ctx);
        interaction.record_forward(&mut rec, &x, &out)?;
        if backward {
            interaction.record_backward(&mut rec, &x, &dout, &dx)?;
        }
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(if backward { dx.to_vec(ctx)? } else { out.to_vec(ctx)? }.iter());
    // as the peers count: the full products of all vectors
    let passes = if backward { 3 } else { 1 };
    let work = Work {
        bytes: (passes * BATCH * (inputs + outputs) * 4) as u64,
        flops: (passes * 2 * BATCH * FEATURES * FEATURES * DIM) as u64,
    };
    let kind = match (dense_part, backward) {
        (_, true) => "fwdbwd",
        (true, false) => "fwd_concat",
        (false, false) => "fwd",
    };
    let case = format!("I1_dot_{kind}_B{BATCH}_F{FEATURES}_D{DIM}");
    let note = "351 strictly lower pairs; flops count the full 27 x 27 products";
    measure.case(&case, note, work, sums, run)
}

/// One cross layer of DCN-v2 on the features side by side, of full rank or of a lower one.
pub(crate) fn cross(ctx: &Context, measure: &Measure, rank: Option<usize>) -> Result<()> {
    let width = FEATURES * DIM;
    let sgd = Sgd { lr: 0.01, ..Sgd::default() };
    let layer = CrossLayer::new(ctx, width, rank, BATCH, sgd, 1)?;
    for (name, matrix) in layer.parameters() {
        let tag = match name {
            "weight" => 3,
            "bias" => 4,
            "v" => 5,
            _ => 6,
        };
        let mut values = hashed(matrix.rows() * matrix.cols(), tag);
        if name != "bias" {
            let root = (matrix.cols() as f64).sqrt() as f32;
            values.iter_mut().for_each(|value| *value /= root);
        }
        matrix.write(ctx, &values)?;
    }
    let input = |tag| Matrix::from_slice(ctx, &hashed(BATCH * width, tag), BATCH, width);
    let (x0, x) = (input(1)?, input(2)?);
    let out = Matrix::zeros(ctx, BATCH, width)?;
    let run = || {
        let mut rec = Recorder::new(ctx);
        layer.record_forward(&mut rec, &x0, &x, &out)?;
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(&out.to_vec(ctx)?);
    let (kind, weights) = match rank {
        None => ("full".to_owned(), width * width),
        Some(rank) => (format!("lowrank{rank}"), 2 * width * rank),
    };
    let work =
        Work { bytes: ((3 * BATCH * width + weights) * 4) as u64, flops: (2 * BATCH * weights) as u64 };
    let case = format!("I1_dcnv2_{kind}_B{BATCH}_d{width}");
    measure.case(&case, "x0 * (W x + b) + x or x0 * (U V x + b) + x; keeps the product", work, sums, run)
}
