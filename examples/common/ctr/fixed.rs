//! Tables of a fixed number of rows.

use embag::{Init, Table};

use super::model::INIT;
use super::optimizer;
use super::settings::Settings;
use crate::data::Schema;

/// The tables of a schema, each once, in the order of the features that look them up.
pub fn tables<'a>(schema: &'a Schema, settings: &Settings) -> Vec<(&'a str, Table)> {
    let mut tables: Vec<(&str, Table)> = Vec::new();
    for feature in &schema.features {
        if tables.iter().all(|(known, _)| **known != feature.table) {
            let table = Table::rows(feature.rows as usize)
                .dim(settings.dim.get())
                .precision(optimizer::precision(settings))
                .init(Init::Uniform(INIT));
            tables.push((&feature.table, table));
        }
    }
    tables
}
