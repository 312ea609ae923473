//! Embeddings on several ranks, as the trainer takes them.

use std::collections::BTreeMap;
use std::path::Path;

use bytemuck::Pod;
use embag::dense::{Layers, record_scale};
use embag::sharded::{Ranks, Replicas, ShardedBags, ShardedBatch, Traffic};
use embag::{Checkpoint, Context, Matrix, Recorder, Result};

use crate::args::Args;
use crate::ctr::{Batch, Settings, Tables, fixed, optimizer};
use crate::data::{Dataset, Part};
use crate::error::RunError;
use crate::plan::Chosen;

/// The name of what is left of gradients in checkpoints.
const LEFT: &str = "dct";

/// Tables of fixed size, and what adds up the gradients of dense layers.
pub struct OnRanks {
    ctx: Context,
    bags: ShardedBags,
    replicas: Replicas,
    /// Features, in the order of a batch's ids.
    features: Vec<String>,
    plan: Chosen,
}

impl OnRanks {
    /// The tables of a data set.
    pub fn new(
        ctx: &Context,
        ranks: Ranks,
        data: &dyn Dataset,
        settings: &Settings,
        args: &Args,
    ) -> std::result::Result<Self, RunError> {
        let schema = data.schema();
        let mut replicas = Replicas::new(ctx, &ranks);
        if let Some(dct) = args.dct.dct()? {
            replicas = replicas.dct(dct)?;
        }
        let mut builder = ShardedBags::builder(ctx, ranks)
            .seed(settings.seed)
            .optimizer(optimizer::of(settings))
            .update_rules(optimizer::rules(settings));
        for (name, table) in fixed::tables(schema, settings) {
            builder = builder.table(name, table);
        }
        for feature in &schema.features {
            builder = builder.feature(&feature.name, &feature.table, feature.pooling());
        }
        let plan = args.plan.choose(&builder, data, settings)?;
        let placements = match &plan {
            Chosen::Given(plan) => plan.clone(),
            Chosen::Made(planned) => planned.plan(),
        };
        let bags = builder.plan(placements).build()?;
        let features = schema.features.iter().map(|feature| feature.name.clone()).collect();
        Ok(Self { ctx: ctx.clone(), bags, replicas, features, plan })
    }

    /// Where tables lie.
    pub const fn plan(&self) -> &Chosen {
        &self.plan
    }

    /// Bytes that this rank sent, by what they are.
    pub fn sent(&self) -> BTreeMap<String, u64> {
        let sent = self.bags.sent();
        Traffic::ALL.into_iter().map(|what| (what.to_string(), sent.bytes(what))).collect()
    }

    /// Runs what was recorded so far.
    fn run(&self, rec: &mut Recorder) -> Result<()> {
        std::mem::replace(rec, Recorder::new(&self.ctx)).run()
    }
}

impl Tables for OnRanks {
    type Rows = ShardedBatch;

    fn output_cols(&self) -> usize {
        self.bags.output_cols()
    }

    fn find(&mut self, batch: &Batch) -> Result<ShardedBatch> {
        let mut builder = self.bags.batch();
        let mut from = 0;
        // a batch without examples has no lengths
        let lengths = batch.lengths.chunks(batch.len().max(1)).chain(std::iter::repeat(&[][..]));
        for (feature, lengths) in self.features.iter().zip(lengths) {
            let ids = from..from + lengths.iter().map(|&length| length as usize).sum::<usize>();
            from = ids.end;
            builder = builder.bags(feature, &batch.ids[ids.clone()], lengths);
            if let Some(weights) = &batch.weights {
                builder = builder.weights(feature, &weights[ids]);
            }
        }
        builder.build()
    }

    fn forward(&mut self, rec: &mut Recorder, rows: &ShardedBatch, out: &Matrix) -> Result<()> {
        let pooled = self.bags.forward(rows)?;
        record_scale(rec, &pooled, 1.0, out)
    }

    fn backward(&mut self, rec: &mut Recorder, rows: &ShardedBatch, grad: &Matrix) -> Result<()> {
        self.run(rec)?;
        self.bags.backward(rows, grad)
    }

    fn set_lr(&mut self, lr: f32) -> Result<()> {
        self.bags.set_lr(lr)
    }

    /// Of all ranks.
    fn memory(&self) -> Result<(u64, u64)> {
        let all = self.gather(vec![self.bags.bytes(), self.bags.state_bytes()])?;
        Ok((all.iter().step_by(2).sum(), all.iter().skip(1).step_by(2).sum()))
    }

    fn save(&mut self, rest: Checkpoint, path: &Path) -> Result<()> {
        let mut rest = if self.bags.ranks().rank() == 0 { rest } else { Checkpoint::new() };
        self.replicas.export(&mut rest, LEFT)?;
        self.bags.save_with(path, &rest)
    }

    fn load(&mut self, _saved: &Checkpoint, path: &Path, layers: &[&dyn Layers]) -> Result<()> {
        self.bags.load(path)?;
        self.replicas.import(&ShardedBags::saved_with(path)?, LEFT, layers)
    }

    fn part(&self) -> Part {
        Part::of_rank(self.bags.ranks().rank(), self.bags.ranks().count())
    }

    fn examples(&self, rows: &ShardedBatch, own: usize) -> usize {
        rows.of_group().unwrap_or(own)
    }

    fn reduce(&mut self, rec: &mut Recorder, layers: &[&dyn Layers]) -> Result<()> {
        self.run(rec)?;
        self.replicas.reduce(layers)
    }

    fn check_same(&self, layers: &[&dyn Layers]) -> Result<()> {
        self.replicas.check_same(layers)
    }

    fn any(&self, own: [bool; 2]) -> Result<[bool; 2]> {
        self.bags.ranks().any(own)
    }

    fn gather<T: Pod>(&self, own: Vec<T>) -> Result<Vec<T>> {
        Ok(self.bags.ranks().gather(&own)?.concat())
    }
}
