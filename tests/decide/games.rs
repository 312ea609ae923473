//! What two games have in common: their sides, and what is best against a rival, in `f64`.

use embag::Context;
use embag::decide::{Layers, Moves};

use crate::process::{ACTIONS, PAIRS, STATES, STEPS, Walk, first_pair, table};
use crate::{Random, values};

pub(crate) fn layers() -> Layers {
    Layers::new(&STATES, ACTIONS).unwrap()
}

/// An instance: both sides' moves, and the mean reward of each meeting.
pub(crate) struct Table {
    pub(crate) walks: [Walk; 2],
    pub(crate) rewards: Vec<f64>,
    pub(crate) is_shared: bool,
}

impl Table {
    pub(crate) fn new(random: &mut Random, is_shared: bool) -> Self {
        let walks = [Walk::new(random), Walk::new(random)];
        let count = (0..STEPS).map(|k| STATES[k] * ACTIONS * Self::columns(k, is_shared)).sum();
        Self { walks, rewards: table(count, random), is_shared }
    }

    fn columns(layer: usize, is_shared: bool) -> usize {
        if is_shared { ACTIONS } else { STATES[layer] * ACTIONS }
    }

    /// The first meeting of a layer.
    fn first(&self, layer: usize) -> usize {
        (0..layer).map(|k| STATES[k] * ACTIONS * Self::columns(k, self.is_shared)).sum()
    }

    /// All meetings of a layer: pairs of either side, and the meeting.
    fn met(&self, layer: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let (own, columns, first) =
            (first_pair(layer), Self::columns(layer, self.is_shared), self.first(layer));
        let is_shared = self.is_shared;
        (0..STATES[layer] * ACTIONS).flat_map(move |pair| {
            (0..columns).map(move |column| {
                let rival = if is_shared { pair / ACTIONS * ACTIONS + column } else { column };
                (own + pair, own + rival, first + pair * columns + column)
            })
        })
    }

    pub(crate) fn all_met(&self) -> Vec<(usize, usize, usize)> {
        (0..STEPS).flat_map(|layer| self.met(layer)).collect()
    }

    /// The meeting of a layer's pairs, numbered within it.
    pub(crate) fn meeting(&self, layer: usize, own: usize, rival: usize) -> usize {
        let columns = Self::columns(layer, self.is_shared);
        self.first(layer) + own * columns + rival % columns
    }

    /// How often either side has each of its pairs.
    pub(crate) fn flows(&self, policies: [&[f64]; 2]) -> [Vec<f64>; 2] {
        // whoever is in the same state is moved by the first
        let second = if self.is_shared { 0 } else { 1 };
        let first = self.walks[0].flow(policies[0]);
        if self.is_shared {
            let reached: Vec<f64> =
                first.chunks(ACTIONS).flat_map(|state| [state.iter().sum::<f64>(); ACTIONS]).collect();
            let flow = reached.iter().zip(policies[1]).map(|(reach, likely)| reach * likely).collect();
            return [first, flow];
        }
        [first, self.walks[second].flow(policies[1])]
    }

    /// What each pair of either side is worth against these flows: sums over the rival's. Where both are in
    /// the same state, the first side's are per visit of it, the second's per episode.
    pub(crate) fn worth(&self, policies: [&[f64]; 2]) -> [Vec<f64>; 2] {
        let flows = self.flows(policies);
        let mut worth = [vec![0.0; PAIRS], vec![0.0; PAIRS]];
        for (own, rival, meeting) in self.all_met() {
            let reward = self.rewards[meeting];
            worth[0][own] += reward * if self.is_shared { policies[1][rival] } else { flows[1][rival] };
            worth[1][rival] += reward * flows[0][own];
        }
        worth
    }
}

/// Moves of all instances, of one side.
pub(crate) fn moves<'a>(ctx: &Context, walks: impl Iterator<Item = &'a Walk>) -> Moves {
    let shares: Vec<Vec<f64>> = walks.map(Walk::shares).collect();
    let all = values(shares[0].len(), shares.len(), |moved, instance| shares[instance][moved]);
    Moves::from_slice(ctx, &layers(), shares.len(), &all).unwrap()
}
