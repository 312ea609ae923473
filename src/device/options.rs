//! What a context is opened with.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::{Shape, Tuning};

/// Settings of a [`Context`](crate::Context).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ContextOptions {
    /// Use no larger storage bindings than this many bytes (at least 1 KiB).
    pub max_binding: Option<u64>,
    /// Use no larger buffers than this many bytes (at least 1 KiB).
    pub max_buffer: Option<u64>,
    /// Which adapter [`Context::open_with`](crate::Context::open_with) takes of those that there are, the
    /// best first: a rank of several takes the one of its number on its machine.
    pub adapter: usize,
    /// Threads of a context of the CPU ([`Context::cpu_with`](crate::Context::cpu_with)), of its own: a rank
    /// of several on a machine takes its part. Contexts without this have threads in common, as many as
    /// rayon's global pool.
    pub threads: Option<NonZeroUsize>,
    /// Use kernels of this shape rather than those meant for the device; for tests and measurements.
    pub shape: Option<Shape>,
    /// The choices between kernels, rather than those that are likely best on the device: what
    /// [`Context::tune`](crate::Context::tune) found there before, say.
    pub tuning: Option<Tuning>,
    /// Whether shaders are built with wgpu's checks of every loop and division, which are for shaders that
    /// may not end. By default they are on for software adapters, where they cost nothing (and Mesa's
    /// llvmpipe walks some loops longer without), and off for GPUs: the loops of this crate's shaders end,
    /// and their divisors are not zero. Accesses to memory are always checked.
    pub checked_shaders: Option<bool>,
    /// A folder to keep compiled pipelines in, where the driver has such a cache (Vulkan, the wgpu feature
    /// `PIPELINE_CACHE`); elsewhere it is not touched. It is written after
    /// [`Context::warm_up`](crate::Context::warm_up) and when the context's last clone is dropped.
    pub pipeline_cache: Option<PathBuf>,
    /// An experiment, off by default: whether layers of `f16` weights are multiplied by the device's matrix
    /// units, where it has them (Vulkan, by wgpu's `EXPERIMENTAL_COOPERATIVE_MATRIX`, of 16 x 16
    /// 16-bit floats with 32-bit sums, and subgroups of 32). Activations are then rounded to 16 bits, which
    /// changes results by up to 2^-11 of each term; elsewhere nothing changes. A
    /// device of the caller's own is taken to have such matrices if it has the features.
    pub cooperative_matrices: bool,
}

impl ContextOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`max_binding`](Self::max_binding).
    #[must_use]
    pub fn max_binding(mut self, bytes: u64) -> Self {
        self.max_binding = Some(bytes);
        self
    }

    /// Sets [`max_buffer`](Self::max_buffer).
    #[must_use]
    pub fn max_buffer(mut self, bytes: u64) -> Self {
        self.max_buffer = Some(bytes);
        self
    }

    /// Sets [`adapter`](Self::adapter).
    #[must_use]
    pub fn adapter(mut self, number: usize) -> Self {
        self.adapter = number;
        self
    }

    /// Sets [`threads`](Self::threads).
    #[must_use]
    pub fn threads(mut self, count: NonZeroUsize) -> Self {
        self.threads = Some(count);
        self
    }

    /// Sets [`shape`](Self::shape).
    #[must_use]
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// Sets [`checked_shaders`](Self::checked_shaders).
    #[must_use]
    pub fn checked_shaders(mut self, checked: bool) -> Self {
        self.checked_shaders = Some(checked);
        self
    }

    /// Sets [`pipeline_cache`](Self::pipeline_cache).
    #[must_use]
    pub fn pipeline_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.pipeline_cache = Some(folder.into());
        self
    }

    /// Sets [`cooperative_matrices`](Self::cooperative_matrices).
    #[must_use]
    pub fn cooperative_matrices(mut self, wanted: bool) -> Self {
        self.cooperative_matrices = wanted;
        self
    }

    /// Sets [`tuning`](Self::tuning).
    #[must_use]
    pub fn tuning(mut self, tuning: Tuning) -> Self {
        self.tuning = Some(tuning);
        self
    }
}
