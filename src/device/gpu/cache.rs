//! Compiled pipelines on disk, where a driver has them.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// wgpu's cache of compiled pipelines, and the file that it is kept in.
#[derive(Debug)]
pub(super) struct Cache {
    cache: wgpu::PipelineCache,
    file: PathBuf,
}

impl Cache {
    /// The cache in a folder, which is made if there is none; nothing where the device has no such caches.
    pub(super) fn open(device: &wgpu::Device, folder: &Path) -> Result<Option<Self>> {
        let failed = |source| Error::Io { path: folder.to_owned(), source };
        let Some(key) = wgpu::util::pipeline_cache_key(&device.adapter_info()) else { return Ok(None) };
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return Ok(None);
        }
        std::fs::create_dir_all(folder).map_err(failed)?;
        let file = folder.join(key);
        let data = match std::fs::read(&file) {
            Ok(data) => Some(data),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let descriptor =
            wgpu::PipelineCacheDescriptor { label: Some("embag"), data: data.as_deref(), fallback: true };
        #[allow(unsafe_code, reason = "wgpu cannot prove where the data are from")]
        // SAFETY: the data are what `PipelineCache::get_data` gave, in a file that only this function reads and
        // only `save` writes, whole; wgpu refuses data of other adapters, drivers and versions by their header.
        let cache = unsafe { device.create_pipeline_cache(&descriptor) };
        Ok(Some(Self { cache, file }))
    }

    pub(super) fn cache(&self) -> &wgpu::PipelineCache {
        &self.cache
    }

    /// Writes what the driver has compiled: another process sees the old file or the new one, whole.
    pub(super) fn save(&self) -> std::io::Result<()> {
        let Some(data) = self.cache.get_data() else { return Ok(()) };
        let new = self.file.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&new, data)?;
        std::fs::rename(&new, &self.file)
    }
}
