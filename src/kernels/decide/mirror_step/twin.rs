//! Twin of `mirror_step.wgsl`.

use std::f32::consts::LOG2_E;
use std::ops::Range;

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::cpu::powers::{exp_2_or_zero, log_2};
use crate::cpu::simd::vectorised;
use crate::kernels::decide::normals::Normals;
use crate::kernels::decide::{BLOCK, blocks, columns, lanes, rates};
use crate::kernels::mirror_step::{Params, SIMPLEX, View};

/// What all tasks read.
#[derive(Clone, Copy)]
struct Given<'a> {
    params: &'a Params,
    gradient: &'a [f32],
    prices: &'a [f32],
    normals: Normals<'a>,
    pulls: &'a [f32],
}

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let instances = p.instances as usize;
    let given = Given {
        params: p,
        gradient: &call.gradient[p.gradient_base as usize..],
        prices: call.prices,
        normals: Normals { values: call.normals, instances, is_shared: p.shared_normals == 1 },
        pulls: &call.rates[rates::PULL * instances..][..instances],
    };
    let points = columns(call.point, p.entries as usize, instances);
    let on_simplex = call.variant == SIMPLEX;
    parallel::each(points.zip(blocks(instances)), &|(mut point, block)| {
        vectorised(
            #[inline(always)]
            || match on_simplex {
                true => step_on_simplex(given, block, &mut point),
                false => step_in_ball(given, block, &mut point),
            },
        );
    });
}

/// The derivative of the loss in an entry, with the price of every constraint.
#[inline(always)]
fn slopes(given: Given<'_>, entry: usize, block: &Range<usize>) -> [f32; BLOCK] {
    let p = given.params;
    let (instances, entries) = (p.instances as usize, p.entries as usize);
    let mut sums = lanes(&given.gradient[entry * p.gradient_stride as usize..][block.clone()]);
    for k in 0..p.constraints as usize {
        let prices = &given.prices[k * instances..][block.clone()];
        given.normals.add(k * entries + entry, block, prices, &mut sums);
    }
    sums
}

#[inline(always)]
fn step_in_ball(given: Given<'_>, block: Range<usize>, point: &mut Columns<'_, f32>) {
    let p = given.params;
    let pulls = &given.pulls[block.clone()];
    let mut squares = [0.0f32; BLOCK];
    for entry in 0..p.entries as usize {
        let slopes = slopes(given, entry, &block);
        let moved = point.row(entry).iter_mut().zip(&slopes).zip(pulls);
        for (((point, slope), pull), square) in moved.zip(&mut squares) {
            *point -= slope / pull;
            *square += *point * *point;
        }
    }
    let outside = |square: f32| square > p.radius * p.radius;
    let scales = squares.map(|square| if outside(square) { p.radius / square.sqrt() } else { 1.0 });
    for entry in 0..p.entries as usize {
        point.row(entry).iter_mut().zip(&scales).for_each(|(point, scale)| *point *= scale);
    }
}

#[inline(always)]
fn step_on_simplex(given: Given<'_>, block: Range<usize>, point: &mut Columns<'_, f32>) {
    let p = given.params;
    let entries = p.entries as usize;
    let share = p.mix / p.entries as f32;
    let rates = lanes(&given.pulls[block.clone()]).map(|pull| LOG2_E / pull);
    let mut most = [-3.4e38f32; BLOCK];
    for entry in 0..entries {
        let slopes = slopes(given, entry, &block);
        let moved = point.row(entry).iter_mut().zip(&slopes).zip(&rates);
        for (((point, slope), rate), most) in moved.zip(&mut most) {
            *point = log_2(*point * (1.0 - p.mix) + share) - rate * slope;
            *most = most.max(*point);
        }
    }
    let mut sums = [0.0f32; BLOCK];
    for entry in 0..entries {
        for ((point, most), sum) in point.row(entry).iter_mut().zip(&most).zip(&mut sums) {
            *point = exp_2_or_zero(*point - most);
            *sum += *point;
        }
    }
    for entry in 0..entries {
        point.row(entry).iter_mut().zip(&sums).for_each(|(point, sum)| *point /= sum);
    }
}
