//! How often ids without a row were seen.

use crate::checkpoint::Checkpoint;
use crate::device::{Buffer, Context, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::{directory_sift, directory_sight};
use crate::{Error, Result};

/// A count-min sketch of two halves (Cormode and Muthukrishnan 2005), and how often an id must be seen.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    counters: Buffer,
    /// Counters of each half.
    width: u32,
    least: u32,
}

impl Sketch {
    /// `None` if ids that are seen once are admitted.
    pub(super) fn new(ctx: &Context, width: u32, least: u32) -> Result<Option<Self>> {
        match least {
            0 => Err(Error::invalid("admit_after", "at least one time", 0)),
            1 => Ok(None),
            _ => {
                let counters = ctx.allocate("embag.sketch", u64::from(width) * 8)?;
                counters.check_bindable(ctx, || "the counters of ids without a row".to_owned())?;
                Ok(Some(Self { counters, width, least }))
            }
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.counters.size()
    }

    /// Records that ids without a row are counted, and those struck out that were not seen often enough.
    pub(super) fn record_sift(&self, rec: &mut Recorder, unknown: &Buffer, len: u32) {
        let params = directory_sight::Params { len, width: self.width };
        let bindings = vec![unknown.clone(), self.counters.clone()];
        rec.dispatch(Dispatch::threads(&directory_sight::KERNEL, 0, &params, bindings, len));
        let params = directory_sift::Params { len, width: self.width, least: self.least };
        let bindings = vec![self.counters.clone(), unknown.clone()];
        rec.dispatch(Dispatch::threads(&directory_sift::KERNEL, 0, &params, bindings, len));
    }

    pub(super) fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint, name: &str) -> Result<()> {
        checkpoint.insert(name, &[2, self.width as usize], self.counters.read::<u32>(ctx)?)
    }

    /// Whether a checkpoint has counters for it.
    pub(super) fn check(&self, checkpoint: &Checkpoint, name: &str) -> Result<()> {
        checkpoint.tensor::<u32>(name, &[2, self.width as usize]).map(drop)
    }

    pub(super) fn write(&self, ctx: &Context, counters: &[u32]) -> Result<()> {
        self.counters.write(ctx, 0, counters)
    }
}
