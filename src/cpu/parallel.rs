//! Loops on all threads. Their bodies are trait objects and their tasks are numbered, so that rayon's
//! machinery is compiled once and not for each loop: that was a third of the time that this crate took to
//! compile.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Runs `work` on each task. Tasks should be worth some microseconds.
pub(crate) fn each<T: Send>(tasks: impl Iterator<Item = T>, work: &(dyn Fn(T) + Sync)) {
    let tasks: Vec<Mutex<Option<T>>> = tasks.map(|task| Mutex::new(Some(task))).collect();
    numbers(tasks.len(), &|i| {
        let task = tasks[i].lock().unwrap_or_else(PoisonError::into_inner).take();
        // each number comes once
        task.into_iter().for_each(work);
    });
}

/// Runs `work` on pieces of `len` values, the last of which may be shorter, with their numbers.
pub(crate) fn pieces<T: Send>(values: &mut [T], len: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    each(values.chunks_mut(len).enumerate(), &|(piece, values)| work(piece, values));
}

fn numbers(count: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(work);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        let mut values = vec![0; 1001];
        pieces(&mut values, 10, &|piece, values| values.iter_mut().for_each(|value| *value += piece + 1));
        assert!(values.iter().enumerate().all(|(i, &value)| value == i / 10 + 1));
    }
}
