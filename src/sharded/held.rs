//! A rank's shards of one role, and what looks them up and trains them.

use std::sync::Arc;

use super::shards::{Route, Shard};
use crate::bag::{EmbeddingBags, Pooling, Schema};
use crate::table::Table;
use crate::update::Updates;
use crate::{Context, Result};

/// The shards that a rank has in a role.
#[derive(Debug)]
pub(super) struct Held {
    /// Nothing if it has none.
    pub(super) bags: Option<EmbeddingBags>,
    pub(super) shards: Vec<Shard>,
    /// Of each rank in this role.
    pub(super) routes: Vec<Vec<Route>>,
}

impl Held {
    pub(super) fn new(
        ctx: &Context,
        own: Vec<(Shard, Table)>,
        routes: Vec<Vec<Route>>,
        rank: usize,
        schema: &Arc<Schema>,
        updates: Updates,
    ) -> Result<Self> {
        let shards = own.iter().map(|(shard, _)| shard.clone()).collect();
        if own.is_empty() {
            return Ok(Self { bags: None, shards, routes });
        }
        let mut builder = EmbeddingBags::builder(ctx).updates(updates).bounds(schema.bounds);
        for (shard, table) in &own {
            builder = builder.table(&Self::table_name(shard), shard.cut(table));
        }
        for route in &routes[rank] {
            let spec = &schema.features[route.feature];
            // what is no row is left out at home, and means are sums whose weights were divided there
            let pooling = if route.by_row { Pooling::Sum } else { spec.pooling };
            builder = builder.feature(&route.name(spec), &Self::table_name(&route.shard), pooling);
            if let Some(padding) = spec.given_padding().filter(|_| !route.by_row) {
                builder = builder.padding(padding);
            }
        }
        Ok(Self { bags: Some(builder.build()?), shards, routes })
    }

    /// The name of a shard as a table.
    pub(super) fn table_name(shard: &Shard) -> String {
        format!("{}/{}", shard.table, shard.part)
    }

    /// The shards of a table that are here, with their names.
    pub(super) fn name_of(&self, table: usize) -> impl Iterator<Item = (&Shard, String)> {
        self.shards
            .iter()
            .filter(move |shard| shard.table == table)
            .map(|shard| (shard, Self::table_name(shard)))
    }
}
