//! What CPU twins share.
//!
//! A twin gives the same bits as its shader on a device that neither contracts nor flushes. Twins know
//! neither wgpu nor the public operations; they are parallel over outputs and fixed in order inside an
//! output.

pub(crate) mod atomic;
pub(crate) mod codes;
pub(crate) mod columns;
pub(crate) mod format;
pub(crate) mod key_range;
pub(crate) mod matmul;
pub(crate) mod norm;
pub(crate) mod parallel;
pub(crate) mod powers;
pub(crate) mod random;
pub(crate) mod row_codes;
pub(crate) mod row_sum;
pub(crate) mod rows;
pub(crate) mod segments;
pub(crate) mod sigmoid;
pub(crate) mod simd;
pub(crate) mod split;
pub(crate) mod types;

pub(crate) use codes::code;
pub(crate) use random::random_word;
