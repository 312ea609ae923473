//! Embeddings of a fixed number of rows.

use embag::optim::UpdateRules;
use embag::{Context, EmbeddingBags, Init, Result, Table};

use crate::args::Settings;
use crate::data::Schema;
use crate::model::INIT;
use crate::optimizer;

/// The tables, with features in the schema's order.
pub fn embeddings(ctx: &Context, schema: &Schema, settings: &Settings) -> Result<EmbeddingBags> {
    let mut builder = EmbeddingBags::builder(ctx).seed(settings.seed);
    let mut known: Vec<&str> = Vec::new();
    for feature in &schema.features {
        if !known.contains(&&*feature.table) {
            known.push(&feature.table);
            let table = Table::rows(feature.rows as usize)
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
