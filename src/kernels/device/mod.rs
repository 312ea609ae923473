//! What a device can do.

pub(crate) mod arithmetic;
pub(crate) mod probe;
