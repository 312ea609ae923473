//! For which machines kernels are written.

/// For which machines a kernel is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The same for all.
    Any,
    /// Real GPUs: lanes on columns, workgroup memory, much work in flight.
    Wide,
    /// Software adapters (`DeviceType::Cpu`): one thread a row, registers only.
    Serial,
}
