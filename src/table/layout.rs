//! Where rows lie: small tables side by side in arenas, large ones in several windows.
//!
//! A window is what one dispatch binds: a range of one buffer, with the optimizer state of its rows in
//! another. All rows of a window have one vector width and one type. Rows are numbered through all tables of
//! a group in the order of windows and parts: these numbers are the sort keys of the backward, so that a
//! window is a range of keys.

use super::{MAX_ROWS, Noise, RowFormat, Shape};
use crate::kernels::part;
use crate::numbers::narrow;
use crate::{Error, Result};

/// Rows of one table that lie in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) table: usize,
    pub(crate) dim: u32,
    pub(crate) first_row: u32,
    pub(crate) rows: u32,
    /// Element of the first row in the window, and elements from row to row.
    pub(crate) base: u32,
    pub(crate) stride: u32,
    /// The same for words of the window's state.
    pub(crate) state_base: u32,
    pub(crate) state_stride: u32,
    /// Key of the first row.
    pub(crate) key_first: u32,
}

impl Part {
    /// As kernels see it, with the key of its first row among those of a dispatch.
    pub(crate) fn for_kernel(&self, key_first: u32, noise: Noise) -> part::Part {
        let Noise { seed: random, origin } = noise;
        part::Part {
            key_first,
            rows: self.rows,
            row_first: origin.row(self.first_row),
            row_step: origin.row_step,
            column_first: origin.first_column,
            base: self.base,
            stride: self.stride,
            state_base: self.state_base,
            state_stride: self.state_stride,
            dim: self.dim,
            random,
        }
    }
}

/// What one dispatch binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) vec4: bool,
    pub(crate) format: RowFormat,
    /// Of weights and of state.
    pub(crate) bytes: u64,
    pub(crate) state_bytes: u64,
    pub(crate) parts: Vec<Part>,
}

impl Window {
    fn new(vec4: bool, format: RowFormat) -> Self {
        Self { vec4, format, bytes: 0, state_bytes: 0, parts: Vec::new() }
    }

    /// Bytes of so many of its rows, at most.
    pub(crate) fn bytes_of_rows(&self, rows: u32) -> u64 {
        let widest = self.parts.iter().map(|part| part.stride).max().unwrap_or(0);
        u64::from(rows) * u64::from(widest) * self.format.element_bytes()
    }

    /// Bytes of the state of so many of its rows, at most.
    pub(crate) fn state_of_rows(&self, rows: u32) -> u64 {
        let widest = self.parts.iter().map(|part| part.state_stride).max().unwrap_or(0);
        u64::from(rows) * u64::from(widest) * 4
    }

    /// The keys of its rows.
    pub(crate) fn keys(&self) -> std::ops::Range<u32> {
        let first = self.parts.first().map_or(0, |part| part.key_first);
        first..self.parts.last().map_or(first, |part| part.key_first + part.rows)
    }
}

/// Tables whose rows are numbered together, so that a sort key is one `u32`, and updated alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// That of all its tables.
    pub(crate) class: usize,
    pub(crate) windows: std::ops::Range<usize>,
    /// Rows in all: the key of ids without a row.
    pub(crate) rows: u32,
}

/// The windows of all tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) windows: Vec<Window>,
    pub(crate) groups: Vec<Group>,
    /// For each table its first window, and the key of its row 0 within its group.
    pub(crate) first_window: Vec<usize>,
    pub(crate) first_key: Vec<u32>,
}

/// A table as the planner sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableShape {
    pub(crate) shape: Shape,
    /// Words of state for a row.
    pub(crate) state: u32,
    /// Whether it lies in memory of its own, which is not to be shared.
    pub(crate) own: bool,
    /// Tables of one class are updated alike.
    pub(crate) class: usize,
}

impl Plan {
    /// Places tables in bindings of at most `limit` bytes; in memory of its own, each begins at a multiple of
    /// `alignment` bytes.
    pub(crate) fn new(tables: &[TableShape], limit: u64, alignment: u64) -> Result<Self> {
        let mut plan = Self {
            windows: Vec::new(),
            groups: Vec::new(),
            first_window: vec![0; tables.len()],
            first_key: vec![0; tables.len()],
        };
        let classes = tables.iter().map(|table| table.class + 1).max().unwrap_or(0);
        for class in 0..classes {
            let (mut members, mut rows) = (Vec::new(), 0);
            for table in (0..tables.len()).filter(|&table| tables[table].class == class) {
                let more = u64::from(tables[table].shape.rows);
                // as many tables as the keys of one group can number
                if rows + more > MAX_ROWS as u64 {
                    plan.add_group(tables, class, &std::mem::take(&mut members), limit, alignment)?;
                    rows = 0;
                }
                members.push(table);
                rows += more;
            }
            if !members.is_empty() {
                plan.add_group(tables, class, &members, limit, alignment)?;
            }
        }
        Ok(plan)
    }

    /// The class of the tables in a window.
    pub(crate) fn class_of(&self, window: usize) -> usize {
        self.groups.iter().find(|group| group.windows.contains(&window)).map_or(0, |group| group.class)
    }

    fn add_group(
        &mut self,
        tables: &[TableShape],
        class: usize,
        members: &[usize],
        limit: u64,
        alignment: u64,
    ) -> Result<()> {
        let first = self.windows.len();
        let mut key = 0;
        // an arena holds one type and one vector width, of which the wide one comes first
        use RowFormat::{Bf16, F16, F32, Int2, Int4, Int8};
        let kinds = [F32, F16, Bf16, Int8, Int4, Int2];
        for (format, vec4) in kinds.into_iter().flat_map(|format| [(format, true), (format, false)]) {
            let mut arena: Option<usize> = None;
            let of_kind = |shape: Shape| shape.format == format && shape.vec4() == vec4;
            for table in members.iter().copied().filter(|&t| of_kind(tables[t].shape)) {
                let TableShape { shape, state, own, .. } = tables[table];
                self.first_key[table] = key;
                let state_bytes = u64::from(shape.rows) * u64::from(state) * 4;
                let fits = shape.bytes() <= limit && state_bytes <= limit;
                if !fits || own {
                    self.first_window[table] = self.windows.len();
                    self.add_windows(table, tables[table], limit, alignment, &mut key)?;
                    arena = None;
                    continue;
                }
                let open = arena.filter(|&w| {
                    let window = &self.windows[w];
                    window.bytes + shape.bytes() <= limit && window.state_bytes + state_bytes <= limit
                });
                let w = open.unwrap_or_else(|| {
                    self.windows.push(Window::new(vec4, format));
                    self.windows.len() - 1
                });
                arena = Some(w);
                self.first_window[table] = w;
                self.windows[w].push(table, tables[table], 0, shape.rows, &mut key);
            }
        }
        self.groups.push(Group { class, windows: first..self.windows.len(), rows: key });
        Ok(())
    }

    fn add_windows(
        &mut self,
        table: usize,
        spec: TableShape,
        limit: u64,
        alignment: u64,
        key: &mut u32,
    ) -> Result<()> {
        let TableShape { shape, state, own, .. } = spec;
        let widest = shape.row_bytes().max(u64::from(state) * 4);
        // windows begin at aligned offsets of a caller's buffer: whole multiples of the rows that take
        let step = if own { alignment / gcd(alignment, shape.row_bytes()) } else { 1 };
        let most = limit / widest;
        let per_window = if most >= u64::from(shape.rows) { most } else { most / step * step };
        let Some(per_window) = u32::try_from(per_window.min(MAX_ROWS as u64)).ok().filter(|&rows| rows > 0)
        else {
            return Err(Error::LimitExceeded {
                what: format!("{step} row(s) of {} columns", shape.dim),
                needed: step * widest,
                limit,
                hint: "use a smaller dimension",
            });
        };
        let mut first_row = 0;
        loop {
            let rows = per_window.min(shape.rows - first_row);
            let mut window = Window::new(shape.vec4(), shape.format);
            window.push(table, spec, first_row, rows, key);
            self.windows.push(window);
            first_row += rows;
            if first_row == shape.rows {
                return Ok(());
            }
        }
    }
}

impl Window {
    fn push(&mut self, table: usize, spec: TableShape, first_row: u32, rows: u32, key: &mut u32) {
        // bindings are below 2^34 bytes, so that elements fit
        self.parts.push(Part {
            table,
            dim: spec.shape.dim,
            first_row,
            rows,
            base: narrow(self.bytes / spec.shape.format.element_bytes()),
            stride: spec.shape.stride(),
            state_base: narrow(self.state_bytes / 4),
            state_stride: spec.state,
            key_first: *key,
        });
        self.bytes += u64::from(rows) * spec.shape.row_bytes();
        self.state_bytes += u64::from(rows) * u64::from(spec.state) * 4;
        *key += rows;
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: u32, dim: u32, state: u32) -> TableShape {
        TableShape { shape: Shape { rows, dim, format: RowFormat::F32 }, state, own: false, class: 0 }
    }

    /// Every row of every table lies in exactly one part, keys ascend through the windows, nothing overlaps.
    fn check(tables: &[TableShape], limit: u64) -> Plan {
        let plan = Plan::new(tables, limit, 256).unwrap();
        for (t, spec) in tables.iter().enumerate() {
            let mut next = 0;
            for part in plan.windows.iter().flat_map(|w| &w.parts).filter(|part| part.table == t) {
                assert_eq!(part.first_row, next);
                assert_eq!(part.key_first, plan.first_key[t] + next);
                next += part.rows;
            }
            assert_eq!(next, spec.shape.rows);
            assert!(plan.windows[plan.first_window[t]].parts.iter().any(|part| part.table == t));
        }
        for group in &plan.groups {
            let mut key = 0;
            for window in &plan.windows[group.windows.clone()] {
                assert!(window.bytes <= limit && window.state_bytes <= limit);
                assert_eq!(window.keys().start, key);
                let mut element = 0;
                for part in &window.parts {
                    assert_eq!(part.base, element);
                    let shape = tables[part.table].shape;
                    assert_eq!((window.vec4, window.format), (part.dim % 4 == 0, shape.format));
                    element += part.rows * part.stride;
                }
                key = window.keys().end;
            }
            assert_eq!(key, group.rows);
        }
        plan
    }

    #[test]
    fn small_tables_share_a_window() {
        let plan = check(&[table(10, 8, 1), table(5, 3, 1), table(20, 4, 1), table(0, 4, 1)], 1 << 20);
        assert_eq!(plan.windows.len(), 2);
    }

    #[test]
    fn classes_are_numbered_apart() {
        let of = |class: usize| TableShape { class, ..table(10, 8, 1) };
        let plan = check(&[of(1), of(0), of(1), of(0)], 1 << 20);
        assert_eq!(plan.windows.len(), 2);
        assert_eq!(
            plan.groups.iter().map(|group| (group.class, group.rows)).collect::<Vec<_>>(),
            [(0, 20), (1, 20)]
        );
        assert_eq!((plan.first_window[1], plan.first_key[2], plan.class_of(1)), (0, 10, 1));
    }

    #[test]
    fn types_do_not_share_a_window() {
        let half =
            |spec: TableShape| TableShape { shape: Shape { format: RowFormat::F16, ..spec.shape }, ..spec };
        let tables = [table(10, 8, 1), half(table(10, 8, 1)), half(table(4, 12, 1)), half(table(9, 3, 1))];
        let plan = check(&tables, 1 << 20);
        assert_eq!(plan.windows.len(), 3);
        // rows of three 16-bit values take four
        assert_eq!((plan.windows[2].bytes, plan.windows[2].parts[0].stride), (9 * 8, 4));
    }

    #[test]
    fn large_tables_are_cut_into_whole_rows() {
        // 1 KiB holds 16 rows of 16 columns
        let plan = check(&[table(100, 16, 16), table(7, 16, 16), table(40, 5, 0)], 1024);
        let cut: Vec<u32> =
            plan.windows.iter().filter(|w| w.parts[0].table == 0).map(|w| w.parts[0].rows).collect();
        assert_eq!(cut, [16, 16, 16, 16, 16, 16, 4]);
    }

    #[test]
    fn only_callers_memory_is_cut_at_aligned_rows() {
        let rows = |own| {
            let spec = TableShape { own, ..table(100, 10, 0) };
            Plan::new(&[spec], 3000, 256).unwrap().windows[0].parts[0].rows
        };
        // 40 bytes a row: 75 fit, and every 32nd begins at a multiple of 256 bytes
        assert_eq!((rows(false), rows(true)), (75, 64));
    }

    #[test]
    fn the_wider_of_weights_and_state_decides() {
        let plan = check(&[table(100, 16, 32)], 4096);
        assert_eq!(plan.windows[0].parts[0].rows, 32);
    }

    #[test]
    fn more_rows_than_a_key_can_number_make_groups() {
        let big = u32::MAX - 10;
        let plan = check(&[table(big, 1, 0), table(20, 1, 0), table(big, 1, 0)], 16 << 30);
        assert_eq!(plan.groups.len(), 3);
        assert_eq!(check(&[table(big, 1, 0), table(9, 1, 0)], 16 << 30).groups.len(), 1);
    }

    #[test]
    fn a_row_must_fit() {
        let error = Plan::new(&[table(100, 300, 0)], 1024, 256).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded { .. }), "{error}");
    }
}
