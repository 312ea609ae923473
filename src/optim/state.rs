//! What an optimizer keeps.

/// Of what type a value of state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// One for each element, of the precision that was asked for.
    Element,
    /// One `f32` for a row.
    Row,
    /// One `u32` for a row: a counter.
    Count,
}

/// A value that an optimizer keeps for rows or elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateField {
    /// Its name, as in FBGEMM's optimizer states.
    pub name: &'static str,
    /// What it is.
    pub kind: StateKind,
}

impl StateField {
    pub(super) const fn new(name: &'static str, kind: StateKind) -> Self {
        Self { name, kind }
    }

    /// Whether there is one for a row, not for an element.
    #[must_use]
    pub fn per_row(&self) -> bool {
        self.kind != StateKind::Element
    }
}

pub(super) const SUM: StateField = StateField::new("sum", StateKind::Element);
pub(super) const ROW_SUM: StateField = StateField::new("sum", StateKind::Row);
pub(super) const EXP_AVG: StateField = StateField::new("exp_avg", StateKind::Element);
pub(super) const EXP_AVG_SQ: StateField = StateField::new("exp_avg_sq", StateKind::Element);
pub(super) const ROW_EXP_AVG_SQ: StateField = StateField::new("exp_avg_sq", StateKind::Row);
pub(super) const ROW_COUNTER: StateField = StateField::new("row_counter", StateKind::Count);
