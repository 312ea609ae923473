//! The cases of `init_rows`.

use super::*;
use crate::kernel::elements::{TYPE_BF16, TYPE_F16, TYPE_F32};
use crate::kernel::{Case, CaseBinding};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(1);
    let mut case = |rows: u32, dim: u32, uniform_values: u32, table_type: u32| {
        let row_words = if table_type == TYPE_F32 { dim } else { dim.div_ceil(2) };
        let words = rows * row_words;
        let params = Params {
            words,
            first_row: random.below(1 << 20),
            row_step: 1 + random.below(3),
            first_column: random.below(3) * 4,
            dim,
            seed: random.below(u32::MAX),
            uniform_values,
            scale: 0.3,
            table_type,
        };
        let groups = words.div_ceil(KERNEL.variants[0].workgroup);
        let name = format!("rows={rows} dim={dim} uniform={uniform_values} type={table_type}");
        let table = match table_type {
            TYPE_F32 => CaseBinding::poisoned(words as usize + 5),
            _ => CaseBinding::ints(&vec![7u32; words as usize + 5]),
        };
        Case::new(name, [0], &params, Bindings { table }, groups)
            .bench(u64::from(words) * 4, u64::from(words) * 2)
    };
    vec![
        case(1, 1, 1, TYPE_F32),
        case(100, 3, 1, TYPE_F32),
        case(4096, 64, 1, TYPE_F32),
        case(77, 5, 0, TYPE_F32),
        case(20_000_000 / 257, 257, 1, TYPE_F32),
        case(100, 3, 1, TYPE_F16),
        case(4096, 64, 1, TYPE_F16),
        case(77, 5, 0, TYPE_BF16),
    ]
}
