//! What a method's mixes came to.

use crate::problem::{KINDS, Problem};

/// Regret and missed floors of one method, day by day.
#[derive(Debug)]
pub struct Score<'a> {
    pub name: &'static str,
    problem: &'a Problem,
    /// Kinds x groups.
    losses_of_kinds: Vec<f64>,
    missed: Vec<f64>,
    /// Of each group.
    losses: Vec<f64>,
    largest: Vec<f64>,
    /// Means over the groups of regret and of what is missed most, after each day.
    pub days: Vec<[f64; 2]>,
    /// Mean shares of the last day.
    pub last: [f64; KINDS],
}

impl<'a> Score<'a> {
    pub fn new(name: &'static str, problem: &'a Problem) -> Self {
        let groups = problem.groups;
        Self {
            name,
            problem,
            losses_of_kinds: vec![0.0; KINDS * groups],
            missed: vec![0.0; KINDS * groups],
            losses: vec![0.0; groups],
            largest: vec![0.0; groups],
            days: Vec::with_capacity(problem.losses.len()),
            last: [0.0; KINDS],
        }
    }

    /// Counts the mixes of the next day, kinds x groups.
    pub fn see(&mut self, mixes: &[f32]) {
        let groups = self.problem.groups;
        let losses = &self.problem.losses[self.days.len()];
        let mut totals = [0.0; 2];
        self.last = [0.0; KINDS];
        for group in 0..groups {
            let mut most = f64::MIN;
            for kind in 0..KINDS {
                let at = kind * groups + group;
                let (share, loss) = (f64::from(mixes[at]), f64::from(losses[at]));
                self.losses[group] += share * loss;
                self.losses_of_kinds[at] += loss;
                self.missed[at] += f64::from(self.problem.floors[kind]) - share;
                self.last[kind] += share / groups as f64;
                most = most.max(self.missed[at]);
            }
            self.largest[group] = self.largest[group].max(most);
            totals[0] += self.losses[group] - self.least(group);
            totals[1] += self.largest[group];
        }
        self.days.push(totals.map(|total| total / groups as f64));
    }

    /// What the best mix that has all floors would have lost so far: the floors, and the rest of the best
    /// kind.
    fn least(&self, group: usize) -> f64 {
        let of = |kind: usize| self.losses_of_kinds[kind * self.problem.groups + group];
        let floors = self.problem.floors.map(f64::from);
        let best = (0..KINDS).map(of).fold(f64::MAX, f64::min);
        let with_floors: f64 = floors.iter().zip(0..).map(|(floor, kind)| floor * of(kind)).sum();
        with_floors + (1.0 - floors.iter().sum::<f64>()) * best
    }

    /// The mean loss of a day.
    pub fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / (self.problem.groups * self.days.len()) as f64
    }

    /// The regret, and the most that a floor was missed by, added up over the days.
    pub fn end(&self) -> [f64; 2] {
        self.days.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn the_best_mix_has_no_regret_and_misses_nothing() {
        let losses = vec![vec![0.1f32, 0.5, 0.9], vec![0.3, 0.5, 0.7]];
        let problem = Problem { kinds: ["a", "b", "c"], groups: 1, floors: [0.0, 0.2, 0.3], losses };
        let mut best = Score::new("best", &problem);
        let mut greedy = Score::new("greedy", &problem);
        for _ in 0..2 {
            best.see(&[0.5, 0.2, 0.3]);
            greedy.see(&[1.0, 0.0, 0.0]);
        }
        let [regret, missed] = best.end();
        assert_abs_diff_eq!(regret, 0.0, epsilon = 1e-6);
        assert_abs_diff_eq!(missed, 0.0, epsilon = 1e-6);
        // the first kind loses .2 a day, the best mix .1 + .1 + .24
        let [regret, missed] = greedy.end();
        assert_abs_diff_eq!(regret, 2.0 * (0.2 - 0.44), epsilon = 1e-6);
        assert_abs_diff_eq!(missed, 0.6, epsilon = 1e-6);
        assert_abs_diff_eq!(greedy.loss(), 0.2, epsilon = 1e-6);
    }
}
