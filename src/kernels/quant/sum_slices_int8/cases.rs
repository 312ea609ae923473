//! The cases of `sum_slices_int8`.

use super::*;
use crate::kernel::{Case, CaseBinding};
use crate::kernels::linear::{ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_SIGMOID};
use crate::kernels::random::Random;

pub(crate) fn cases() -> Vec<Case> {
    let mut random = Random::new(32);
    let mut case = |m: u32, n: u32, slices: u32, gap: u32, activation: u32, coded: u32| {
        let sums: Vec<u32> =
            (0..m * n * slices).map(|_| random.below(100_000).wrapping_sub(50_000)).collect();
        let channels: Vec<OutputChannel> = (0..n)
            .map(|_| OutputChannel {
                scale: 0.01 + random.float().abs() / 50.0,
                sum: random.below(2000).cast_signed() - 1000,
                bias: random.float(),
            })
            .collect();
        let width = if coded == 1 { n.div_ceil(4) } else { n };
        let (out_base, out_stride) = (gap, width + gap);
        let params = Params {
            m,
            n,
            slices,
            out_base,
            out_stride,
            activation,
            coded,
            out_inverse: 40.0,
            out_zero_point: 128,
        };
        let out = vec![1u32; (gap + m * out_stride) as usize];
        let bindings = Bindings {
            slices: CaseBinding::ints(&sums),
            channels: CaseBinding::mixed(&channels),
            quant: CaseBinding::ints(&[0.004f32.to_bits(), 120]),
            out: if coded == 1 {
                CaseBinding::mixed(&out)
            } else {
                CaseBinding::floats(bytemuck::cast_slice(&out))
            },
        };
        let name = format!("{m}x{n} slices={slices} gap={gap} activation={activation} coded={coded}");
        let groups = (m * n.div_ceil(4)).div_ceil(KERNEL.variants[0].workgroup);
        let values = u64::from(m * n);
        Case::new(name, [0], &params, bindings, groups)
            .bench(values * 4 * u64::from(slices + 1), values * u64::from(slices))
    };
    vec![
        case(1, 1, 2, 0, ACTIVATION_NONE, 0),
        case(5, 3, 2, 1, ACTIVATION_RELU, 1),
        case(9, 70, 3, 2, ACTIVATION_SIGMOID, 0),
        case(3, 131, 4, 0, ACTIVATION_SIGMOID, 1),
        case(512, 256, 4, 0, ACTIVATION_RELU, 0),
    ]
}
