//! How CPU twins are run, and what several of them share.
//!
//! A twin gives the same bits as its shader on a device that neither contracts nor flushes. Twins know neither
//! wgpu nor the public operations; they are parallel over outputs and fixed in order inside an output.

pub(crate) mod atomic;
pub(crate) mod byte_product;
pub(crate) mod codes;
pub(crate) mod columns;
pub(crate) mod dense_optimizer;
pub(crate) mod directory;
pub(crate) mod execute;
pub(crate) mod format;
pub(crate) mod key_range;
pub(crate) mod matmul;
pub(crate) mod memory;
pub(crate) mod norm;
pub(crate) mod optimizer;
pub(crate) mod parallel;
pub(crate) mod powers;
pub(crate) mod queue;
pub(crate) mod random;
pub(crate) mod row_codes;
pub(crate) mod row_sum;
pub(crate) mod rows;
pub(crate) mod segments;
pub(crate) mod sigmoid;
pub(crate) mod simd;
pub(crate) mod split;
pub(crate) mod terms;
pub(crate) mod types;
pub(crate) mod weights;

pub(crate) use codes::code;
pub(crate) use execute::execute;
pub(crate) use memory::Memory;
pub(crate) use queue::threads;
pub(crate) use random::random_word;
