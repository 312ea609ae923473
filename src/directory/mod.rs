//! Raw 64-bit ids without a vocabulary: a hash directory on the device gives them rows.

mod checkpoint;
mod device_ids;
mod directories;
mod find;
mod follow;
mod id_directory;
mod saved_directory;
mod side_by_side;
mod sketch;

pub use device_ids::DeviceIds;
pub(crate) use directories::Directories;
pub(crate) use find::{Found, Ids, record_find};
pub(crate) use follow::{Taken, record_changes};
pub(crate) use id_directory::{Counts, MEMORY, NewIds, NewRows};
pub use id_directory::{DirectoryUsage, IdDirectory};
pub(crate) use saved_directory::SavedDirectory;
pub(crate) use side_by_side::{side_by_side, together};
