//! The process that serves: it answers for the impressions of each step that it is asked for, by a model that
//! follows the trainer and by one that stays as it was at first.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use embag::delta::Delta;
use embag::dense::Mlp;
use embag::quant::{QuantizedBags, RangeSearch};
use embag::{Checkpoint, Context, Recorder, Result};
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::folder;
use crate::model::{Room, filled, layers};
use crate::stream::{Impressions, impressions};

/// What is answered for a step: logits of both models, and what the one that follows is of.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    pub step: u32,
    /// The last step that the model knows of.
    pub served_step: u32,
    pub follows: Vec<f32>,
    pub stays: Vec<f32>,
}

/// A model to serve.
struct Served {
    ctx: Context,
    tables: QuantizedBags,
    /// Layers are replaced at once, tables row by row while they serve.
    layers: RwLock<Mlp>,
    room: Room,
}

impl Served {
    fn load(ctx: &Context, folder: &Path) -> Result<Self> {
        let mut layers = layers(ctx, 0)?;
        layers.import(ctx, &Checkpoint::load(folder::layers(folder))?, "layers")?;
        Ok(Self {
            ctx: ctx.clone(),
            tables: QuantizedBags::from_file(ctx, folder::tables(folder))?,
            layers: RwLock::new(layers),
            room: Room::new(ctx)?,
        })
    }

    fn logits(&self, of: &Impressions) -> Result<Vec<f32>> {
        let Room { pooled, logits } = &self.room;
        let mut rec = Recorder::new(&self.ctx);
        let batch = self.tables.record_find(&mut rec, filled(self.tables.batch(), of))?;
        self.tables.record_forward(&mut rec, &batch, pooled)?;
        let layers = self.layers.read().unwrap_or_else(PoisonError::into_inner);
        layers.record_forward(&mut rec, pooled, logits)?;
        let logits = rec.readback(logits.buffer());
        drop(rec.submit()?);
        logits.wait()
    }

    /// Takes up what came into the folder.
    fn follow(&self, folder: &Path, seen: &mut HashSet<std::path::PathBuf>) -> Result<(), RunError> {
        for path in folder::deltas(folder)? {
            if !seen.insert(path.clone()) {
                continue;
            }
            let delta = Delta::load(path)?;
            self.tables.apply(&delta, RangeSearch::MinMax)?;
            let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
            layers.import(&self.ctx, delta.checkpoint(), "layers")?;
        }
        Ok(())
    }
}

/// Serves until nothing more is asked. Questions are numbers of steps, a line each; so are answers, in JSON.
pub fn serve(ctx: &Context, folder: &Path, seed: u64) -> Result<(), RunError> {
    let (follows, stays) = (Served::load(ctx, folder)?, Served::load(ctx, folder)?);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let mut seen = HashSet::new();
            while !done.load(Ordering::Relaxed) {
                follows.follow(folder, &mut seen)?;
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok::<(), RunError>(())
        });
        let answered = answer(&follows, &stays, seed);
        done.store(true, Ordering::Relaxed);
        let followed = follower.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        answered.and(followed)
    })
}

fn answer(follows: &Served, stays: &Served, seed: u64) -> Result<(), RunError> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let step = line.trim().parse().map_err(|_| RunError::Process(format!("asked for step `{line}`")))?;
        let of = impressions(seed, step);
        let served_step = follows.tables.step().unwrap_or(0);
        let answer = Answer { step, served_step, follows: follows.logits(&of)?, stays: stays.logits(&of)? };
        serde_json::to_writer(&mut out, &answer)?;
        writeln!(out)?;
        out.flush()?;
    }
    Ok(())
}
