//! Host memory behind a [`Buffer`](crate::Buffer) of the CPU context.

use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use memmap2::MmapMut;

use crate::{Error, Result};

/// Words that several buffers may share.
#[derive(Debug)]
pub(crate) struct Memory {
    words: RwLock<Words>,
}

/// Zeroed words.
#[derive(Debug)]
pub(crate) enum Words {
    Small(Vec<u32>),
    /// Large memory in huge pages where the system has them: rows are read at random, and with small pages nearly
    /// each read would also miss the address translation cache.
    Large(MmapMut),
}

/// From here on memory is mapped in pages of its own: two huge pages.
const LARGE: usize = 4 << 20;

impl Memory {
    pub(crate) fn zeroed(bytes: u64) -> Result<Self> {
        let out_of_memory = || Error::device("allocation", format!("{bytes} bytes are not to be had"));
        let len = usize::try_from(bytes).map_err(|_| out_of_memory())?;
        let words = if len < LARGE {
            Words::Small(vec![0; len / 4])
        } else {
            let pages = MmapMut::map_anon(len).map_err(|_| out_of_memory())?;
            #[cfg(target_os = "linux")]
            // a wish: without huge pages everything works, only slower
            let _ = pages.advise(memmap2::Advice::HugePage);
            Words::Large(pages)
        };
        Ok(Self { words: RwLock::new(words) })
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Words> {
        self.words.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Words> {
        self.words.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Words {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        match self {
            Self::Small(words) => words,
            // pages are aligned, and their size is a multiple of 4
            Self::Large(pages) => bytemuck::cast_slice(pages),
        }
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u32] {
        match self {
            Self::Small(words) => words,
            Self::Large(pages) => bytemuck::cast_slice_mut(pages),
        }
    }
}
