//! Choices that change how fast a device is, and nothing else.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kernel::{Kernel, Shape};
use crate::kernels::bag_forward::{self, InFlight, ROWS, THREADS};
pub use crate::kernels::tile::MatmulTile;
use crate::{Error, Result};

/// Choices between kernels that give the same bits, for one device: found by
/// [`Context::tune`](crate::Context::tune), kept in a file by `serde`, and pinned by
/// [`Context::set_tuning`](crate::Context::set_tuning) or
/// [`ContextOptions::tuning`](crate::ContextOptions::tuning). Only [`wait`](Self::wait) matters on software
/// adapters and the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Tuning {
    /// Rows that a thread of a lookup has on their way at a time: 2, 4 or 8. More hide more of the memory's
    /// latency, and take more registers.
    pub bag_rows: u32,
    /// Threads of a lookup's workgroup: 64 or 256.
    pub bag_workgroup: u32,
    /// How a pass of a sort ranks the keys of a tile.
    pub sort: SortVariant,
    /// The largest tile of matrix products; outputs that it would cut into few pieces get smaller ones.
    pub matmul: MatmulTile,
    /// How long a wait for the device polls it before it blocks: the end of short work is seen earlier that way,
    /// for the price of a busy thread. In microseconds where it is written down.
    #[serde(with = "microseconds")]
    pub wait: Duration,
}

/// How a pass of a radix sort ranks the keys of a tile; the order of the result is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SortVariant {
    /// In rounds of four bits, on any device.
    Portable,
    /// By ballots of subgroups, all bits at once, where the device has subgroups of 8 to 32 threads and the
    /// wgpu feature `SUBGROUP`; elsewhere [`Portable`](Self::Portable) is taken.
    Subgroup,
}

impl SortVariant {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Subgroup => "subgroup",
        }
    }
}

/// A submission of little work takes about this long, and a thread that blocked as long again to wake up.
const WAIT: Duration = Duration::from_micros(200);

impl Default for Tuning {
    /// For a discrete GPU.
    fn default() -> Self {
        let sort = SortVariant::Portable;
        Self { bag_rows: 4, bag_workgroup: 64, sort, matmul: MatmulTile::T128x128, wait: WAIT }
    }
}

/// PCI's numbers of vendors.
const INTEL: u32 = 0x8086;
const ARM: u32 = 0x13b5;
const QUALCOMM: u32 = 0x5143;

impl Tuning {
    /// What is likely best, by what kind of device it is and who makes it.
    pub(super) fn of(info: Option<&wgpu::AdapterInfo>) -> Self {
        info.map_or(Self::of_kind(wgpu::DeviceType::Cpu, 0), |info| {
            Self::of_kind(info.device_type, info.vendor)
        })
    }

    fn of_kind(kind: wgpu::DeviceType, vendor: u32) -> Self {
        use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
        let general = Self::default();
        match (kind, vendor) {
            // whose work needs the thread
            (Cpu, _) => Self { wait: Duration::ZERO, ..general },
            // a thread of 16 lanes has 64 registers each, which the sums of the largest tile alone would take
            (DiscreteGpu | VirtualGpu, INTEL) => Self { matmul: MatmulTile::T64x64, ..general },
            (DiscreteGpu | VirtualGpu, _) => general,
            // phones: few registers, and few cores, which small outputs must fill too
            (IntegratedGpu | Other, ARM | QUALCOMM) => Self { matmul: MatmulTile::T32x64, ..general },
            (IntegratedGpu | Other, _) => Self { matmul: MatmulTile::T64x64, ..general },
        }
    }

    /// Whether there are kernels for it.
    pub(super) fn check(&self) -> Result<()> {
        let known = |name: &str, value: u32, known: &[u32]| match known.contains(&value) {
            true => Ok(()),
            false => Err(Error::invalid(name, format!("one of {known:?}"), value)),
        };
        known("bag_rows", self.bag_rows, &ROWS)?;
        known("bag_workgroup", self.bag_workgroup, &THREADS)
    }

    /// The same with every choice for lookups.
    pub(crate) fn lookups(self) -> impl Iterator<Item = Self> {
        InFlight::all().map(move |InFlight { rows, threads }| Self {
            bag_rows: rows,
            bag_workgroup: threads,
            ..self
        })
    }

    /// What lookups have in flight; software adapters nothing.
    pub(super) fn in_flight(&self, shape: Shape) -> Option<InFlight> {
        (shape == Shape::Wide).then_some(InFlight { rows: self.bag_rows, threads: self.bag_workgroup })
    }

    /// Whether a variant of a kernel is among what is chosen.
    pub(super) fn may_use(&self, kernel: &Kernel, variant: usize) -> bool {
        let (rows, threads) = (self.bag_rows, self.bag_workgroup);
        kernel.name != bag_forward::KERNEL.name
            || bag_forward::in_flight(variant).is_none_or(|of| of == InFlight { rows, threads })
    }

    /// The tile for an output that is summed in slices; software adapters have none.
    pub(super) fn tile(&self, shape: Shape, m: u32, n: u32, slices: u32) -> Option<MatmulTile> {
        (shape == Shape::Wide).then(|| self.matmul.for_output(m, n, slices))
    }
}

/// One choice a line.
impl fmt::Display for Tuning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "bag_rows       {}", self.bag_rows)?;
        writeln!(f, "bag_workgroup  {}", self.bag_workgroup)?;
        writeln!(f, "sort           {}", self.sort.name())?;
        writeln!(f, "matmul         {}", self.matmul)?;
        write!(f, "wait           {} us", self.wait.as_micros())
    }
}

/// A duration as a number of microseconds.
mod microseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's interface")]
    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        u64::try_from(time.as_micros()).unwrap_or(u64::MAX).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu};

    #[test]
    fn defaults_are_by_kind_and_vendor() {
        const NVIDIA: u32 = 0x10de;
        for (kind, vendor, tile) in [
            (DiscreteGpu, NVIDIA, MatmulTile::T128x128),
            (DiscreteGpu, INTEL, MatmulTile::T64x64),
            (IntegratedGpu, INTEL, MatmulTile::T64x64),
            (IntegratedGpu, QUALCOMM, MatmulTile::T32x64),
        ] {
            let tuning = Tuning::of_kind(kind, vendor);
            assert_eq!((tuning.matmul, tuning.wait), (tile, WAIT), "{kind:?} {vendor:#x}");
            assert!(tuning.check().is_ok());
        }
        assert_eq!(Tuning::of_kind(Cpu, NVIDIA).wait, Duration::ZERO);
        assert_eq!(Tuning::of(None), Tuning::of_kind(Cpu, 0));
    }
}
