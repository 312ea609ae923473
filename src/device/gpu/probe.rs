//! Finds out what the standard leaves open.

use super::Gpu;
use crate::Result;
use crate::device::{Arriving, Buffer, Command, Dispatch, Repr};
use crate::kernels::probe;

/// Whether subnormals are flushed, as inputs or as results.
pub(super) fn flushes_subnormals(gpu: &Gpu) -> Result<bool> {
    let size = 16;
    let repr = Repr::Gpu(gpu.allocate("embag.probe", size)?);
    let buffer = Buffer { repr, home: 0, offset: 0, size, lease: None };
    let inputs = [f32::MIN_POSITIVE, 0.5, f32::from_bits(1), 2.0];
    let arriving = std::sync::Arc::<Arriving>::default();
    let bindings = probe::Bindings { values: buffer.clone() };
    let commands = vec![
        Command::Upload { target: buffer.clone(), data: bytemuck::cast_slice(&inputs).to_vec() },
        Command::Dispatch(Dispatch::new(0, &probe::Params::default(), bindings, 1)),
        Command::Readback { sources: vec![buffer], value: size_of::<f32>(), bytes: arriving.clone() },
    ];
    let index = gpu.execute_alone(commands)?;
    gpu.wait(index)?;
    arriving.settle();
    let bytes = arriving.take().unwrap_or_else(|| Err("no answer".to_owned()));
    let bytes = bytes.map_err(|message| gpu.failed("probe", message))?;
    let found: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
    Ok(found[0] != f32::MIN_POSITIVE * 0.5 || found[2] != f32::from_bits(2))
}
