//! Choosing and opening an adapter.

use std::sync::{Mutex, PoisonError};

use super::Gpu;
use crate::device::ContextOptions;
use crate::disabled::disabled;
use crate::{Error, Result};

/// Which adapters may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdapterChoice {
    /// Any, hardware first.
    Any,
    /// No software adapter.
    Hardware,
}

/// Optional features by the names that `EMBAG_DISABLE` uses; asked for where the adapter has them.
pub(super) const OPTIONAL: &[(&str, wgpu::Features)] = &[
    ("f16", wgpu::Features::SHADER_F16),
    ("subgroup", wgpu::Features::SUBGROUP),
    ("f32_atomic", wgpu::Features::SHADER_FLOAT32_ATOMIC),
    ("pipeline_cache", wgpu::Features::PIPELINE_CACHE),
    ("timestamp", wgpu::Features::TIMESTAMP_QUERY),
    ("timestamp", wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS),
    ("timestamp", wgpu::Features::TIMESTAMP_QUERY_INSIDE_PASSES),
];

/// What cooperative matrices need.
pub(super) const COOPERATIVE: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX
    .union(wgpu::Features::SHADER_F16)
    .union(wgpu::Features::SUBGROUP);

pub(super) fn subgroups_of_32(info: &wgpu::AdapterInfo) -> bool {
    (info.subgroup_min_size, info.subgroup_max_size) == (32, 32)
}

impl Gpu {
    pub(crate) fn open(choice: AdapterChoice, options: &ContextOptions) -> Result<Self> {
        // drivers have hung when two threads opened a device at the same moment
        static OPENING: Mutex<()> = Mutex::new(());
        let _one_after_the_other = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        let backends = descriptor.backends;
        let instance = wgpu::Instance::new(descriptor);
        let mut adapters = pollster::block_on(instance.enumerate_adapters(backends));
        let wanted = std::env::var("WGPU_ADAPTER_NAME").ok().map(|name| name.to_lowercase());
        let seen: Vec<String> = adapters
            .iter()
            .map(|a| format!("{} ({:?})", a.get_info().name, a.get_info().device_type))
            .collect();
        adapters.retain(|adapter| {
            let info = adapter.get_info();
            wanted.as_ref().is_none_or(|name| info.name.to_lowercase().contains(name))
                && (choice == AdapterChoice::Any || info.device_type != wgpu::DeviceType::Cpu)
        });
        adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
        let found = adapters.len();
        let Some(adapter) = adapters.into_iter().nth(options.adapter) else {
            let kind = if choice == AdapterChoice::Any { "any adapter" } else { "a hardware GPU" };
            let expected = match wanted {
                Some(name) => format!("{kind} whose name contains \"{name}\""),
                None => kind.to_owned(),
            };
            // numbers begin at 0
            let expected = match options.adapter {
                0 => expected,
                number => format!("{expected}, number {number} of {found} that there are"),
            };
            let got = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
            return Err(Error::NoAdapter { expected, got });
        };
        let cooperative = options.cooperative_matrices && has_cooperative(&adapter);
        let mut descriptor = descriptor_for(&adapter);
        if cooperative {
            descriptor.required_features |= wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
            #[allow(unsafe_code, reason = "wgpu marks so what is not yet known to be sound")]
            // SAFETY: the user asked for it, and no shader but this crate's comes to the device.
            let experimental = unsafe { wgpu::ExperimentalFeatures::enabled() };
            descriptor.experimental_features = experimental;
        }
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| Error::device("opening the adapter", error))?;
        Self::new(device, queue, options)
    }
}

/// Whether an adapter has the matrices and subgroups that kernels are written for.
fn has_cooperative(adapter: &wgpu::Adapter) -> bool {
    use wgpu::CooperativeScalarType::{F16, F32};
    let info = adapter.get_info();
    adapter.features().contains(COOPERATIVE)
        && !["f16", "subgroup"].into_iter().any(disabled)
        && subgroups_of_32(&info)
        && adapter.cooperative_matrix_properties().iter().any(|matrix| {
            (matrix.m_size, matrix.n_size, matrix.k_size) == (16, 16, 16)
                && (matrix.ab_type, matrix.cr_type) == (F16, F32)
        })
}

fn rank(kind: wgpu::DeviceType) -> u8 {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

/// Default limits, but for the sizes of buffers and bindings, where more is taken if there is more.
fn descriptor_for(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    let required_features = OPTIONAL
        .iter()
        .filter(|(name, _)| !disabled(name))
        .fold(wgpu::Features::empty(), |all, (_, feature)| all | *feature)
        & adapter.features();
    let has = adapter.limits();
    let required_limits = wgpu::Limits {
        max_buffer_size: has.max_buffer_size,
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        ..wgpu::Limits::default()
    };
    wgpu::DeviceDescriptor {
        label: Some("embag"),
        required_features,
        required_limits: required_limits.or_worse_values_from(&has),
        ..Default::default()
    }
}
