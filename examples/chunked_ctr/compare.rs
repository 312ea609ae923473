//! All trainings of all seeds, and the medians over them.

use embag::{Context, Result};

use crate::drift::{self, Changed, Followed, follow};
use crate::method::{ALL, DRIFTING, Drifting, FULL, Method};
use crate::problem::{FIELDS, Problem};
use crate::training::{Data, Outcome, Size, train};

/// A method's results, medians over the seeds.
#[derive(Debug, Clone)]
pub struct Compared {
    pub method: Method,
    pub auc: f64,
    pub log_loss: f64,
    /// The AUC that the same seed's full tables have more.
    pub lost: f64,
    /// Bytes of the vectors at the end.
    pub payload: f64,
    /// Chunks that lost their slot.
    pub evicted: f64,
    /// The share of the ids that have some columns, but not all; not a number for what is not adjusted.
    pub partial: f64,
    /// The columns of the first seed's ids.
    pub dims: Vec<[u32; FIELDS]>,
}

/// What became of the top shares, medians over the seeds.
#[derive(Debug, Clone)]
pub struct Drifted {
    pub drifting: Drifting,
    /// Steps from one adjustment to the next.
    pub every: usize,
    pub followed: Followed,
}

/// All that was found.
#[derive(Debug, Clone)]
pub struct Results {
    /// The AUC of the planted log odds, and the share of clicks.
    pub best_auc: f64,
    pub clicks: f64,
    pub compared: Vec<Compared>,
    pub drifted: Vec<Drifted>,
}

/// What is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The first is what the others are held against.
    methods: Vec<Method>,
    drifting: Vec<Drifting>,
}

impl Plan {
    /// All, or what has `only` in its name, and the full tables.
    pub fn new(only: Option<&str>) -> Self {
        let wanted = |method: &Method| only.is_none_or(|text| method.name().contains(text));
        let methods = ALL.into_iter().filter(|method| *method == FULL || wanted(method)).collect();
        Self { methods, drifting: DRIFTING.into_iter().filter(|of| wanted(&of.method)).collect() }
    }

    /// Steps of all trainings of a seed.
    pub fn steps(&self, size: Size) -> usize {
        self.methods.len() * size.steps + self.drifting.iter().map(|of| of.steps(size)).sum::<usize>()
    }
}

/// Told what goes on.
pub trait Watch {
    /// A training begins.
    fn begin(&mut self, what: String);
    /// Steps were done.
    fn tick(&mut self, steps: usize);
    /// It came to this.
    fn tell(&mut self, line: String);
}

/// Trains everything.
pub fn compare(
    ctx: &Context,
    plan: &Plan,
    size: Size,
    seeds: &[u64],
    watch: &mut dyn Watch,
) -> Result<Results> {
    let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); plan.methods.len()];
    let mut followed: Vec<Vec<Followed>> = vec![Vec::new(); plan.drifting.len()];
    let (mut best, mut clicks) = (Vec::new(), Vec::new());
    for &seed in seeds {
        let problem = Problem::new(size.ids as usize, seed);
        let data = Data::new(&problem, size);
        best.push(data.best_auc()?);
        clicks.push(data.clicks());
        for (method, outcomes) in plan.methods.iter().zip(&mut outcomes) {
            let name = format!("seed {seed}, {} at {}", method.name(), method.pruned);
            watch.begin(name.clone());
            let outcome = train(ctx, *method, &data, size, seed, &mut |steps| watch.tick(steps))?;
            watch.tell(format!("{name}: AUC {:.4}, log loss {:.4}", outcome.auc, outcome.log_loss));
            outcomes.push(outcome);
        }
        drop(data);
        let changed = Changed::new(&problem, size);
        for (drifting, followed) in plan.drifting.iter().zip(&mut followed) {
            let Drifting { method, .. } = drifting;
            let (name, every) = (method.name(), drifting.every(size));
            let name = format!("seed {seed}, drift, {name} at {}, every {every} steps", method.pruned);
            watch.begin(name.clone());
            let outcome = follow(ctx, *drifting, &changed, size, seed, &mut |steps| watch.tick(steps))?;
            watch.tell(format!("{name}: {:.3} of the new top share", outcome.now()));
            followed.push(outcome);
        }
    }
    let full: Vec<f64> = outcomes[0].iter().map(|outcome| outcome.auc).collect();
    Ok(Results {
        best_auc: median(best),
        clicks: median(clicks),
        compared: plan
            .methods
            .iter()
            .zip(outcomes)
            .map(|(&method, of)| compared(method, of, &full))
            .collect(),
        drifted: plan.drifting.iter().zip(followed).map(|(&of, seeds)| drifted(of, size, &seeds)).collect(),
    })
}

fn compared(method: Method, mut outcomes: Vec<Outcome>, full: &[f64]) -> Compared {
    let of = |value: fn(&Outcome) -> f64| median(outcomes.iter().map(value).collect());
    let partial = |outcome: &Outcome| {
        let all = outcome.dims.as_flattened();
        all.iter().filter(|&&dim| dim > 0 && dim < method.dim()).count() as f64 / all.len() as f64
    };
    Compared {
        method,
        auc: of(|outcome| outcome.auc),
        log_loss: of(|outcome| outcome.log_loss),
        lost: median(outcomes.iter().zip(full).map(|(outcome, full)| full - outcome.auc).collect()),
        payload: of(|outcome| outcome.payload as f64),
        evicted: of(|outcome| outcome.evicted as f64),
        partial: median(outcomes.iter().map(partial).collect()),
        dims: outcomes.swap_remove(0).dims,
    }
}

fn drifted(drifting: Drifting, size: Size, followed: &[Followed]) -> Drifted {
    let each = |value: fn(&Followed) -> &Vec<f64>| {
        let at = |i: usize| median(followed.iter().map(|of| value(of)[i]).collect());
        (0..=drift::ADJUSTMENTS).map(at).collect()
    };
    let followed = Followed {
        old: median(followed.iter().map(|of| of.old).collect()),
        new: each(|of| &of.new),
        lookups: each(|of| &of.lookups),
    };
    Drifted { drifting, every: drifting.every(size), followed }
}

/// The middle value, of an even number the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;
    use crate::method::{PATIENT_75, fiited};
    use crate::training::WHOLE;

    fn outcome(auc: f64, dims: [u32; FIELDS]) -> Outcome {
        Outcome { auc, log_loss: 0.5, payload: 8, evicted: 3, dims: vec![dims] }
    }

    #[test]
    fn a_loss_is_against_the_same_seed() {
        let outcomes = [0.79, 0.82, 0.80].map(|auc| outcome(auc, [0, 4, 16, 8])).to_vec();
        let compared = compared(fiited(0.75), outcomes, &[0.80, 0.825, 0.805]);
        assert_eq!((compared.auc, compared.partial, compared.payload), (0.80, 0.5, 8.0));
        assert_abs_diff_eq!(compared.lost, 0.005, epsilon = 1e-12);
        assert_eq!(compared.dims, [[0, 4, 16, 8]]);
    }

    #[test]
    fn a_plan_begins_with_what_all_is_held_against() {
        let names = |only| Plan::new(only).methods.iter().map(|m| m.name()).collect::<Vec<_>>();
        assert_eq!(names(None).len(), ALL.len());
        assert_eq!(names(Some("uniform")), ["full", "uniform D=8", "uniform D=4"]);
        assert_eq!(names(Some("full")), ["full"]);
        assert_eq!(Plan::new(Some("0.998")).drifting.len(), 4);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        let followed = |x: f64| Followed { old: x, new: vec![x; 6], lookups: vec![2.0 * x; 6] };
        let all = drifted(PATIENT_75, WHOLE, &[followed(0.1), followed(0.3), followed(0.2)]);
        assert_eq!(all.every, 400);
        assert_eq!((all.followed.new[5], all.followed.lookups[0]), (0.2, 0.4));
    }
}
