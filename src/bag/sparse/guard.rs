//! What must be right for a gradient to be used, and is found out on the device.

use std::sync::Arc;

use super::SparseGradient;
use super::given::GivenRows;
use crate::Result;
use crate::bag::JaggedBatch;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::feature::Status;
use crate::kernels::join_status;

/// Something that kernels check.
#[derive(Debug, Clone)]
pub(super) enum Guard {
    /// The batch that the gradient was made of.
    Batch(JaggedBatch),
    /// The rows that a caller gave.
    Rows(Arc<GivenRows>),
}

impl Guard {
    /// Of a batch, unless the host has checked it and its rows do not move.
    pub(super) fn of_batch(batch: &JaggedBatch) -> Vec<Self> {
        match batch.inner.skipped {
            Some(_) if batch.inner.grounds.is_empty() => Vec::new(),
            _ => vec![Self::Batch(batch.clone())],
        }
    }

    fn status(&self) -> &Buffer {
        match self {
            Self::Batch(batch) => &batch.inner.status,
            Self::Rows(rows) => &rows.status,
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Batch(a), Self::Batch(b)) => Arc::ptr_eq(&a.inner, &b.inner),
            (Self::Rows(a), Self::Rows(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// The guards of gradients, each once.
pub(super) fn joined<'a>(gradients: impl IntoIterator<Item = &'a SparseGradient>) -> Vec<Guard> {
    let mut all = Vec::<Guard>::new();
    for guard in gradients.into_iter().flat_map(|gradient| &gradient.guards) {
        if !all.iter().any(|known| known.same(guard)) {
            all.push(guard.clone());
        }
    }
    all
}

/// Makes a recorder's submission give the errors of these gradients.
pub(super) fn record<'a>(rec: &mut Recorder, gradients: impl IntoIterator<Item = &'a SparseGradient>) {
    for guard in joined(gradients) {
        match guard {
            Guard::Batch(batch) => batch.guard(rec),
            Guard::Rows(rows) => rows.guard(rec),
        }
    }
}

/// The status that operations on all of these obey.
pub(super) fn status(rec: &mut Recorder, guards: &[Guard]) -> Result<Buffer> {
    if let [guard] = guards {
        return Ok(guard.status().clone());
    }
    let joined = rec.scratch_starting("embag.status", &[Status::CLEAN])?;
    for guard in guards {
        let params = join_status::Params { unused: 0 };
        let bindings = join_status::Bindings { status: guard.status().clone(), joined: joined.clone() };
        rec.dispatch(Dispatch::new(0, &params, bindings, 1));
    }
    Ok(joined)
}
