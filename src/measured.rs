//! Dispatches whose time on the device is taken: the base of `roofline`.

use std::time::Duration;

use crate::device::{Buffer, Context, Dispatch, Recorder};
use crate::kernel::{Access, Case, Kernel};
use crate::{Error, Result};

/// A dispatch that is run again and again on the same input.
#[derive(Debug)]
pub struct Measured<'a> {
    ctx: &'a Context,
    dispatch: Dispatch,
    /// What a run uses up, and from where it comes back.
    restored: Vec<[Buffer; 2]>,
}

impl<'a> Measured<'a> {
    /// A case, whose input is restored before each run where the kernel writes to it.
    ///
    /// # Errors
    /// [`Error::Device`] or [`Error::LimitExceeded`] if the memory cannot be had.
    pub fn case(ctx: &'a Context, kernel: &'static Kernel, variant: usize, case: &Case) -> Result<Self> {
        let (mut bindings, mut restored) = (Vec::new(), Vec::new());
        for (binding, about) in case.bindings.iter().zip(kernel.interface.bindings) {
            let buffer = Buffer::from_slice(ctx, &binding.words)?;
            if about.access == Access::ReadWrite && !binding.is_output() && buffer.size() > 0 {
                restored.push([Buffer::from_slice(ctx, &binding.words)?, buffer.clone()]);
            }
            bindings.push(buffer);
        }
        let dispatch = Dispatch::raw(kernel, variant, case.params.clone(), bindings, case.groups);
        Ok(Self { ctx, dispatch, restored })
    }

    /// A kernel on buffers that are there, in the order of its bindings.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if parameters or bindings are not those of the kernel.
    pub fn on(
        ctx: &'a Context,
        kernel: &'static Kernel,
        params: &[u32],
        bindings: Vec<Buffer>,
        groups: u32,
    ) -> Result<Self> {
        let interface = &kernel.interface;
        let (expected, got) =
            ([interface.params.size, interface.bindings.len()], [params.len() * 4, bindings.len()]);
        if expected != got {
            let text = |[bytes, bindings]: [usize; 2]| {
                format!("{bytes} bytes of parameters and {bindings} bindings")
            };
            return Err(Error::invalid(kernel.name, text(expected), text(got)));
        }
        let dispatch = Dispatch::raw(kernel, 0, bytemuck::cast_slice(params).to_vec(), bindings, groups);
        Ok(Self { ctx, dispatch, restored: Vec::new() })
    }

    /// The time of one run on the device: the mean of `times` runs of one submission.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the device has no timestamps, [`Error::Device`] if it fails.
    pub fn time(&self, times: usize) -> Result<Duration> {
        let mut rec = Recorder::new(self.ctx);
        for _ in 0..times {
            for [pristine, used] in &self.restored {
                rec.copy(pristine, used)?;
            }
            rec.dispatch(self.dispatch.clone());
        }
        let profile = rec.profile()?;
        let name = self.dispatch.kernel.name;
        let of = profile.kernels().iter().find(|of| of.kernel == name);
        // a dispatch without groups takes no time
        Ok(of.map_or(Duration::ZERO, |of| of.time.div_f64(of.calls as f64)))
    }
}
