//! Runs recorded commands on the CPU, in order.

use std::ops::Range;
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use super::memory::{Memory, Words};
use super::queue::Threads;
use crate::device::{Buffer, Command, Dispatch, Repr};
use crate::kernel::{Access, Call, Slot};
use crate::{Error, Result};

/// Runs everything, and says how long each took.
pub(crate) fn execute(threads: &Threads, commands: Arc<Vec<Command>>) -> Result<Vec<Duration>> {
    threads.run(move || {
        let timed = |command| {
            let start = Instant::now();
            run(command).map(|()| start.elapsed())
        };
        commands.iter().map(timed).collect()
    })?
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Dispatch(call) => dispatch(call),
        Command::Upload { target, data } => {
            let (memory, range) = words(target)?;
            let mut memory = memory.write();
            bytemuck::cast_slice_mut::<u32, u8>(&mut memory[range]).copy_from_slice(data);
            Ok(())
        }
        Command::Copy { buffers: [source, target] } => {
            let ((source, from), (target, to)) = (words(source)?, words(target)?);
            target.write()[to].copy_from_slice(&source.read()[from]);
            Ok(())
        }
        Command::Clear(target) => {
            let (memory, range) = words(target)?;
            memory.write()[range].fill(0);
            Ok(())
        }
        Command::Readback { sources, bytes, .. } => {
            let mut all = Vec::new();
            for source in sources {
                let (memory, range) = words(source)?;
                all.extend_from_slice(bytemuck::cast_slice(&memory.read()[range]));
            }
            bytes.arrive(Ok(all));
            Ok(())
        }
    }
}

fn words(buffer: &Buffer) -> Result<(&Arc<Memory>, Range<usize>)> {
    match &buffer.repr {
        Repr::Cpu(memory) => {
            // both fit: the memory was allocated
            let first = usize::try_from(buffer.offset / 4).unwrap_or(usize::MAX);
            let len = usize::try_from(buffer.size / 4).unwrap_or(usize::MAX);
            Ok((memory, first..first + len))
        }
        Repr::Gpu(_) => Err(Error::WrongContext { argument: "buffer" }),
    }
}

enum Guard<'a> {
    Read(RwLockReadGuard<'a, Words>),
    Write(RwLockWriteGuard<'a, Words>),
}

fn dispatch(call: &Dispatch) -> Result<()> {
    let ranges = call.bindings.iter().map(words).collect::<Result<Vec<_>>>()?;
    let writes = |i: usize| call.kernel.interface.bindings[i].access == Access::ReadWrite;
    let address = |i: usize| Arc::as_ptr(ranges[i].0).addr();

    // Bindings ordered by memory and place: each memory is locked once (always in the same order, so that two
    // threads cannot wait for each other) and cut into pieces.
    let mut order: Vec<usize> = (0..ranges.len()).filter(|&i| !ranges[i].1.is_empty()).collect();
    order.sort_by_key(|&i| (address(i), ranges[i].1.start, ranges[i].1.end));
    let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| address(a) == address(b)).collect();

    let mut guards: Vec<Guard<'_>> = groups
        .iter()
        .map(|group| {
            let memory = ranges[group[0]].0;
            if group.iter().any(|&i| writes(i)) {
                Guard::Write(memory.write())
            } else {
                Guard::Read(memory.read())
            }
        })
        .collect();

    let empty = |i| if writes(i) { Slot::Write(&mut []) } else { Slot::Read(&[]) };
    let mut slots: Vec<Slot<'_>> = (0..ranges.len()).map(empty).collect();
    for (group, guard) in groups.iter().zip(&mut guards) {
        match guard {
            Guard::Read(memory) => {
                for &i in *group {
                    slots[i] = Slot::Read(&memory[ranges[i].1.clone()]);
                }
            }
            Guard::Write(memory) => {
                let (mut rest, mut at) = (&mut memory[..], 0);
                for run in runs(group, |i| ranges[i].1.clone()) {
                    let Range { start, end } = run.range;
                    let (piece, tail) = rest.split_at_mut(start - at).1.split_at_mut(end - start);
                    (rest, at) = (tail, end);
                    if let [i] = run.bindings[..] {
                        slots[i] = if writes(i) { Slot::Write(piece) } else { Slot::Read(piece) };
                        continue;
                    }
                    // what is written overlaps nothing, as was checked: these are only read
                    let piece = &*piece;
                    for i in run.bindings {
                        slots[i] = Slot::Read(&piece[ranges[i].1.start - start..ranges[i].1.end - start]);
                    }
                }
            }
        }
    }
    (call.kernel.twin)(Call { variant: call.variant, params: &call.params, slots: slots.into_iter() });
    Ok(())
}

/// Bindings that overlap, and the words that they cover together.
struct Run {
    range: Range<usize>,
    bindings: Vec<usize>,
}

/// The runs of bindings that are in the order of their beginnings.
fn runs(order: &[usize], range: impl Fn(usize) -> Range<usize>) -> Vec<Run> {
    let mut runs = Vec::<Run>::new();
    for &i in order {
        match runs.last_mut() {
            Some(run) if range(i).start < run.range.end => {
                run.range.end = run.range.end.max(range(i).end);
                run.bindings.push(i);
            }
            _ => runs.push(Run { range: range(i), bindings: vec![i] }),
        }
    }
    runs
}
