//! Twin of `flow_price.wgsl`.

use crate::kernels::flow_price::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let [instances, pairs, constraints] = [p.instances, p.pairs, p.constraints].map(|n| n as usize);
    let row = |values: &[f32], base: u32, stride: u32, row: usize| -> std::ops::Range<usize> {
        let first = base as usize + row * stride as usize;
        debug_assert!(first + instances <= values.len());
        first..first + instances
    };
    for (pair, prices) in call.price[..pairs * instances].chunks_mut(instances).enumerate() {
        let losses = &call.loss[row(call.loss, p.loss_base, p.loss_stride, pair)];
        prices.iter_mut().zip(losses).for_each(|(price, loss)| *price = p.loss_rate * loss);
        for i in 0..constraints {
            let costs = &call.costs[row(call.costs, p.costs_base, p.costs_stride, i * pairs + pair)];
            let queues = &call.queues[i * instances..][..instances];
            for ((price, queue), cost) in prices.iter_mut().zip(queues).zip(costs) {
                *price += p.cost_rate * queue * cost;
            }
            call.kept[(i * (pairs + 1) + pair) * instances..][..instances].copy_from_slice(costs);
        }
        prices.iter_mut().for_each(|price| *price = -*price);
    }
    for i in 0..constraints {
        let budgets = &call.budgets[row(call.budgets, p.budgets_base, p.budgets_stride, i)];
        call.kept[(i * (pairs + 1) + pairs) * instances..][..instances].copy_from_slice(budgets);
    }
}
