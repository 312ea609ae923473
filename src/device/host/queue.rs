//! The CPU's queue: submissions run one after the other, inside a pool of threads of their own.
//!
//! Work that begins inside the pool reaches its threads without waking the caller's in between, which a step
//! of a hundred short loops would pay for a hundred times. Nothing else runs in this pool: a thread that
//! waits for a loop to end may be given any other work of its pool, and must not be given some that waits for
//! the memory it holds.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use crate::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

struct Queue {
    jobs: Sender<Job>,
    pool: rayon::ThreadPool,
}

/// As many threads as rayon's own pool has where it is first used.
fn queue() -> Result<&'static Queue> {
    static QUEUE: OnceLock<Result<Queue, String>> = OnceLock::new();
    let start = || {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads())
            .thread_name(|thread| format!("embag-{thread}"))
            .build()
            .map_err(|error| error.to_string())?;
        let (jobs, waiting) = channel::<Job>();
        // one thread takes the submissions and works on them with the others; it is never done
        pool.spawn(move || waiting.into_iter().for_each(|job| job()));
        Ok(Queue { jobs, pool })
    };
    QUEUE.get_or_init(start).as_ref().map_err(|error| Error::device("starting threads", error))
}

/// Threads that work on a submission.
pub(crate) fn threads() -> usize {
    queue().map_or(1, |queue| queue.pool.current_num_threads())
}

/// Runs `work` after all that was submitted before, and waits for it.
pub(crate) fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, result) = channel();
    let job = move || {
        // the receiver waits below
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    };
    let lost = |_| Error::device("submission", "the threads of the CPU are gone");
    queue()?.jobs.send(Box::new(job)).map_err(|_| lost(()))?;
    match result.recv().map_err(|_| lost(()))? {
        Ok(result) => Ok(result),
        Err(panic) => resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submissions_of_many_threads_run_one_at_a_time() {
        use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
        static RUNNING: AtomicU32 = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for i in 0..8 {
                scope.spawn(move || {
                    let twice = run(move || {
                        assert_eq!(RUNNING.fetch_add(1, SeqCst), 0);
                        std::thread::yield_now();
                        RUNNING.fetch_sub(1, SeqCst);
                        i * 2
                    });
                    assert_eq!(twice.unwrap(), i * 2);
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_queue_goes_on() {
        let panic = catch_unwind(|| run(|| panic!("of the work")));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"of the work"));
        assert_eq!(run(|| 3).unwrap(), 3);
    }
}
