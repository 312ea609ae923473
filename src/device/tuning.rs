//! Choices that change how fast a device is, and nothing else.

use crate::kernel::Shape;
pub use crate::kernels::tile::MatmulTile;

/// Choices between kernels that give the same bits, for one device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tuning {
    /// The largest tile of matrix products; outputs that it would cut into few pieces get smaller ones.
    pub matmul: MatmulTile,
}

impl Tuning {
    /// What is likely best, by what kind of device it is.
    pub(super) fn of(info: Option<&wgpu::AdapterInfo>) -> Self {
        let discrete = info.is_none_or(|info| info.device_type == wgpu::DeviceType::DiscreteGpu);
        Self { matmul: if discrete { MatmulTile::T128x128 } else { MatmulTile::T64x64 } }
    }

    /// The tile for an output that is summed in slices; software adapters have none.
    pub(crate) fn tile(&self, shape: Shape, m: u32, n: u32, slices: u32) -> Option<MatmulTile> {
        (shape == Shape::Wide).then(|| self.matmul.for_output(m, n, slices))
    }
}
