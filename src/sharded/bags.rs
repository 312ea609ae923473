//! Tables that lie on several ranks.

use std::sync::Arc;

use super::held::Held;
use super::shards::Role;
use super::staging::Staging;
use super::{Placement, Ranks, Sent, ShardedBagsBuilder};
use crate::bag::{BatchBuilder, EmbeddingBags, ForShards, Schema};
use crate::table::Table;
use crate::update::Updates;
use crate::{Context, Error, Result};

/// Embedding tables whose rows lie on several ranks, each with a device of its own, with features and an
/// optimizer as [`EmbeddingBags`] have them.
///
/// Every rank has its own examples. Together, in the order of ranks, they are the group's batch: a rank that
/// has rows of a table gets everyone's ids and gradients in that order, so that a step gives what it gives in
/// one process. Losses are divided by the examples of the group.
///
/// ```
/// use embag::optim::Adagrad;
/// use embag::sharded::{Exchange, Group, Placement, Plan, ShardedBags, Threads};
/// use embag::{Context, Pooling, Table};
///
/// std::thread::scope(|scope| {
///     for group in Threads::group(2) {
///         scope.spawn(move || -> Result<(), embag::Error> {
///             let user = [[3u32], [7]][group.rank()]; // each rank has an example of its own
///             let plan = Plan::new()
///                 .table("movie", Placement::RowWise(Exchange::Rows))
///                 .table("user", Placement::TableWise(1));
///             let mut bags = ShardedBags::builder(&Context::cpu(), group)
///                 .table("movie", Table::rows(1_000).dim(8))
///                 .table("user", Table::rows(500).dim(8))
///                 .feature("liked", "movie", Pooling::Mean)
///                 .feature("user", "user", Pooling::Sum)
///                 .optimizer(Adagrad::new(0.05))
///                 .plan(plan)
///                 .build()?;
///             let batch = bags.batch().bags("liked", &[5u32, 31], &[2]).feature("user", &user).build()?;
///             let pooled = bags.forward(&batch)?; // [1, 16]: this rank's example, on its device
///             bags.backward(&batch, &pooled) // here the output stands in for its gradient
///         });
///     }
/// });
/// ```
#[derive(Debug)]
pub struct ShardedBags {
    pub(super) ctx: Context,
    pub(super) ranks: Ranks,
    /// Of the whole tables.
    pub(super) schema: Arc<Schema>,
    pub(super) tables: Vec<(String, Table)>,
    pub(super) placements: Vec<Placement>,
    pub(super) pooling: Held,
    pub(super) sending: Held,
    /// Tables that every rank has, and the features of these.
    pub(super) replicas: Option<(EmbeddingBags, Vec<usize>)>,
    pub(super) staging: Staging,
    pub(super) updates: Updates,
}

impl ShardedBags {
    /// Begins the description of tables, features and where tables lie, for a rank of a
    /// [`Group`](super::Group), or of one that other parts of a model have too, [`Ranks`].
    #[must_use]
    pub fn builder(ctx: &Context, group: impl Into<Ranks>) -> ShardedBagsBuilder {
        ShardedBagsBuilder::new(ctx, group.into())
    }

    #[allow(clippy::too_many_arguments, reason = "its fields")]
    pub(super) fn new(
        ctx: Context,
        ranks: Ranks,
        schema: Arc<Schema>,
        tables: Vec<(String, Table)>,
        placements: Vec<Placement>,
        pooling: Held,
        sending: Held,
        replicas: Option<(EmbeddingBags, Vec<usize>)>,
        updates: Updates,
    ) -> Self {
        let staging = Staging::default();
        Self { ctx, ranks, schema, tables, placements, pooling, sending, replicas, staging, updates }
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// The group, for other parts of the model.
    #[must_use]
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// What this rank sent to others so far.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.ranks.sent()
    }

    /// Begins a batch of this rank's examples, feature by feature, with ids of the whole tables.
    #[must_use]
    pub fn batch(&self) -> BatchBuilder<ForShards> {
        BatchBuilder::new(&self.ctx, &self.schema)
    }

    /// Columns of the matrix that [`ShardedBags::forward`] makes.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.schema.columns(self.schema.all())
    }

    /// The columns that a feature has in the output.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such feature.
    pub fn columns_of(&self, feature: &str) -> Result<std::ops::Range<usize>> {
        self.schema.columns_of(feature, self.schema.all())
    }

    pub(super) fn held(&self, role: Role) -> &Held {
        match role {
            Role::Pool => &self.pooling,
            Role::Send => &self.sending,
        }
    }

    pub(super) fn held_mut(&mut self, role: Role) -> &mut Held {
        match role {
            Role::Pool => &mut self.pooling,
            Role::Send => &mut self.sending,
        }
    }

    /// Bytes of this rank's rows.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.own().map(EmbeddingBags::bytes).sum()
    }

    /// Bytes of their optimizer's state.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        self.own().map(EmbeddingBags::state_bytes).sum()
    }

    fn own(&self) -> impl Iterator<Item = &EmbeddingBags> {
        let held = [&self.pooling, &self.sending].into_iter().filter_map(|held| held.bags.as_ref());
        held.chain(self.replicas.iter().map(|(bags, _)| bags))
    }

    /// Sets the learning rate of the steps from now on; all ranks set the same.
    ///
    /// # Errors
    /// As [`EmbeddingBags::set_lr`].
    pub fn set_lr(&mut self, lr: f32) -> Result<()> {
        let held = [&mut self.pooling, &mut self.sending].into_iter().filter_map(|held| held.bags.as_mut());
        let mut all = held.chain(self.replicas.iter_mut().map(|(bags, _)| bags));
        all.try_for_each(|bags| bags.set_lr(lr))
    }

    pub(super) fn find(&self, table: &str) -> Result<usize> {
        self.tables.iter().position(|(name, _)| name == table).ok_or_else(|| {
            let names: Vec<&String> = self.tables.iter().map(|(name, _)| name).collect();
            Error::invalid("table", format!("one of {names:?}"), format!("{table:?}"))
        })
    }
}
