//! One recorded use of a kernel.

use bytemuck::NoUninit;

use super::{Access, Kernel};
use crate::device::{Buffer, Context};
use crate::{Error, Result};

/// A kernel with its variant, parameters, bindings and grid, ready to be executed on either device.
#[derive(Debug, Clone)]
pub struct Dispatch {
    pub(crate) kernel: &'static Kernel,
    pub(crate) variant: usize,
    pub(crate) params: Vec<u8>,
    pub(crate) bindings: Vec<Buffer>,
    pub(crate) groups: u32,
}

impl Dispatch {
    /// A dispatch of `groups` workgroups.
    pub(crate) fn new<P: NoUninit>(
        kernel: &'static Kernel,
        variant: usize,
        params: &P,
        bindings: Vec<Buffer>,
        groups: u32,
    ) -> Self {
        debug_assert_eq!(bindings.len(), kernel.bindings.len(), "{}", kernel.name);
        Self { kernel, variant, params: bytemuck::bytes_of(params).to_vec(), bindings, groups }
    }

    /// A dispatch of one thread for each of `threads` work items.
    pub(crate) fn threads<P: NoUninit>(
        kernel: &'static Kernel,
        variant: usize,
        params: &P,
        bindings: Vec<Buffer>,
        threads: u32,
    ) -> Self {
        Self::new(kernel, variant, params, bindings, threads.div_ceil(kernel.variants[variant].workgroup))
    }

    /// Whether every binding belongs to the context and can be bound there, and nothing that is written overlaps
    /// another binding.
    pub(crate) fn check(&self, ctx: &Context) -> Result<()> {
        let named = |i: usize| format!("{}.{}", self.kernel.name, self.kernel.bindings[i].name);
        for (i, (buffer, binding)) in self.bindings.iter().zip(self.kernel.bindings).enumerate() {
            buffer.check_home(ctx, binding.name)?;
            buffer.check_bindable(ctx, || named(i))?;
            if binding.access != Access::ReadWrite {
                continue;
            }
            let overlaps = |&(j, other): &(usize, &Buffer)| i != j && buffer.overlaps(other);
            if let Some((j, _)) = self.bindings.iter().enumerate().find(overlaps) {
                let expected = format!("memory that does not overlap `{}`", binding.name);
                return Err(Error::invalid(named(j), expected, "an overlap"));
            }
        }
        Ok(())
    }
}
