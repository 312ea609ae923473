//! Loops on all threads. Their bodies are trait objects, so that rayon's machinery is compiled once for a type of task and
//! not once for each loop.

use rayon::prelude::*;

/// Runs `work` on each task.
pub(crate) fn each<T: Send>(tasks: impl Iterator<Item = T>, work: &(dyn Fn(T) + Sync)) {
    all(tasks.collect(), work);
}

fn all<T: Send>(tasks: Vec<T>, work: &(dyn Fn(T) + Sync)) {
    tasks.into_par_iter().for_each(work);
}

/// Runs `work` on pieces of `len` values, the last of which may be shorter, with their numbers.
pub(crate) fn pieces<T: Send>(values: &mut [T], len: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    values.par_chunks_mut(len).enumerate().for_each(|(piece, values)| work(piece, values));
}
