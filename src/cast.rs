//! Matrices of one precision to another.

use crate::Result;
use crate::cpu::random_word;
use crate::device::{Buffer, Dispatch, Matrix, Precision, Recorder};
use crate::kernels::{dequantize_rows, round_rows};
use crate::numbers::narrow;

/// Records that a matrix of 16 bits gets the values of one of `f32`, each rounded to the nearest.
pub(crate) fn record_round(rec: &mut Recorder, from: &Matrix, to: &Matrix) -> Result<()> {
    for (from, to) in parts(rec, from, to) {
        let (params, bindings) = rounding(rec, &from, &to)?;
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.words));
    }
    Ok(())
}

/// [`record_round`], each value to one of its neighbours, the more often the nearer it is; `seed` is asked when the
/// work is submitted.
pub(crate) fn record_round_at_random(
    rec: &mut Recorder,
    from: &Matrix,
    to: &Matrix,
    seed: impl Fn() -> u32 + Clone + Send + Sync + 'static,
) -> Result<()> {
    for (part, (from, to)) in (0u32..).zip(parts(rec, from, to)) {
        let (params, bindings) = rounding(rec, &from, &to)?;
        let groups = round_rows::KERNEL.groups(0, params.words);
        let seed = seed.clone();
        let params =
            move || round_rows::Params { stochastic: 1, seed: random_word(seed(), part, 0), ..params };
        rec.dispatch_late(0, params, bindings, groups, &[]);
    }
    Ok(())
}

/// What rounds one matrix to another that both fit a binding.
fn rounding(
    rec: &Recorder,
    from: &Matrix,
    to: &Matrix,
) -> Result<(round_rows::Params, round_rows::Bindings<Buffer>)> {
    let row_words = to.cols.div_ceil(2);
    let place = from.place(rec.context(), "values")?;
    let (binding, base) = to.buffer.part(0, to.span()).bindable(rec.context());
    let params = round_rows::Params {
        words: narrow(to.rows * row_words),
        row_words: narrow(row_words),
        cols: narrow(to.cols),
        source_base: place.base,
        source_stride: place.stride,
        out_base: narrow(base),
        out_stride: narrow(to.stride / 2),
        out_type: to.precision.code(),
        ..round_rows::Params::default()
    };
    Ok((params, round_rows::Bindings { source: place.binding, out: binding }))
}

/// Records that a matrix of `f32` gets the values of one of 16 bits.
pub(crate) fn record_widen(rec: &mut Recorder, from: &Matrix, to: &Matrix) -> Result<()> {
    for (from, to) in parts(rec, from, to) {
        let place = to.place(rec.context(), "values")?;
        let (binding, base) = from.buffer.part(0, from.span()).bindable(rec.context());
        let rows_type = from.precision.code();
        let params = dequantize_rows::Params {
            rows: narrow(from.rows),
            dim: narrow(from.cols),
            source_base: narrow(base * from.precision.per_word() as u64),
            source_stride: narrow(from.stride),
            rows_type,
            out_base: place.base,
            out_stride: place.stride,
        };
        let threads = dequantize_rows::threads(params.rows, params.dim);
        let variant = dequantize_rows::variant(rows_type);
        let bindings = dequantize_rows::Bindings { rows: binding, out: place.binding };
        rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
    }
    Ok(())
}

/// A matrix of `f32` with the values of one of 16 bits; one of `f32` itself.
pub(crate) fn record_f32(rec: &mut Recorder, matrix: &Matrix) -> Result<Matrix> {
    if matrix.precision == Precision::F32 {
        return Ok(matrix.clone());
    }
    // not scratch, which must fit a binding
    let wide = Matrix::output(Precision::F32, rec.context(), matrix.rows, matrix.cols)?;
    record_widen(rec, matrix, &wide)?;
    Ok(wide)
}

/// Two matrices of the same shape in pieces of rows that fit a binding, without those that have no values.
fn parts(rec: &Recorder, a: &Matrix, b: &Matrix) -> Vec<(Matrix, Matrix)> {
    if a.rows == 0 || a.cols == 0 {
        return Vec::new();
    }
    let step = a.rows_at_once(rec.context()).min(b.rows_at_once(rec.context()));
    let pieces = (0..a.rows).step_by(step).map(|first| {
        let rows = step.min(a.rows - first);
        (a.row_part(first, rows), b.row_part(first, rows))
    });
    pieces.collect()
}
