//! Constraints `<normal, x> <= bound` of many instances.

use crate::device::word;
use crate::{Error, Result};

/// The constraints of all instances, one after another.
#[derive(Debug, Clone)]
pub(super) struct Affine {
    entries: usize,
    instances: usize,
    /// Constraints x entries x instances.
    pub(super) normals: Vec<f32>,
    /// Constraints x instances.
    pub(super) bounds: Vec<f32>,
    /// Entries and least sum of each floor.
    floors: Vec<(Vec<usize>, f32)>,
}

impl Affine {
    pub(super) fn new(entries: usize, instances: usize) -> Self {
        Self { entries, instances, normals: Vec::new(), bounds: Vec::new(), floors: Vec::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.bounds.len() / self.instances.max(1)
    }

    /// Refuses what kernels could not index, before memory is taken for it.
    fn check_size(&self) -> Result<()> {
        word("entries x instances", self.entries.saturating_mul(self.instances)).map(drop)
    }

    /// Adds a constraint of every instance: normals are entries x instances, or an entry each for all.
    pub(super) fn add(&mut self, normals: &[f32], bounds: &[f32]) -> Result<()> {
        let (entries, instances) = (self.entries, self.instances);
        self.check_size()?;
        let normals = each("normals", normals, entries, instances)?;
        let bounds = each("bounds", bounds, 1, instances)?;
        self.normals.extend(normals);
        self.bounds.extend(bounds);
        Ok(())
    }

    /// The normals as the kernels take them: of each instance, or constraints x entries where all have the
    /// same.
    pub(super) fn packed(&self) -> (Vec<f32>, bool) {
        let rows = || self.normals.chunks(self.instances.max(1));
        if rows().all(|row| row.iter().all(|normal| *normal == row[0])) {
            return (rows().map(|row| row[0]).collect(), true);
        }
        (self.normals.clone(), false)
    }

    /// Adds `sum of these entries >= least`.
    pub(super) fn add_floor(&mut self, of: &[usize], least: f32) -> Result<()> {
        if !(0.0..=1.0).contains(&least) {
            return Err(Error::invalid("floor", "a share from 0 to 1", least));
        }
        if of.is_empty() {
            return Err(Error::invalid("floor", "at least 1 entry", 0));
        }
        self.check_size()?;
        let mut normals = vec![0.0; self.entries];
        for &entry in of {
            let Some(normal) = normals.get_mut(entry) else {
                return Err(Error::invalid("floor", format!("entries below {}", self.entries), entry));
            };
            if *normal != 0.0 {
                return Err(Error::invalid("floor", "each entry once", format!("{entry} twice")));
            }
            *normal = -1.0;
        }
        self.floors.push((of.to_vec(), least));
        self.add(&normals, &[-least])
    }

    /// Refuses floors of different entries that add up to more than a point of the simplex has. Of floors
    /// that share entries the highest one counts.
    pub(super) fn check_floors(&self) -> Result<()> {
        let mut floors: Vec<_> = self.floors.iter().collect();
        floors.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut seen = vec![false; self.entries];
        let mut sum = 0.0;
        for (entries, least) in floors {
            if entries.iter().all(|&entry| !seen[entry]) {
                entries.iter().for_each(|&entry| seen[entry] = true);
                sum += f64::from(*least);
            }
        }
        // three floors of a third add up to a little more than 1
        if sum > 1.0 + 1e-6 {
            return Err(Error::invalid("floors", "floors that add up to at most 1", sum));
        }
        Ok(())
    }

    /// For each instance, the sum of the squares of `norm` of its normals.
    pub(super) fn steepness(&self, norm: impl Fn(&mut dyn Iterator<Item = f32>) -> f32) -> Vec<f32> {
        let of = |instance: usize| {
            let constraints = self.normals.chunks(self.entries * self.instances);
            let lengths = constraints
                .map(|normals| norm(&mut normals.iter().skip(instance).step_by(self.instances).copied()));
            lengths.map(|length| length * length).sum()
        };
        (0..self.instances).map(of).collect()
    }
}

/// `values`, which are rows x instances, or a value for each row that all instances have.
pub(super) fn each(name: &str, values: &[f32], rows: usize, instances: usize) -> Result<Vec<f32>> {
    finite(name, values)?;
    if rows.checked_mul(instances) == Some(values.len()) {
        Ok(values.to_vec())
    } else if values.len() == rows {
        Ok(values.iter().flat_map(|value| std::iter::repeat_n(*value, instances)).collect())
    } else {
        let expected = format!("{rows} values, or {rows} x {instances}");
        Err(Error::invalid(name, expected, values.len()))
    }
}

/// Refuses what is not finite.
pub(super) fn finite(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::invalid(name, "finite values", format!("{} at {at}", values[at]))),
    }
}
