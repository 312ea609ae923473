//! Twin of `gather_columns.wgsl`.

use rayon::prelude::*;

use crate::kernel::Call;
use crate::kernels::gather_columns::Params;
use crate::kernels::width::Width;

/// Rows that one task fills.
const ROWS: usize = 64;

pub(crate) fn run(mut call: Call<'_>) {
    let p: Params = call.params();
    match Width::of_variant(call.variant).columns() {
        1 => gather::<1>(&mut call, &p),
        _ => gather::<4>(&mut call, &p),
    }
}

fn gather<const WIDTH: usize>(call: &mut Call<'_>, p: &Params) {
    let (begins, columns) = (call.read::<u32>(0), call.read::<u32>(1));
    let input = call.read::<f32>(2).as_chunks::<WIDTH>().0;
    let out = call.write::<f32>(3).as_chunks_mut::<WIDTH>().0;
    let (rows, cols, stride) = (p.rows as usize, p.cols as usize, p.out_stride as usize);
    let out = &mut out[p.out_base as usize..];
    let end = (rows * stride).min(out.len());
    out[..end].par_chunks_mut(stride * ROWS).enumerate().for_each(|(task, out)| {
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
