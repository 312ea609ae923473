//! The tiles of a matrix product on real GPUs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The tile of a matrix product that a workgroup makes on a real GPU, by rows and columns of the output.
///
/// The larger a tile, the more often a value that was loaded is used; but there must be enough tiles to fill the
/// device. Each value is summed in the same order in all of them: a tile never changes a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MatmulTile {
    /// 32 x 64 with 64 threads: GPUs with few cores.
    #[serde(rename = "32x64")]
    T32x64,
    /// 64 x 64 with 128 threads.
    #[serde(rename = "64x64")]
    T64x64,
    /// 128 x 128 with 256 threads.
    #[serde(rename = "128x128")]
    T128x128,
}

impl fmt::Display for MatmulTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows(), self.columns())
    }
}

impl MatmulTile {
    /// Every tile, from small to large.
    pub const ALL: [Self; 3] = [Self::T32x64, Self::T64x64, Self::T128x128];

    /// Rows.
    #[must_use]
    pub const fn rows(self) -> u32 {
        match self {
            Self::T32x64 => 32,
            Self::T64x64 => 64,
            Self::T128x128 => 128,
        }
    }

    /// Columns.
    #[must_use]
    pub const fn columns(self) -> u32 {
        match self {
            Self::T32x64 | Self::T64x64 => 64,
            Self::T128x128 => 128,
        }
    }

    /// Threads of a workgroup.
    pub(crate) const fn threads(self) -> u32 {
        match self {
            Self::T32x64 => 64,
            Self::T64x64 => 128,
            Self::T128x128 => 256,
        }
    }

    /// Values (words of codes) of k that are in workgroup memory at a time.
    pub(crate) const fn k(self) -> u32 {
        match self {
            Self::T64x64 => 16,
            Self::T32x64 | Self::T128x128 => 8,
        }
    }

    /// Vectors of four rows, and of four columns, in workgroup memory.
    pub(crate) const fn shared(self) -> [u32; 2] {
        [self.rows() / 4 * self.k(), self.columns() / 4 * self.k()]
    }

    /// What a vector's place in workgroup memory is changed by with every four k: eight threads, which store
    /// together, have blocks of as many different k as the tile has, and of consecutive rows.
    pub(crate) const fn swizzle(self) -> u32 {
        8 / (self.k() / 4)
    }

    /// Workgroups for an output.
    pub(crate) fn groups(self, m: u32, n: u32) -> u32 {
        m.div_ceil(self.rows()) * n.div_ceil(self.columns())
    }

    /// The largest tile up to this one that an output fills at least half, and that leaves enough groups of it.
    pub(crate) fn for_output(self, m: u32, n: u32, slices: u32) -> Self {
        let fits = |tile: &Self| {
            let filled = m > tile.rows() / 2 && n > tile.columns() / 2;
            filled && tile.groups(m, n) * slices >= ENOUGH_GROUPS
        };
        let mut smaller = Self::ALL.into_iter().rev().filter(|tile| *tile <= self);
        smaller.find(fits).unwrap_or(Self::T32x64)
    }
}

/// Groups that keep a large device's cores busy with one tile each and another one to go on with.
const ENOUGH_GROUPS: u32 = 256;
/// And small groups that fill it.
const MANY_GROUPS: u32 = 512;

/// Into how many slices a sum over `k` is cut, none shorter than `shortest`, so that groups fill a large device.
/// It depends on the output alone: were it to depend on the tile, the tile would change the order of a sum.
pub(crate) fn slices(m: u32, n: u32, k: u32, shortest: u32) -> u32 {
    cut(MANY_GROUPS, MatmulTile::T64x64.groups(m, n), k, shortest)
}

/// [`slices`] for a number of groups that is wanted, where there are these without slices.
pub(crate) fn cut(wanted: u32, groups: u32, k: u32, shortest: u32) -> u32 {
    (wanted / groups).min(k / shortest).max(1)
}

/// The overrides of a variant with a tile, and others.
macro_rules! tile_constants {
    ($tile:ident $(, $more:expr)*) => {
        &[
            ("TILE_M", MatmulTile::$tile.rows()),
            ("TILE_N", MatmulTile::$tile.columns()),
            ("K_TILE", MatmulTile::$tile.k()),
            ("SHARED_A", MatmulTile::$tile.shared()[0]),
            ("SHARED_B", MatmulTile::$tile.shared()[1]),
            ("SWIZZLE", MatmulTile::$tile.swizzle()),
            $($more,)*
        ]
    };
}
pub(crate) use tile_constants;
