//! Rows quantised and restored on the device.

use super::QuantizedBags;
use super::quantized_bags::cannot_keep;
use crate::device::{Dispatch, word};
use crate::kernels::feature::NONE;
use crate::kernels::{check_values, dequantize_rows, quantize_rows};
use crate::quant::RangeSearch;
use crate::table::{RowFormat, TableStore};
use crate::{Buffer, Context, Error, Matrix, Recorder, Result};

/// Rows of floats that one binding holds.
struct Source {
    binding: Buffer,
    /// Element of the first row, and elements from row to row.
    base: u32,
    stride: u32,
    element: u32,
    /// The first row's number in the table.
    first: u32,
    rows: u32,
}

impl QuantizedBags {
    /// Quantises a table of floats on their device.
    pub(super) fn quantize_from(&self, source: &TableStore, index: usize, search: RangeSearch) -> Result<()> {
        let ctx = self.context();
        let sources = parts_of(source, index);
        let status = Buffer::from_slice(ctx, &[NONE, 0])?;
        let mut rec = Recorder::new(ctx);
        self.record_rows(&mut rec, index, &sources, search, &status)?;
        rec.run()?;
        if let [row, value] = status.read::<u32>(ctx)?[..]
            && row != NONE
        {
            let (name, format) = (&self.tables()[index], self.bags.store().tables().shape(index).format);
            return Err(cannot_keep(name, row.into(), format, f32::from_bits(value)));
        }
        Ok(())
    }

    /// Records that rows from `first` on are quantised from a matrix of as many columns. If a row has a value
    /// that cannot be kept, nothing is written and waiting for the submission gives the error.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table or the columns are not its dim,
    /// [`Error::RowOutOfRange`], and [`Error::LimitExceeded`] if the matrix is too large for the device to
    /// bind.
    pub fn record_quantize(
        &mut self,
        rec: &mut Recorder,
        table: &str,
        first: u64,
        rows: &Matrix,
        search: RangeSearch,
    ) -> Result<()> {
        let (index, first) = self.checked_rows(rec, table, first, rows, "rows")?;
        if rows.rows() == 0 {
            return Ok(());
        }
        let place = rows.place(rec.context(), "rows")?;
        let source = Source {
            binding: place.binding,
            base: place.base,
            stride: place.stride,
            element: RowFormat::F32.code(),
            first,
            rows: word("rows", rows.rows())?,
        };
        let status = Buffer::from_slice(rec.context(), &[NONE, 0])?;
        rec.whole(|rec| self.record_rows(rec, index, &[source], search, &status))?;
        let (name, format) = (table.to_owned(), self.bags.store().tables().shape(index).format);
        rec.watch(&status, move |words| match words[..] {
            [row, value] if row != NONE => Err(cannot_keep(&name, row.into(), format, f32::from_bits(value))),
            _ => Ok(()),
        });
        Ok(())
    }

    /// Records that the values of as many rows as `out` has are written to it, from row `first` of a table
    /// on.
    ///
    /// # Errors
    /// As [`QuantizedBags::record_quantize`].
    pub fn record_dequantize(&self, rec: &mut Recorder, table: &str, first: u64, out: &Matrix) -> Result<()> {
        let (index, first) = self.checked_rows(rec, table, first, out, "out")?;
        let store = self.bags.store().tables();
        let end = first + word("rows", out.rows())?;
        for source in parts_of(store, index) {
            let (begin, stop) = (first.max(source.first), end.min(source.first + source.rows));
            if begin >= stop {
                continue;
            }
            let part = out.row_part((begin - first) as usize, (stop - begin) as usize);
            let place = part.place(rec.context(), "out")?;
            let params = dequantize_rows::Params {
                rows: stop - begin,
                dim: store.shape(index).dim,
                source_base: source.base + (begin - source.first) * source.stride,
                source_stride: source.stride,
                rows_type: source.element,
                out_base: place.base,
                out_stride: place.stride,
            };
            let threads = dequantize_rows::threads(params.rows, params.dim);
            let variant = dequantize_rows::variant(source.element);
            let bindings = dequantize_rows::Bindings { rows: source.binding, out: place.binding };
            rec.dispatch(Dispatch::threads(variant, &params, bindings, threads));
        }
        Ok(())
    }

    fn checked_rows(
        &self,
        rec: &Recorder,
        table: &str,
        first: u64,
        matrix: &Matrix,
        argument: &'static str,
    ) -> Result<(usize, u32)> {
        self.bags.store().same_context(rec)?;
        let (index, shape) = self.table(table)?;
        matrix.check_shape(argument, matrix.rows(), shape.dim as usize)?;
        let end = first.saturating_add(matrix.rows() as u64);
        match u32::try_from(first) {
            Ok(first) if end <= shape.rows.into() => Ok((index, first)),
            _ => {
                let row = first.max(end.saturating_sub(1));
                Err(Error::RowOutOfRange { table: table.to_owned(), row, rows: shape.rows.into() })
            }
        }
    }

    /// Checks all rows, then writes them, if all are good.
    fn record_rows(
        &self,
        rec: &mut Recorder,
        table: usize,
        sources: &[Source],
        search: RangeSearch,
        status: &Buffer,
    ) -> Result<()> {
        let store = self.bags.store().tables();
        let shape = store.shape(table);
        let greedy = search == RangeSearch::Greedy && shape.format.precision().is_none();
        check_loops(rec.context(), shape.dim, greedy)?;
        for source in sources {
            let params = check_values::Params {
                rows: source.rows,
                dim: shape.dim,
                source_base: source.base,
                source_stride: source.stride,
                rows_type: source.element,
                first_row: source.first,
                limit: shape.format.largest().to_bits(),
                report: 0,
            };
            let bindings = || check_values::Bindings { status: status.clone(), rows: source.binding.clone() };
            let threads = check_values::threads(source.rows, shape.dim);
            rec.dispatch(Dispatch::threads(0, &params, bindings(), threads));
            let report = check_values::Params { report: 1, ..params };
            rec.dispatch(Dispatch::new(0, &report, bindings(), 1));
        }
        let kind = rec.context().shape();
        for (source, target) in
            sources.iter().flat_map(|s| parts_of(store, table).into_iter().map(move |t| (s, t)))
        {
            let begin = source.first.max(target.first);
            let end = (source.first + source.rows).min(target.first + target.rows);
            if begin >= end {
                continue;
            }
            let params = quantize_rows::Params {
                rows: end - begin,
                dim: shape.dim,
                source_base: source.base + (begin - source.first) * source.stride,
                source_stride: source.stride,
                rows_type: source.element,
                out_base: shape.format.words(target.base + (begin - target.first) * target.stride),
                out_stride: shape.format.words(target.stride),
                out_type: target.element,
                greedy: greedy.into(),
            };
            let bindings = quantize_rows::Bindings {
                status: status.clone(),
                rows: source.binding.clone(),
                out: target.binding,
            };
            let groups = quantize_rows::groups(kind, params.rows);
            let variant = quantize_rows::variant(kind);
            rec.dispatch(Dispatch::new(variant, &params, bindings, groups));
        }
        Ok(())
    }
}

/// The rows of a table, window by window.
fn parts_of(store: &TableStore, table: usize) -> Vec<Source> {
    let mut all = Vec::new();
    for (w, window) in store.plan().windows.iter().enumerate() {
        for part in window.parts.iter().filter(|part| part.table == table && part.rows > 0) {
            all.push(Source {
                binding: store.weights(w).clone(),
                base: part.base,
                stride: part.stride,
                element: window.format.code(),
                first: part.first_row,
                rows: part.rows,
            });
        }
    }
    all
}

/// Software adapters end long loops.
fn check_loops(ctx: &Context, dim: u32, greedy: bool) -> Result<()> {
    match ctx.loop_limit() {
        Some(limit) if quantize_rows::iterations(dim, greedy) > limit.into() => {
            let expected = format!("rows whose search takes at most {limit} steps on a software adapter");
            Err(Error::invalid("dim", expected, dim))
        }
        _ => Ok(()),
    }
}
