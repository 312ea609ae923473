//! What chunked tables came to.

use std::io::{self, Write};

use embag::chunked::Adjustment;
use indicatif::HumanBytes;
use serde::Serialize;

/// What the line of JSON says of chunked tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chunks {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunked: Option<ChunkedReport>,
}

/// Chunked tables at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChunkedReport {
    /// Distinct ids that have a row.
    pub rows: u32,
    /// Chunks of all rows, and those of them that have memory.
    pub chunks: u64,
    pub resident: u32,
    /// How many rows have 0, 1, ... chunks with memory.
    pub rows_by_chunks: Vec<u32>,
    pub bytes: Bytes,
    /// The most that the tables took after a step of this run, without the optimizer's state.
    pub peak_bytes: u64,
    /// Those of this run.
    pub adjustments: Vec<AdjustmentReport>,
}

/// Bytes by what they are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Values.
    pub store: u64,
    /// Virtual ids and rows.
    pub directory: u64,
    /// Slots, utilities and the steps that rows were changed in.
    pub chunks: u64,
    /// Free slots.
    pub free: u64,
}

/// What an adjustment did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdjustmentReport {
    /// Steps before it.
    pub step: u64,
    pub chunks: u32,
    pub resident: u32,
    /// Chunks that lost their memory.
    pub evicted: u32,
    /// Chunks that got some.
    pub admitted: u32,
}

impl AdjustmentReport {
    /// That after a step.
    pub const fn new(step: u64, adjusted: &Adjustment) -> Self {
        let &Adjustment { chunks, resident, evicted, admitted, .. } = adjusted;
        Self { step, chunks, resident, evicted, admitted }
    }
}

impl ChunkedReport {
    /// Writes it for people.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        if !self.adjustments.is_empty() {
            writeln!(out, "{:>8} {:>12} {:>12} {:>12} {:>12}", "step", "chunks", "resident", "left", "came")?;
        }
        for AdjustmentReport { step, chunks, resident, evicted, admitted } in &self.adjustments {
            writeln!(out, "{step:>8} {chunks:>12} {resident:>12} {evicted:>12} {admitted:>12}")?;
        }
        let Self { rows, chunks, resident, peak_bytes, .. } = self;
        let Bytes { store, directory, chunks: found, free } = self.bytes;
        writeln!(out, "chunks: {resident} of {chunks} resident, of {rows} ids")?;
        writeln!(
            out,
            "bytes: {} of values, {} of directory, {} of slots and utilities, {} of free slots; {} at most",
            HumanBytes(store),
            HumanBytes(directory),
            HumanBytes(found),
            HumanBytes(free),
            HumanBytes(*peak_bytes),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjustments_come_before_what_is_left() -> io::Result<()> {
        let adjusted = AdjustmentReport { step: 50, chunks: 40, resident: 10, evicted: 30, admitted: 2 };
        let bytes = Bytes { store: 1024, directory: 100, chunks: 80, free: 44 };
        let mut report = ChunkedReport {
            rows: 20,
            chunks: 40,
            resident: 10,
            rows_by_chunks: vec![12, 6, 2],
            bytes,
            peak_bytes: 2048,
            adjustments: vec![adjusted],
        };
        let mut out = Vec::new();
        report.write_text(&mut out)?;
        let text = String::from_utf8_lossy(&out).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[0].len(), lines[1].len());
        assert_eq!(lines[2], "chunks: 10 of 40 resident, of 20 ids");
        assert!(lines[3].starts_with("bytes: 1.00 KiB of values, 100 B of directory"), "{text}");
        report.adjustments.clear();
        let mut out = Vec::new();
        report.write_text(&mut out)?;
        assert_eq!(String::from_utf8_lossy(&out).lines().count(), 2);
        Ok(())
    }
}
