//! Segments side by side in rows of one length.

use super::jagged_inputs::{offsets, status, values};
use super::random::Random;
use super::width::Width;
use crate::kernel::{Case, CaseBinding, Kernel, Parity, Shape, Variant, fragments, params, read, write};

params! {
    /// Uniform parameters, shared with `dense_to_jagged`.
    Params {
        /// Rows of values.
        len: u32,
        /// Segments.
        segments: u32,
        /// Rows of the dense matrix that are bound.
        rows: u32,
        /// The segment of the first of them.
        first: u32,
        /// Places of a dense row.
        longest: u32,
        /// Elements of a value; from here on all in elements of the variant's width.
        dim: u32,
        values_base: u32,
        values_stride: u32,
        dense_base: u32,
        dense_stride: u32,
        /// What stands where a segment has no value.
        padding: f32,
    }
}

macro_rules! variant {
    ($width:literal) => {
        Variant {
            name: $width,
            shape: Shape::Any,
            workgroup: 256,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                "prelude/status.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "prelude/padded_params.wgsl",
                "jagged_to_dense.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "jagged_to_dense",
    about: "dense[s][j] = values[offsets[s] + j], or the padding",
    bindings: &[read("status"), read("begins"), read("values"), write("dense")],
    params: Params::LAYOUT,
    variants: &[variant!("vec4"), variant!("scalar")],
    parity: Parity::Bits,
    twin: crate::cpu::jagged_to_dense::run,
    cases: || cases(true),
};

/// Cases of `jagged_to_dense` or, with the last two bindings the other way round, `dense_to_jagged`: cut off,
/// padded, with gaps between rows, a part of the dense rows, refused.
pub(crate) fn cases(to_dense: bool) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, segments, length, longest, dim, gap, refused) in [
        ("cut off", 5, 9, 4, 3, 0, false),
        ("padded", 70, 3, 7, 1, 0, false),
        ("gaps", 33, 6, 5, 2, 3, false),
        ("empty", 9, 0, 2, 2, 0, false),
        ("refused", 9, 5, 2, 2, 0, true),
        ("large", 4096, 40, 32, 16, 0, false),
    ] {
        for (variant, width) in Width::ALL.map(|width| (width.variant(), width.columns())) {
            let mut random = Random::new(23);
            let begins = offsets(segments, length, 29);
            // the first and last dense rows lie in other bindings, if there are gaps
            let first = gap;
            let rows = segments - 2 * gap;
            let params = Params {
                len: values(&begins),
                segments,
                rows,
                first,
                longest,
                dim,
                values_base: gap,
                values_stride: dim + gap,
                dense_base: 2 * gap,
                dense_stride: longest * dim + gap,
                padding: -1.5,
            };
            let size = |base, count: u32, stride| ((base + count * stride) * width) as usize;
            let jagged = size(params.values_base, params.len, params.values_stride);
            let dense = size(params.dense_base, rows, params.dense_stride);
            let (from, to) = if to_dense { (jagged, dense) } else { (dense, jagged) };
            let bindings = vec![
                status(refused),
                CaseBinding::ints(&begins),
                CaseBinding::floats(&random.floats(from)),
                CaseBinding::poisoned(to),
            ];
            let threads = if to_dense { rows * longest * dim } else { params.len * dim };
            let groups = threads.div_ceil(KERNEL.variants[variant].workgroup);
            let case = Case::new(name, [variant], &params, bindings, groups);
            let bytes = u64::from(threads) * u64::from(width) * 8;
            all.push(if name == "large" { case.bench(bytes, 0) } else { case });
        }
    }
    all
}
