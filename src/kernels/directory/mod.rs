//! Raw ids to rows.

pub(crate) mod bucket;
pub(crate) mod directory_admit;
pub(crate) mod directory_age;
pub(crate) mod directory_count;
pub(crate) mod directory_find;
pub(crate) mod directory_insert;
pub(crate) mod directory_leave;
pub(crate) mod directory_sift;
pub(crate) mod directory_sight;
