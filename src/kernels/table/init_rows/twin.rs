//! Twin of `init_rows.wgsl`.

use crate::cpu::parallel;
use crate::cpu::random::uniform_value;
use crate::cpu::types::{nearest, pack};
use crate::kernel::elements::TYPE_F32;
use crate::kernels::init_rows::View;
use crate::numbers::narrow;

pub(crate) fn run(call: View<'_>) {
    let p = call.params;
    let table = &mut call.table[..p.words as usize];
    let dim = p.dim as usize;
    let row_words = if p.table_type == TYPE_F32 { dim } else { dim.div_ceil(2) };
    parallel::pieces(table, row_words, &|r, words| {
        // at most `words` rows
        let row = p.first_row.wrapping_add(p.row_step.wrapping_mul(narrow(r)));
        let value = |column: u32| match p.uniform_values {
            1 => uniform_value(p.seed, row, p.first_column.wrapping_add(column), p.scale),
            _ => p.scale,
        };
        if p.table_type == TYPE_F32 {
            words.iter_mut().zip(0u32..).for_each(|(word, column)| *word = value(column).to_bits());
        } else {
            let values: Vec<f32> = (0..p.dim).map(value).collect();
            pack(&values, words, |value, _| nearest(value, p.table_type));
        }
    });
}
