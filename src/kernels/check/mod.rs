//! Checks of what lies on the device.

pub(crate) mod check_ids;
pub(crate) mod check_offsets;
pub(crate) mod check_report;
pub(crate) mod check_rows;
pub(crate) mod check_values;
