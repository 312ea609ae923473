//! Embeddings of a fixed number of rows.

use embag::{
    Checkpoint, Context, EmbeddingBags, Init, JaggedBatch, Matrix, Recorder, Result, Table, UpdateRules,
};

use crate::args::Settings;
use crate::chunked_report::ChunkedReport;
use crate::data::Schema;
use crate::embeddings::{BagLoader, Embeddings, INIT, Kept, PREFIX};
use crate::optimizer;

/// The tables, with features in the schema's order.
pub fn embeddings(ctx: &Context, schema: &Schema, settings: &Settings) -> Result<EmbeddingBags> {
    let mut builder = EmbeddingBags::builder(ctx).seed(settings.seed);
    let mut known: Vec<&str> = Vec::new();
    for feature in &schema.features {
        if !known.contains(&&*feature.table) {
            known.push(&feature.table);
            let table = Table::rows(feature.rows.into())
                .dim(settings.dim.get())
                .precision(optimizer::precision(settings))
                .init(Init::Uniform(INIT));
            builder = builder.table(&feature.table, table);
        }
        builder = builder.feature(&feature.name, &feature.table, feature.pooling());
    }
    let rules = UpdateRules { rounding: optimizer::rounding(settings), ..Default::default() };
    builder.optimizer(optimizer::of(settings)).update_rules(rules).build()
}

/// Batches are checked and brought to the device ahead of their steps.
impl Embeddings for EmbeddingBags {
    type Bags = JaggedBatch;
    type Rows<'a> = &'a JaggedBatch;

    fn loader(&self, schema: &Schema) -> BagLoader<JaggedBatch> {
        // stays empty; batches begin as its like
        let empty = self.batch();
        let schema = schema.clone();
        Box::new(move |examples| {
            let mut builder = empty.fresh();
            for (feature, bags) in schema.features.iter().zip(&examples.features) {
                builder = builder.bags(&feature.name, &bags.values, &bags.lengths);
                if let Some(weights) = &bags.weights {
                    builder = builder.weights(&feature.name, weights);
                }
            }
            builder.build()
        })
    }

    fn output_cols(&self) -> usize {
        self.output_cols()
    }

    fn admit<'a>(&mut self, bags: &'a JaggedBatch) -> Result<&'a JaggedBatch> {
        Ok(bags)
    }

    fn find<'a>(&self, _rec: &mut Recorder, bags: &'a JaggedBatch) -> Result<&'a JaggedBatch> {
        Ok(bags)
    }

    fn forward(&self, rec: &mut Recorder, rows: &&JaggedBatch, out: &Matrix) -> Result<()> {
        self.record_forward(rec, rows, out)
    }

    fn backward(&mut self, rec: &mut Recorder, rows: &&JaggedBatch, grad: &Matrix) -> Result<()> {
        self.record_backward(rec, rows, grad)
    }

    fn stepped(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }

    fn settle(&mut self, _step: u64) -> Result<()> {
        Ok(())
    }

    fn bytes(&self) -> (u64, u64) {
        (self.bytes(), self.state_bytes())
    }

    fn report(&self) -> Result<Option<ChunkedReport>> {
        Ok(None)
    }

    fn kept(&self) -> Result<Vec<Kept>> {
        Ok(Vec::new())
    }

    fn export(&self, checkpoint: &mut Checkpoint) -> Result<()> {
        self.export(checkpoint, PREFIX)
    }

    fn import(&mut self, checkpoint: &Checkpoint, lr: f32) -> Result<()> {
        self.import(checkpoint, PREFIX)?;
        self.set_lr(lr)
    }
}
