//! Matrix products, as dispatches of the `linear` kernel.

use super::linear::Activation;
use super::plan::{longest_sum, record, row_chunks};
use crate::device::{Dispatch, word};
use crate::kernel::Shape;
use crate::kernels::{linear, linear_cooperative, sum_slices, tile};
use crate::{Buffer, Context, Error, Matrix, Recorder, Result};
use linear::Layout;

/// What is done with the sums.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Epilogue<'a> {
    /// Added to every row: one row of as many columns as the output.
    pub(crate) bias: Option<&'a Matrix>,
    pub(crate) activation: Activation,
    /// Whether the result is added to what the output holds.
    pub(crate) accumulate: bool,
    /// Whether what the output holds is added before the activation instead.
    pub(crate) onto: bool,
}

/// Where the scales of weights in groups lie; nothing for other weights.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Groups {
    /// Words from the beginning of a row.
    pub(crate) scales: u32,
    /// The length of a group as a power of two.
    pub(crate) shift: u32,
}

/// A factor of a product: a matrix as it is, or [transposed](Matrix::transposed).
#[derive(Debug, Clone, Copy)]
pub struct Factor<'a> {
    matrix: &'a Matrix,
    transposed: bool,
}

impl<'a> From<&'a Matrix> for Factor<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        Self { matrix, transposed: false }
    }
}

impl Matrix {
    /// The matrix as a factor of [`record_matmul`] whose rows are this one's columns. Nothing is moved.
    #[must_use]
    pub fn transposed(&self) -> Factor<'_> {
        Factor { matrix: self, transposed: true }
    }
}

impl Factor<'_> {
    fn shape(self) -> (usize, usize) {
        let (rows, cols) = (self.matrix.rows(), self.matrix.cols());
        if self.transposed { (cols, rows) } else { (rows, cols) }
    }
}

/// Records `out = a b`, for `a` of `[m, k]`, `b` of `[k, n]` and `out` of `[m, n]`.
///
/// Factors are matrices as they are or [transposed](Matrix::transposed), as the gradients of a product need
/// them: of the scores `u v^T`, `du = d v` and `dv = d^T u`.
///
/// ```
/// use embag::dense::record_matmul;
/// use embag::{Context, Matrix, Recorder};
///
/// let ctx = Context::cpu();
/// let users = Matrix::from_slice(&ctx, &[1.0, 2.0], 1, 2)?;
/// let movies = Matrix::from_slice(&ctx, &[3.0, 4.0, 5.0, 6.0], 2, 2)?;
/// let scores = Matrix::zeros(&ctx, 1, 2)?;
/// let mut rec = Recorder::new(&ctx);
/// record_matmul(&mut rec, &users, movies.transposed(), &scores)?;
/// rec.run()?;
/// assert_eq!(scores.to_vec(&ctx)?, [11.0, 17.0]);
/// # Ok::<(), embag::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the shapes do not fit, and
/// [`Error::LimitExceeded`](crate::Error::LimitExceeded) if `b` (`out`, if `a` is transposed), or one row of
/// the others, is too large for the device to bind.
pub fn record_matmul<'a>(
    rec: &mut Recorder,
    a: impl Into<Factor<'a>>,
    b: impl Into<Factor<'a>>,
    out: &Matrix,
) -> Result<()> {
    matmul(rec, a.into(), b.into(), out, false)
}

/// Records `out += a b`, otherwise as [`record_matmul`].
///
/// # Errors
/// As [`record_matmul`].
pub fn record_add_matmul<'a>(
    rec: &mut Recorder,
    a: impl Into<Factor<'a>>,
    b: impl Into<Factor<'a>>,
    out: &Matrix,
) -> Result<()> {
    matmul(rec, a.into(), b.into(), out, true)
}

fn matmul(rec: &mut Recorder, a: Factor<'_>, b: Factor<'_>, out: &Matrix, accumulate: bool) -> Result<()> {
    a.matrix.check_f32("a")?;
    let ((m, k), (_, n)) = (a.shape(), b.shape());
    let (rows, cols) = if b.transposed { (n, k) } else { (k, n) };
    b.matrix.check_shape("b", rows, cols)?;
    out.check_shape("out", m, n)?;
    let layout = match (a.transposed, b.transposed) {
        (false, false) => Layout::Nn,
        (false, true) => Layout::Nt,
        (true, false) => Layout::Tn,
        (true, true) => Layout::Tt,
    };
    let epilogue = Epilogue { accumulate, ..Epilogue::default() };
    let dispatches = product(rec, layout, a.matrix, b.matrix, out, epilogue)?;
    record(rec, dispatches);
    Ok(())
}

/// The dispatches of a product. Its shapes have been checked.
pub(super) fn product(
    rec: &mut Recorder,
    layout: Layout,
    a: &Matrix,
    b: &Matrix,
    out: &Matrix,
    epilogue: Epilogue<'_>,
) -> Result<Vec<Dispatch>> {
    grouped_product(rec, layout, Groups::default(), a, b, out, epilogue)
}

/// [`product`] where `b` may hold words of weights of few bits.
pub(crate) fn grouped_product(
    rec: &mut Recorder,
    layout: Layout,
    groups: Groups,
    a: &Matrix,
    b: &Matrix,
    out: &Matrix,
    epilogue: Epilogue<'_>,
) -> Result<Vec<Dispatch>> {
    let ctx = rec.context().clone();
    let mut all = Vec::new();
    if out.rows() == 0 || out.cols() == 0 {
        return Ok(all);
    }
    if layout.a_along() {
        for rows in row_chunks(&ctx, &[a, out]) {
            let (a, out) = (a.row_part(rows.start, rows.len()), out.row_part(rows.start, rows.len()));
            one_binding(rec, &ctx, layout, groups, &a, b, &out, epilogue, &mut all)?;
        }
    } else if a.rows() == 0 {
        one_binding(rec, &ctx, layout, groups, a, b, out, epilogue, &mut all)?;
    } else {
        // what is summed over is cut: the chunks are added up in their order
        let cut: &[&Matrix] = if layout.b_along() { &[a] } else { &[a, b] };
        for rows in row_chunks(&ctx, cut) {
            let (first, count) = (rows.start, rows.len());
            let b = if layout.b_along() { b.columns(first, count)? } else { b.row_part(first, count) };
            let a = a.row_part(first, count);
            let epilogue = Epilogue { accumulate: epilogue.accumulate || first > 0, ..epilogue };
            one_binding(rec, &ctx, layout, groups, &a, &b, out, epilogue, &mut all)?;
        }
    }
    Ok(all)
}

/// The shortest slice worth its sums' way through memory.
const SHORTEST_SLICE: u32 = 256;
/// Groups that keep a software adapter busy.
const GROUPS_SERIAL: u32 = 4;

/// Into how many slices a sum over `k` is cut, so that there are enough groups.
fn slices(ctx: &Context, m: u32, n: u32, k: u32) -> u32 {
    let slices = match ctx.shape() {
        _ if ctx.is_cpu() => 1,
        Shape::Wide => tile::slices(m, n, k, SHORTEST_SLICE),
        Shape::Serial | Shape::Any => tile::cut(GROUPS_SERIAL, linear::groups(None, m, n), k, SHORTEST_SLICE),
    };
    let bytes = u64::from(m) * u64::from(n) * u64::from(slices) * 4;
    if bytes > ctx.limits().binding { 1 } else { slices }
}

#[allow(clippy::too_many_arguments, reason = "what a product is made of")]
fn one_binding(
    rec: &mut Recorder,
    ctx: &Context,
    layout: Layout,
    groups: Groups,
    a: &Matrix,
    b: &Matrix,
    out: &Matrix,
    epilogue: Epilogue<'_>,
    all: &mut Vec<Dispatch>,
) -> Result<()> {
    let (m, n) = (word("rows", out.rows())?, word("columns", out.cols())?);
    let k = word("columns", if layout.a_along() { a.cols() } else { a.rows() })?;
    let slices = slices(ctx, m, n, k);
    let k_slice = k.div_ceil(slices).next_multiple_of(linear::SLICE).max(linear::SLICE);
    let slices = k.div_ceil(k_slice).max(1);
    if k_slice as usize > longest_sum(ctx) {
        let expected = format!("at most {} on a software adapter", longest_sum(ctx));
        return Err(Error::invalid("columns to sum over", expected, k));
    }

    // without a bias, or with nothing to sum, the bindings only have to be there
    let nothing = rec.scratch("embag.nothing", 16)?;
    let mut params = linear::Params {
        m,
        n,
        k,
        activation: epilogue.activation.code(),
        accumulate: if epilogue.onto { 2 } else { epilogue.accumulate.into() },
        slices,
        k_slice,
        lanes_n: linear::lanes_n(n),
        scales: groups.scales,
        group_shift: groups.shift,
        ..linear::Params::default()
    };
    let mut vec4 = true;
    let mut operand = |name: &'static str, matrix: &Matrix| -> Result<(Buffer, u32, u32)> {
        if k == 0 {
            return Ok((nothing.clone(), 0, 4));
        }
        let place = matrix.place(ctx, name)?;
        vec4 &= place.vec4;
        Ok((place.binding, place.base, place.stride))
    };
    let (a, a_base, a_stride) = operand("a", a)?;
    let (b, b_base, b_stride) = operand("b", b)?;
    (params.a_base, params.a_stride, params.b_base, params.b_stride) = (a_base, a_stride, b_base, b_stride);
    let bias = match epilogue.bias {
        Some(bias) => {
            let place = bias.place(ctx, "bias")?;
            (params.biased, params.bias_base) = (1, place.base);
            place.binding
        }
        None => nothing,
    };
    let out = out.place(ctx, "out")?;
    let tile = ctx.matmul_tile(m, n, slices);
    let cooperative = layout == Layout::NtF16 && ctx.has_cooperative();
    let native = layout == Layout::NtF16 && !cooperative && ctx.native_f16()?;
    let sums_into = |params: &linear::Params, bias: Buffer, out: Buffer| {
        if cooperative {
            let groups = linear_cooperative::groups(m, n) * slices;
            let bindings = linear_cooperative::Bindings { a, b, bias, out };
            return Dispatch::new(linear_cooperative::variant(vec4), params, bindings, groups);
        }
        let variant = linear::variant(if native { Layout::NtF16Native } else { layout }, vec4, tile);
        let groups = linear::groups(tile, m, n) * slices;
        Dispatch::new(variant, params, linear::Bindings { a, b, bias, out }, groups)
    };
    if slices == 1 {
        (params.out_base, params.out_stride) = (out.base, out.stride);
        all.push(sums_into(&params, bias, out.binding));
        return Ok(());
    }
    let sums = rec.scratch("embag.slices", u64::from(m) * u64::from(n) * u64::from(slices) * 4)?;
    let join = sum_slices::Params {
        m,
        n,
        slices,
        out_base: out.base,
        out_stride: out.stride,
        bias_base: params.bias_base,
        biased: params.biased,
        activation: params.activation,
        accumulate: params.accumulate,
    };
    (params.out_stride, params.slice_stride) = (n, m * n);
    (params.biased, params.activation, params.accumulate) = (0, Activation::None.code(), 0);
    all.push(sums_into(&params, bias.clone(), sums.clone()));
    let bindings = sum_slices::Bindings { slices: sums, bias, out: out.binding };
    all.push(Dispatch::threads(0, &join, bindings, m * n));
    Ok(())
}
