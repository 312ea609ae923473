//! Host memory behind a [`Buffer`](crate::Buffer) of the CPU context.

use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytemuck::{Pod, Zeroable};
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
    /// In whole cache lines, of which this many words are used: what is laid out in lines must not straddle
    /// two.
    Small(Vec<Line>, usize),
    /// Large memory in huge pages where the system has them: rows are read at random, and with small pages
    /// nearly each read would also miss the address translation cache.
    Large(MmapMut),
}

/// A cache line.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line([u32; 16]);

/// From here on memory is mapped in pages of its own: two huge pages.
const LARGE: usize = 4 << 20;

impl Memory {
    pub(crate) fn zeroed(bytes: u64) -> Result<Self> {
        let out_of_memory = || Error::device("allocation", format!("{bytes} bytes are not to be had"));
        let len = usize::try_from(bytes).map_err(|_| out_of_memory())?;
        let words = if len < LARGE {
            Words::Small(bytemuck::zeroed_vec(len.div_ceil(size_of::<Line>())), len / 4)
        } else {
            let pages = MmapMut::map_anon(len).map_err(|_| out_of_memory())?;
            #[cfg(target_os = "linux")]
            // a wish: without huge pages everything works, only slower
            let _ = pages.advise(memmap2::Advice::HugePage);
            Words::Large(pages)
        };
        Ok(Self { words: RwLock::new(words) })
    }

    /// In bytes.
    pub(crate) fn size(&self) -> u64 {
        size_of_val(&**self.read()) as u64
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
            Self::Small(lines, words) => &bytemuck::cast_slice(lines)[..*words],
            // pages are aligned, and their size is a multiple of 4
            Self::Large(pages) => bytemuck::cast_slice(pages),
        }
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u32] {
        match self {
            Self::Small(lines, words) => &mut bytemuck::cast_slice_mut(lines)[..*words],
            Self::Large(pages) => bytemuck::cast_slice_mut(pages),
        }
    }
}
