//! What a recorder brings along from the host: gathered in few places, each uploaded by one write.

use super::gpu::Gpu;
use super::{Buffer, Command, Recorder, Scratch, Used};
use crate::Result;
use crate::device::gpu::{Prepared, WINDOW, Work};

/// Bytes of a place, unless one thing needs more.
const BLOCK: u64 = 64 << 10;
/// Where things that are uploaded together begin: what every device takes as the offset of a binding.
pub(super) const ALIGNMENT: u64 = 256;
/// An upload to memory of its own is brought along if it is no larger: a copy costs less than a write then.
const CARRIED: usize = 16 << 10;

/// Memory that is filled by one upload.
#[derive(Debug)]
pub(super) struct Block {
    whole: Buffer,
    /// The command that uploads it.
    command: usize,
}

impl Recorder {
    /// A place for bytes that are uploaded before anything runs, and that kernels only read: the memory, and
    /// where the bytes are until then (command and offset in its data).
    pub(super) fn place(&mut self, label: &'static str, bytes: &[u8]) -> Result<(Buffer, usize, usize)> {
        let size = bytes.len() as u64;
        let room = |block: &Block, data: &[u8]| {
            let at = (data.len() as u64).next_multiple_of(ALIGNMENT);
            (at + size <= block.whole.size).then_some(at)
        };
        let current = self.block.as_ref().and_then(|block| match self.commands.get(block.command) {
            // an operation that failed may have taken it away
            Some(Command::Upload { target, data }) if target.same_memory(&block.whole) => {
                Some((block.whole.clone(), block.command, room(block, data)?))
            }
            _ => None,
        });
        let (whole, command, at) = match current {
            Some(current) => current,
            None => {
                let scratch = Scratch::take(self.context(), label, size.max(BLOCK), Used::Uploads)?;
                let whole = scratch.buffer();
                self.uploads.push(scratch);
                let command = self.commands.len();
                self.commands.push(Command::Upload { target: whole.part(0, 0), data: Vec::new() });
                self.block = Some(Block { whole: whole.clone(), command });
                (whole, command, 0)
            }
        };
        let part = whole.part(at, size.next_multiple_of(4).min(whole.size - at));
        // it fits the block, which fits memory
        let begin = usize::try_from(at).unwrap_or(usize::MAX);
        if let Some(Command::Upload { target, data }) = self.commands.get_mut(command) {
            data.resize(begin, 0);
            data.extend_from_slice(bytes);
            data.resize(data.len().next_multiple_of(4), 0);
            *target = whole.part(0, data.len() as u64);
        }
        Ok((part.part(0, size), command, begin))
    }

    /// Makes everything ready for a device: pipelines, parameters and small uploads beside what is uploaded
    /// already.
    pub(super) fn ready(&mut self, gpu: &Gpu) -> Result<Ready> {
        let mut carried = Vec::new();
        let direct: Vec<usize> = (0..self.commands.len()).filter(|&i| self.is_direct(i)).collect();
        let bytes = |i: &usize| match &self.commands[*i] {
            Command::Upload { data, .. } => data.len(),
            _ => 0,
        };
        let dispatches = Command::dispatches(&self.commands).next().is_some();
        // they keep their order among each other: all or none
        if dispatches && direct.iter().map(bytes).sum::<usize>() <= CARRIED {
            for i in direct {
                let Command::Upload { data, .. } = &mut self.commands[i] else { continue };
                let data = std::mem::take(data);
                carried.push((i, self.place("embag.uploads", &data)?.0));
            }
        }
        let (prepared, params) = gpu.prepare(&self.commands)?;
        let (params, command, begin) = self.place("embag.params", &params)?;
        Ok(Ready { prepared, params, place: (command, begin), carried })
    }

    /// Whether a command is an upload to memory of its own.
    fn is_direct(&self, command: usize) -> bool {
        match &self.commands[command] {
            Command::Upload { target, .. } => {
                !self.uploads.iter().any(|block| block.buffer().same_memory(target))
            }
            _ => false,
        }
    }
}

/// What [`Recorder::ready`] made.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    params: Buffer,
    /// Where they are until the upload: command and offset in its data.
    place: (usize, usize),
    carried: Vec<(usize, Buffer)>,
}

impl Ready {
    /// Takes up parameters that have changed.
    pub(super) fn refresh(&self, commands: &mut [Command]) {
        let (upload, begin) = self.place;
        let Some(Command::Upload { data, .. }) = commands.get_mut(upload) else { return };
        let mut uploaded = std::mem::take(data);
        for (call, place) in Command::dispatches(commands).zip(uploaded[begin..].chunks_mut(WINDOW)) {
            place[..call.params.len()].copy_from_slice(&call.params);
        }
        if let Some(Command::Upload { data, .. }) = commands.get_mut(upload) {
            *data = uploaded;
        }
    }

    pub(super) fn work<'a>(&'a self, rec: &'a Recorder) -> Work<'a> {
        Work {
            commands: &rec.commands,
            prepared: &self.prepared,
            params: &self.params,
            carried: &self.carried,
        }
    }
}
