//! Rows of tables: first values, and moves between places.

pub(crate) mod init_rows;
pub(crate) mod move_rows;
