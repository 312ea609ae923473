//! What is claimed of chunked tables, and whether a run bears it out.

use serde::Serialize;

use crate::compare::{Compared, Drifted, Results};
use crate::method::{FORGETTING_90, FULL, Method, PATIENT_75, RANDOM_75, UNIFORM_4, fiited};
use crate::training::{Size, WHOLE};

/// The AUC of full tables where this problem was first set, which is a check of the problem itself.
const FULL_AUC: f64 = 0.8122;
const FULL_WITHIN: f64 = 0.005;
/// The AUC that may be lost, by the share that is pruned.
const LOST: [(f64, f64); 2] = [(0.75, 0.002), (0.9, 0.015)];
/// The AUC that must be gained over others of the same bytes.
const GAINED: f64 = 0.03;
/// Of the new top share, after a change, within the adjustments that are measured.
const FOLLOWED: f64 = 0.8;

/// One claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Criterion {
    pub name: String,
    pub wanted: Wanted,
    /// Null in JSON if it is not finite, which holds nothing.
    pub got: f64,
    pub holds: bool,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

impl Criterion {
    fn new(name: impl Into<String>, got: f64, wanted: Wanted) -> Self {
        let holds = match wanted {
            Wanted::AtMost(limit) => got <= limit,
            Wanted::AtLeast(limit) => got >= limit,
        };
        Self { name: name.into(), wanted, got, holds }
    }
}

/// All criteria that can be judged at this size: a few steps teach no one what the losses are.
pub fn judge(results: &Results, size: Size) -> Vec<Criterion> {
    let find = |method: Method| results.compared.iter().find(|compared| compared.method == method);
    let mut all = Vec::new();
    if let (Some(full), true) = (find(FULL), size == WHOLE) {
        let name = format!("full tables: distance of the AUC from {FULL_AUC}");
        all.push(Criterion::new(name, (full.auc - FULL_AUC).abs(), Wanted::AtMost(FULL_WITHIN)));
        for (pruned, most) in LOST {
            let Some(chunks) = find(fiited(pruned)) else { continue };
            let name = format!("k=4, {:.0} % pruned: AUC lost", pruned * 100.0);
            all.push(Criterion::new(name, chunks.lost, Wanted::AtMost(most)));
        }
    }
    if let [Some(chunks), Some(uniform), Some(random)] = [fiited(0.75), UNIFORM_4, RANDOM_75].map(find) {
        let gain = |other: &Compared| other.lost - chunks.lost;
        let name = |what: &str| format!("k=4, 75 % pruned: {what}");
        let bytes = chunks.payload / uniform.payload;
        all.push(Criterion::new(name("bytes, as a multiple of uniform D=4's"), bytes, Wanted::AtMost(1.0)));
        if size == WHOLE {
            let least = Wanted::AtLeast(GAINED);
            all.push(Criterion::new(name("AUC gained over uniform D=4"), gain(uniform), least));
            all.push(Criterion::new(name("AUC gained over random chunks"), gain(random), least));
        }
    }
    if size == WHOLE {
        all.extend(results.drifted.iter().filter_map(followed));
    }
    all
}

/// Whether the slots followed a change, by the method that follows best. Where the share is large it ends
/// among ids that are rare (`drift.rs`), of which an adjustment after few steps knows too little.
fn followed(Drifted { drifting, every, followed }: &Drifted) -> Option<Criterion> {
    [PATIENT_75, FORGETTING_90].contains(drifting).then(|| {
        let (name, share) = (drifting.method.name(), drifting.method.pruned * 100.0);
        let what = "resident of the new top share";
        let name = format!("drift, {name}, every {every} steps, {share:.0} % pruned: {what}");
        Criterion::new(name, followed.now(), Wanted::AtLeast(FOLLOWED))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Followed;
    use crate::method::DRIFTING;
    use crate::training::QUICK;

    fn compared(method: Method, auc: f64, lost: f64, payload: f64) -> Compared {
        Compared { method, auc, log_loss: 0.5, lost, payload, evicted: 0.0, partial: 0.0, dims: Vec::new() }
    }

    /// Which criteria hold if the chunks lose so much, and the new top share is resident so far.
    fn holds(auc: f64, lost: f64, payload: f64, now: f64, size: Size) -> Vec<bool> {
        let compared = vec![
            compared(FULL, auc, 0.0, 4.0),
            compared(fiited(0.75), auc - lost, lost, payload),
            compared(fiited(0.9), auc - lost, lost, 0.4),
            compared(UNIFORM_4, auc - 0.04, 0.04, 1.0),
            compared(RANDOM_75, auc - 0.2, 0.2, 1.0),
        ];
        let drifted = [PATIENT_75, FORGETTING_90, DRIFTING[0]].map(|drifting| Drifted {
            drifting,
            every: drifting.every(size),
            followed: Followed { old: 0.9, new: vec![0.5, now], lookups: vec![0.5, now] },
        });
        let results = Results { best_auc: 0.87, clicks: 0.4, compared, drifted: drifted.to_vec() };
        judge(&results, size).iter().map(|criterion| criterion.holds).collect()
    }

    #[test]
    fn each_criterion_can_fail() {
        assert_eq!(holds(0.813, 0.001, 1.0, 0.85, WHOLE), [true; 8]);
        assert_eq!(
            holds(0.803, 0.001, 1.0, 0.75, WHOLE),
            [false, true, true, true, true, true, false, false]
        );
        assert_eq!(
            holds(0.813, 0.012, 1.1, 0.7, WHOLE),
            [true, false, true, false, false, true, false, false]
        );
        assert_eq!(holds(f64::NAN, f64::NAN, 1.0, f64::NAN, WHOLE)[..3], [false; 3]);
    }

    #[test]
    fn little_is_judged_of_a_quick_run() {
        assert_eq!(holds(0.7, 0.1, 1.0, 0.1, QUICK), [true]);
    }
}
