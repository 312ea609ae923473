//! Describes tables, features and where tables lie, and makes the rank's part.

use std::sync::Arc;

use super::held::Held;
use super::plan::sums_over_rows;
use super::planner::{Candidate, planned};
use super::ranks::Call;
use super::shards::{Role, routes, shards};
use super::{Load, Placement, Plan, Planned, Ranks, ShardedBags};
use crate::bag::{EmbeddingBags, FeatureList, FeatureSpec, Pooling, Schema, bounds_methods, feature_methods};
use crate::names::unique;
use crate::table::{Origin, Shape, Table};
use crate::update::{Updates, update_methods};
use crate::{Context, Error, Result};

/// Describes tables, features and where tables lie; made by [`ShardedBags::builder`].
#[derive(Debug)]
pub struct ShardedBagsBuilder {
    ctx: Context,
    ranks: Ranks,
    tables: Vec<(String, Table)>,
    features: FeatureList,
    updates: Updates,
    plan: Plan,
}

impl ShardedBagsBuilder {
    pub(super) fn new(ctx: &Context, ranks: Ranks) -> Self {
        Self {
            ctx: ctx.clone(),
            ranks,
            tables: Vec::new(),
            features: FeatureList::default(),
            updates: Updates::default(),
            plan: Plan::new(),
        }
    }

    /// Adds a table. All ranks add all tables, in the same order, wherever they lie.
    #[must_use]
    pub fn table(mut self, name: &str, table: Table) -> Self {
        self.tables.push((name.to_owned(), table));
        self
    }

    /// Sets where tables lie.
    #[must_use]
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// A plan for these tables, features and optimizer: tables that are asked for much are spread by rows,
    /// small ones copied where that sends less, others go whole to ranks with little to do, so that no rank
    /// has more than `allowed` bytes of rows and optimizer state. All ranks must be given the same load.
    ///
    /// ```
    /// use embag::sharded::{Load, Placement, ShardedBags, Threads};
    /// use embag::{Context, Pooling, Table};
    ///
    /// let group = Threads::group(2).remove(0);
    /// let described = ShardedBags::builder(&Context::cpu(), group)
    ///     .table("movie", Table::rows(1_000_000).dim(64))
    ///     .table("genre", Table::rows(20).dim(16))
    ///     .feature("liked", "movie", Pooling::Mean)
    ///     .feature("genres", "genre", Pooling::Sum);
    /// let load = Load::new().bags("movie", &[5u32, 31, 90, 7], 2).bags("genre", &[1u32, 2, 1], 2);
    /// let planned = described.planned(&load, 1 << 30)?;
    /// println!("{planned}"); // bytes, ids and traffic by table and rank
    /// let described = described.plan(planned.plan());
    ///
    /// let error = described.planned(&load, 100 << 20).unwrap_err();
    /// let expected = "plan, table \"movie\": expected at most 104857600 bytes a rank, of 104857600 allowed, got \
    ///                 128000000 with its rows on 2 ranks";
    /// assert_eq!(error.to_string(), expected);
    /// # Ok::<(), embag::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a load of unknown tables, tables that cannot be, and a table that fits
    /// nowhere.
    pub fn planned(&self, load: &Load, allowed: u64) -> Result<Planned> {
        let mut candidates = Vec::new();
        for (name, table) in &self.tables {
            let shape = table.validate(name)?;
            let optimizer = self.updates.optimizer_of(table);
            let state = table.own.rules.unwrap_or(self.updates.rules).state.code();
            let words = optimizer.map_or(0, |optimizer| optimizer.kernel().state_words(shape.dim, state));
            candidates.push(Candidate {
                name,
                rows: shape.rows.into(),
                dim: shape.dim.into(),
                row_bytes: shape.row_bytes(),
                state_bytes: u64::from(words) * 4,
                maxima: self.features.makes_maxima(name),
            });
        }
        planned(&candidates, load, self.ranks.count(), allowed)
    }

    feature_methods!();

    bounds_methods!();

    update_methods! {
        /// Without one the bags only look up.
        optimizer,
        update_rules
    }

    /// Makes this rank's part of the tables. All ranks call it together.
    ///
    /// # Errors
    /// What [`EmbeddingBagsBuilder::build`](crate::bag::EmbeddingBagsBuilder::build) refuses, tables without
    /// a placement or with two, placements that do not go with their table, and ranks that describe other
    /// tables or plans, as [`Error::Rank`](crate::Error::Rank) on all ranks;
    /// [`Error::Group`](crate::Error::Group) if a rank is gone.
    pub fn build(self) -> Result<ShardedBags> {
        let ranks = self.ranks.clone();
        let told = [
            ("version of embag", env!("CARGO_PKG_VERSION").to_owned()),
            ("tables", format!("{:?}", self.tables)),
            ("features", format!("{:?}", self.features)),
            ("updates", format!("{:?}", self.updates)),
            ("plan", format!("{:?}", self.plan)),
        ];
        let (own, bags) = match self.make() {
            Ok(bags) => (Ok(0), Some(bags)),
            Err(error) => (Err(error), None),
        };
        ranks.agree(Call::Build, own)?;
        ranks.check_same(&told)?;
        bags.ok_or_else(|| Error::invalid("sharded bags", "tables", "none"))
    }

    fn make(self) -> Result<ShardedBags> {
        let Self { ctx, ranks, tables, features, updates, plan } = self;
        features.validate()?;
        unique("table", tables.iter().map(|(name, _)| name))?;
        let sums = |table: &Table| {
            sums_over_rows(updates.optimizer_of(table), table.own.rules.unwrap_or(updates.rules))
        };
        let count = ranks.count();
        let placements = plan.of(&tables, count, sums)?;
        let shapes: Vec<Shape> =
            tables.iter().map(|(name, table)| table.validate(name)).collect::<Result<_>>()?;
        let schema = Arc::new(whole_schema(&features, &tables, &shapes)?);
        let used = |table: usize| schema.features.iter().any(|spec| spec.table == table);
        if let Some(unused) = (0..tables.len()).find(|&table| !used(table)) {
            let argument = format!("table \"{}\"", tables[unused].0);
            return Err(Error::invalid(argument, "a feature that looks it up", "none"));
        }
        check_pooling(&schema.features, &placements)?;
        // a group of one has everything, wherever it is to lie
        let placements: Vec<Placement> = match count {
            1 => vec![Placement::TableWise(0); tables.len()],
            _ => placements,
        };
        let cut: Vec<_> = tables
            .iter()
            .zip(&placements)
            .enumerate()
            .map(|(index, ((_, table), &placement))| shards(index, table, placement, count))
            .collect();
        let held = Role::ALL.map(|role| {
            let routes = routes(role, &schema.features, &placements, &cut, count);
            let own = cut.iter().flatten().filter(|shard| {
                shard.rank == ranks.rank() && Role::of(placements[shard.table]) == Some(role)
            });
            let own = own.map(|shard| (shard.clone(), tables[shard.table].1.clone())).collect();
            Held::new(&ctx, own, routes, ranks.rank(), &schema, updates)
        });
        let [pooling, sending] = held;
        let replicas = replicas(&ctx, &tables, &placements, &schema, updates)?;
        Ok(ShardedBags::new(ctx, ranks, schema, tables, placements, pooling?, sending?, replicas, updates))
    }
}

/// Features of the whole tables, which lie nowhere together.
fn whole_schema(features: &FeatureList, tables: &[(String, Table)], shapes: &[Shape]) -> Result<Schema> {
    let find = |name: &str| match tables.iter().position(|(known, _)| known == name) {
        Some(table) => Ok((table, shapes[table], false)),
        None => {
            let names: Vec<&String> = tables.iter().map(|(name, _)| name).collect();
            Err(Error::invalid("table", format!("one of {names:?}"), format!("{name:?}")))
        }
    };
    let features_of = features.specs(find)?;
    Ok(Schema { features: features_of, bounds: features.bounds, pruned: false, windows: None })
}

fn check_pooling(features: &[FeatureSpec], placements: &[Placement]) -> Result<()> {
    for spec in features {
        let argument = || format!("pooling of feature \"{}\"", spec.name);
        match (spec.pooling, placements[spec.table]) {
            (Pooling::None, _) => {
                return Err(Error::invalid(argument(), "a sum, a mean or a maximum", "none"));
            }
            (Pooling::Max, Placement::RowWise(_)) => {
                let expected = "a sum or a mean, for a table whose rows are spread";
                return Err(Error::invalid(argument(), expected, "a maximum"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Bags of the tables that every rank has, if there are such, and which features they look up.
fn replicas(
    ctx: &Context,
    tables: &[(String, Table)],
    placements: &[Placement],
    schema: &Schema,
    updates: Updates,
) -> Result<Option<(EmbeddingBags, Vec<usize>)>> {
    let copied = |table: usize| placements[table] == Placement::DataParallel;
    let features: Vec<usize> = schema.all().filter(|&f| copied(schema.features[f].table)).collect();
    if features.is_empty() {
        return Ok(None);
    }
    let mut builder = EmbeddingBags::builder(ctx).updates(updates).bounds(schema.bounds);
    for (index, (name, table)) in tables.iter().enumerate().filter(|(index, _)| copied(*index)) {
        builder = builder.table(name, Table { origin: Some(Origin::whole(index)), ..table.clone() });
    }
    for spec in features.iter().map(|&f| &schema.features[f]) {
        builder = builder.feature(&spec.name, &tables[spec.table].0, spec.pooling);
        if let Some(padding) = spec.given_padding() {
            builder = builder.padding(padding);
        }
    }
    Ok(Some((builder.build()?, features)))
}
