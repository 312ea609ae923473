//! Tables and optimizer state in checkpoints.

use std::borrow::Cow;
use std::collections::BTreeMap;

use half::{bf16, f16};

use super::RowStore;
use super::state::Place;
use crate::device::Precision;
use crate::optim::{Optimizer, StateKind};
use crate::{Checkpoint, Result};

impl RowStore {
    /// Adds all tables to a checkpoint: `{prefix}.{table}.weight` as `[rows, dim]` in the table's type, each
    /// field of optimizer state as `{prefix}.{table}.{field}`, `[rows, dim]` in the type that it is kept in
    /// or `[rows]` of `f32` or, for counters, `u32`; and `{prefix}.tables`, `{prefix}.optimizer` and
    /// `{prefix}.steps` in the metadata.
    pub(crate) fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        for (index, table) in self.tables.names().iter().enumerate() {
            let name = tensor_name(prefix, table, WEIGHT);
            let shape = self.weight_shape(index);
            insert_as(checkpoint, &name, &shape, self.tables.read_all(index)?, self.precision(index))?;
            for place in self.state_places(index) {
                let name = tensor_name(prefix, table, place.field.name);
                let shape = self.state_shape(index, &place);
                if place.field.kind == StateKind::Count {
                    checkpoint.insert(&name, &shape, self.download_counts(table, place.field.name)?)?;
                } else {
                    let values = self.download_state(table, place.field.name)?;
                    insert_as(checkpoint, &name, &shape, values, place.precision)?;
                }
            }
        }
        checkpoint.set_json(&format!("{prefix}.tables"), self.tables.names())?;
        checkpoint.set_json(&format!("{prefix}.steps"), &self.steps())?;
        checkpoint.set_json(&format!("{prefix}.optimizer"), &self.optimizer())?;
        let named = self.tables.names().iter().enumerate();
        let own = named.filter(|(table, _)| self.classes.of_table[*table] > 0);
        let own: BTreeMap<_, _> =
            own.map(|(table, name)| (name, self.class(table).optimizer().copied())).collect();
        if own.is_empty() { Ok(()) } else { checkpoint.set_json(&own_name(prefix), &own) }
    }

    /// Takes weights, optimizer state, learning rate and number of steps from a checkpoint. Nothing is
    /// changed unless everything fits.
    pub(crate) fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let saved = self.checked(checkpoint, prefix)?;
        for index in 0..self.tables.names().len() {
            let table = self.tables.names()[index].clone();
            let (name, shape) = (tensor_name(prefix, &table, WEIGHT), self.weight_shape(index));
            self.tables.write_all(index, &values_of(checkpoint, &name, &shape, self.precision(index))?)?;
            for place in self.state_places(index) {
                let name = tensor_name(prefix, &table, place.field.name);
                let shape = self.state_shape(index, &place);
                if place.field.kind == StateKind::Count {
                    self.upload_counts(&table, place.field.name, checkpoint.tensor(&name, &shape)?)?;
                } else {
                    let values = values_of(checkpoint, &name, &shape, place.precision)?;
                    self.upload_state(&table, place.field.name, &values)?;
                }
            }
        }
        if let Some(saved) = saved {
            for (optimizer, &class) in saved.optimizers.into_iter().zip(&self.classes.of_table) {
                self.classes.all[class].set_optimizer(optimizer);
            }
            // tables without an optimizer of their own have the common one's rate
            let class = &mut self.classes.all[0];
            if let (Some(own), Some(common)) = (class.optimizer().copied(), saved.common) {
                class.set_optimizer(Some(own.with_lr(common.lr())));
            }
            self.set_steps(saved.steps);
        }
        // whoever serves these tables knows nothing of what they were before
        (0..self.tables.names().len()).try_for_each(|table| self.stamp_all(table))
    }

    /// Adds the weights of all tables, by names that the caller has for them.
    pub(crate) fn export_weights(
        &self,
        checkpoint: &mut Checkpoint,
        name: impl Fn(&str) -> String,
    ) -> Result<()> {
        for (index, table) in self.tables.names().iter().enumerate() {
            let shape = self.weight_shape(index);
            insert_as(checkpoint, &name(table), &shape, self.tables.read_all(index)?, self.precision(index))?;
        }
        Ok(())
    }

    /// Takes the weights of all tables from tensors of floats of any type, and nothing else; nothing is
    /// changed unless everything fits.
    pub(crate) fn import_weights(
        &mut self,
        checkpoint: &Checkpoint,
        name: impl Fn(&str) -> String,
    ) -> Result<()> {
        let weights = |table: usize| {
            let (name, shape) = (name(&self.tables.names()[table]), self.weight_shape(table));
            let values = any_floats(checkpoint, &name, &shape)?;
            let precision = self.precision(table);
            match precision.beyond(&values) {
                Some((at, value)) => {
                    let what = format!("tensor \"{name}\", row {}", at / shape[1]);
                    Err(checkpoint.mismatch(what, precision.expected(), value))
                }
                None => Ok(values),
            }
        };
        // each is converted twice rather than all kept at once
        for table in 0..self.tables.names().len() {
            weights(table)?;
        }
        for table in 0..self.tables.names().len() {
            self.tables.write_all(table, &weights(table)?)?;
            self.stamp_all(table)?;
        }
        Ok(())
    }

    /// Whether a checkpoint fits: the same tables with the same rows, dims and types, and the same optimizer
    /// with the same hyper-parameters and types of state. The learning rate may differ. Without an optimizer
    /// weights of any fit.
    pub(crate) fn check_import(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        self.checked(checkpoint, prefix).map(drop)
    }

    fn checked(&self, checkpoint: &Checkpoint, prefix: &str) -> Result<Option<Saved>> {
        let saved_tables: Vec<String> = checkpoint.json(&format!("{prefix}.tables"))?;
        for (index, table) in self.tables.names().iter().enumerate() {
            let shape = self.weight_shape(index);
            let what = format!("table \"{table}\"");
            let expected = format!("{} rows x {} columns", shape[0], shape[1]);
            if !saved_tables.contains(table) {
                return Err(checkpoint.mismatch(what, expected, format!("only tables {saved_tables:?}")));
            }
            let name = tensor_name(prefix, table, WEIGHT);
            match checkpoint.shape(&name) {
                Some(found @ &[rows, dim]) if found != shape => {
                    return Err(checkpoint.mismatch(what, expected, format!("{rows} rows x {dim} columns")));
                }
                // no tensor, one that is not a matrix, or one of another type has its own words
                _ => check_type(checkpoint, &name, &shape, self.precision(index))?,
            }
        }
        if let Some(extra) = saved_tables.iter().find(|table| !self.tables.names().contains(table)) {
            let expected = format!("only tables {:?}", self.tables.names());
            return Err(checkpoint.mismatch(format!("table \"{extra}\""), expected, "one more"));
        }
        if !self.trains() {
            return Ok(None);
        }
        let common: Option<serde_json::Value> = checkpoint.json(&format!("{prefix}.optimizer"))?;
        let own: BTreeMap<String, Option<serde_json::Value>> =
            match checkpoint.metadata(&own_name(prefix)).is_some() {
                true => checkpoint.json(&own_name(prefix))?,
                false => BTreeMap::new(),
            };
        let named = self.tables.names().iter().enumerate();
        let optimizers = named.map(|(table, name)| {
            let Some(wanted) = self.class(table).optimizer() else { return Ok(None) };
            let (what, saved) = match (own.get(name), self.classes.of_table[table]) {
                (None, 0) => (String::new(), common.clone()),
                (saved, _) => (format!("table \"{name}\", "), saved.unwrap_or(&common).clone()),
            };
            same_optimizer(checkpoint, &what, wanted, saved).map(Some)
        });
        let optimizers = optimizers.collect::<Result<Vec<_>>>()?;
        let common = self.optimizer().map(|wanted| same_optimizer(checkpoint, "", wanted, common));
        // only tables with one of their own ask for nothing of it
        let common = common.and_then(Result::ok);
        for (index, table) in self.tables.names().iter().enumerate() {
            for place in self.state_places(index) {
                let name = tensor_name(prefix, table, place.field.name);
                let shape = self.state_shape(index, &place);
                if place.field.kind == StateKind::Count {
                    checkpoint.tensor::<u32>(&name, &shape)?;
                } else {
                    check_type(checkpoint, &name, &shape, place.precision)?;
                }
            }
        }
        Ok(Some(Saved { optimizers, common, steps: checkpoint.json(&format!("{prefix}.steps"))? }))
    }

    fn weight_shape(&self, table: usize) -> [usize; 2] {
        let shape = self.tables.shape(table);
        [shape.rows as usize, shape.dim as usize]
    }

    fn state_shape(&self, table: usize, place: &Place) -> Vec<usize> {
        let rows = self.tables.shape(table).rows as usize;
        if place.field.per_row() { vec![rows] } else { vec![rows, place.len] }
    }
}

/// What a checkpoint says of the training so far.
struct Saved {
    /// Of each table, if it is trained.
    optimizers: Vec<Option<Optimizer>>,
    common: Option<Optimizer>,
    steps: u32,
}

/// The saved optimizer, if it is the wanted one but for the learning rate; `of` says whose it is.
fn same_optimizer(
    checkpoint: &Checkpoint,
    of: &str,
    wanted: &Optimizer,
    saved: Option<serde_json::Value>,
) -> Result<Optimizer> {
    let name = wanted.name();
    let Some(saved) = saved else { return Err(checkpoint.mismatch(format!("{of}optimizer"), name, "none")) };
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    // through the text, where numbers look as they do in the file
    let expected: serde_json::Value = serde_json::to_string(wanted)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|error| checkpoint.mismatch(format!("{of}optimizer"), name, error))?;
    let none = serde_json::Value::Null;
    // the name first: other optimizers have other fields
    let mut fields: Vec<&String> =
        expected.as_object().into_iter().flatten().map(|(field, _)| field).collect();
    fields.sort_by_key(|field| *field != "name");
    for field in fields.into_iter().filter(|field| *field != "lr") {
        let (expected, got) = (&expected[field], saved.get(field).unwrap_or(&none));
        if expected != got {
            let what = if field == "name" { "optimizer".to_owned() } else { format!("{name} {field}") };
            let what = format!("{of}{what}");
            return Err(checkpoint.mismatch(what, text(expected), text(got)));
        }
    }
    let optimizer: Optimizer = serde_json::from_value(saved)
        .map_err(|error| checkpoint.mismatch(format!("{of}optimizer"), name, error))?;
    if !optimizer.lr().is_finite() {
        return Err(checkpoint.mismatch(format!("{of}{name} lr"), "a finite number", optimizer.lr()));
    }
    Ok(optimizer)
}

/// Adds values, which came from this type, as such.
pub(crate) fn insert_as(
    checkpoint: &mut Checkpoint,
    name: &str,
    shape: &[usize],
    values: Vec<f32>,
    precision: Precision,
) -> Result<()> {
    match precision {
        Precision::F32 => checkpoint.insert(name, shape, values),
        Precision::F16 => checkpoint.insert(name, shape, convert(&values, f16::from_f32)),
        Precision::Bf16 => checkpoint.insert(name, shape, convert(&values, bf16::from_f32)),
    }
}

/// The values of a tensor of this type and shape.
pub(crate) fn values_of<'a>(
    checkpoint: &'a Checkpoint,
    name: &str,
    shape: &[usize],
    precision: Precision,
) -> Result<Cow<'a, [f32]>> {
    Ok(match precision {
        Precision::F32 => checkpoint.tensor::<f32>(name, shape)?.into(),
        Precision::F16 => convert(checkpoint.tensor(name, shape)?, f16::to_f32).into(),
        Precision::Bf16 => convert(checkpoint.tensor(name, shape)?, bf16::to_f32).into(),
    })
}

/// The values of a tensor of this shape and any type of floats.
fn any_floats<'a>(checkpoint: &'a Checkpoint, name: &str, shape: &[usize]) -> Result<Cow<'a, [f32]>> {
    for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
        if let Ok(values) = values_of(checkpoint, name, shape, precision) {
            return Ok(values);
        }
    }
    let got = match checkpoint.found(name) {
        none if none == "none" => format!("only tensors {:?}", checkpoint.names().collect::<Vec<_>>()),
        found => found,
    };
    Err(checkpoint.mismatch(format!("tensor \"{name}\""), format!("F32, F16 or BF16 {shape:?}"), got))
}

/// Whether there is a tensor of this type and shape.
fn check_type(checkpoint: &Checkpoint, name: &str, shape: &[usize], precision: Precision) -> Result<()> {
    match precision {
        Precision::F32 => checkpoint.tensor::<f32>(name, shape).map(drop),
        Precision::F16 => checkpoint.tensor::<f16>(name, shape).map(drop),
        Precision::Bf16 => checkpoint.tensor::<bf16>(name, shape).map(drop),
    }
}

fn convert<T: Copy, U>(values: &[T], convert: impl Fn(T) -> U) -> Vec<U> {
    values.iter().map(|&value| convert(value)).collect()
}

/// What the weights are called.
const WEIGHT: &str = "weight";

/// Where the optimizers of tables are that have one of their own, or none.
fn own_name(prefix: &str) -> String {
    format!("{prefix}.table_optimizers")
}

fn tensor_name(prefix: &str, table: &str, what: &str) -> String {
    format!("{prefix}.{table}.{what}")
}
