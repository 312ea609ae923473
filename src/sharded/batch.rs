//! A rank's batch, and what the group makes of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::routing::Routed;
use crate::bag::{BatchBuilder, Bounds, Flat, ForShards, Schema};
use crate::{Error, Result};

/// A rank's own examples; with those of the other ranks, in their order, they are the group's batch.
#[derive(Debug, Clone)]
pub struct ShardedBatch {
    pub(super) inner: Rc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) schema: Arc<Schema>,
    pub(super) flat: Flat,
    /// An id that is no row, told to all ranks when ids are exchanged.
    pub(super) mistake: RefCell<Option<Error>>,
    pub(super) routed: RefCell<Option<Rc<Routed>>>,
}

impl ShardedBatch {
    /// Number of this rank's examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.flat.examples()
    }

    /// Whether this rank has no examples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of the examples of all ranks, which their losses are divided by; nothing before ids were
    /// exchanged.
    #[must_use]
    pub fn of_group(&self) -> Option<usize> {
        self.inner.routed.borrow().as_ref().map(|routed| routed.examples.iter().sum())
    }

    /// Number of this rank's ids.
    #[must_use]
    pub fn ids(&self) -> usize {
        self.inner.flat.ids.len()
    }
}

impl BatchBuilder<ForShards> {
    /// Checks names and sizes. Ids that are no rows are found too, but told by the call that exchanges ids,
    /// as the same error on all ranks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a feature is missing, unknown or given twice, or sizes disagree.
    pub fn build(self) -> Result<ShardedBatch> {
        let schema = self.schema().clone();
        let mut flat = self.collect()?;
        if !flat.is_plain() {
            return Err(Error::invalid("batch", "as many examples of all features", "`only`, or `variable`"));
        }
        let mistake = flat.check_ids(Bounds::Error).err().filter(|_| schema.bounds == Bounds::Error);
        let inner = Inner { schema, flat, mistake: RefCell::new(mistake), routed: RefCell::new(None) };
        Ok(ShardedBatch { inner: Rc::new(inner) })
    }
}
