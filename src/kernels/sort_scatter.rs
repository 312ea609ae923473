//! The moves of a radix sort pass.

use super::sort_count::{self, Params, Pass};
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, read, write};

pub(crate) static KERNEL: Kernel = Kernel {
    name: "sort_scatter",
    about: "keys and values to their places, stable",
    bindings: &[
        read("histogram"),
        read("keys_in"),
        read("values_in"),
        write("keys_out"),
        write("values_out"),
    ],
    params: Params::LAYOUT,
    variants: &[
        Variant {
            name: "wide",
            shape: Shape::Wide,
            workgroup: sort_count::WIDE,
            constants: &[("SHARE", sort_count::SHARE)],
            sources: fragments!["prelude/grid.wgsl", "prelude/sort_params.wgsl", "sort_scatter.wgsl"],
        },
        Variant {
            name: "serial",
            shape: Shape::Serial,
            workgroup: sort_count::SERIAL,
            constants: &[],
            sources: fragments!["prelude/grid.wgsl", "prelude/sort_params.wgsl", "sort_scatter.serial.wgsl"],
        },
    ],
    parity: Parity::Bits,
    twin: crate::cpu::sort_scatter::run,
    cases: || sort_count::passes().iter().map(case).collect(),
};

fn case(pass: &Pass) -> Case {
    let Params { tile, tiles, shift, digits, .. } = pass.params;
    let digit = |key: u32| key >> shift & (digits - 1);
    // where each tile's keys of each digit go: digit by digit, tile by tile
    let mut places = vec![0u32; (digits * tiles) as usize];
    for (t, keys) in (0u32..).zip(pass.keys.chunks(tile as usize)) {
        for &key in keys {
            places[(digit(key) * tiles + t) as usize] += 1;
        }
    }
    let mut running = 0;
    for place in &mut places {
        running += std::mem::replace(place, running);
    }
    let values: Vec<u32> = pass.keys.iter().map(|key| key.wrapping_mul(3)).collect();
    let poisoned = CaseBinding::ints(&vec![0xdead_beef_u32; pass.keys.len()]);
    pass.case(vec![
        CaseBinding::ints(&places),
        CaseBinding::ints(&pass.keys),
        CaseBinding::ints(&values),
        poisoned.clone(),
        poisoned,
    ])
}
