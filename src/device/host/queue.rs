//! The CPU's queue: submissions run one after the other, inside a pool of threads of their own.
//!
//! Work that begins inside the pool reaches its threads without waking the caller's in between, which a step
//! of a hundred short loops would pay for a hundred times. Nothing else runs in this pool: a thread that
//! waits for a loop to end may be given any other work of its pool, and must not be given some that waits for
//! the memory it holds.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};

use crate::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that work on submissions, one after the other.
#[derive(Debug)]
struct Queue {
    jobs: Sender<Job>,
    pool: rayon::ThreadPool,
}

impl Queue {
    fn start(threads: usize) -> Result<Self, String> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|thread| format!("embag-{thread}"))
            .build()
            .map_err(|error| error.to_string())?;
        let (jobs, waiting) = channel::<Job>();
        // one thread takes the submissions and works on them with the others, until nobody can submit any more
        pool.spawn(move || waiting.into_iter().for_each(|job| job()));
        Ok(Self { jobs, pool })
    }
}

/// The threads of a context: those that contexts of a process have in common, or its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads(Option<Arc<Queue>>);

impl Threads {
    /// So many of its own.
    pub(crate) fn of(count: NonZeroUsize) -> Result<Self> {
        let queue = Queue::start(count.get()).map_err(|error| Error::device("starting threads", error))?;
        Ok(Self(Some(Arc::new(queue))))
    }

    /// Those in common are as many as rayon's own pool has where they are first used.
    fn queue(&self) -> Result<&Queue> {
        static COMMON: OnceLock<Result<Queue, String>> = OnceLock::new();
        match &self.0 {
            Some(own) => Ok(own),
            None => {
                let common = COMMON.get_or_init(|| Queue::start(rayon::current_num_threads()));
                common.as_ref().map_err(|error| Error::device("starting threads", error))
            }
        }
    }

    /// How many work on a submission.
    pub(crate) fn count(&self) -> usize {
        self.queue().map_or(1, |queue| queue.pool.current_num_threads())
    }

    /// Runs `work` after all that was submitted before, and waits for it.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (done, result) = channel();
        let job = move || {
            // the receiver waits below
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        };
        let lost = |_| Error::device("submission", "the threads of the CPU are gone");
        self.queue()?.jobs.send(Box::new(job)).map_err(|_| lost(()))?;
        match result.recv().map_err(|_| lost(()))? {
            Ok(result) => Ok(result),
            Err(panic) => resume_unwind(panic),
        }
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
                    let twice = Threads::default().run(move || {
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
        let panic = catch_unwind(|| Threads::default().run(|| panic!("of the work")));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"of the work"));
        assert_eq!(Threads::default().run(|| 3).unwrap(), 3);
    }

    #[test]
    fn a_context_may_have_threads_of_its_own() {
        let own = Threads::of(NonZeroUsize::new(3).unwrap()).unwrap();
        assert_eq!((own.count(), own.run(rayon::current_num_threads).unwrap()), (3, 3));
        // they end with the last that could submit
        let alive = Arc::new(());
        let kept = alive.clone();
        own.clone().run(move || drop(kept)).unwrap();
        let Queue { pool, jobs } = Arc::into_inner(own.0.unwrap()).unwrap();
        drop(jobs);
        drop(pool);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
