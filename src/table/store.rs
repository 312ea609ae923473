//! The tables' memory.

use std::ops::Range;

use bytemuck::NoUninit;

use super::init::{normal_value, table_seed};
use super::layout::TableShape;
use super::{Init, Noise, Origin, Plan, Shape, Table, Window};
use crate::device::{Buffer, Context, Dispatch, Need, Precision, Recorder};
use crate::kernels::init_rows;
use crate::numbers::narrow;
use crate::optim::Optimizer;
use crate::{Error, Result};

/// Tables in device memory, with the state of an optimizer.
#[derive(Debug)]
pub(crate) struct TableStore {
    ctx: Context,
    names: Vec<String>,
    shapes: Vec<Shape>,
    /// What each table's first values and noise are made of.
    noise: Vec<Noise>,
    /// Words of state for a row of each table.
    state_words: Vec<u32>,
    plan: Plan,
    weights: Vec<Buffer>,
    states: Vec<Buffer>,
}

/// What is kept for the rows of a table, and what tables it is updated with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeptState {
    pub(crate) optimizer: Option<Optimizer>,
    pub(crate) precision: Precision,
    pub(crate) class: usize,
}

/// Whether to speak of weights or of optimizer state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Weights,
    State,
}

impl TableStore {
    pub(crate) fn new(
        ctx: &Context,
        tables: Vec<(String, Table)>,
        kept: &[KeptState],
        seed: u64,
    ) -> Result<Self> {
        let planned = planned(&tables, kept)?;
        let shapes: Vec<Shape> = planned.iter().map(|table| table.shape).collect();
        check_storage(ctx, &tables, &shapes)?;
        need(&tables, &planned).check(ctx)?;
        let limits = ctx.limits();
        let plan = Plan::new(&planned, limits.binding, limits.alignment)?;
        let mut weights = Vec::new();
        let mut states = Vec::new();
        for window in &plan.windows {
            let part = window.parts[0];
            weights.push(match &tables[part.table].1.storage {
                Some(buffer) if part.rows > 0 => {
                    let row_bytes = shapes[part.table].row_bytes();
                    buffer.slice(u64::from(part.first_row) * row_bytes, u64::from(part.rows) * row_bytes)?
                }
                _ => ctx.allocate("embag.table", window.bytes)?,
            });
            states.push(ctx.allocate("embag.state", window.state_bytes)?);
        }
        let names = tables.iter().map(|(name, _)| name.clone()).collect();
        let state_words = planned.iter().map(|table| table.state).collect();
        let noise = tables.iter().enumerate().map(|(index, (_, table))| {
            let origin = table.origin.unwrap_or(Origin::whole(index));
            Noise { seed: table_seed(seed, origin.table), origin }
        });
        let noise = noise.collect();
        let store = Self { ctx: ctx.clone(), names, shapes, noise, state_words, plan, weights, states };
        for (index, (_, table)) in tables.iter().enumerate() {
            if table.storage.is_none() {
                store.init(index, table.init)?;
            }
        }
        Ok(store)
    }

    /// The memory that such tables take.
    pub(crate) fn need(tables: &[(String, Table)], kept: &[KeptState]) -> Result<Need> {
        Ok(need(tables, &planned(tables, kept)?))
    }

    pub(crate) fn context(&self) -> &Context {
        &self.ctx
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn shape(&self, table: usize) -> Shape {
        self.shapes[table]
    }

    pub(crate) fn noise(&self, table: usize) -> Noise {
        self.noise[table]
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn weights(&self, window: usize) -> &Buffer {
        &self.weights[window]
    }

    pub(crate) fn state(&self, window: usize) -> &Buffer {
        &self.states[window]
    }

    /// The number of a table.
    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        self.names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| Error::invalid("table", format!("one of {:?}", self.names), format!("{name:?}")))
    }

    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> u64 {
        self.shapes.iter().map(|shape| shape.bytes()).sum()
    }

    /// Bytes of all state.
    pub(crate) fn state_bytes(&self) -> u64 {
        self.plan.windows.iter().map(|window| window.state_bytes).sum()
    }

    /// Words of one row.
    pub(crate) fn row_words(&self, table: usize, kind: Kind) -> u64 {
        match kind {
            Kind::Weights => self.shapes[table].row_bytes() / 4,
            Kind::State => self.state_words[table].into(),
        }
    }

    /// The pieces of memory that hold rows `first .. first + rows` of a table, in order.
    pub(crate) fn pieces(&self, table: usize, kind: Kind, first: u32, rows: u32) -> Vec<Buffer> {
        let row = self.row_words(table, kind) * 4;
        let windows: &[Window] = &self.plan.windows;
        let mut pieces = Vec::new();
        for (window, buffers) in windows.iter().zip(self.weights.iter().zip(&self.states)) {
            for part in window.parts.iter().filter(|part| part.table == table) {
                let begin = first.max(part.first_row);
                // both ends are at most the table's rows
                let end = (first + rows).min(part.first_row + part.rows);
                if begin >= end {
                    continue;
                }
                let (buffer, base) = match kind {
                    Kind::Weights => (buffers.0, u64::from(part.base) * window.format.element_bytes()),
                    Kind::State => (buffers.1, u64::from(part.state_base) * 4),
                };
                let offset = base + u64::from(begin - part.first_row) * row;
                pieces.push(buffer.part(offset, u64::from(end - begin) * row));
            }
        }
        pieces
    }

    /// Reads the words of rows; blocks.
    fn read_words(&self, table: usize, kind: Kind, first: u32, rows: u32) -> Result<Vec<u32>> {
        let mut rec = Recorder::new(&self.ctx);
        let pieces = self.pieces(table, kind, first, rows);
        let readbacks: Vec<_> =
            pieces.iter().filter(|piece| piece.size() > 0).map(|piece| rec.readback::<u32>(piece)).collect();
        rec.submit().map(drop)?;
        let mut all = Vec::new();
        for readback in readbacks {
            all.extend(readback.wait()?);
        }
        Ok(all)
    }

    /// Records that the words of rows are written, after everything submitted so far.
    fn write_words(&self, table: usize, kind: Kind, first: u32, rows: u32, words: &[u32]) -> Recorder {
        let mut rec = Recorder::new(&self.ctx);
        let mut rest = words;
        for piece in self.pieces(table, kind, first, rows) {
            let count = usize::try_from(piece.size() / 4).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(count);
            rec.upload(&piece, bytes_of(now));
            rest = later;
        }
        rec
    }

    /// Reads the words of rows of a table; blocks.
    pub(crate) fn read_row_words(&self, table: usize, first: u32, rows: u32) -> Result<Vec<u32>> {
        self.read_words(table, Kind::Weights, first, rows)
    }

    /// Records that the words of rows of a table are written, after everything submitted so far.
    pub(crate) fn write_row_words(&self, table: usize, first: u32, rows: u32, words: &[u32]) -> Recorder {
        self.write_words(table, Kind::Weights, first, rows, words)
    }

    /// First row and number of rows of steps that need little host memory.
    pub(crate) fn steps_of_rows(&self, table: usize) -> impl Iterator<Item = (u32, u32)> + use<> {
        self.steps(table, Kind::Weights)
    }

    /// Reads rows of a table; blocks.
    pub(crate) fn read(&self, table: usize, first: u32, rows: u32) -> Result<Vec<f32>> {
        let Shape { dim, format, .. } = self.shapes[table];
        Ok(format.unpack(&self.read_words(table, Kind::Weights, first, rows)?, dim as usize))
    }

    /// Whether a table can hold rows, of which the first is `first`: finite values must not become infinite.
    fn check_values(&self, table: usize, first: u32, values: &[f32]) -> Result<()> {
        let Shape { dim, format, .. } = self.shapes[table];
        let Some(precision) = format.precision() else { return Ok(()) };
        match precision.beyond(values) {
            Some((at, value)) => {
                let row = u64::from(first) + at as u64 / u64::from(dim);
                let argument = format!("row {row} of table \"{}\"", self.names[table]);
                Err(Error::invalid(argument, precision.expected(), value))
            }
            None => Ok(()),
        }
    }

    /// Writes whole rows from `first` on, after everything submitted so far.
    pub(crate) fn write(&self, table: usize, first: u32, values: &[f32]) -> Result<()> {
        self.check_values(table, first, values)?;
        self.recorded_write(table, first, values).submit().map(drop)
    }

    fn recorded_write(&self, table: usize, first: u32, values: &[f32]) -> Recorder {
        let Shape { dim, format, .. } = self.shapes[table];
        let rows = narrow(values.len() / dim as usize);
        self.write_words(table, Kind::Weights, first, rows, &format.pack(values, dim as usize))
    }

    /// Reads all rows, in steps, so that no more than one copy of a large table is made; blocks.
    pub(crate) fn read_all(&self, table: usize) -> Result<Vec<f32>> {
        let Shape { rows, dim, .. } = self.shapes[table];
        let mut all = Vec::with_capacity(rows as usize * dim as usize);
        for (first, count) in self.steps(table, Kind::Weights) {
            all.extend(self.read(table, first, count)?);
        }
        Ok(all)
    }

    /// Writes all rows, in steps; waits until it is done.
    pub(crate) fn write_all(&self, table: usize, values: &[f32]) -> Result<()> {
        self.check_values(table, 0, values)?;
        let dim = self.shapes[table].dim as usize;
        for (first, count) in self.steps(table, Kind::Weights) {
            let (begin, end) = (first as usize * dim, (first + count) as usize * dim);
            // the device keeps its copy of the values until the step is done
            self.recorded_write(table, first, &values[begin..end]).run()?;
        }
        Ok(())
    }

    /// Reads some words of each row's state, in steps; blocks.
    pub(crate) fn read_state(&self, table: usize, columns: Range<usize>) -> Result<Vec<u32>> {
        let row = self.state_words[table] as usize;
        let mut all = Vec::with_capacity(self.shapes[table].rows as usize * columns.len());
        for (first, count) in self.steps(table, Kind::State) {
            let words = self.read_words(table, Kind::State, first, count)?;
            all.extend(words.chunks(row.max(1)).flat_map(|row| &row[columns.clone()]));
        }
        Ok(all)
    }

    /// Writes some words of each row's state, in steps, and leaves the others as they are; waits until it is
    /// done.
    pub(crate) fn write_state(&self, table: usize, columns: Range<usize>, words: &[u32]) -> Result<()> {
        let row = self.state_words[table] as usize;
        for (first, count) in self.steps(table, Kind::State) {
            let mut rows = self.read_words(table, Kind::State, first, count)?;
            let new = words[first as usize * columns.len()..].chunks(columns.len().max(1));
            for (row, new) in rows.chunks_mut(row.max(1)).zip(new) {
                row[columns.clone()].copy_from_slice(new);
            }
            self.write_words(table, Kind::State, first, count, &rows).run()?;
        }
        Ok(())
    }

    /// First row and number of rows of steps of about 16 MiB, so that a large table needs little host memory.
    fn steps(&self, table: usize, kind: Kind) -> impl Iterator<Item = (u32, u32)> + use<> {
        let rows = self.shapes[table].rows;
        let words = narrow(self.row_words(table, kind));
        let step = ((1 << 22) / words.max(1)).max(1);
        (0..rows).step_by(step as usize).map(move |first| (first, step.min(rows - first)))
    }

    /// Gives a table its first values.
    fn init(&self, table: usize, init: Init) -> Result<()> {
        let Noise { seed, origin } = self.noise[table];
        let (uniform_values, scale) = match init {
            Init::Zero => return Ok(()), // memory begins as zeros
            Init::Normal { mean, std } => return self.init_normal(table, mean, std),
            Init::Uniform(scale) => (1, scale),
            Init::Constant(value) => (0, value),
        };
        let mut rec = Recorder::new(&self.ctx);
        for (window, buffer) in self.plan.windows.iter().zip(&self.weights) {
            for part in window.parts.iter().filter(|part| part.table == table && part.rows > 0) {
                // The kernel's binding must begin at an aligned place, which a part of an arena need not do:
                // rows are made in scratch memory and copied.
                let bytes = u64::from(part.rows) * self.shapes[table].row_bytes();
                let target = buffer.part(u64::from(part.base) * window.format.element_bytes(), bytes);
                let aligned = target.bindable(&self.ctx).1 == 0;
                let made = if aligned { target.clone() } else { rec.scratch("embag.init", bytes)? };
                // bindings are below 2^34 bytes
                let words = narrow(bytes / 4);
                let params = init_rows::Params {
                    words,
                    first_row: origin.row(part.first_row),
                    row_step: origin.row_step,
                    first_column: origin.first_column,
                    dim: part.dim,
                    seed,
                    uniform_values,
                    scale,
                    table_type: window.format.code(),
                };
                let bindings = init_rows::Bindings { table: made.clone() };
                rec.dispatch(Dispatch::threads(0, &params, bindings, words));
                if !aligned {
                    rec.copy(&made, &target)?;
                }
            }
        }
        rec.run()
    }

    fn init_normal(&self, table: usize, mean: f32, std: f32) -> Result<()> {
        let (dim, Noise { seed, origin }) = (self.shapes[table].dim, self.noise[table]);
        let columns = origin.first_column..origin.first_column + dim;
        for (first, count) in self.steps(table, Kind::Weights) {
            let values: Vec<f32> = (first..first + count)
                .map(|row| origin.row(row))
                .flat_map(|row| columns.clone().map(move |column| normal_value(seed, row, column, mean, std)))
                .collect();
            self.write(table, first, &values)?;
        }
        Ok(())
    }
}

fn planned(tables: &[(String, Table)], kept: &[KeptState]) -> Result<Vec<TableShape>> {
    let planned = tables.iter().zip(kept).map(|((name, table), kept)| {
        let shape = table.validate(name)?;
        let words = |o: Optimizer| o.kernel().state_words(shape.dim, kept.precision.code());
        let state = kept.optimizer.map_or(0, words);
        Ok(TableShape { shape, state, own: table.storage.is_some(), class: kept.class })
    });
    planned.collect()
}

/// Weights, but for those in callers' memory, and state.
fn need(tables: &[(String, Table)], planned: &[TableShape]) -> Need {
    let mut need = Need::default();
    for ((name, _), &TableShape { shape, state, own, .. }) in tables.iter().zip(planned) {
        let weights = if own { 0 } else { shape.bytes() };
        need.add(name, weights + u64::from(shape.rows) * u64::from(state) * 4);
    }
    need
}

/// Tables in callers' memory must be bindable there, and apart from each other.
fn check_storage(ctx: &Context, tables: &[(String, Table)], shapes: &[Shape]) -> Result<()> {
    let mut seen: Vec<(&str, Buffer)> = Vec::new();
    for ((name, table), shape) in tables.iter().zip(shapes) {
        let Some(buffer) = &table.storage else { continue };
        buffer.check_home(ctx, "table storage")?;
        let rows = buffer.part(0, shape.bytes());
        let argument = format!("table \"{name}\" storage");
        // windows begin at aligned rows: it is the first that counts
        rows.part(0, 0).check_bindable(ctx, || argument.clone())?;
        if let Some((other, _)) = seen.iter().find(|(_, other)| other.overlaps(&rows)) {
            let expected = format!("memory that does not overlap table \"{other}\"");
            return Err(Error::invalid(argument, expected, "an overlap"));
        }
        seen.push((name, rows));
    }
    Ok(())
}

fn bytes_of<T: NoUninit>(values: &[T]) -> Vec<u8> {
    bytemuck::cast_slice(values).to_vec()
}
