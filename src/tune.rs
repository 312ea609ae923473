//! The choices of a [`Tuning`], measured.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use crate::dense::record_matmul;
use crate::sort::sort_by_key;
use crate::{
    Buffer, Context, EmbeddingBags, MatmulTile, Matrix, Pooling, Recorder, Result, Shape, SortVariant, Table,
    Tuning,
};

/// What [`Context::tune`] found: the choice that is in force now, and how long each took.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Tuned {
    /// The choices.
    pub tuning: Tuning,
    /// What was tried, and the time of one run of it (written down in microseconds); nothing where there is no
    /// choice.
    #[serde(serialize_with = "microseconds")]
    pub times: Vec<(String, Duration)>,
}

#[allow(clippy::ptr_arg, reason = "serde's interface")]
fn microseconds<S: Serializer>(
    times: &Vec<(String, Duration)>,
    to: S,
) -> std::result::Result<S::Ok, S::Error> {
    to.collect_map(times.iter().map(|(what, time)| (what, time.as_secs_f64() * 1e6)))
}

impl fmt::Display for Tuned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, time) in &self.times {
            writeln!(f, "{what:<32}{:>12.1} us", time.as_secs_f64() * 1e6)?;
        }
        write!(f, "{}", self.tuning)
    }
}

/// For each of lookups, sorts and products, all that is measured together.
const BUDGET: Duration = Duration::from_millis(100);
/// Of a run that lasts as long, the difference between choices is no noise.
const LONG_ENOUGH: Duration = Duration::from_micros(200);
/// How often each choice is timed; its best time counts.
const ROUNDS: u32 = 3;
/// Runs of one submission, at most.
const MOST_RUNS: u32 = 64;
/// What another choice must be better than the present one by, in hundredths.
const MARGIN: u32 = 3;

/// The table of lookups: 128 MiB, which most caches do not hold.
const ROWS: usize = 1 << 19;
const DIM: usize = 64;
const IDS: [usize; 3] = [1 << 12, 1 << 15, 1 << 18];
const BAG: usize = 16;

/// Keys of a sort, and their bits: of the rows of a few large tables.
const KEYS: [u32; 3] = [1 << 14, 1 << 17, 1 << 20];
const KEY_BITS: u32 = 21;

/// Rows and columns of a product's output that the largest tiles cut into many, and what is summed over.
const SIDE: usize = 2048;
const DEPTHS: [usize; 2] = [16, 256];

impl Context {
    /// Measures the choices of a [`Tuning`] on this device, and puts the best in force. It takes at most about
    /// 300 ms of the device's time, on top of the time to build pipelines, and 170 MB of memory until it
    /// returns; results of what runs meanwhile are the same. On software adapters and on the CPU, which have
    /// no choice, it returns at once.
    ///
    /// ```
    /// let ctx = embag::Context::cpu();
    /// let tuned = ctx.tune()?;
    /// println!("{tuned}");
    /// // the next process starts with it: `ContextOptions::new().tuning(serde_json::from_str(&text)?)`
    /// let text = serde_json::to_string(&tuned.tuning).expect("a tuning is numbers and words");
    /// # assert_eq!(serde_json::from_str::<embag::Tuning>(&text).unwrap(), ctx.tuning());
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device fails, or the memory cannot be had; the choices stay
    /// what they were then.
    pub fn tune(&self) -> Result<Tuned> {
        let before = self.tuning();
        let found =
            if self.shape() == Shape::Wide { measured(self, before) } else { Ok((before, Vec::new())) };
        let tuning = found.as_ref().map_or(before, |(tuning, _)| *tuning);
        self.set_tuning(tuning)?;
        found.map(|(tuning, times)| Tuned { tuning, times })
    }
}

fn measured(ctx: &Context, before: Tuning) -> Result<(Tuning, Vec<(String, Duration)>)> {
    let mut times = Vec::new();
    let bags =
        |tuning: Tuning| format!("bag_rows {}, bag_workgroup {}", tuning.bag_rows, tuning.bag_workgroup);
    let lookups = IDS.map(|ids| move |ctx: &Context| Lookups::new(ctx, ids));
    let tuning = best(ctx, before, before.lookups(), &lookups, bags, &mut times)?;
    let sorts = |tuning: Tuning| format!("sort {}", tuning.sort.name());
    let choices = [SortVariant::Portable, SortVariant::Subgroup].map(|sort| Tuning { sort, ..tuning });
    // without subgroups both are the same
    let choices = choices.into_iter().take(if ctx.has_subgroups() { 2 } else { 1 });
    let keys = KEYS.map(|keys| move |ctx: &Context| Keys::new(ctx, keys));
    let tuning = best(ctx, tuning, choices, &keys, sorts, &mut times)?;
    let tiles = |tuning: Tuning| format!("matmul {}", tuning.matmul);
    let choices = MatmulTile::ALL.into_iter().map(|matmul| Tuning { matmul, ..tuning });
    let products = DEPTHS.map(|depth| move |ctx: &Context| Product::new(ctx, depth));
    let tuning = best(ctx, tuning, choices, &products, tiles, &mut times)?;
    Ok((tuning, times))
}

/// Work whose time is taken.
trait Work {
    fn record(&self, rec: &mut Recorder) -> Result<()>;
}

struct Lookups {
    bags: EmbeddingBags,
    batch: crate::JaggedBatch,
    out: Matrix,
}

impl Lookups {
    fn new(ctx: &Context, ids: usize) -> Result<Self> {
        let bags = EmbeddingBags::builder(ctx)
            .table("rows", Table::rows(ROWS).dim(DIM))
            .feature("ids", "rows", Pooling::Sum)
            .build()?;
        // an odd factor: every row once, neighbours far apart
        let ids: Vec<u32> = (0..ids).map(|i| (i * 324_017) % ROWS).map(crate::numbers::narrow).collect();
        let lengths = vec![crate::numbers::narrow(BAG); ids.len() / BAG];
        let batch = bags.batch().bags("ids", &ids, &lengths).build()?;
        let out = Matrix::zeros(ctx, lengths.len(), DIM)?;
        Ok(Self { bags, batch, out })
    }
}

impl Work for Lookups {
    fn record(&self, rec: &mut Recorder) -> Result<()> {
        self.bags.record_forward(rec, &self.batch, &self.out)
    }
}

struct Keys {
    keys: Buffer,
    count: u32,
}

impl Keys {
    fn new(ctx: &Context, count: u32) -> Result<Self> {
        let keys: Vec<u32> = (0..count).map(|i| i.wrapping_mul(2_654_435_761) >> (32 - KEY_BITS)).collect();
        Ok(Self { keys: Buffer::from_slice(ctx, &keys)?, count })
    }
}

impl Work for Keys {
    fn record(&self, rec: &mut Recorder) -> Result<()> {
        rec.scope(|rec| sort_by_key(rec, &self.keys, self.count, KEY_BITS).map(drop))
    }
}

struct Product {
    factors: [Matrix; 2],
    out: Matrix,
}

impl Product {
    fn new(ctx: &Context, depth: usize) -> Result<Self> {
        let factors = [Matrix::zeros(ctx, SIDE, depth)?, Matrix::zeros(ctx, depth, SIDE)?];
        Ok(Self { factors, out: Matrix::zeros(ctx, SIDE, SIDE)? })
    }
}

impl Work for Product {
    fn record(&self, rec: &mut Recorder) -> Result<()> {
        let [a, b] = &self.factors;
        record_matmul(rec, a, b, &self.out)
    }
}

/// The best choice for the largest work that does not last longer than it must.
fn best<W: Work>(
    ctx: &Context,
    before: Tuning,
    choices: impl Iterator<Item = Tuning>,
    works: &[impl Fn(&Context) -> Result<W>],
    name: impl Fn(Tuning) -> String,
    times: &mut Vec<(String, Duration)>,
) -> Result<Tuning> {
    let mut found: Vec<(Tuning, Duration)> = choices.map(|tuning| (tuning, Duration::MAX)).collect();
    if found.len() < 2 {
        return Ok(before);
    }
    let (mut work, mut one) = (None, Duration::ZERO);
    for make in works {
        let made = work.insert(make(ctx)?);
        // the first run builds the pipeline
        time(ctx, before, made, 1)?;
        one = time(ctx, before, made, 1)?;
        if one >= LONG_ENOUGH {
            break;
        }
    }
    let Some(work) = work else { return Ok(before) };
    for (tuning, _) in &found {
        time(ctx, *tuning, &work, 1)?;
    }
    let rounds = u32::try_from(found.len()).unwrap_or(u32::MAX) * ROUNDS;
    let runs = (BUDGET.as_nanos() / (u128::from(rounds) * one.as_nanos().max(1))).clamp(1, MOST_RUNS.into());
    let runs = u32::try_from(runs).unwrap_or(MOST_RUNS);
    let start = Instant::now();
    for round in 0..ROUNDS {
        // slow devices have no time for all rounds
        if round > 0 && start.elapsed() > BUDGET {
            break;
        }
        for (tuning, best) in &mut found {
            *best = (*best).min(time(ctx, *tuning, &work, runs)?);
        }
    }
    times.extend(found.iter().map(|&(tuning, time)| (name(tuning), time)));
    let present = found.iter().find(|(tuning, _)| *tuning == before).map_or(Duration::MAX, |(_, time)| *time);
    let fastest = found.into_iter().min_by_key(|(_, time)| *time);
    let better = fastest.filter(|(_, time)| *time < present / 100 * (100 - MARGIN));
    Ok(better.map_or(before, |(tuning, _)| tuning))
}

/// The time of one run of work with a tuning, on the device where it can tell.
fn time(ctx: &Context, tuning: Tuning, work: &impl Work, runs: u32) -> Result<Duration> {
    ctx.set_tuning(tuning)?;
    let mut rec = Recorder::new(ctx);
    for _ in 0..runs {
        work.record(&mut rec)?;
    }
    let timestamps = wgpu::Features::TIMESTAMP_QUERY;
    if ctx.wgpu().is_some_and(|(device, _)| device.features().contains(timestamps)) {
        return Ok(rec.profile()?.device_time() / runs);
    }
    let start = Instant::now();
    rec.submit()?.wait()?;
    Ok(start.elapsed() / runs)
}
