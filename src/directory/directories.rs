//! The directories of the tables of raw ids among others.

use super::IdDirectory;
use super::saved_directory::SavedDirectory;
use crate::checkpoint::Checkpoint;
use crate::device::{Context, Ground};
use crate::kernels::feature::NONE;
use crate::{Error, Result};

/// A directory for each table of raw ids.
#[derive(Debug)]
pub(crate) struct Directories(Vec<Option<IdDirectory>>);

impl Directories {
    /// Empty ones, of as many rows as each table has, whose ids get them when they were seen so often; none
    /// for tables of rows.
    pub(crate) fn new(ctx: &Context, capacities: impl Iterator<Item = (u32, Option<u32>)>) -> Result<Self> {
        let directory = |(rows, least): (u32, Option<u32>)| {
            least.map(|least| IdDirectory::admitting(ctx, rows as usize, least)).transpose()
        };
        capacities.map(directory).collect::<Result<_>>().map(Self)
    }

    /// Those of tables of rows alone, which have none.
    pub(crate) fn none(tables: usize) -> Self {
        Self((0..tables).map(|_| None).collect())
    }

    pub(crate) fn tables(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, table: usize) -> Option<&IdDirectory> {
        self.0[table].as_ref()
    }

    pub(crate) fn get_mut(&mut self, table: usize) -> Option<&mut IdDirectory> {
        self.0[table].as_mut()
    }

    /// That of a table that is asked for by name.
    pub(crate) fn wanted(&self, name: &str, table: usize) -> Result<&IdDirectory> {
        let error = || Error::invalid(format!("table \"{name}\""), "one of raw ids", "one of rows");
        self.get(table).ok_or_else(error)
    }

    /// The rows of a table's raw ids, from the host.
    pub(crate) fn find(&self, table: usize, ids: &[u64]) -> Result<Vec<u32>> {
        self.get(table).map_or_else(|| Ok(vec![NONE; ids.len()]), |directory| directory.find(ids))
    }

    /// The same after new ones have got rows.
    pub(crate) fn admit(&mut self, table: usize, ids: &[u64]) -> Result<Vec<u32>> {
        self.get_mut(table).map_or_else(|| Ok(vec![NONE; ids.len()]), |directory| directory.admit(ids))
    }

    /// Halves the counts of ids without a row.
    pub(crate) fn age_counts(&mut self) -> Result<()> {
        self.0.iter_mut().flatten().try_for_each(IdDirectory::age_counts)
    }

    /// Where rows belong, and how often they have moved.
    pub(crate) fn standing(&self) -> Vec<(Ground, u64)> {
        self.0.iter().flatten().map(IdDirectory::standing).collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.iter().flatten().map(IdDirectory::bytes).sum()
    }

    /// The same ids and rows elsewhere.
    pub(crate) fn copied_to(&self, ctx: &Context) -> Result<Self> {
        let copy = |directory: &Option<IdDirectory>| {
            directory.as_ref().map(|directory| directory.copied_to(ctx)).transpose()
        };
        self.0.iter().map(copy).collect::<Result<_>>().map(Self)
    }

    /// With the names that they have in a checkpoint.
    fn named<'a>(&'a self, names: &'a [String], prefix: &str) -> Vec<(String, &'a IdDirectory)> {
        let named = names.iter().zip(&self.0);
        named.filter_map(|(name, of)| of.as_ref().map(|of| (format!("{prefix}.{name}.ids"), of))).collect()
    }

    /// Adds them to a checkpoint, as `{prefix}.{table}.ids`.
    pub(crate) fn export(&self, names: &[String], checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let all = self.named(names, prefix);
        all.into_iter().try_for_each(|(name, directory)| directory.export(checkpoint, &name))
    }

    /// Whether a checkpoint has them all, with no more rows than there are here.
    pub(crate) fn check_import(&self, names: &[String], checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.named(names, prefix).into_iter().try_for_each(|(name, directory)| {
            if checkpoint.shape(&format!("{name}.virtual_ids")).is_none() {
                return Err(checkpoint.mismatch(name, "a directory of raw ids", "none"));
            }
            let saved = SavedDirectory::read(checkpoint, &name)?;
            saved.check(directory, checkpoint, &name)?;
            saved.check_sketch(directory, checkpoint, &name)
        })
    }

    /// Takes those of a checkpoint that was checked.
    pub(crate) fn import(&mut self, names: &[String], checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let all = names.iter().zip(&mut self.0);
        all.filter_map(|(name, of)| of.as_mut().map(|of| (name, of)))
            .try_for_each(|(name, directory)| directory.import(checkpoint, &format!("{prefix}.{name}.ids")))
    }
}
