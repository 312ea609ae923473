//! Lookups and steps on tables of a gibibyte, which no cache holds.

use std::collections::HashSet;

use embag::optim::Sgd;
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Profile, Recorder, Table};
use serde::Serialize;

use crate::Result;
use crate::rates::Rates;

const TABLES: usize = 8;
const ROWS: u32 = 1 << 19;
const DIM: usize = 64;
const BATCH: usize = 2048;
const LENGTH: usize = 20;
/// Batches that take turns where no row is to be in a cache: together they touch hundreds of megabytes.
const COLD: u64 = 4;
/// Rows of a table that ids of hot batches name: a megabyte of all tables.
const HOT_ROWS: u32 = 512;
const ROW_BYTES: u64 = DIM as u64 * 4;
const ROUNDS: usize = 3;

/// What one kernel of a lookup or a step did.
#[derive(Debug, Serialize)]
pub(crate) struct Access {
    pub(crate) kernel: &'static str,
    pub(crate) ids: &'static str,
    pub(crate) microseconds: f64,
    pub(crate) bytes: u64,
    pub(crate) gb_per_s: f64,
    /// Of the fastest way to memory.
    pub(crate) share: f64,
    /// The device time of all kernels of the lookup or step.
    pub(crate) together_us: f64,
}

#[derive(Debug, Clone, Copy)]
enum Ids {
    UniformCold,
    ZipfCold,
    Hot,
}

impl Ids {
    const fn name(self) -> &'static str {
        match self {
            Self::UniformCold => "uniform, cold",
            Self::ZipfCold => "Zipf, cold",
            Self::Hot => "hot",
        }
    }

    const fn batches(self) -> u64 {
        match self {
            Self::UniformCold | Self::ZipfCold => COLD,
            Self::Hot => 1,
        }
    }

    /// A row by a number of 32 random bits.
    fn row(self, random: u32) -> u32 {
        let share = f64::from(random) / 4_294_967_296.0;
        let row = match self {
            Self::UniformCold => (share * f64::from(ROWS)).floor(),
            Self::Hot => (share * f64::from(HOT_ROWS)).floor(),
            // log-uniform, which is Zipf's law with exponent 1; frequent rows lie apart
            Self::ZipfCold => {
                let rank = f64::from(ROWS).powf(share).floor();
                // a whole number below 2^20, and a prime
                (rank * 2_654_435_761.0) % f64::from(ROWS)
            }
        };
        row_of(row)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below `ROWS`")]
fn row_of(row: f64) -> u32 {
    row as u32
}

/// Measures lookups, and steps of SGD.
pub(crate) fn measure(ctx: &Context, rates: &Rates) -> Result<Vec<Access>> {
    let mut builder = EmbeddingBags::builder(ctx).optimizer(Sgd::new(0.01));
    for table in 0..TABLES {
        let name = table.to_string();
        let table = Table::rows(ROWS as usize).dim(DIM).init(Init::Uniform(0.01));
        builder = builder.table(&name, table).feature(&name, &name, Pooling::Sum);
    }
    let mut bags = builder.build()?;
    let out = Matrix::zeros(ctx, BATCH, TABLES * DIM)?;
    let mut all = Vec::new();
    for ids in [Ids::UniformCold, Ids::ZipfCold, Ids::Hot] {
        let batches = (0..ids.batches()).map(|seed| batch(&bags, ids, seed)).collect::<Result<Vec<_>>>()?;
        let (named, pooled) = ((TABLES * BATCH * LENGTH) as u64, (TABLES * BATCH) as u64);
        let distinct = batches.iter().map(|(_, distinct)| *distinct).sum::<u64>() / ids.batches();
        let forward = profile(ctx, &batches, |rec, batch| bags.record_forward(rec, batch, &out))?;
        let step = profile(ctx, &batches, |rec, batch| bags.record_backward(rec, batch, &out))?;
        // ids, rows and what is pooled; rows read and written, and the gradients of bags
        let lookup_bytes = named * (4 + ROW_BYTES) + pooled * ROW_BYTES;
        let update_bytes = distinct * 2 * ROW_BYTES + pooled * ROW_BYTES;
        for (kernel, profile, bytes) in
            [("bag_forward", forward, lookup_bytes), ("row_update", step, update_bytes)]
        {
            let of = profile.kernels().iter().find(|of| of.kernel == kernel);
            let runs = profile.submissions() as f64;
            let seconds = of.map_or(f64::NAN, |of| of.time.as_secs_f64() / runs);
            let gb_per_s = bytes as f64 / seconds * 1e-9;
            all.push(Access {
                kernel,
                ids: ids.name(),
                microseconds: seconds * 1e6,
                bytes,
                gb_per_s,
                share: gb_per_s / rates.memory_gb_per_s(),
                together_us: profile.device_time().as_secs_f64() / runs * 1e6,
            });
        }
    }
    Ok(all)
}

/// A batch, and how many distinct rows it names.
fn batch(bags: &EmbeddingBags, ids: Ids, seed: u64) -> Result<(JaggedBatch, u64)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut random = || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0)
    };
    let values: Vec<u32> = (0..TABLES * BATCH * LENGTH).map(|_| ids.row(random())).collect();
    let distinct =
        values.chunks(BATCH * LENGTH).map(|of| of.iter().collect::<HashSet<_>>().len() as u64).sum();
    let lengths = vec![u32::try_from(LENGTH)?; TABLES * BATCH];
    Ok((bags.batch_from_lengths(&values, &lengths, None)?, distinct))
}

/// Every batch in turn, a few times, after one round that warms up.
fn profile(
    ctx: &Context,
    batches: &[(JaggedBatch, u64)],
    mut record: impl FnMut(&mut Recorder, &JaggedBatch) -> embag::Result<()>,
) -> Result<Profile> {
    let mut profile = Profile::default();
    for round in 0..=ROUNDS {
        for (batch, _) in batches {
            let mut rec = Recorder::new(ctx);
            record(&mut rec, batch)?;
            let of = rec.profile()?;
            if round > 0 {
                profile += of;
            }
        }
    }
    Ok(profile)
}
