//! How long each command of a submission takes on the device, by timestamps.

use std::sync::Arc;
use std::time::Duration;

use super::Gpu;
use crate::device::Arriving;
use crate::{Error, Result};

/// Timestamps that a query set may have.
const SET: u32 = wgpu::QUERY_SET_MAX_QUERIES;
const BYTES: u64 = wgpu::QUERY_SIZE as u64;

/// The timestamps of one submission.
///
/// Where a device can, they are written between the dispatches of one pass, so that each begins where the one
/// before it ended; elsewhere each dispatch has a pass of its own. Copies are timed where timestamps may be
/// written outside of passes.
#[derive(Debug)]
pub(crate) struct Timing {
    sets: Vec<wgpu::QuerySet>,
    resolved: wgpu::Buffer,
    stamps: Arc<Arriving>,
    /// Timestamps so far.
    count: u32,
    /// Commands by their number, and the timestamps of their beginning and end.
    spans: Vec<(usize, [u32; 2])>,
    pub(super) inside_passes: bool,
    inside_encoders: bool,
}

impl Timing {
    /// Room for this many commands.
    pub(crate) fn new(gpu: &Gpu, commands: usize) -> Result<Self> {
        let features = gpu.device.features();
        if !features.contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Err(Error::invalid(
                "context",
                "a device with the feature TIMESTAMP_QUERY, to profile",
                "one without",
            ));
        }
        // a beginning and an end each; both of a pass must be of one set, which an even size sees to
        let wanted = u32::try_from(commands.max(1) * 2)
            .map_err(|_| Error::invalid("recorder", "at most 2^31 commands, to profile", commands))?;
        gpu.guarded("timestamps", || {
            let sets = (0..wanted.div_ceil(SET)).map(|set| {
                gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                    label: Some("embag.timestamps"),
                    ty: wgpu::QueryType::Timestamp,
                    count: (wanted - set * SET).min(SET),
                })
            });
            let resolved = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("embag.timestamps"),
                size: u64::from(wanted) * BYTES,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            Self {
                sets: sets.collect(),
                resolved,
                stamps: Arc::default(),
                count: 0,
                spans: Vec::with_capacity(commands),
                inside_passes: features.contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_PASSES),
                inside_encoders: features.contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS),
            }
        })
    }

    /// The next timestamp: its number, its set and its place there.
    fn next(&mut self) -> (u32, &wgpu::QuerySet, u32) {
        let number = self.count;
        self.count += 1;
        (number, &self.sets[(number / SET) as usize], number % SET)
    }

    /// What a pass of one dispatch is begun with, the command of this number, where timestamps stand around
    /// passes.
    pub(super) fn around(&mut self, command: usize) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        if self.inside_passes {
            return None;
        }
        let (begin, end) = (self.next().0, self.next().0);
        self.spans.push((command, [begin, end]));
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.sets[(begin / SET) as usize],
            beginning_of_pass_write_index: Some(begin % SET),
            end_of_pass_write_index: Some(end % SET),
        })
    }

    /// The first dispatch of a pass follows.
    pub(super) fn pass_begins(&mut self, pass: &mut wgpu::ComputePass<'_>) {
        if self.inside_passes {
            let (_, set, place) = self.next();
            pass.write_timestamp(set, place);
        }
    }

    /// The dispatch of this number was encoded.
    pub(super) fn dispatched(&mut self, pass: &mut wgpu::ComputePass<'_>, command: usize) {
        if self.inside_passes {
            let (end, set, place) = self.next();
            pass.write_timestamp(set, place);
            self.spans.push((command, [end - 1, end]));
        }
    }

    /// Encodes the command of this number, which is no dispatch.
    pub(super) fn outside(
        this: Option<&mut Self>,
        encoder: &mut wgpu::CommandEncoder,
        command: usize,
        encode: impl FnOnce(&mut wgpu::CommandEncoder) -> Result<()>,
    ) -> Result<()> {
        let Some(timing) = this.filter(|timing| timing.inside_encoders) else { return encode(encoder) };
        let mut stamp = |encoder: &mut wgpu::CommandEncoder| {
            let (number, set, place) = timing.next();
            encoder.write_timestamp(set, place);
            number
        };
        let begin = stamp(encoder);
        encode(encoder)?;
        let end = stamp(encoder);
        timing.spans.push((command, [begin, end]));
        Ok(())
    }

    /// Makes numbers of the timestamps and hands them over, at the end of the submission.
    pub(super) fn resolve(&self, gpu: &Gpu, encoder: &mut wgpu::CommandEncoder) {
        for (first, set) in (0..self.count).step_by(SET as usize).zip(&self.sets) {
            let written = 0..(self.count - first).min(SET);
            encoder.resolve_query_set(set, written, &self.resolved, u64::from(first) * BYTES);
        }
        if self.count > 0 {
            let bytes = u64::from(self.count) * BYTES;
            gpu.hand_over(encoder, [(&self.resolved, 0, bytes)], &self.stamps);
        }
    }

    /// How long each command took, by its number, once the submission is done.
    pub(crate) fn read(&self, gpu: &Gpu) -> Result<Vec<(usize, Duration)>> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        self.stamps.settle();
        let stamps = self.stamps.take().unwrap_or_else(|| Err("they were taken before".to_owned()));
        let stamps = stamps.map_err(|message| gpu.failed("timestamps", message))?;
        let stamps: Vec<u64> = bytemuck::pod_collect_to_vec(&stamps);
        let period = f64::from(gpu.queue.get_timestamp_period());
        let time = |[begin, end]: [u32; 2]| {
            let ticks = stamps[end as usize].saturating_sub(stamps[begin as usize]);
            Duration::from_secs_f64(ticks as f64 * period * 1e-9)
        };
        Ok(self.spans.iter().map(|&(command, span)| (command, time(span))).collect())
    }
}
