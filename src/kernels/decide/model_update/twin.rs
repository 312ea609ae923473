//! Twin of `model_update.wgsl`.

use crate::cpu::columns::Columns;
use crate::cpu::parallel;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{blocks, columns};
use crate::kernels::model_update::{Params, View};

/// A block of instances.
struct Task<'a> {
    p: &'a Params,
    places: Places<'a>,
    visits: Columns<'a, u32>,
    moves: Columns<'a, u32>,
    begun: Columns<'a, u32>,
    model: Columns<'a, f32>,
}

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers, path) = (p.instances as usize, p.layers as usize, call.path);
    let places = Places::new(call.places, p.actions);
    let (pairs, all_moves) = (places.first_pair(layers), places.first_move(layers));
    let visits = columns(call.visits, pairs, instances);
    let moves = columns(call.moves, all_moves, instances);
    let begun = columns(call.begun, pairs + 1, instances);
    let radii = if p.radius > 0.0 { pairs } else { 0 };
    let models = columns(call.model, all_moves + radii, instances);
    let tasks = visits.zip(moves).zip(begun).zip(models).zip(blocks(instances));
    parallel::each(tasks, &|((((visits, moves), begun), model), block)| {
        let mut task = Task { p, places, visits, moves, begun, model };
        for (i, instance) in block.enumerate() {
            task.see(i, |k| path[k * instances + instance] as usize);
        }
    });
}

impl Task<'_> {
    /// Counts the path of an instance of the block.
    fn see(&mut self, i: usize, path: impl Fn(usize) -> usize) {
        let (layers, places) = (self.p.layers as usize, self.places);
        let mut doubled = false;
        for k in 0..layers {
            let pair = path(k);
            let y = if k + 1 < layers { path(k + 1) / places.actions } else { 0 };
            let visits = &mut self.visits.row(places.first_pair(k) + pair)[i];
            *visits += 1;
            self.moves.row(places.first_move(k) + pair * places.states(k + 1) + y)[i] += 1;
            let before = self.begun.row(places.first_pair(k) + pair)[i];
            doubled |= *visits - before >= before.max(1);
            if self.p.epochs == 0 {
                self.renew(k, pair, i);
            }
        }
        if self.p.epochs == 0 || !doubled {
            return;
        }
        for k in 0..layers {
            (0..places.pairs(k)).for_each(|pair| self.renew(k, pair, i));
        }
        self.begun.row(places.first_pair(layers))[i] += 1;
    }

    /// Makes what was counted of a pair its model.
    #[allow(clippy::cast_precision_loss, reason = "as the shader rounds them")]
    fn renew(&mut self, k: usize, pair: usize, i: usize) {
        let places = self.places;
        let next = places.states(k + 1);
        let at = places.first_pair(k) + pair;
        let visits = self.visits.row(at)[i];
        self.begun.row(at)[i] = visits;
        let first = places.first_move(k) + pair * next;
        let all = visits as f32 + self.p.prior * next as f32;
        for moved in first..first + next {
            let seen = self.moves.row(moved)[i] as f32 + self.p.prior;
            self.model.row(moved)[i] = if visits > 0 { seen / all } else { 1.0 / next as f32 };
        }
        if self.p.radius > 0.0 {
            let far = self.p.radius * (next as f32 / visits.max(1) as f32).sqrt();
            self.model.row(places.first_move(self.p.layers as usize) + at)[i] = far.min(2.0);
        }
    }
}
