//! Small products, one for each example, as dispatches of the `batch_product` kernel.

use std::ops::Range;

use super::plan::{longest_sum, record, row_chunks};
use crate::device::{Dispatch, Place, word};
use crate::error::check_size;
use crate::kernel::Shape;
use crate::kernels::{batch_product, sum_slices};
use crate::{Buffer, Context, Error, Matrix, Recorder, Result};
use batch_product::Layout;

/// A factor of the products of a batch: for each example a matrix, row after row in the example's row, or one
/// that is the same for all of them. It is also where products are written to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    matrix: &'a Matrix,
    rows: usize,
    cols: usize,
    /// Values in front of the first within an example's row, and from row to row of the item.
    first: usize,
    step: usize,
    shared: bool,
    transposed: bool,
}

impl<'a> Item<'a> {
    /// Each example's own, of `[rows, cols]`.
    pub(super) fn each(matrix: &'a Matrix, rows: usize, cols: usize) -> Self {
        Self { matrix, rows, cols, first: 0, step: cols, shared: false, transposed: false }
    }

    /// The same for all.
    pub(super) fn shared(matrix: &'a Matrix) -> Self {
        let (rows, cols) = (matrix.rows(), matrix.cols());
        Self { matrix, rows, cols, first: 0, step: cols, shared: true, transposed: false }
    }

    /// Its columns as rows; nothing is moved.
    pub(super) fn transposed(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// Some rows and some columns of each example's matrix, as stored.
    pub(super) fn block(self, rows: Range<usize>, cols: Range<usize>) -> Self {
        let first = self.first + rows.start * self.step + cols.start;
        Self { first, rows: rows.len(), cols: cols.len(), ..self }
    }

    fn shape(&self) -> (usize, usize) {
        if self.transposed { (self.cols, self.rows) } else { (self.rows, self.cols) }
    }

    /// Whether each example has as many values as the item takes.
    fn check(&self, name: &str) -> Result<()> {
        let last = self.first + self.rows.saturating_sub(1) * self.step + self.cols;
        match self.shared || last <= self.matrix.cols() {
            true => self.matrix.check_f32(name),
            false => {
                let expected = format!("at least {last} columns");
                Err(Error::invalid(name, expected, self.matrix.cols()))
            }
        }
    }

    /// The examples of a range, for which there is a matrix each.
    fn part(&self, rows: &Range<usize>) -> Matrix {
        match self.shared {
            true => self.matrix.clone(),
            false => self.matrix.row_part(rows.start, rows.len()),
        }
    }
}

/// Records `out_e = a_e b_e` for every example, or adds it; an example's product lies in its row of `out`, row
/// after row.
pub(super) fn record_batch_product(
    rec: &mut Recorder,
    a: Item<'_>,
    b: Item<'_>,
    out: &Matrix,
    accumulate: bool,
) -> Result<()> {
    let (m, n) = checked(&a, &b)?;
    record_product_into(rec, a, b, Item::each(out, m, n), accumulate)
}

/// [`record_batch_product`] into a block of each example's matrix.
pub(super) fn record_product_into(
    rec: &mut Recorder,
    a: Item<'_>,
    b: Item<'_>,
    out: Item<'_>,
    accumulate: bool,
) -> Result<()> {
    let (m, n) = checked(&a, &b)?;
    check_size("out", (m, n), (out.rows, out.cols))?;
    out.check("out")?;
    let ctx = rec.context().clone();
    let mut all = Vec::new();
    for rows in chunks(&ctx, &[&a, &b], Some(out.matrix)) {
        let place = out.part(&rows).place(&ctx, "out")?;
        let (mut params, variant, factors) = params(&ctx, &a, &b, &rows, longest_sum(&ctx))?;
        (params.out_base, params.out_example) = (place.base + word("columns", out.first)?, place.stride);
        (params.out_stride, params.together) = (word("columns", out.step)?, 1);
        params.accumulate = accumulate.into();
        let [a, b] = factors;
        let bindings = batch_product::Bindings { a, b, out: place.binding };
        all.push(dispatch(&ctx, variant, &params, bindings));
    }
    record(rec, all);
    Ok(())
}

/// Records `out_e = a_e b_e + bias` for every example; the bias is one row of as many values as a product.
pub(super) fn record_with_bias(
    rec: &mut Recorder,
    a: Item<'_>,
    b: Item<'_>,
    bias: &Matrix,
    out: &Matrix,
) -> Result<()> {
    let ctx = rec.context().clone();
    let cols = out.cols();
    let place = bias.place(&ctx, "bias")?;
    for rows in chunks(&ctx, &[&a, &b], Some(out)) {
        rec.scope(|rec| {
            let products = rec.scratch("embag.products", (rows.len() * cols) as u64 * 4)?;
            let products = Matrix::new(products, rows.len(), cols, cols)?;
            let (of_a, of_b) = (a.part(&rows), b.part(&rows));
            let (a, b) = (Item { matrix: &of_a, ..a }, Item { matrix: &of_b, ..b });
            record_batch_product(rec, a, b, &products, false)?;
            let target = out.row_part(rows.start, rows.len()).place(&ctx, "out")?;
            let params = sum_slices::Params {
                m: word("rows", rows.len())?,
                n: word("columns", cols)?,
                slices: 1,
                out_base: target.base,
                out_stride: target.stride,
                bias_base: place.base,
                biased: 1,
                ..sum_slices::Params::default()
            };
            let (slices, bias) = (products.buffer().clone(), place.binding.clone());
            let bindings = sum_slices::Bindings { slices, bias, out: target.binding };
            rec.dispatch(Dispatch::threads(0, &params, bindings, params.m * params.n));
            Ok(())
        })?;
    }
    Ok(())
}

/// Records the sum of `a_e b_e` over all examples, overwriting `out`, which has its memory for itself.
pub(super) fn record_batch_sum(rec: &mut Recorder, a: Item<'_>, b: Item<'_>, out: &Matrix) -> Result<()> {
    let (m, n) = checked(&a, &b)?;
    out.check_shape("out", m, n)?;
    if a.matrix.rows() == 0 {
        rec.clear(out.buffer());
        return Ok(());
    }
    let ctx = rec.context().clone();
    let target = out.place(&ctx, "out")?;
    let (m, n) = (word("rows", m)?, word("columns", n)?);
    let mut all = Vec::new();
    for rows in chunks(&ctx, &[&a, &b], None) {
        let (mut params, variant, factors) = params(&ctx, &a, &b, &rows, longest_sum(&ctx))?;
        params.together = together(&ctx, &params);
        let slices = params.rows.div_ceil(params.together);
        (params.out_example, params.out_stride) = (m * n, n);
        let bytes = u64::from(m) * u64::from(n) * u64::from(slices) * 4;
        let sums = rec.scratch("embag.slices", bytes)?;
        let [a, b] = factors;
        let bindings = batch_product::Bindings { a, b, out: sums.clone() };
        all.push(dispatch(&ctx, variant, &params, bindings));
        all.push(join(rec, sums, (slices, m, n), &target, rows.start > 0)?);
    }
    record(rec, all);
    Ok(())
}

/// The sum of slices of `[m, n]`, one after the other, which is added to `out` if `accumulate`.
pub(super) fn join(
    rec: &mut Recorder,
    sums: Buffer,
    (slices, m, n): (u32, u32, u32),
    out: &Place,
    accumulate: bool,
) -> Result<Dispatch> {
    let params = sum_slices::Params {
        m,
        n,
        slices,
        out_base: out.base,
        out_stride: out.stride,
        accumulate: accumulate.into(),
        ..sum_slices::Params::default()
    };
    let bias = rec.scratch("embag.nothing", 16)?;
    let bindings = sum_slices::Bindings { slices: sums, bias, out: out.binding.clone() };
    Ok(Dispatch::threads(0, &params, bindings, m * n))
}

/// Rows and columns of the products.
fn checked(a: &Item<'_>, b: &Item<'_>) -> Result<(usize, usize)> {
    let ((m, k), (inner, n)) = (a.shape(), b.shape());
    if k != inner {
        return Err(Error::invalid("rows of b", format!("{k}, the columns of a"), inner));
    }
    a.check("a")?;
    b.check("b")?;
    Ok((m, n))
}

/// Ranges of examples that can be bound at once.
fn chunks(ctx: &Context, factors: &[&Item<'_>], out: Option<&Matrix>) -> Vec<Range<usize>> {
    let of_examples = factors.iter().filter(|item| !item.shared).map(|item| item.matrix);
    row_chunks(ctx, &of_examples.chain(out).collect::<Vec<_>>())
}

/// Slices of a sum that keep a device busy, each by the threads of one product.
const SLICES: u32 = 16;
const SLICES_WIDE: u32 = 256;

/// Examples whose products a thread adds up: the sums of all slices fit one binding.
fn together(ctx: &Context, p: &batch_product::Params) -> u32 {
    let slices = if ctx.shape() == Shape::Wide && !ctx.is_cpu() { SLICES_WIDE } else { SLICES };
    let fitting = ctx.limits().binding / (u64::from(p.m) * u64::from(p.n) * 4).max(1);
    let slices = u64::from(slices).min(fitting).max(1);
    let wanted = u64::from(p.rows).div_ceil(slices);
    let longest = u32::try_from(longest_sum(ctx)).unwrap_or(u32::MAX) / p.k.div_ceil(4).max(1);
    u32::try_from(wanted).unwrap_or(u32::MAX).min(longest).max(1)
}

/// What products of both kinds have in common: parameters, layout and whether it is one of whole vectors, and the
/// factors' bindings.
fn params(
    ctx: &Context,
    a: &Item<'_>,
    b: &Item<'_>,
    rows: &Range<usize>,
    longest: usize,
) -> Result<(batch_product::Params, (Layout, bool), [Buffer; 2])> {
    let ((m, k), (_, n)) = (a.shape(), b.shape());
    if k.div_ceil(4) > longest {
        let expected = format!("at most {} on a software adapter", longest.saturating_mul(4));
        return Err(Error::invalid("columns to sum over", expected, k));
    }
    let place = |item: &Item<'_>, name| -> Result<_> {
        let place = item.part(rows).place(ctx, name)?;
        let (example, row) = match item.shared {
            true => (0, place.stride),
            false => (place.stride, word("columns", item.step)?),
        };
        let vec4 = place.vec4 && row.is_multiple_of(4) && item.first.is_multiple_of(4);
        Ok((place.binding, place.base + word("columns", item.first)?, example, row, vec4))
    };
    let (a_binding, a_base, a_example, a_stride, a_vec4) = place(a, "a")?;
    let (b_binding, b_base, b_example, b_stride, b_vec4) = place(b, "b")?;
    let params = batch_product::Params {
        rows: word("rows", rows.len())?,
        m: word("rows", m)?,
        n: word("columns", n)?,
        k: word("columns", k)?,
        a_base,
        a_example,
        a_stride,
        b_base,
        b_example,
        b_stride,
        ..batch_product::Params::default()
    };
    let layout = Layout { a_transposed: a.transposed, b_transposed: b.transposed };
    Ok((params, (layout, a_vec4 && b_vec4), [a_binding, b_binding]))
}

/// The dispatch of products: on real GPUs in tiles, where they fill some.
fn dispatch(
    ctx: &Context,
    (layout, vec4): (Layout, bool),
    params: &batch_product::Params,
    bindings: batch_product::Bindings<Buffer>,
) -> Dispatch {
    let tiles = ctx.shape() == Shape::Wide && !ctx.is_cpu() && batch_product::fills_tiles(params);
    let variant = batch_product::variant(layout, vec4, tiles);
    Dispatch::new(variant, params, bindings, batch_product::groups(params, tiles))
}
