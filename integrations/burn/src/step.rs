//! Updates, and the files of tables.

use std::path::Path;

use embag::{Recorder, Result};

use crate::kind::Trained;
use crate::tables::Tables;

impl<T: Trained> Tables<T> {
    /// Updates the tables by the gradients of the backward passes since the last step: each touched row once,
    /// by the sum of its gradients. One gradient is embag's fused backward. Nothing happens if there is none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](embag::Error::InvalidArgument) if there is no optimizer, or the rate is not
    /// finite; what went wrong in a backward pass. Nothing is updated then, and the gradients are gone. The
    /// errors of earlier work on device batches come first, while the gradients go on waiting.
    pub fn step(&self, lr: f64) -> Result<()> {
        self.shared.check_pending()?;
        let given = self.shared.taken()?;
        let mut gradients = Vec::new();
        for given in &given {
            if given.gradient.shape().num_elements() > 0 {
                let held = self.shared.memory.floats(given.gradient.clone(), "gradient")?;
                gradients.push((&given.batch, held.matrix(given.gradient.dims())?, held));
            }
        }
        if gradients.is_empty() {
            return Ok(());
        }
        let mut rec = Recorder::new(self.shared.memory.context());
        self.with(|tables| {
            #[allow(clippy::cast_possible_truncation, reason = "rates are f32 in embag")]
            tables.set_lr(lr as f32)?;
            let gradients: Vec<_> = gradients.iter().map(|(batch, matrix, _)| (*batch, matrix)).collect();
            tables.record_step(&mut rec, &gradients)
        })?;
        // what lies in burn's memory is held until here
        self.shared.pend(Some(rec.submit()?));
        Ok(())
    }

    /// Drops the gradients that wait for a step.
    pub fn discard(&self) {
        // with what failed in making them
        drop(self.shared.taken());
    }

    /// Writes tables, optimizer state and the number of steps to a file. Blocks.
    ///
    /// # Errors
    /// Those of the tables' `save`.
    pub fn save_tables(&self, path: impl AsRef<Path>) -> Result<()> {
        self.with(|tables| tables.save_to(path.as_ref()))
    }

    /// Takes tables, optimizer state and the number of steps from a file that [`Tables::save_tables`] or the
    /// tables' own `save` wrote. Gradients that wait are dropped: they are of other tables. Blocks.
    ///
    /// # Errors
    /// Those of the tables' `load`; nothing has changed then.
    pub fn load_tables(&self, path: impl AsRef<Path>) -> Result<()> {
        self.with(|tables| tables.load_from(path.as_ref()))?;
        self.discard();
        Ok(())
    }
}
