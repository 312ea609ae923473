//! What is settled when recorded work is submitted, not when it is recorded: the numbers of its steps, what
//! depends on them, and whether the work still fits what it was recorded for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytemuck::{NoUninit, Zeroable};

use super::recorder::Command;
use super::{Buffer, Context, Recorder};
use crate::device::Dispatch;
use crate::kernel::Bindings;
use crate::{Error, Result};

/// A value on the host that recorded work moves when it is submitted, in the order of submissions. Clones
/// share it.
#[derive(Debug, Default)]
pub(crate) struct Counter<T>(Arc<Mutex<T>>);

impl<T> Clone for Counter<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Copy> Counter<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// What all submissions so far have come to.
    pub(crate) fn get(&self) -> T {
        *self.lock()
    }

    /// Changes it between two submissions of the context: none that counts on it is under way.
    pub(crate) fn change(&self, ctx: &Context, change: impl FnOnce(T) -> T) {
        let _turn = ctx.turn();
        self.set(change(self.get()));
    }

    /// Sets it; what submissions count with is only [changed](Self::change) by callers.
    pub(crate) fn set(&self, value: T) {
        *self.lock() = value;
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a counter comes to in one recorded step: known to what is settled after it.
#[derive(Debug)]
pub(crate) struct Reached<T>(Arc<Mutex<T>>);

impl<T> Clone for Reached<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Copy + Default> Reached<T> {
    /// Known from the beginning.
    pub(crate) fn known(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    pub(crate) fn get(&self) -> T {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What recorded work stands on: where things lie that may move. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ground(Counter<Moves>);

/// How often something moved, and what did so last.
#[derive(Debug, Clone, Copy, Default)]
struct Moves {
    count: u64,
    last: &'static str,
}

impl Ground {
    /// Says, before it happens, that something moves: what was recorded until now is refused from now on.
    pub(crate) fn moves(&self, ctx: &Context, what: &'static str) {
        self.0.change(ctx, |moves| Moves { count: moves.count + 1, last: what });
    }

    /// How often it moved.
    pub(crate) fn moved(&self) -> u64 {
        self.0.get().count
    }

    /// An error, if it moved since then.
    pub(super) fn check(&self, before: u64) -> Result<()> {
        match self.moved_since(before) {
            None => Ok(()),
            Some(moved) => Err(Error::Stale { moved }),
        }
    }

    /// What moved since then.
    pub(super) fn moved_since(&self, before: u64) -> Option<&'static str> {
        let now = self.0.get();
        (now.count != before).then_some(now.last)
    }
}

/// Something that is settled at submission, in the order of recording.
pub(super) type Late = Box<dyn Fn(&mut Settling<'_>) -> Result<()> + Send + Sync>;

/// Recorded commands that are being settled.
pub(super) struct Settling<'a> {
    commands: &'a mut [Command],
    moved: Moved,
}

/// Counters that have moved for a submission. Dropped, they go back; [`Moved::keep`] says that the work was
/// submitted.
#[derive(Default)]
pub(super) struct Moved(Vec<Box<dyn FnOnce()>>);

impl Moved {
    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        while let Some(back) = self.0.pop() {
            back();
        }
    }
}

/// Settles everything, or nothing if there is an error.
pub(super) fn settle(commands: &mut [Command], late: &[Late]) -> Result<Moved> {
    let mut settling = Settling { commands, moved: Moved::default() };
    late.iter().try_for_each(|late| late(&mut settling))?;
    Ok(settling.moved)
}

impl Recorder {
    /// Moves a counter when this is submitted. An error of `next` refuses the submission.
    pub(crate) fn advance<T: Copy + Default + Send + Sync + 'static>(
        &mut self,
        counter: &Counter<T>,
        next: impl Fn(T) -> Result<T> + Send + Sync + 'static,
    ) -> Reached<T> {
        let reached = Reached::known(T::default());
        let (counter, given) = (counter.clone(), reached.clone());
        self.late(move |settling| {
            let before = counter.get();
            let after = next(before)?;
            counter.set(after);
            let counter = counter.clone();
            settling.moved.0.push(Box::new(move || counter.set(before)));
            *given.lock() = after;
            Ok(())
        });
        reached
    }

    /// What a counter is when this is submitted, the same for all that is settled with it.
    pub(crate) fn read_late<T: Copy + Default + Send + 'static>(
        &mut self,
        counter: &Counter<T>,
    ) -> Reached<T> {
        let reached = Reached::known(T::default());
        let (counter, given) = (counter.clone(), reached.clone());
        self.late(move |_| {
            *given.lock() = counter.get();
            Ok(())
        });
        reached
    }

    /// Says that something moves with this submission: what was recorded for it before is refused from then on.
    pub(crate) fn moves(&mut self, ground: &Ground, what: &'static str) {
        let _ = self.advance(&ground.0, move |moves| Ok(Moves { count: moves.count + 1, last: what }));
    }

    /// Does something with the submission: before its work can be seen.
    pub(crate) fn when_submitted(&mut self, act: impl Fn() + Send + Sync + 'static) {
        self.late(move |_| {
            act();
            Ok(())
        });
    }

    /// [`Recorder::dispatch`] of `groups` workgroups with parameters that are made at submission; `touched`
    /// is as in [`Dispatch::touching`].
    pub(crate) fn dispatch_late<I: Bindings<Buffer>>(
        &mut self,
        variant: usize,
        params: impl Fn() -> I::Params + Send + Sync + 'static,
        bindings: I,
        groups: u32,
        touched: &[(&'static str, u64)],
    ) {
        let at = self.commands.len();
        let dispatch = Dispatch::new(variant, &Zeroable::zeroed(), bindings, groups);
        self.dispatch(touched.iter().fold(dispatch, |all, &(binding, bytes)| all.touching(binding, bytes)));
        if self.commands.len() == at {
            return;
        }
        self.late(move |settling| {
            if let Command::Dispatch(dispatch) = &mut settling.commands[at] {
                dispatch.params.copy_from_slice(bytemuck::bytes_of(&params()));
            }
            Ok(())
        });
    }

    /// [`Recorder::scratch_from`] with as many values as `data` has, which `fill` makes at submission from
    /// these.
    pub(crate) fn scratch_late<T: NoUninit + Send + Sync>(
        &mut self,
        label: &'static str,
        data: Vec<T>,
        fill: impl Fn(&[T]) -> Vec<T> + Send + Sync + 'static,
    ) -> Result<Buffer> {
        self.context().check_binding(label, size_of_val(&data[..]) as u64)?;
        let (buffer, at, begin) = self.place(label, bytemuck::cast_slice(&data))?;
        if !data.is_empty() {
            self.late(move |settling| {
                if let Command::Upload { data: bytes, .. } = &mut settling.commands[at] {
                    let filled = fill(&data);
                    let filled: &[u8] = bytemuck::cast_slice(&filled);
                    bytes[begin..begin + filled.len()].copy_from_slice(filled);
                }
                Ok(())
            });
        }
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_more(steps: u32) -> Result<u32> {
        if steps < 3 { Ok(steps + 1) } else { Err(Error::invalid("step", "at most 3", steps + 1)) }
    }

    #[test]
    fn counters_move_at_submission_and_in_its_order() {
        let ctx = Context::cpu();
        let steps = Counter::new(0);
        let mut dropped = Recorder::new(&ctx);
        let _ = dropped.advance(&steps, one_more);
        drop(dropped);
        let [mut first, mut second] = [0, 1].map(|_| Recorder::new(&ctx));
        let of_first = first.advance(&steps, one_more);
        let of_second = [0, 1].map(|_| second.advance(&steps, one_more));
        assert_eq!(steps.get(), 0);
        second.run().unwrap();
        first.run().unwrap();
        assert_eq!((of_second.map(|step| step.get()), of_first.get(), steps.get()), ([1, 2], 3, 3));
    }

    #[test]
    fn a_submission_that_is_refused_moves_nothing() {
        let ctx = Context::cpu();
        let steps = Counter::new(2);
        let mut rec = Recorder::new(&ctx);
        let _ = rec.advance(&steps, one_more);
        let _ = rec.advance(&steps, one_more);
        assert_eq!(rec.run().unwrap_err().to_string(), "step: expected at most 3, got 4");
        assert_eq!(steps.get(), 2);
        // what was recorded by an operation that failed is gone
        let mut rec = Recorder::new(&ctx);
        let failed: Result<()> = rec.whole(|rec| {
            let _ = rec.advance(&steps, one_more);
            Err(Error::invalid("operation", "success", "failure"))
        });
        assert!(failed.is_err());
        rec.run().unwrap();
        assert_eq!(steps.get(), 2);
    }

    #[test]
    fn work_whose_ground_moved_is_refused_and_says_what_moved() {
        let ctx = Context::cpu();
        let (ground, steps) = (Ground::default(), Counter::new(0));
        let [mut before, mut after] = [0, 1].map(|_| Recorder::new(&ctx));
        let _ = before.advance(&steps, one_more);
        before.stands_on(&ground);
        ground.moves(&ctx, "rows left");
        after.stands_on(&ground);
        let error = before.run().unwrap_err().to_string();
        assert_eq!(
            error,
            "recorder: expected its submission before rows left, got it afterwards; record it again"
        );
        assert_eq!(steps.get(), 0);
        after.run().unwrap();
    }

    #[test]
    fn uploads_are_filled_at_submission() {
        let ctx = Context::cpu();
        let steps = Counter::new(0);
        let mut rec = Recorder::new(&ctx);
        let step = rec.advance(&steps, one_more);
        let add = move |data: &[u32]| data.iter().map(|value| value + step.get()).collect();
        let buffer = rec.scratch_late("embag.test", vec![10, 20], add).unwrap();
        let readback = rec.readback::<u32>(&buffer);
        steps.change(&ctx, |_| 1);
        rec.run().unwrap();
        assert_eq!(readback.wait().unwrap(), [12, 22]);
    }
}
