//! Twin of `value_forward.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::tanh::tanh_exact;
use crate::kernels::decide::{BLOCK, blocks, columns, lanes_apart};
use crate::kernels::value_forward::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let [instances, features, units] = [p.instances, p.features, p.units].map(|n| n as usize);
    let values = columns(call.values, 1, instances);
    parallel::each(values.zip(blocks(instances)), &|(mut values, block)| {
        let theta = |row: usize| &call.theta[row * instances..][block.clone()];
        let weighted = |first: usize| {
            let mut sums = [0.0f32; BLOCK];
            for f in 0..features {
                let begin = p.features_base as usize + f * p.features_stride as usize;
                let x = lanes_apart(&call.features[begin..], p.features_step as usize, &block);
                for ((sum, own), x) in sums.iter_mut().zip(theta(first + f)).zip(x) {
                    *sum += own * x;
                }
            }
            sums
        };
        vectorised(
            #[inline(always)]
            || {
                let values = values.row(0);
                values.fill(0.0);
                if units == 0 {
                    values.copy_from_slice(&weighted(0)[..block.len()]);
                }
                for unit in 0..units {
                    let sums = weighted(unit * features);
                    let outputs = theta(units * features + unit);
                    for ((value, output), sum) in values.iter_mut().zip(outputs).zip(sums) {
                        *value += output * tanh_exact(sum);
                    }
                }
            },
        );
    });
}
