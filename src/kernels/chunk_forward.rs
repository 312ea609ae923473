//! Lookup and pooling of rows in chunks.

use super::chunk_slots::mixed_slots;
use super::feature::NONE;
use super::jagged_inputs::{offsets, status, values};
use super::random::Random;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters.
    Params {
        /// Bags, and the first of them.
        bags: u32,
        first_bag: u32,
        /// Chunks of a row, and columns of a chunk.
        chunks: u32,
        width: u32,
        /// 1: divided by the bag's number of ids.
        mean: u32,
        /// The slots of the window, and the element of the first.
        first_slot: u32,
        slots: u32,
        base: u32,
        /// 1: nothing was written before.
        initial: u32,
        out_base: u32,
        out_stride: u32,
    }
}

/// The index of a variant, and the columns that its threads take; `vec4` if the output begins at a multiple of four
/// elements, in every row.
pub(crate) fn variant(shape: Shape, width: u32, vec4: bool) -> (usize, u32) {
    let sixteen = shape == Shape::Serial && width.is_multiple_of(16);
    (usize::from(sixteen) * 2 + usize::from(!vec4), if sixteen { 16 } else { 4 })
}

macro_rules! variant {
    ($width:literal, $shape:ident, $name:literal, $body:literal) => {
        Variant {
            name: $name,
            shape: Shape::$shape,
            workgroup: 64,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                "prelude/chunk_forward_params.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                concat!("prelude/out_", $width, ".wgsl"),
                $body
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "chunk_forward",
    about: "out[bag] = sum or mean of the rows of the bag's ids, zeros where chunks are absent",
    bindings: &[read("status"), read("offsets"), read("rows"), read("slots"), read("store"), write("out")],
    params: Params::LAYOUT,
    variants: &[
        variant!("vec4", Any, "vec4", "chunk_forward.wgsl"),
        variant!("scalar", Any, "scalar", "chunk_forward.wgsl"),
        variant!("vec4", Serial, "vec4.serial", "chunk_forward.serial.wgsl"),
        variant!("scalar", Serial, "scalar.serial", "chunk_forward.serial.wgsl"),
    ],
    parity: Parity::Bits,
    twin: crate::cpu::chunk_forward::run,
    cases,
};

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (bags, longest, table_rows, chunks, width) in [
        (1u32, 1u32, 1u32, 1u32, 4u32),
        (50, 9, 40, 3, 8),
        (50, 9, 40, 5, 16),
        (50, 9, 40, 2, 32),
        (50, 9, 40, 17, 4),
        (2048, 39, 5000, 4, 16),
    ] {
        for (initial, mean, refused) in [(1, 0, false), (1, 1, false), (0, 1, false), (1, 0, true)] {
            let mut random = Random::new(u64::from(bags + width));
            let begins = offsets(2 + bags, longest, 13);
            let ids = values(&begins);
            let mut row = || if random.below(9) == 0 { NONE } else { random.below(table_rows) };
            let rows: Vec<u32> = (0..ids.max(1)).map(|_| row()).collect();
            let slots = mixed_slots(table_rows * chunks);
            let room = (table_rows * chunks).next_power_of_two();
            let dim = chunks * width;
            let params = Params {
                bags,
                first_bag: 2,
                chunks,
                width,
                mean,
                // a window in the middle
                first_slot: room / 8,
                slots: room - room / 4,
                base: 4,
                initial,
                out_base: 4,
                out_stride: dim + 4,
            };
            let bindings = vec![
                status(refused),
                CaseBinding::ints(&begins),
                CaseBinding::ints(&rows),
                CaseBinding::ints(&slots),
                CaseBinding::floats(&random.floats((4 + params.slots * width) as usize)),
                CaseBinding::floats(&random.floats((4 + bags * (dim + 4)) as usize)),
            ];
            for sixteen in [false, true] {
                if sixteen && !width.is_multiple_of(16) {
                    continue;
                }
                let (shape, columns) = if sixteen { (Shape::Serial, 16) } else { (Shape::Wide, 4) };
                let variants = [true, false].map(|vec4| variant(shape, width, vec4).0);
                let name = format!(
                    "{bags} bags {chunks} x {width} by {columns} initial={initial} mean={mean} refused={refused}"
                );
                let groups = (bags * (dim / columns)).div_ceil(64);
                let case = Case::new(name, variants, &params, bindings.clone(), groups);
                let bytes = u64::from(ids) * u64::from(4 + 4 * chunks + 4 * dim);
                let bench = bags == 2048 && (initial, mean, refused) == (1, 0, false);
                all.push(if bench { case.bench(bytes, 0) } else { case });
            }
        }
    }
    all
}
