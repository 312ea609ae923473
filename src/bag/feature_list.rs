//! Features as they are described, for the builders of all kinds of bags.

use super::schema::TableWindows;
use super::{Bounds, FeatureSpec, Pooling, Schema};
use crate::kernels::feature::NONE;
use crate::names::unique;
use crate::table::{Shape, TableStore};
use crate::{Error, Result};

/// Features, and what becomes of ids that are no rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct FeatureList {
    features: Vec<Feature>,
    pub(crate) bounds: Bounds,
    /// Whether a padding id came before any feature.
    stray_padding: bool,
}

#[derive(Debug, Clone)]
struct Feature {
    name: String,
    table: String,
    pooling: Pooling,
    padding: Option<u32>,
}

impl FeatureList {
    pub(crate) fn add(&mut self, name: &str, table: &str, pooling: Pooling) {
        self.features.push(Feature {
            name: name.to_owned(),
            table: table.to_owned(),
            pooling,
            padding: None,
        });
    }

    /// Those of a schema, of tables with these names.
    pub(crate) fn of(schema: &Schema, tables: &[String]) -> Self {
        let feature = |spec: &FeatureSpec| Feature {
            name: spec.name.clone(),
            table: tables[spec.table].clone(),
            pooling: spec.pooling,
            padding: spec.given_padding(),
        };
        let features = schema.features.iter().map(feature).collect();
        Self { features, bounds: schema.bounds, stray_padding: false }
    }

    /// Whether a feature makes a maximum of a table's rows.
    pub(crate) fn makes_maxima(&self, table: &str) -> bool {
        self.features.iter().any(|feature| feature.table == table && feature.pooling == Pooling::Max)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Sets the padding id of the feature added last.
    pub(crate) fn pad(&mut self, id: u32) {
        match self.features.last_mut() {
            Some(feature) => feature.padding = Some(id),
            None => self.stray_padding = true,
        }
    }

    /// The same features without padding ids.
    pub(crate) fn unpadded(&self) -> Self {
        let features = self.features.iter().map(|feature| Feature { padding: None, ..feature.clone() });
        Self { features: features.collect(), ..self.clone() }
    }

    /// What can be said before there are tables.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.stray_padding {
            return Err(Error::invalid("padding", "a feature before it", "none"));
        }
        if self.features.is_empty() {
            return Err(Error::invalid("features", "at least one", "none"));
        }
        unique("feature", self.features.iter().map(|feature| &feature.name))
    }

    /// What batches of these features are checked against; `pruned` lets the id 2^32 - 1 (or -1) stand for a
    /// row of zeros.
    ///
    /// The tables of raw ids are those that `raw` says.
    pub(crate) fn schema(
        &self,
        tables: &TableStore,
        raw: impl Fn(usize) -> bool,
        pruned: bool,
    ) -> Result<Schema> {
        let table = |name: &str| {
            let table = tables.find(name)?;
            Ok((table, tables.shape(table), raw(table)))
        };
        Ok(Schema {
            features: self.specs(table)?,
            bounds: self.bounds,
            pruned,
            windows: Some(TableWindows::of(tables)),
        })
    }

    /// The features, where `find` gives a table's number and shape, and whether its ids are raw.
    pub(crate) fn specs(
        &self,
        find: impl Fn(&str) -> Result<(usize, Shape, bool)>,
    ) -> Result<Vec<FeatureSpec>> {
        let spec = |feature: &Feature| {
            let Feature { name, table, pooling, padding } = feature.clone();
            let (table, shape, raw) = find(&table)?;
            if padding == Some(NONE) {
                let argument = format!("padding of feature \"{name}\"");
                return Err(Error::invalid(argument, format!("less than {NONE}"), NONE));
            }
            let given = padding.unwrap_or(NONE);
            let (padding, raw_padding) = if raw { (NONE, given) } else { (given, NONE) };
            Ok(FeatureSpec { name, table, shape, pooling, padding, raw, raw_padding })
        };
        self.features.iter().map(spec).collect()
    }
}

/// The methods of a builder with a [`FeatureList`] in its field `features`.
macro_rules! feature_methods {
    () => {
        /// Adds a feature that looks its ids up in a table; several may use the same one. Batches and outputs
        /// have the features in this order.
        #[must_use]
        pub fn feature(mut self, name: &str, table: &str, pooling: $crate::Pooling) -> Self {
            self.features.add(name, table, pooling);
            self
        }

        /// Sets the padding id (below 2^32 - 1) of the feature added last: it gives zeros, does not count for
        /// a mean and gets no gradient. A raw id that is the padding id gets no row.
        #[must_use]
        pub fn padding(mut self, id: u32) -> Self {
            self.features.pad(id);
            self
        }
    };
}
pub(crate) use feature_methods;

/// The method of such a builder of tables whose ids may be rows.
macro_rules! bounds_methods {
    () => {
        /// Sets what becomes of ids that are no row of their table.
        #[must_use]
        pub fn bounds(mut self, bounds: $crate::Bounds) -> Self {
            self.features.bounds = bounds;
            self
        }
    };
}
pub(crate) use bounds_methods;

/// The method of a builder with the name of a model in its field `model`.
macro_rules! change_methods {
    () => {
        /// Notes in which step each row changed last, so that `changed_since` can tell: 4 bytes a row.
        /// `model` is the name that the [deltas](crate::delta) of these tables carry; those of another are
        /// refused by who follows them.
        #[must_use]
        pub fn track_changes(mut self, model: &str) -> Self {
            self.model = Some(model.to_owned());
            self
        }
    };
}
pub(crate) use change_methods;

/// The method of a builder with the [`Precision`](crate::Precision) of outputs in its field
/// `output_precision`.
macro_rules! output_methods {
    () => {
        /// Sets the precision of the outputs that `forward` and `forward_features` make: `f32` if it is not
        /// set. Sums are made in `f32` and rounded once, to the nearest.
        #[must_use]
        pub fn output_precision(mut self, precision: $crate::Precision) -> Self {
            self.output_precision = precision;
            self
        }
    };
}
pub(crate) use output_methods;
