//! The columns of pooled embeddings in another order of features.

use super::plan::{place, row_chunks};
use crate::device::{Dispatch, word};
use crate::device::{Matrix, Recorder};
use crate::kernels::gather_columns::{Bindings, Params};
use crate::kernels::width::Width;
use crate::{Error, Result};

/// An order of the features of pooled embeddings, `[batch, sum of dims]` with features side by side.
///
/// Feature `i` of the result is feature `order[i]`; features may be repeated and left out. This is FBGEMM's
/// `permute_pooled_embs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PooledOrder {
    dims: Vec<usize>,
    order: Vec<usize>,
}

impl PooledOrder {
    /// The order of features of these dimensions.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such feature, or a side has 2^32 columns or more.
    pub fn new(dims: &[usize], order: &[usize]) -> Result<Self> {
        if let Some(i) = order.iter().position(|&feature| feature >= dims.len()) {
            let expected = format!("a feature below {}", dims.len());
            return Err(Error::invalid(format!("order[{i}]"), expected, order[i]));
        }
        let columns = |all: &mut dyn Iterator<Item = usize>| all.fold(0usize, usize::saturating_add);
        word("columns", columns(&mut dims.iter().copied()))?;
        word("columns", columns(&mut order.iter().map(|&feature| dims[feature])))?;
        Ok(Self { dims: dims.to_vec(), order: order.to_vec() })
    }

    /// Columns before: the sum of the dimensions.
    #[must_use]
    pub fn in_cols(&self) -> usize {
        self.dims.iter().sum()
    }

    /// Columns after: the sum of the dimensions of the features in `order`.
    #[must_use]
    pub fn out_cols(&self) -> usize {
        self.order.iter().map(|&feature| self.dims[feature]).sum()
    }

    /// Records the columns of `x`, `[batch, in_cols]`, in their order into `out`, `[batch, out_cols]`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a shape does not fit, [`Error::LimitExceeded`] if one row is too large
    /// for the device to bind.
    pub fn record_forward(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        x.check_shape("x", x.rows, self.in_cols())?;
        out.check_shape("out", x.rows, self.out_cols())?;
        let firsts = firsts(self.dims.iter().copied());
        let lists = self.order.iter().map(|&feature| (self.dims[feature], vec![firsts[feature]]));
        rec.whole(|rec| record(rec, &lists.collect::<Vec<_>>(), ("x", x), ("out", out)))
    }

    /// Records the gradient with respect to `x` for the gradient `dout` of `out`: the sum of those of a
    /// feature's repetitions in their order, 0 for features that were left out. All of `dx` is overwritten.
    ///
    /// # Errors
    /// As [`PooledOrder::record_forward`]; [`Error::InvalidArgument`] too if a feature is repeated so often
    /// that a software adapter would end the sum.
    pub fn record_backward(&self, rec: &mut Recorder, dout: &Matrix, dx: &Matrix) -> Result<()> {
        dout.check_shape("dout", dout.rows, self.out_cols())?;
        dx.check_shape("dx", dout.rows, self.in_cols())?;
        let mut lists: Vec<_> = self.dims.iter().map(|&dim| (dim, Vec::new())).collect();
        let firsts = firsts(self.order.iter().map(|&feature| self.dims[feature]));
        for (&feature, first) in self.order.iter().zip(firsts) {
            lists[feature].1.push(first);
        }
        let most = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(0);
        if let Some(limit) = rec.context().loop_limit().filter(|&limit| most > limit as usize) {
            let expected = format!("a feature at most {limit} times on a software adapter");
            return Err(Error::invalid("order", expected, format!("{most} times")));
        }
        rec.whole(|rec| record(rec, &lists, ("dout", dout), ("dx", dx)))
    }
}

/// Where features of these dimensions begin.
fn firsts(dims: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut end = 0;
    dims.map(|dim| {
        end += dim;
        end - dim
    })
    .collect()
}

/// For each feature of the output its dimension, and where the features of the input begin whose sum it is.
type Lists = [(usize, Vec<usize>)];

fn record(
    rec: &mut Recorder,
    lists: &Lists,
    (input_name, input): (&'static str, &Matrix),
    (out_name, out): (&'static str, &Matrix),
) -> Result<()> {
    if out.cols == 0 {
        return Ok(());
    }
    let ctx = rec.context().clone();
    let whole = lists.iter().all(|(dim, list)| dim % 4 == 0 && list.iter().all(|first| first % 4 == 0));
    for rows in row_chunks(&ctx, &[input, out]) {
        let part = |matrix: &Matrix| matrix.row_part(rows.start, rows.len());
        let (source, target) = (place(&ctx, input_name, &part(input))?, place(&ctx, out_name, &part(out))?);
        let width = Width::of(whole && source.vec4 && target.vec4);
        let (variant, width) = (width.variant(), width.columns());
        let (begins, columns) = columns(lists, width as usize)?;
        let params = Params {
            rows: word("rows", rows.len())?,
            cols: word(out_name, out.cols)? / width,
            input_base: source.base / width,
            input_stride: source.stride / width,
            out_base: target.base / width,
            out_stride: target.stride / width,
        };
        let begins = rec.scratch_from("embag.column_begins", &begins)?;
        let columns = rec.scratch_from("embag.columns", &columns)?;
        let bindings = Bindings { begins, columns, input: source.binding, out: target.binding };
        let threads = params.rows * params.cols;
        rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
    }
    Ok(())
}

/// The input columns whose sum each output column is, in elements of a width.
fn columns(lists: &Lists, width: usize) -> Result<(Vec<u32>, Vec<u32>)> {
    let (mut begins, mut columns) = (vec![0], Vec::new());
    for (dim, list) in lists {
        for column in 0..dim / width {
            for first in list {
                columns.push(word("columns", first / width + column)?);
            }
            begins.push(word("columns", columns.len())?);
        }
    }
    Ok((begins, columns))
}
