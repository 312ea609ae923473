//! Tables of a group in files: one a rank, and one that says which belong together.

use std::fs;
use std::path::Path;

use super::held::Held;
use super::ranks::Call;
use super::replicas::RESIDUALS;
use super::shards::Role;
use super::sources::{MANIFEST, Manifest, PIECES, Piece, REST, Sources};
use super::{Placement, ShardedBags};
use crate::bag::EmbeddingBags;
use crate::checkpoint::replace;
use crate::{Checkpoint, Error, Result};

/// What stands before the names of the tensors of tables that every rank has.
const COPIES: &str = "copies";

/// Whether a file is what a rank writes of a save.
fn is_part(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.strip_prefix("save-").and_then(|name| name.strip_suffix(".safetensors"));
    let parts = parts.and_then(|parts| {
        let (save, ranks) = parts.split_once("-rank-")?;
        let (rank, count) = ranks.split_once("-of-")?;
        Some([save, rank, count])
    });
    parts.is_some_and(|parts| parts.into_iter().all(number))
}

impl ShardedBags {
    /// Writes rows, optimizer state, learning rates and the number of steps into a folder that all ranks see:
    /// each rank a file with what it has, and then rank 0 one that names them, `manifest.json`. Until that
    /// one takes its place, what was saved before is what is loaded; then older files are removed. All ranks
    /// call it together.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if one of them cannot write; [`Error::Group`] if a rank is gone or late.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        self.save_with(folder, &Checkpoint::new())
    }

    /// [`ShardedBags::save`] with what else of a model is to be kept, as this rank has it: dense layers, say,
    /// which are the same on all ranks and which rank 0 gives, others nothing. [`ShardedBags::saved_with`]
    /// reads it.
    ///
    /// # Errors
    /// As [`ShardedBags::save`].
    pub fn save_with(&self, folder: impl AsRef<Path>, rest: &Checkpoint) -> Result<()> {
        let folder = folder.as_ref();
        let before = Manifest::read(folder).map_or(0, |manifest| manifest.number);
        let number = self.ranks.agree(Call::Save, Ok(before.wrapping_add(1)))?[0];
        let name =
            |rank: usize| format!("save-{number:010}-rank-{rank}-of-{}.safetensors", self.ranks.count());
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { path, source }
        };
        let write = || {
            fs::create_dir_all(folder).map_err(io(folder))?;
            let mut checkpoint = self.own_checkpoint()?;
            checkpoint.add_all(REST, rest)?;
            checkpoint.save(folder.join(name(self.ranks.rank())))
        };
        self.ranks.agree(Call::Save, write().map(|()| 0))?;
        let files: Vec<String> = (0..self.ranks.count()).map(name).collect();
        let finish = || {
            if self.ranks.rank() > 0 {
                return Ok(0);
            }
            let manifest = Manifest { number, files: files.clone() };
            let text = serde_json::to_vec_pretty(&manifest)
                .map_err(|error| Error::invalid("manifest", "what JSON can say", error))?;
            replace(&folder.join(MANIFEST), &text)?;
            // one that stays is not loaded, and is removed the next time
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let found = entry.file_name().to_string_lossy().into_owned();
                if is_part(&found) && !files.contains(&found) {
                    let _ = fs::remove_file(entry.path());
                }
            }
            Ok(0)
        };
        self.ranks.agree(Call::Save, finish()).map(drop)
    }

    /// What each rank gave to [`ShardedBags::save_with`], in their order; of a file of one process, all that
    /// is not of its tables.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if a file is damaged, [`Error::Io`] if one is not there.
    pub fn saved_with(path: impl AsRef<Path>) -> Result<Vec<Checkpoint>> {
        Sources::open(path.as_ref())?.rests()
    }

    /// Takes up what a group of any number of ranks with any plan [saved](ShardedBags::save), or one process
    /// ([`EmbeddingBags::save`]). A rank reads the rows that it has, and no others. All ranks call it
    /// together.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if a file is not there, is damaged or does not fit; nothing is changed
    /// then. [`Error::Group`] if a rank is gone or late.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let (own, found) = match self.fitting(path.as_ref()) {
            Ok(found) => (Ok(0), found),
            Err(error) => (Err(error), [None, None, None]),
        };
        self.ranks.agree(Call::Load, own)?;
        for ((prefix, bags), checkpoint) in self.bags_mut().into_iter().zip(found) {
            if let (Some(bags), Some(checkpoint)) = (bags, checkpoint) {
                bags.import(&checkpoint, prefix)?;
            }
        }
        Ok(())
    }

    /// What a group [saved](ShardedBags::save), as a checkpoint that [`EmbeddingBags::import`] takes, under
    /// the prefix `bags`, with what rank 0 saved [beside](ShardedBags::save_with), but for what is left of
    /// gradients, which is of all ranks. [`Checkpoint::save`] makes a file of it that [`EmbeddingBags::load`]
    /// takes. All of it is in memory.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if a file is damaged, [`Error::Io`] if one is not there.
    pub fn merged(folder: impl AsRef<Path>) -> Result<Checkpoint> {
        let mut sources = Sources::open(folder.as_ref())?;
        let whole = sources.whole(crate::bag::PREFIX)?;
        let mut checkpoint = sources.checkpoint(crate::bag::PREFIX, &whole)?;
        if let Some(first) = sources.rests()?.into_iter().next() {
            let residuals = first.json::<String>(RESIDUALS).ok().map(|prefix| format!("{prefix}."));
            let kept = |name: &str| {
                name != RESIDUALS && residuals.as_ref().is_none_or(|prefix| !name.starts_with(prefix))
            };
            checkpoint.add_all("", &first.only(kept))?;
        }
        Ok(checkpoint)
    }

    /// What the files give for each of the own bags.
    fn fitting(&self, path: &Path) -> Result<[Option<Checkpoint>; 3]> {
        let mut sources = Sources::open(path)?;
        let mut found = [None, None, None];
        for (found, (prefix, bags)) in found.iter_mut().zip(self.bags()) {
            if let Some(bags) = bags {
                let wanted: Vec<Piece> =
                    self.pieces().into_iter().filter(|piece| piece.prefix == prefix).collect();
                let checkpoint = sources.checkpoint(prefix, &wanted)?;
                bags.check_import(&checkpoint, prefix)?;
                *found = Some(checkpoint);
            }
        }
        Ok(found)
    }

    /// The own bags, with what stands before the names of their tensors.
    fn bags(&self) -> [(&'static str, Option<&EmbeddingBags>); 3] {
        let copies = self.replicas.as_ref().map(|(bags, _)| bags);
        [("pool", self.pooling.bags.as_ref()), ("send", self.sending.bags.as_ref()), (COPIES, copies)]
    }

    fn bags_mut(&mut self) -> [(&'static str, Option<&mut EmbeddingBags>); 3] {
        let copies = self.replicas.as_mut().map(|(bags, _)| bags);
        [("pool", self.pooling.bags.as_mut()), ("send", self.sending.bags.as_mut()), (COPIES, copies)]
    }

    /// What of the tables this rank has.
    fn pieces(&self) -> Vec<Piece> {
        let of_role = |(prefix, held): (&'static str, &Held)| -> Vec<Piece> {
            let pieces = held.shards.iter().map(|shard| Piece {
                table: self.tables[shard.table].0.clone(),
                prefix: prefix.to_owned(),
                name: Held::table_name(shard),
                first_row: shard.first_row as usize,
                row_step: shard.row_step as usize,
                rows: shard.rows(self.tables[shard.table].1.rows),
                columns: shard.columns.start as usize..shard.columns.end as usize,
            });
            pieces.collect()
        };
        let held = [("pool", self.held(Role::Pool)), ("send", self.held(Role::Send))];
        let copies = self.tables.iter().zip(&self.placements);
        let copies = copies.filter(|(_, placement)| **placement == Placement::DataParallel).map(
            |((name, table), _)| {
                let (prefix, name) = (COPIES.to_owned(), name.clone());
                Piece {
                    table: name.clone(),
                    prefix,
                    name,
                    first_row: 0,
                    row_step: 1,
                    rows: table.rows,
                    columns: 0..table.dim,
                }
            },
        );
        held.into_iter().flat_map(of_role).chain(copies).collect()
    }

    /// What this rank saves: what it has, and of what all ranks have rank 0's.
    fn own_checkpoint(&self) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::new();
        let saved = |prefix: &str| prefix != COPIES || self.ranks.rank() == 0;
        for (prefix, bags) in self.bags().into_iter().filter(|(prefix, _)| saved(prefix)) {
            if let Some(bags) = bags {
                bags.export(&mut checkpoint, prefix)?;
            }
        }
        let pieces: Vec<Piece> = self.pieces().into_iter().filter(|piece| saved(&piece.prefix)).collect();
        checkpoint.set_json(PIECES, &pieces)?;
        Ok(checkpoint)
    }
}
