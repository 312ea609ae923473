//! Twin of `prox_dual.wgsl`.

use crate::cpu::parallel;
use crate::cpu::simd::vectorised;
use crate::kernels::decide::normals::Normals;
use crate::kernels::decide::{BLOCK, blocks, columns, rates};
use crate::kernels::prox_dual::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let [instances, entries, constraints] = [p.instances, p.entries, p.constraints].map(|n| n as usize);
    let (bounds, point) = (call.bounds, call.point);
    let normals = Normals { values: call.normals, instances, is_shared: p.shared_normals == 1 };
    let weights = &call.rates[rates::WEIGHT * instances..][..instances];
    let queues = columns(call.queues, constraints, instances);
    let prices = columns(call.prices, constraints, instances);
    parallel::each(queues.zip(prices).zip(blocks(instances)), &|((mut queues, mut prices), block)| {
        vectorised(
            #[inline(always)]
            || {
                let weights = &weights[block.clone()];
                for k in 0..constraints {
                    let mut excess = [0.0f32; BLOCK];
                    for (excess, bound) in excess.iter_mut().zip(&bounds[k * instances..][block.clone()]) {
                        *excess = -bound;
                    }
                    for entry in 0..entries {
                        let point = &point[entry * instances..][block.clone()];
                        normals.add(k * entries + entry, &block, point, &mut excess);
                    }
                    let of = queues.row(k).iter_mut().zip(prices.row(k)).zip(weights).zip(&excess);
                    for (((queue, price), weight), excess) in of {
                        let weighted = weight * excess;
                        *queue = (-weighted).max(*queue + weighted);
                        *price = weight * (*queue + weighted);
                    }
                }
            },
        );
    });
}
