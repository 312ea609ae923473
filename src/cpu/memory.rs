//! Host memory behind a [`Buffer`](crate::Buffer) of the CPU context.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{Error, Result};

/// Words that several buffers may share.
#[derive(Debug)]
pub(crate) struct Memory {
    words: RwLock<Vec<u32>>,
}

impl Memory {
    pub(crate) fn zeroed(bytes: u64) -> Result<Self> {
        let out_of_memory = || Error::device("allocation", format!("{bytes} bytes are not to be had"));
        let len = usize::try_from(bytes / 4).map_err(|_| out_of_memory())?;
        // asked for once without zeroing, so that too much is an error and not an abort
        Vec::<u32>::new().try_reserve_exact(len).map_err(|_| out_of_memory())?;
        Ok(Self { words: RwLock::new(vec![0; len]) })
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Vec<u32>> {
        self.words.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Vec<u32>> {
        self.words.write().unwrap_or_else(PoisonError::into_inner)
    }
}
