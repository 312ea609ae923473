//! Small products, one for each example.

#[cfg(feature = "testing")]
pub(crate) mod cases;
pub(crate) mod twin;

use crate::kernel::{Kernel, Parity, Shape, Variant, fragments, interface};
use crate::kernels::width::Width;

interface! {
    /// Uniform parameters.
    Params {
        /// Examples.
        rows: u32,
        m: u32,
        n: u32,
        k: u32,
        /// Elements where the factors begin, from example to example (0: all have the same), and from row to
        /// row of an example's matrix.
        a_base: u32,
        a_example: u32,
        a_stride: u32,
        b_base: u32,
        b_example: u32,
        b_stride: u32,
        out_base: u32,
        out_example: u32,
        out_stride: u32,
        /// Examples whose products are added up to one.
        together: u32,
        /// 1: the result is added to the output.
        accumulate: u32,
    }
    Bindings {
        a: read [f32] as "array<Elem>",
        b: read [f32] as "array<Weight>",
        out: write [f32],
    }
}

const WORKGROUP: u32 = 64;

/// How factors are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `a` by `[k][m]` rather than by `[m][k]`.
    pub(crate) a_transposed: bool,
    /// `b` by `[n][k]` rather than by `[k][n]`.
    pub(crate) b_transposed: bool,
}

/// Every layout, in the order of the variants.
pub(crate) const LAYOUTS: [Layout; 4] = [
    Layout { a_transposed: false, b_transposed: false },
    Layout { a_transposed: false, b_transposed: true },
    Layout { a_transposed: true, b_transposed: false },
    Layout { a_transposed: true, b_transposed: true },
];

/// The index of a variant; `vec4` for factors whose beginnings and strides are multiples of four.
pub(crate) fn variant(layout: Layout, vec4: bool) -> usize {
    let layout = usize::from(layout.a_transposed) * 2 + usize::from(layout.b_transposed);
    layout * Width::ALL.len() + Width::of(vec4).variant()
}

/// The layout of a variant.
fn layout_of(variant: usize) -> Layout {
    LAYOUTS[variant / Width::ALL.len()]
}

/// Threads of a product.
pub(crate) fn threads(p: &Params) -> u32 {
    p.rows.div_ceil(p.together) * p.m.div_ceil(4) * p.n.div_ceil(4)
}

macro_rules! variant {
    ($name:literal, $width:literal, $a:literal, $b:literal) => {
        Variant {
            name: concat!($name, ".", $width),
            shape: Shape::Any,
            workgroup: WORKGROUP,
            constants: &[],
            sources: fragments![
                "prelude/grid.wgsl",
                concat!("prelude/elem_", $width, ".wgsl"),
                "prelude/block.wgsl",
                concat!("dense/linear/load_", $width, ".wgsl"),
                concat!("dense/linear/load_b_", $width, ".wgsl"),
                concat!("dense/batch_product/a_", $a, ".wgsl"),
                concat!("dense/batch_product/b_", $b, ".wgsl"),
                "dense/batch_product.wgsl"
            ],
        }
    };
}

pub(crate) static KERNEL: Kernel = Kernel {
    name: "batch_product",
    about: "out_e(m, n) = sum over k of a_e(m, k) b_e(k, n) for each example e, or summed over some of them",
    interface: INTERFACE,
    variants: &[
        variant!("nn", "vec4", "along", "across"),
        variant!("nn", "scalar", "along", "across"),
        variant!("nt", "vec4", "along", "along"),
        variant!("nt", "scalar", "along", "along"),
        variant!("tn", "vec4", "across", "across"),
        variant!("tn", "scalar", "across", "across"),
        variant!("tt", "vec4", "across", "along"),
        variant!("tt", "scalar", "across", "along"),
    ],
    parity: Parity::Bits,
    twin: |call| twin::run(call.into()),
    #[cfg(feature = "testing")]
    cases: cases::cases,
};
