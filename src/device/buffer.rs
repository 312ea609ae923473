//! A range of device memory.

use std::sync::Arc;

use bytemuck::{NoUninit, Pod};

use super::uploads::ALIGNMENT;
use super::{Backend, Context, Recorder, Scratch, size_class};
use crate::device::gpu::GpuMemory;
use crate::device::host::Memory;
use crate::{Error, Result};

/// A range of bytes in device memory; cloning shares the memory.
///
/// On a GPU this is a range of a [`wgpu::Buffer`], which may be the caller's own
/// ([`Buffer::from_wgpu`]); on the CPU it is host memory. Sizes and offsets are multiples of 4 bytes.
#[derive(Debug, Clone)]
pub struct Buffer {
    pub(crate) repr: Repr,
    /// The number of the context it belongs to.
    pub(crate) home: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    /// If the memory is lent, what gives it back with the last clone.
    pub(crate) lease: Option<Arc<Scratch>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Repr {
    Gpu(Arc<GpuMemory>),
    Cpu(Arc<Memory>),
}

impl Buffer {
    /// A range of a caller's buffer, without a copy.
    ///
    /// The buffer must have been made by the context's device, with the usage `STORAGE`; `offset` must be a
    /// multiple of the device's `min_storage_buffer_offset_alignment`. What copies it ([`Buffer::read`],
    /// [`Recorder::copy`], lengths of a [`DeviceBatch`](crate::DeviceBatch)) needs `COPY_SRC` too, what writes
    /// to it from the host or by a copy ([`Buffer::write`], [`Recorder::clear`]) `COPY_DST`: the submission
    /// says so where they are missing.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the context is a CPU context, or the usage, the alignment or the range is
    /// wrong.
    pub fn from_wgpu(ctx: &Context, buffer: wgpu::Buffer, offset: u64, size: u64) -> Result<Self> {
        let repr = ctx.own(buffer.clone())?;
        check_usage(&buffer, "buffer", wgpu::BufferUsages::STORAGE)?;
        let align = ctx.limits().alignment;
        if !offset.is_multiple_of(align) || !size.is_multiple_of(4) {
            return Err(Error::invalid(
                "buffer range",
                format!("an offset that is a multiple of {align} and a size that is a multiple of 4"),
                format!("offset {offset}, size {size}"),
            ));
        }
        if offset.checked_add(size).is_none_or(|end| end > buffer.size()) {
            return Err(Error::invalid(
                "buffer range",
                format!("at most {} bytes", buffer.size()),
                format!("{offset} + {size}"),
            ));
        }
        Ok(Self { repr, home: ctx.id(), offset, size, lease: None })
    }

    /// Device memory holding `data`.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn from_slice<T: NoUninit>(ctx: &Context, data: &[T]) -> Result<Self> {
        ctx.allocate("embag.data", size_of_val(data) as u64)?.holding(ctx, data)
    }

    /// [`Buffer::from_slice`] in lent memory (see [`Context::lend`]).
    pub(crate) fn lent_from<T: NoUninit>(ctx: &Context, data: &[T]) -> Result<Self> {
        ctx.lend("embag.data", size_of_val(data) as u64)?.holding(ctx, data)
    }

    /// Lent memory for each of these bytes, which kernels only read: side by side, if a buffer is large enough,
    /// for one upload.
    pub(crate) fn lent_together(ctx: &Context, parts: &[&[u8]]) -> Result<Vec<Self>> {
        let (mut places, mut end) = (Vec::new(), 0);
        for part in parts {
            places.push(end);
            // the next one begins where it does in a batch of about this size
            end += size_class(part.len() as u64).next_multiple_of(ALIGNMENT);
        }
        if end > ctx.limits().buffer {
            return parts.iter().map(|part| Self::lent_from(ctx, part)).collect();
        }
        let whole = ctx.lend("embag.data", end)?;
        whole.fill(ctx, &places, parts)?;
        Ok(places.iter().zip(parts).map(|(at, part)| whole.part(*at, part.len() as u64)).collect())
    }

    /// New memory that holds `data`.
    fn holding<T: NoUninit>(self, ctx: &Context, data: &[T]) -> Result<Self> {
        self.fill(ctx, &[0], &[bytemuck::cast_slice(data)])?;
        Ok(self)
    }

    /// Writes at ascending places, on the CPU to new memory only.
    fn fill(&self, ctx: &Context, places: &[u64], parts: &[&[u8]]) -> Result<()> {
        match &self.repr {
            // no one else has it yet, and what was submitted before is done: no need to wait in the queue
            Repr::Cpu(memory) => {
                let mut memory = memory.write();
                let memory: &mut [u8] = bytemuck::cast_slice_mut(&mut memory);
                for (at, part) in places.iter().zip(parts) {
                    let at = usize::try_from(*at).unwrap_or(usize::MAX);
                    memory[at..at + part.len()].copy_from_slice(part);
                }
                Ok(())
            }
            Repr::Gpu(memory) => match ctx.backend() {
                Backend::Gpu(gpu) => gpu.write(memory, self.offset, places, parts),
                Backend::Cpu(_) => Err(Error::WrongContext { argument: "buffer" }),
            },
        }
    }

    /// The wgpu buffer with offset and size in bytes, on a GPU.
    #[must_use]
    pub fn as_wgpu(&self) -> Option<(&wgpu::Buffer, u64, u64)> {
        match &self.repr {
            Repr::Gpu(memory) => Some((&memory.buffer, self.offset, self.size)),
            Repr::Cpu(_) => None,
        }
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The part of `size` bytes that begins `offset` bytes from the start.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the part is not inside.
    pub fn slice(&self, offset: u64, size: u64) -> Result<Self> {
        if offset.checked_add(size).is_none_or(|end| end > self.size)
            || !offset.is_multiple_of(4)
            || !size.is_multiple_of(4)
        {
            return Err(Error::invalid(
                "buffer slice",
                format!("a multiple of 4 within {} bytes", self.size),
                format!("{size} bytes at {offset}"),
            ));
        }
        Ok(self.part(offset, size))
    }

    /// [`Buffer::slice`] for ranges that this crate computed itself.
    pub(crate) fn part(&self, offset: u64, size: u64) -> Self {
        debug_assert!(offset + size <= self.size);
        Self { offset: self.offset + offset, size, ..self.clone() }
    }

    /// The buffer that it is a range of.
    pub(crate) fn whole(&self) -> Self {
        let size = match &self.repr {
            Repr::Gpu(memory) => memory.buffer.size(),
            Repr::Cpu(memory) => memory.size(),
        };
        Self { offset: 0, size, ..self.clone() }
    }

    /// Writes `data` at `offset` bytes, after everything submitted so far.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it does not fit.
    pub fn write<T: NoUninit>(&self, ctx: &Context, offset: u64, data: &[T]) -> Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(data);
        let target = self.slice(offset, bytes.len() as u64)?;
        target.check_use(ctx, "target", wgpu::BufferUsages::COPY_DST)?;
        match &target.repr {
            Repr::Gpu(_) => target.fill(ctx, &[0], &[bytes]),
            Repr::Cpu(_) => {
                let mut rec = Recorder::new(ctx);
                rec.upload(&target, bytes.to_vec());
                rec.submit().map(drop)
            }
        }
    }

    /// Reads everything, after all submitted work; blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is not of whole values, [`Error::Device`] if the device fails.
    pub fn read<T: Pod>(&self, ctx: &Context) -> Result<Vec<T>> {
        let mut rec = Recorder::new(ctx);
        let readback = rec.readback(self);
        rec.submit().map(drop)?;
        readback.wait()
    }

    /// The smallest range that holds this one and may be bound, and the elements of 4 bytes from its start to
    /// ours.
    pub(crate) fn bindable(&self, ctx: &Context) -> (Self, u64) {
        let extra = self.offset % ctx.limits().alignment;
        let offset = self.offset - extra;
        (Self { offset, size: self.size + extra, ..self.clone() }, extra / 4)
    }

    /// Whether it may be used there.
    pub(crate) fn check_home(&self, ctx: &Context, argument: &'static str) -> Result<()> {
        if self.home == ctx.id() { Ok(()) } else { Err(Error::WrongContext { argument }) }
    }

    /// [`Buffer::check_home`] and, of a caller's buffer, whether it may be used like this.
    pub(super) fn check_use(
        &self,
        ctx: &Context,
        argument: &'static str,
        usage: wgpu::BufferUsages,
    ) -> Result<()> {
        self.check_home(ctx, argument)?;
        match &self.repr {
            Repr::Gpu(memory) => check_usage(&memory.buffer, argument, usage),
            Repr::Cpu(_) => Ok(()),
        }
    }

    /// Whether it may be bound: kernels want ranges that begin at a multiple of the alignment and fit a
    /// binding.
    pub(crate) fn check_bindable(&self, ctx: &Context, argument: impl Fn() -> String) -> Result<()> {
        let limits = ctx.limits();
        if !self.offset.is_multiple_of(limits.alignment) {
            return Err(Error::invalid(
                argument(),
                format!("memory at a multiple of {} bytes", limits.alignment),
                format!("an offset of {} bytes", self.offset),
            ));
        }
        if self.size > limits.binding {
            return Err(Error::LimitExceeded {
                what: argument(),
                needed: self.size,
                limit: limits.binding,
                hint: "use a smaller batch",
            });
        }
        Ok(())
    }

    /// Whether the two share bytes.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let bytes = self.size > 0 && other.size > 0;
        bytes
            && self.same_memory(other)
            && self.offset < other.offset + other.size
            && other.offset < self.offset + self.size
    }

    pub(crate) fn same_memory(&self, other: &Self) -> bool {
        match (&self.repr, &other.repr) {
            (Repr::Gpu(a), Repr::Gpu(b)) => a.buffer == b.buffer,
            (Repr::Cpu(a), Repr::Cpu(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

fn check_usage(buffer: &wgpu::Buffer, argument: &str, wanted: wgpu::BufferUsages) -> Result<()> {
    if buffer.usage().contains(wanted) {
        return Ok(());
    }
    let (expected, got) = (format!("{wanted:?}"), format!("{:?}", buffer.usage()));
    Err(Error::invalid(format!("usage of {argument}"), expected, got))
}
