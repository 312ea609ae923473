//! Rows of differing dimensions.

pub(crate) mod variable_assign;
pub(crate) mod variable_gather;
pub(crate) mod variable_keys;
pub(crate) mod variable_terms;
