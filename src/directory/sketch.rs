//! How often ids without a row were seen.

use crate::checkpoint::Checkpoint;
use crate::device::{Buffer, Context, Dispatch, Recorder};
use crate::kernels::{directory_age, directory_sift, directory_sight};
use crate::numbers::narrow;
use crate::{Error, Result};

/// A count-min sketch of two halves (Cormode and Muthukrishnan 2005), and how often an id must be seen.
///
/// Each half has at least [`PER_ROW`] counters for each row of the directory, a power of two, so that a wider
/// sketch can go on from a narrower one.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    counters: Buffer,
    /// Counters of each half.
    width: u32,
    least: u32,
}

impl Sketch {
    /// For a directory of `rows` rows; `None` if ids that are seen once are admitted.
    pub(crate) fn new(ctx: &Context, rows: u32, least: u32) -> Result<Option<Self>> {
        match least {
            0 => Err(Error::invalid("admit_after", "at least one time", 0)),
            1 => Ok(None),
            _ => Self::of_width(ctx, width_for(rows), least).map(Some),
        }
    }

    /// How often an id must have been seen.
    pub(crate) fn least(&self) -> u32 {
        self.least
    }

    /// Bytes of the counters for `rows` rows.
    pub(crate) fn bytes_of(rows: u32, least: u32) -> u64 {
        if least > 1 { u64::from(width_for(rows)) * 8 } else { 0 }
    }

    fn of_width(ctx: &Context, width: u32, least: u32) -> Result<Self> {
        let counters = ctx.allocate("embag.sketch", u64::from(width) * 8)?;
        counters.check_bindable(ctx, || "the counters of ids without a row".to_owned())?;
        Ok(Self { counters, width, least })
    }

    /// The same counts for a directory of more rows: a counter of a narrower sketch is that of all ids that
    /// have it in the wider one, so that still none is taken for less than it is.
    pub(crate) fn grown(&self, ctx: &Context, rows: u32) -> Result<Self> {
        let width = width_for(rows).max(self.width);
        let grown = Self::of_width(ctx, width, self.least)?;
        let mut rec = Recorder::new(ctx);
        let half = u64::from(self.width) * 4;
        for part in 0..u64::from(width / self.width) {
            for (from, to) in [(0, 0), (half, u64::from(width) * 4)] {
                rec.copy(&self.counters.part(from, half), &grown.counters.part(to + part * half, half))?;
            }
        }
        rec.run()?;
        Ok(grown)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.counters.size()
    }

    /// Records that ids without a row are counted, and those struck out that were not seen often enough.
    pub(crate) fn record_sift(&self, rec: &mut Recorder, unknown: &Buffer, len: u32) {
        let params = directory_sight::Params { len, width: self.width };
        let bindings =
            directory_sight::Bindings { unknown: unknown.clone(), counters: self.counters.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        let params = directory_sift::Params { len, width: self.width, least: self.least };
        let bindings = directory_sift::Bindings { counters: self.counters.clone(), unknown: unknown.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));
    }

    /// Records that every count is halved.
    pub(crate) fn record_age(&self, rec: &mut Recorder) {
        let params = directory_age::Params { len: self.width * 2 };
        let bindings = directory_age::Bindings { counters: self.counters.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, params.len));
    }

    pub(crate) fn export(&self, ctx: &Context, checkpoint: &mut Checkpoint, name: &str) -> Result<()> {
        checkpoint.insert(name, &[2, self.width as usize], self.counters.read::<u32>(ctx)?)
    }

    /// A sketch of a checkpoint's counters, for a directory of at least that many rows.
    pub(crate) fn of_counters(&self, ctx: &Context, counters: &[u32], rows: u32) -> Result<Self> {
        // it was read as two halves of a number of counters that fits
        let saved = Self::of_width(ctx, narrow(counters.len() / 2), self.least)?;
        saved.counters.write(ctx, 0, counters)?;
        if saved.width < width_for(rows) { saved.grown(ctx, rows) } else { Ok(saved) }
    }
}

/// Counters of each half for a row.
const PER_ROW: u32 = 2;

fn width_for(rows: u32) -> u32 {
    rows.saturating_mul(PER_ROW).checked_next_power_of_two().unwrap_or(1 << 31)
}
