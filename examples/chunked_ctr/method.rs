//! What is compared: full tables, chunked ones, and others of the same bytes.

use embag::chunked::{Frequency, Utility};

use crate::problem::FIELDS;

/// Columns of a full vector.
pub const DIM: u32 = 16;
/// Columns of a chunk, but for what has whole rows.
pub const CHUNK: u32 = 4;

/// How much of the vectors there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// All of them.
    Full,
    /// The chunks of the greatest utility (FIITED).
    Chunks {
        width: u32,
        utility: Utility,
        /// The store has slots for the chunks that are kept, rather than for all.
        bounded: bool,
    },
    /// Chunks that are chosen at random before the training. The others never occur: each is an empty bag.
    Random,
    /// Of all ids the same number of columns.
    Uniform { dim: u32 },
}

/// A kind, and the share of the full columns that it lacks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    pub kind: Kind,
    pub pruned: f64,
}

/// A method where frequencies change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drifting {
    pub method: Method,
    /// From one adjustment to the next, as a multiple of [`Size::every`](crate::training::Size::every).
    pub intervals: usize,
}

/// Chunks of four columns with a utility.
const fn chunks(pruned: f64, frequency: Frequency, decay: f32) -> Method {
    let utility = Utility { frequency, decay };
    Method { kind: Kind::Chunks { width: CHUNK, utility, bounded: false }, pruned }
}

const fn rows(pruned: f64) -> Method {
    let utility = Utility { frequency: Frequency::Root, decay: 1.0 };
    Method { kind: Kind::Chunks { width: DIM, utility, bounded: false }, pruned }
}

const fn bounded(pruned: f64) -> Method {
    let utility = Utility { frequency: Frequency::Root, decay: 1.0 };
    Method { kind: Kind::Chunks { width: CHUNK, utility, bounded: true }, pruned }
}

const fn random(pruned: f64) -> Method {
    Method { kind: Kind::Random, pruned }
}

const fn uniform(dim: u32) -> Method {
    Method { kind: Kind::Uniform { dim }, pruned: 1.0 - dim as f64 / DIM as f64 }
}

pub const FULL: Method = Method { kind: Kind::Full, pruned: 0.0 };

/// Of the default utility.
pub const fn fiited(pruned: f64) -> Method {
    chunks(pruned, Frequency::Root, 1.0)
}

/// With the decay that follows a change best: what it keeps of utility over the adjustments that are measured
/// is a seventh.
const fn forgetting(pruned: f64) -> Method {
    chunks(pruned, Frequency::Root, 0.998)
}

/// With a little decay, adjusted half as often: each adjustment knows the rare ids of twice the examples.
pub const PATIENT_75: Drifting = Drifting { method: chunks(0.75, Frequency::Root, 0.999), intervals: 2 };
pub const FORGETTING_90: Drifting = Drifting { method: forgetting(0.9), intervals: 1 };

pub const ROWS_90: Method = rows(0.9);
pub const RANDOM_75: Method = random(0.75);
pub const UNIFORM_4: Method = uniform(4);

/// All of them, the full tables first: the others are held against them.
pub const ALL: [Method; 25] = [
    FULL,
    fiited(0.5),
    fiited(0.75),
    fiited(0.9),
    fiited(0.95),
    rows(0.5),
    rows(0.75),
    ROWS_90,
    rows(0.95),
    random(0.5),
    RANDOM_75,
    random(0.9),
    uniform(8),
    UNIFORM_4,
    chunks(0.75, Frequency::Ignored, 1.0),
    chunks(0.9, Frequency::Ignored, 1.0),
    chunks(0.75, Frequency::Whole, 1.0),
    chunks(0.9, Frequency::Whole, 1.0),
    chunks(0.75, Frequency::Root, 0.999),
    chunks(0.9, Frequency::Root, 0.999),
    forgetting(0.75),
    forgetting(0.9),
    chunks(0.75, Frequency::Root, 0.98),
    bounded(0.75),
    bounded(0.9),
];

/// What is tried on ids whose frequencies change.
pub const DRIFTING: [Drifting; 10] = [
    Drifting { method: fiited(0.75), intervals: 1 },
    Drifting { method: chunks(0.75, Frequency::Root, 0.999), intervals: 1 },
    Drifting { method: forgetting(0.75), intervals: 1 },
    PATIENT_75,
    Drifting { method: forgetting(0.75), intervals: 2 },
    Drifting { method: fiited(0.9), intervals: 1 },
    Drifting { method: chunks(0.9, Frequency::Root, 0.999), intervals: 1 },
    FORGETTING_90,
    Drifting { method: chunks(0.9, Frequency::Root, 0.999), intervals: 2 },
    Drifting { method: forgetting(0.9), intervals: 2 },
];

impl Method {
    /// The name in tables and in JSON.
    pub fn name(self) -> String {
        match self.kind {
            Kind::Full => "full".to_owned(),
            Kind::Chunks { width, utility, bounded } => {
                let mut name = format!("FIITED k={}", DIM / width);
                match utility.frequency {
                    Frequency::Ignored => name.push_str(", n^0"),
                    Frequency::Whole => name.push_str(", n^1"),
                    _ => {}
                }
                if utility.decay < 1.0 {
                    name.push_str(&format!(", decay {}", utility.decay));
                }
                if bounded {
                    name.push_str(", small store");
                }
                name
            }
            Kind::Random => "random chunks".to_owned(),
            Kind::Uniform { dim } => format!("uniform D={dim}"),
        }
    }

    /// Columns of a vector.
    pub fn dim(self) -> u32 {
        match self.kind {
            Kind::Uniform { dim } => dim,
            Kind::Full | Kind::Chunks { .. } | Kind::Random => DIM,
        }
    }

    /// Columns of a chunk.
    pub fn width(self) -> u32 {
        match self.kind {
            Kind::Chunks { width, .. } => width,
            Kind::Full | Kind::Random | Kind::Uniform { .. } => CHUNK,
        }
    }

    /// Slots of the store, for `ids` ids in each field.
    pub fn slots(self, ids: u32) -> u32 {
        let all = (0..FIELDS).map(|_| ids * (self.dim() / self.width())).sum();
        match self.kind {
            Kind::Chunks { bounded: true, .. } => all - pruned_of(all, self.pruned),
            _ => all,
        }
    }

    pub fn utility(self) -> Utility {
        match self.kind {
            Kind::Chunks { utility, .. } => utility,
            Kind::Full | Kind::Random | Kind::Uniform { .. } => Utility::default(),
        }
    }

    /// Whether chunks come and go in the course of the training.
    pub fn adjusts(self) -> bool {
        matches!(self.kind, Kind::Chunks { .. })
    }
}

/// A share of a number, rounded down, as adjustments do.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number")]
fn pruned_of(all: u32, share: f64) -> u32 {
    (share * f64::from(all)).floor() as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<String> = ALL.iter().map(|m| format!("{} {}", m.name(), m.pruned)).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(DRIFTING[1].method.name(), "FIITED k=4, decay 0.999");
        assert_eq!(ROWS_90.name(), "FIITED k=1");
    }

    #[test]
    fn uniform_tables_have_the_bytes_of_the_pruned_ones() {
        let values =
            |method: Method, kept: f64| kept * f64::from(method.slots(1000)) * f64::from(method.width());
        assert_eq!(values(UNIFORM_4, 1.0), values(fiited(0.75), 0.25));
        assert_eq!(UNIFORM_4.pruned, 0.75);
        assert_eq!(bounded(0.75).slots(1000), 4000);
        assert_eq!(FULL.slots(1000), 16_000);
        assert_eq!(ROWS_90.slots(1000), 4000);
    }
}
