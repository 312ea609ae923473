//! What is claimed of frequency-aware SGD, and whether a run bears it out.

use serde::Serialize;

use crate::method::Method;
use crate::search::{Tuned, UNIFORM, ZIPF};

/// SGD's lowest losses where this problem was first set, by the horizon: a check of the problem itself.
const SGD: [(u32, f64); 2] = [(4000, 0.5353), (12_000, 0.5076)];
const SGD_WITHIN: f64 = 0.005;
/// The share of the steps that CF-SGD may take to SGD's best loss; the longer the training, the larger the
/// gain.
const SHARE: f64 = 0.75;
const SHARE_OF_LONG: f64 = 0.65;
const LONG: u32 = 12_000;
/// In fewer steps no method learns much of rare tokens, and the share is not judged.
const SHORTEST: u32 = 1000;
/// Counting frequencies must cost no more than this against knowing them, in the last loss.
const COUNTED_WITHIN: f64 = 0.002;
/// Neither gain nor loss where all tokens are alike, in the lowest loss.
const UNIFORM_WITHIN: f64 = 0.005;

/// One claim, for one horizon.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Criterion {
    pub name: String,
    /// What must not exceed the limit; null if it is not finite, which no limit allows.
    pub value: f64,
    pub limit: f64,
    pub holds: bool,
}

impl Criterion {
    fn new(name: String, value: f64, limit: f64) -> Self {
        // what is not a number holds nothing
        Self { name, value, limit, holds: value <= limit }
    }
}

/// All criteria that can be judged by these results.
pub fn judge(results: &[Tuned], horizons: &[u32]) -> Vec<Criterion> {
    let mut all = Vec::new();
    for &horizon in horizons {
        let find = |setting, method| {
            let is = |r: &&Tuned| (r.setting, r.method, r.horizon) == (setting, method, horizon);
            results.iter().find(is)
        };
        let mut push = |name: String, value, limit| {
            all.push(Criterion::new(format!("T {horizon}: {name}"), value, limit));
        };
        let (name, sgd) = (ZIPF.name, find(ZIPF.name, Method::Sgd));
        if let (Some(sgd), Some((_, known))) = (sgd, SGD.iter().find(|known| known.0 == horizon)) {
            push(format!("SGD's lowest loss is {known}"), (sgd.best - known).abs(), SGD_WITHIN);
        }
        let judged: &[Method] = if horizon < SHORTEST { &[] } else { &[Method::Occurrences, Method::Steps] };
        for counted in judged.iter().filter_map(|&method| find(name, method)) {
            let limit = if horizon < LONG { SHARE } else { SHARE_OF_LONG };
            let steps = format!("share of the steps in which {} has SGD's best", counted.method.name());
            push(steps, counted.ratio(), limit);
        }
        // both in the unit of occurrences
        if let [Some(known), Some(counted)] = [Method::Known, Method::Occurrences].map(|m| find(name, m)) {
            let names = format!("{} ends like {}", counted.method.name(), known.method.name());
            push(names, (counted.last - known.last).abs(), COUNTED_WITHIN);
        }
        let Some(sgd) = find(UNIFORM.name, Method::Sgd) else { continue };
        for other in UNIFORM.methods.iter().filter(|&&m| m != Method::Sgd) {
            let Some(other) = find(UNIFORM.name, *other) else { continue };
            let names = format!("{} is no better or worse than SGD with uniform tokens", other.method.name());
            push(names, (other.best - sgd.best).abs(), UNIFORM_WITHIN);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuned(setting: &'static str, method: Method, loss: f64, steps_to_sgd: f64) -> Tuned {
        Tuned {
            setting,
            method,
            horizon: 4000,
            rate: 1.0,
            lr: 1.0,
            at_edge: false,
            best: loss,
            last: loss,
            steps_to_sgd,
            curve: Vec::new(),
        }
    }

    /// Which criteria hold if the counting methods' loss and steps are these.
    fn holds(loss: f64, steps_to_sgd: f64, uniform: f64) -> Vec<bool> {
        let results = [
            tuned(ZIPF.name, Method::Sgd, 0.534, 4000.0),
            tuned(ZIPF.name, Method::Known, 0.513, 2200.0),
            tuned(ZIPF.name, Method::Occurrences, loss, steps_to_sgd),
            tuned(UNIFORM.name, Method::Sgd, 0.64, 4000.0),
            tuned(UNIFORM.name, Method::Steps, uniform, f64::INFINITY),
        ];
        judge(&results, &[4000]).iter().map(|criterion| criterion.holds).collect()
    }

    #[test]
    fn each_criterion_can_fail() {
        assert_eq!(holds(0.514, 3000.0, 0.644), [true; 4]);
        assert_eq!(holds(0.514, 3100.0, 0.644), [true, false, true, true]);
        assert_eq!(holds(0.517, f64::INFINITY, 0.646), [true, false, false, false]);
        assert_eq!(holds(f64::INFINITY, f64::INFINITY, 0.64), [true, false, false, true]);
    }

    #[test]
    fn two_that_diverged_are_not_alike() {
        let both = [Method::Known, Method::Occurrences].map(|m| tuned(ZIPF.name, m, f64::INFINITY, 100.0));
        assert_eq!(judge(&both, &[4000]).iter().map(|c| c.holds).collect::<Vec<_>>(), [true, false]);
    }
}
