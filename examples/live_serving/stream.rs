//! A stream of impressions: items come and go, and what they are worth changes. What happens at a step is a
//! function of its number, so that two processes see the same.

use crate::data::random::{Pcg64, below, fraction, generator, mix, unit};

/// Impressions of a step.
pub const BATCH: usize = 256;

/// Items that are shown at a time, and steps from one that is new to the next.
const ITEMS: usize = 3000;
const STEPS_OF_ONE: u32 = 16;
const USERS: usize = 3000;
/// Steps in which the worth of an item goes once up and down.
const PERIOD: f64 = 40_000.0;

/// Impressions: who was shown what, and whether she clicked.
#[derive(Debug)]
pub struct Impressions {
    pub users: Vec<u64>,
    pub items: Vec<u64>,
    pub clicks: Vec<f32>,
}

/// What is shown at a step.
pub fn impressions(seed: u64, step: u32) -> Impressions {
    let mut random = generator(seed, u64::from(step));
    let newest = ITEMS + (step / STEPS_OF_ONE) as usize;
    let (mut users, mut items, mut clicks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BATCH {
        let (user, item) = (popular(&mut random, USERS), newest - 1 - below(&mut random, ITEMS));
        let chance = 1.0 / (1.0 + (-logit(seed, user as u64, item as u64, step)).exp());
        users.push(mix(user as u64));
        items.push(mix(item as u64 + (1 << 40)));
        clicks.push(if fraction(&mut random) < chance { 1.0 } else { 0.0 });
    }
    Impressions { users, items, clicks }
}

/// A user clicks more or less than others; an item is worth more at one time than at another.
fn logit(seed: u64, user: u64, item: u64, step: u32) -> f64 {
    let trait_of = |kind: u64, id: u64| unit(mix(mix(seed.wrapping_mul(8).wrapping_add(kind)) ^ id));
    let [likes, worth, change, phase] =
        [(0, user), (1, item), (2, item), (3, item)].map(|(kind, id)| trait_of(kind, id));
    let turn = std::f64::consts::TAU * (f64::from(step) / PERIOD + phase);
    (likes - 0.5) * 2.0 + (worth - 0.5) * 2.0 + change * 1.5 * turn.sin() - 1.0
}

/// One of `n`, the first ones more often.
fn popular(random: &mut Pcg64, n: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of their number")]
    let at = (fraction(random).powi(2) * n as f64) as usize;
    at.min(n - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_the_same_for_everyone_and_items_come_and_go() {
        let items = |step| impressions(1, step).items;
        assert_eq!(items(40), items(40));
        let first: std::collections::HashSet<u64> = (0..60).flat_map(items).collect();
        let later = (60_000..60_060).flat_map(items);
        assert_eq!(later.filter(|item| first.contains(item)).count(), 0);
        let clicks: f32 = (0..50).flat_map(|step| impressions(1, step).clicks).sum();
        assert!((0.2..0.45).contains(&(clicks / (50 * BATCH) as f32)), "{clicks}");
    }
}
