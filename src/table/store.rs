//! The tables' memory.

use bytemuck::NoUninit;

use super::init::{normal_value, table_seed};
use super::layout::TableShape;
use super::{Init, Plan, Shape, Table, Window};
use crate::device::{Buffer, Context, Recorder};
use crate::kernel::Dispatch;
use crate::kernels::init_rows;
use crate::optimizer::Optimizer;
use crate::{Error, Result};

/// Tables in device memory, with the state of an optimizer.
#[derive(Debug)]
pub(crate) struct TableStore {
    ctx: Context,
    names: Vec<String>,
    shapes: Vec<Shape>,
    state_len: Vec<u32>,
    plan: Plan,
    weights: Vec<Buffer>,
    states: Vec<Buffer>,
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
        optimizer: Option<&Optimizer>,
        seed: u64,
    ) -> Result<Self> {
        let shapes = tables.iter().map(|(name, table)| table.validate(name)).collect::<Result<Vec<_>>>()?;
        let state_len: Vec<u32> =
            shapes.iter().map(|shape| optimizer.map_or(0, |o| o.state_len(shape.dim))).collect();
        let planned: Vec<TableShape> = shapes
            .iter()
            .zip(&state_len)
            .zip(&tables)
            .map(|((&shape, &state), (_, table))| TableShape { shape, state, own: table.storage.is_some() })
            .collect();
        check_storage(ctx, &tables, &shapes)?;
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
                _ => ctx.allocate("embag.table", window.elements * 4)?,
            });
            states.push(ctx.allocate("embag.state", window.state_elements * 4)?);
        }
        let names = tables.iter().map(|(name, _)| name.clone()).collect();
        let store = Self { ctx: ctx.clone(), names, shapes, state_len, plan, weights, states };
        for (index, (_, table)) in tables.iter().enumerate() {
            if table.storage.is_none() {
                store.init(index, table.init, table_seed(seed, index))?;
            }
        }
        Ok(store)
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

    /// Values of one row.
    pub(crate) fn row_len(&self, table: usize, kind: Kind) -> usize {
        match kind {
            Kind::Weights => self.shapes[table].dim as usize,
            Kind::State => self.state_len[table] as usize,
        }
    }

    /// The pieces of memory that hold rows `first .. first + rows` of a table, in order.
    pub(crate) fn pieces(&self, table: usize, kind: Kind, first: u32, rows: u32) -> Vec<Buffer> {
        let len = self.row_len(table, kind) as u64;
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
                    Kind::Weights => (buffers.0, part.base),
                    Kind::State => (buffers.1, part.state_base),
                };
                let offset = u64::from(base) + u64::from(begin - part.first_row) * len;
                pieces.push(buffer.part(offset * 4, u64::from(end - begin) * len * 4));
            }
        }
        pieces
    }

    /// Reads rows; blocks.
    pub(crate) fn read(&self, table: usize, kind: Kind, first: u32, rows: u32) -> Result<Vec<f32>> {
        let mut rec = Recorder::new(&self.ctx);
        let pieces = self.pieces(table, kind, first, rows);
        let readbacks: Vec<_> =
            pieces.iter().filter(|piece| piece.size() > 0).map(|piece| rec.readback::<f32>(piece)).collect();
        rec.submit().map(drop)?;
        let mut all = Vec::new();
        for readback in readbacks {
            all.extend(readback.wait()?);
        }
        Ok(all)
    }

    /// Writes whole rows from `first` on, after everything submitted so far.
    pub(crate) fn write(&self, table: usize, kind: Kind, first: u32, values: &[f32]) -> Result<()> {
        self.recorded_write(table, kind, first, values).submit().map(drop)
    }

    fn recorded_write(&self, table: usize, kind: Kind, first: u32, values: &[f32]) -> Recorder {
        let len = self.row_len(table, kind).max(1);
        let rows = u32::try_from(values.len() / len).unwrap_or(u32::MAX);
        let mut rec = Recorder::new(&self.ctx);
        let mut rest = values;
        for piece in self.pieces(table, kind, first, rows) {
            let count = usize::try_from(piece.size() / 4).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(count);
            rec.upload(&piece, bytes_of(now));
            rest = later;
        }
        rec
    }

    /// Reads all rows, in steps, so that no more than one copy of a large table is made; blocks.
    pub(crate) fn read_all(&self, table: usize, kind: Kind) -> Result<Vec<f32>> {
        let rows = self.shapes[table].rows;
        let mut all = Vec::with_capacity(rows as usize * self.row_len(table, kind));
        for (first, count) in self.steps(table, kind) {
            all.extend(self.read(table, kind, first, count)?);
        }
        Ok(all)
    }

    /// Writes all rows, in steps; waits until it is done.
    pub(crate) fn write_all(&self, table: usize, kind: Kind, values: &[f32]) -> Result<()> {
        let len = self.row_len(table, kind);
        for (first, count) in self.steps(table, kind) {
            let (begin, end) = (first as usize * len, (first + count) as usize * len);
            // the device keeps its copy of the values until the step is done
            self.recorded_write(table, kind, first, &values[begin..end]).run()?;
        }
        Ok(())
    }

    /// First row and number of rows of steps of about 16 MiB, so that a large table needs little host memory.
    fn steps(&self, table: usize, kind: Kind) -> impl Iterator<Item = (u32, u32)> + use<> {
        let rows = self.shapes[table].rows;
        let len = u32::try_from(self.row_len(table, kind)).unwrap_or(u32::MAX);
        let step = ((1 << 22) / len.max(1)).max(1);
        (0..rows).step_by(step as usize).map(move |first| (first, step.min(rows - first)))
    }

    /// Gives a table its first values.
    fn init(&self, table: usize, init: Init, seed: u32) -> Result<()> {
        let (uniform_values, scale) = match init {
            Init::Zero => return Ok(()), // memory begins as zeros
            Init::Normal { mean, std } => return self.init_normal(table, seed, mean, std),
            Init::Uniform(scale) => (1, scale),
            Init::Constant(value) => (0, value),
        };
        let mut rec = Recorder::new(&self.ctx);
        for (window, buffer) in self.plan.windows.iter().zip(&self.weights) {
            for part in window.parts.iter().filter(|part| part.table == table && part.rows > 0) {
                // The kernel's binding must begin at an aligned place, which a part of an arena need not do: rows
                // are made in scratch memory and copied.
                let bytes = u64::from(part.rows) * u64::from(part.dim) * 4;
                let target = buffer.part(u64::from(part.base) * 4, bytes);
                let aligned = target.bindable(&self.ctx).1 == 0;
                let made = if aligned { target.clone() } else { rec.scratch("embag.init", bytes)? };
                let elements = part.rows * part.dim;
                let params = init_rows::Params {
                    elements,
                    first_row: part.first_row,
                    dim: part.dim,
                    seed,
                    uniform_values,
                    scale,
                };
                let bindings = vec![made.clone()];
                rec.dispatch(Dispatch::threads(&init_rows::KERNEL, 0, &params, bindings, elements));
                if !aligned {
                    rec.copy(&made, &target)?;
                }
            }
        }
        rec.run()
    }

    fn init_normal(&self, table: usize, seed: u32, mean: f32, std: f32) -> Result<()> {
        let dim = self.shapes[table].dim;
        for (first, count) in self.steps(table, Kind::Weights) {
            let values: Vec<f32> = (first..first + count)
                .flat_map(|row| (0..dim).map(move |column| normal_value(seed, row, column, mean, std)))
                .collect();
            self.write(table, Kind::Weights, first, &values)?;
        }
        Ok(())
    }
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
