//! One recorded use of a kernel.

use super::{Buffer, Context};
use crate::kernel::{Access, Binding, Bindings, Kernel};
use crate::{Error, Result};

/// A kernel with its variant, parameters, bindings and grid, ready to be executed on either device.
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    pub(crate) kernel: &'static Kernel,
    pub(crate) variant: usize,
    pub(crate) params: Vec<u8>,
    pub(crate) bindings: Vec<Buffer>,
    pub(crate) groups: u32,
    /// Of bindings that ids choose rows of: how many bytes these are at most.
    touched: Vec<(&'static str, u64)>,
}

impl Dispatch {
    /// A dispatch of `groups` workgroups.
    pub(crate) fn new<I: Bindings<Buffer>>(
        variant: usize,
        params: &I::Params,
        bindings: I,
        groups: u32,
    ) -> Self {
        let params = bytemuck::bytes_of(params).to_vec();
        Self {
            kernel: I::KERNEL,
            variant,
            params,
            bindings: bindings.into_list(),
            groups,
            touched: Vec::new(),
        }
    }

    /// A dispatch of parameters and bindings that nothing is known of.
    #[cfg(feature = "testing")]
    pub(crate) fn raw(
        kernel: &'static Kernel,
        variant: usize,
        params: Vec<u8>,
        bindings: Vec<Buffer>,
        groups: u32,
    ) -> Self {
        Self { kernel, variant, params, bindings, groups, touched: Vec::new() }
    }

    /// A dispatch of one thread for each of `threads` work items.
    pub(crate) fn threads<I: Bindings<Buffer>>(
        variant: usize,
        params: &I::Params,
        bindings: I,
        threads: u32,
    ) -> Self {
        Self::new(variant, params, bindings, I::KERNEL.groups(variant, threads))
    }

    /// Limits how many bytes of a binding a profile counts: of tables, the rows that ids name.
    pub(crate) fn touching(mut self, binding: &'static str, bytes: u64) -> Self {
        debug_assert!(self.kernel.interface.bindings.iter().any(|known| known.name == binding), "{binding}");
        self.touched.push((binding, bytes));
        self
    }

    /// Bytes that it reads and writes, at most.
    pub(super) fn bytes(&self) -> u64 {
        let of = |(buffer, binding): (&Buffer, &Binding)| {
            let touched = self.touched.iter().find(|(name, _)| *name == binding.name);
            touched.map_or(buffer.size, |(_, bytes)| buffer.size.min(*bytes))
        };
        self.bindings.iter().zip(self.kernel.interface.bindings).map(of).sum()
    }

    /// Whether a binding that is written is of this memory.
    pub(super) fn writes_to(&self, memory: &Buffer) -> bool {
        let bindings = self.bindings.iter().zip(self.kernel.interface.bindings);
        bindings
            .filter(|(_, about)| about.access == Access::ReadWrite)
            .any(|(buffer, _)| buffer.same_memory(memory))
    }

    /// Whether every binding belongs to the context and can be bound there, and nothing that is written
    /// overlaps another binding.
    pub(crate) fn check(&self, ctx: &Context) -> Result<()> {
        let named = |i: usize| format!("{}.{}", self.kernel.name, self.kernel.interface.bindings[i].name);
        for (i, (buffer, binding)) in self.bindings.iter().zip(self.kernel.interface.bindings).enumerate() {
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
