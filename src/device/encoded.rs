//! Work in a caller's encoder.

use std::sync::Arc;

use super::late::Ground;
use super::report::{Report, Submitted};
use super::{Command, Scratch, Submission};

/// Work that [`Recorder::encode`](super::Recorder::encode) put into the caller's encoder.
///
/// It holds the memory of that work until [`Encoded::submitted`] says that the queue has it. Dropped before,
/// its memory serves nothing else, for the encoder may still be submitted; it is given back to the device
/// with the encoder.
#[must_use = "`submitted` tells when and how the work ended, and frees its scratch memory for others"]
pub struct Encoded {
    report: Arc<Report>,
    /// Until it is.
    submitted: Option<Submitted>,
    grounds: Vec<(Ground, u64)>,
    commands: Vec<Command>,
    scratch: Vec<Scratch>,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoded").field("commands", &self.commands.len()).finish_non_exhaustive()
    }
}

impl Encoded {
    pub(super) fn new(
        report: Arc<Report>,
        submitted: Submitted,
        grounds: Vec<(Ground, u64)>,
        commands: Vec<Command>,
        scratch: Vec<Scratch>,
    ) -> Self {
        Self { report, submitted: Some(submitted), grounds, commands, scratch }
    }

    /// The submission that the encoder was part of, by what [`wgpu::Queue::submit`] gave.
    pub fn submitted(mut self, index: wgpu::SubmissionIndex) -> Submission {
        if let Some(submitted) = self.submitted.take() {
            let moved = self.grounds.iter().find_map(|(ground, before)| ground.moved_since(*before));
            self.report.submitted(Submitted { index: Some(index), moved, ..submitted });
        }
        Submission::new(self.report.clone())
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        if self.submitted.is_some() {
            let lent =
                self.commands.iter().flat_map(Command::buffers).filter_map(|buffer| buffer.lease.as_deref());
            self.scratch.iter().chain(lent).for_each(Scratch::forgo);
        }
    }
}
