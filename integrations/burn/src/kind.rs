//! The kinds of tables that a module can have.

use std::fmt::Debug;
use std::path::Path;

use embag::{
    Buffer, CachedBags, ChunkedTables, EmbeddingBags, Embeddings, Lookup, Matrix, PrunedTables,
    QuantizedBags, Recorder, Result, VariableRows,
};

use crate::memory::invalid;

/// Tables that a module can have.
pub trait Kind: Lookup<Batch: Clone + Debug + Send + 'static> + Debug + Send + 'static {
    /// Whether the outputs are tracked.
    const TRAINS: bool;

    /// The number of the last step; 0 for tables that do not train.
    fn last_step(&self) -> u32;

    /// Whether the ids of a batch are known to be right.
    fn is_checked(batch: &Self::Batch) -> bool;

    /// Rows and columns of the tables, as far as they are fixed.
    fn shapes(&self) -> Vec<[usize; 2]>;
}

/// Tables that a module can train.
pub trait Trained: Kind + Embeddings {
    /// Records the update by the gradients, of which there is one at least; where a module lets several wait
    /// ([`Tables::accumulate`](crate::Tables::accumulate)), one update by their sum.
    ///
    /// # Errors
    /// Those of the kind of tables.
    fn record_step(&mut self, rec: &mut Recorder, gradients: &[(&Self::Batch, &Matrix)]) -> Result<()>;

    /// Writes everything to a file.
    ///
    /// # Errors
    /// Those of the kind of tables.
    fn save_to(&mut self, path: &Path) -> Result<()>;

    /// Takes everything from a file.
    ///
    /// # Errors
    /// Those of the kind of tables; nothing has changed then.
    fn load_from(&mut self, path: &Path) -> Result<()>;
}

/// Tables whose weights may be a tensor.
pub trait Weighable: Trained {
    /// The same bags with other per-sample weights, one `f32` for each id.
    ///
    /// # Errors
    /// Those of the kind of tables.
    fn with_weights(batch: &Self::Batch, weights: Buffer) -> Result<Self::Batch>;

    /// Number of ids of a batch.
    fn ids(batch: &Self::Batch) -> usize;
}

/// Rows and columns of tables that are found by name.
macro_rules! shapes_by_name {
    () => {
        fn shapes(&self) -> Vec<[usize; 2]> {
            let shape = |table: &String| self.table_shape(table).map(<[usize; 2]>::from);
            self.tables().iter().map(shape).collect::<Result<_>>().expect("tables of these names")
        }
    };
}

/// Only the columns: rows come and go.
macro_rules! shapes_of_outputs {
    () => {
        fn shapes(&self) -> Vec<[usize; 2]> {
            vec![[0, self.output_cols()]]
        }
    };
}

/// All rows, of as many columns as the widest.
macro_rules! shapes_of_rows {
    () => {
        fn shapes(&self) -> Vec<[usize; 2]> {
            vec![[self.rows(), self.widest()]]
        }
    };
}

macro_rules! kinds {
    ($($tables:ty, $trains:literal, |$this:ident| $step:expr, |$batch:ident| $checked:expr, $shapes:ident;)*) => {$(
        impl Kind for $tables {
            const TRAINS: bool = $trains;

            fn last_step(&self) -> u32 {
                let $this = self;
                $step
            }

            fn is_checked($batch: &Self::Batch) -> bool {
                $checked
            }

            $shapes!();
        }
    )*};
}

kinds! {
    EmbeddingBags, true, |bags| bags.steps(), |batch| batch.is_checked(), shapes_by_name;
    CachedBags, true, |bags| bags.steps(), |_batch| true, shapes_by_name;
    ChunkedTables, true, |tables| tables.steps(), |_batch| false, shapes_of_outputs;
    PrunedTables, false, |_tables| 0, |_batch| false, shapes_of_outputs;
    QuantizedBags, false, |_bags| 0, |batch| batch.is_checked(), shapes_by_name;
    VariableRows, true, |rows| rows.steps(), |batch| batch.is_checked(), shapes_of_rows;
}

/// What is the same for all.
macro_rules! files {
    () => {
        fn save_to(&mut self, path: &Path) -> Result<()> {
            self.save(path)
        }

        fn load_from(&mut self, path: &Path) -> Result<()> {
            self.load(path)
        }
    };
}

impl Trained for EmbeddingBags {
    fn record_step(&mut self, rec: &mut Recorder, gradients: &[(&Self::Batch, &Matrix)]) -> Result<()> {
        let gradients: Vec<_> = gradients.iter().map(|&(batch, gradient)| (batch, gradient.into())).collect();
        self.record_accumulated(rec, &gradients)
    }

    files!();
}

/// Their modules let one gradient wait, not several.
macro_rules! one_by_one {
    ($($tables:ty),*) => {$(
        impl Trained for $tables {
            fn record_step(
                &mut self,
                rec: &mut Recorder,
                gradients: &[(&Self::Batch, &Matrix)],
            ) -> Result<()> {
                match gradients {
                    [(batch, gradient)] => self.record_backward(rec, batch, *gradient),
                    _ => Err(invalid("step", "one gradient, for these tables", gradients.len())),
                }
            }

            files!();
        }
    )*};
}

one_by_one!(CachedBags, ChunkedTables, VariableRows);

macro_rules! weighable {
    ($($tables:ty: $ids:ident),*) => {$(
        impl Weighable for $tables {
            fn with_weights(batch: &Self::Batch, weights: Buffer) -> Result<Self::Batch> {
                batch.with_weights(weights)
            }

            fn ids(batch: &Self::Batch) -> usize {
                batch.$ids()
            }
        }
    )*};
}

weighable!(EmbeddingBags: ids, CachedBags: ids, ChunkedTables: ids, VariableRows: len);
