//! Twin of `model_update.wgsl`.

use crate::cpu::parallel;
use crate::kernels::decide::places::Places;
use crate::kernels::decide::{blocks, columns};
use crate::kernels::model_update::View;

pub(crate) fn run(call: View<'_>) {
    let p = &call.params;
    let (instances, layers, path) = (p.instances as usize, p.layers as usize, call.path);
    let places = Places::new(call.places, p.actions);
    let (pairs, all_moves) = (places.first_pair(layers), places.first_move(layers));
    let visits = columns(call.visits, pairs, instances);
    let moves = columns(call.moves, all_moves, instances);
    let begun = columns(call.begun, pairs + 1, instances);
    let models = columns(call.model, all_moves, instances);
    let tasks = visits.zip(moves).zip(begun).zip(models).zip(blocks(instances));
    parallel::each(tasks, &|((((mut visits, mut moves), mut begun), mut model), block)| {
        for (i, instance) in block.enumerate() {
            let mut doubled = false;
            for k in 0..layers {
                let pair = path[k * instances + instance] as usize;
                let next = match k + 1 < layers {
                    true => path[(k + 1) * instances + instance] as usize / places.actions,
                    false => 0,
                };
                let visited = places.first_pair(k) + pair;
                visits.row(visited)[i] += 1;
                moves.row(places.first_move(k) + pair * places.states(k + 1) + next)[i] += 1;
                let before = begun.row(visited)[i];
                doubled |= visits.row(visited)[i] - before >= before.max(1);
            }
            if !doubled {
                continue;
            }
            for k in 0..layers {
                let next = places.states(k + 1);
                for pair in 0..places.pairs(k) {
                    let at = places.first_pair(k) + pair;
                    let visited = visits.row(at)[i];
                    begun.row(at)[i] = visited;
                    let first = places.first_move(k) + pair * next;
                    for moved in first..first + next {
                        #[allow(clippy::cast_precision_loss, reason = "as the shader rounds them")]
                        let share = if visited > 0 {
                            moves.row(moved)[i] as f32 / visited as f32
                        } else {
                            1.0 / next as f32
                        };
                        model.row(moved)[i] = share;
                    }
                }
            }
            begun.row(pairs)[i] += 1;
        }
    });
}
