//! Twin of `gather_columns.wgsl`.

use crate::cpu::parallel;
use crate::kernels::gather_columns::View;
use crate::kernels::width::Width;

/// Rows that one task fills.
const ROWS: usize = 64;

pub(crate) fn run(call: View<'_>) {
    match Width::of_variant(call.variant).columns() {
        1 => gather::<1>(call),
        _ => gather::<4>(call),
    }
}

fn gather<const WIDTH: usize>(call: View<'_>) {
    let p = call.params;
    let (begins, columns) = (call.begins, call.columns);
    let input = call.input.as_chunks::<WIDTH>().0;
    let out = call.out.as_chunks_mut::<WIDTH>().0;
    let (rows, cols, stride) = (p.rows as usize, p.cols as usize, p.out_stride as usize);
    let out = &mut out[p.out_base as usize..];
    let end = (rows * stride).min(out.len());
    parallel::pieces(&mut out[..end], stride * ROWS, &|task, out| {
        for (out, row) in out.chunks_mut(stride).zip(task * ROWS..) {
            let input = &input[p.input_base as usize + row * p.input_stride as usize..];
            for (out, range) in out[..cols].iter_mut().zip(begins.windows(2)) {
                let mut terms = columns[range[0] as usize..range[1] as usize].iter();
                // a copy is one to the bit
                *out = terms.next().map_or([0.0; WIDTH], |&first| input[first as usize]);
                for &column in terms {
                    for (sum, value) in out.iter_mut().zip(input[column as usize]) {
                        *sum += value;
                    }
                }
            }
        }
    });
}
