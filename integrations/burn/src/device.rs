//! burn's device with a context of embag on it.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuInitError, WgpuOptions, WgpuSetup};
use embag::Context;

/// The devices that have a context; burn's stay open until the process ends, too.
static JOINED: Mutex<Vec<(Device, Context)>> = Mutex::new(Vec::new());

/// Why [`init`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// burn could not open the device, or has opened it before.
    #[error(transparent)]
    Burn(#[from] WgpuInitError),
    /// embag cannot work on it.
    #[error(transparent)]
    Embag(#[from] embag::Error),
}

/// Opens burn's wgpu device, and a context of embag on it. It must come before burn makes its first tensor
/// there.
///
/// # Errors
/// burn's, among others if the device is in use already; [`embag::Error::InvalidArgument`] if it has too few
/// storage buffers per shader stage.
pub fn init(options: WgpuOptions) -> Result<(Device, Context), InitError> {
    let (device, setup) = options.init_with_setup()?;
    let ctx = join(&device, &setup)?;
    Ok((device, ctx))
}

/// A context of embag on a device that was opened with this setup ([`WgpuOptions::init_with_setup`], or
/// [`WgpuOptions::setup`] with one of your own). A device that was joined before has the same context again.
///
/// # Errors
/// [`embag::Error::InvalidArgument`] if it has too few storage buffers per shader stage.
pub fn join(device: &Device, setup: &WgpuSetup) -> embag::Result<Context> {
    let mut joined = JOINED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, ctx)) = joined.iter().find(|(of, _)| of == device) {
        return Ok(ctx.clone());
    }
    let ctx = Context::from_wgpu(setup.device.clone(), setup.queue.clone())?;
    joined.push((device.clone().without_autodiff(), ctx.clone()));
    Ok(ctx)
}

/// The context of a device that was [initialised](init) or [joined](join), if it was.
pub fn context_of(device: &Device) -> Option<Context> {
    let joined = JOINED.lock().unwrap_or_else(PoisonError::into_inner);
    joined.iter().find(|(of, _)| of == device).map(|(_, ctx)| ctx.clone())
}
