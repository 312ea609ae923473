//! Embeddings of a fixed number of rows.

use embag::{Context, EmbeddingBags, Result};

use crate::ctr::{Settings, fixed, optimizer};
use crate::data::Schema;

/// The tables, with features in the schema's order.
pub fn embeddings(ctx: &Context, schema: &Schema, settings: &Settings) -> Result<EmbeddingBags> {
    let mut builder = EmbeddingBags::builder(ctx).seed(settings.seed);
    for (name, table) in fixed::tables(schema, settings) {
        builder = builder.table(name, table);
    }
    for feature in &schema.features {
        builder = builder.feature(&feature.name, &feature.table, feature.pooling());
    }
    builder.optimizer(optimizer::of(settings)).update_rules(optimizer::rules(settings)).build()
}
