//! What a device can do.

pub(crate) mod arithmetic;
pub(crate) mod copy_words;
pub(crate) mod nothing;
pub(crate) mod probe;
pub(crate) mod sum_words;
