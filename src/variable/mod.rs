//! Rows of differing dimensions: gather, pooling, scatter, and the fused optimizers.
//!
//! [`VariableRows`] holds rows of which each has its own number of columns, known for each row, for groups of
//! rows or for whole tables. A [`VariableBatch`] says which rows are meant. Their values come and go as
//! [`RowValues`]: one row after the other without gaps (jagged), in the rows of a matrix (padded with zeros),
//! or pooled over bags.
//!
//! ```
//! use embag::variable::{RowValues, VariableRows};
//! use embag::optim::RowwiseAdagrad;
//! use embag::{Context, Pooling};
//!
//! let ctx = Context::cpu();
//! // 100 frequent rows of 16 columns, then 1,000 rare ones of 4
//! let mut rows = VariableRows::builder(&ctx)
//!     .rows(100, 16)
//!     .rows(1_000, 4)
//!     .optimizer(RowwiseAdagrad::new(0.1))
//!     .build()?;
//! let batch = rows.select(&[3u32, 1_099, 3])?;
//! let values = rows.gather(&batch)?; // 16 + 4 + 16 values, on the device
//! assert_eq!(values.size(), 36 * 4);
//! rows.update(&batch, &RowValues::Jagged(values))?; // here the rows stand in for their gradient
//!
//! let bags = rows.bags(&[3u32, 1_099, 7], &[2, 1])?;
//! let pooled = rows.pool(&bags, Pooling::Sum)?; // [2, 16]: the short row adds to the first 4 columns
//! assert_eq!((pooled.rows(), pooled.cols()), (2, 16));
//! # Ok::<(), embag::Error>(())
//! ```

mod bags;
mod batch;
mod builder;
mod gather;
mod keys;
mod layout;
mod scatter;
mod values;
mod variable_rows;

pub use batch::VariableBatch;
pub use builder::VariableRowsBuilder;
pub use values::RowValues;
pub use variable_rows::VariableRows;
