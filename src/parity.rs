//! Runs cases on a device and compares the results: the base of the parity tests, benches and `roofline`.

use std::cell::LazyCell;
use std::fmt;

use crate::device::{Buffer, Context, Dispatch, Recorder};
use crate::kernel::{Access, Case, Holds, Kernel, Parity};
use crate::{Error, Result};

/// Bytes in front of and behind every binding that no kernel may touch.
const GUARD: u64 = 256;
const SENTINEL: u32 = 0xa5a5_5a5a;

/// A case whose bindings lie in device memory, between sentinels.
#[derive(Debug)]
pub struct Prepared<'a> {
    ctx: &'a Context,
    kernel: &'static Kernel,
    case: &'a Case,
    buffers: Vec<Buffer>,
    dispatch: Dispatch,
}

impl<'a> Prepared<'a> {
    /// Uploads the bindings of a case.
    ///
    /// # Errors
    /// [`Error::Device`] or [`Error::LimitExceeded`] if the memory cannot be had.
    pub fn new(ctx: &'a Context, kernel: &'static Kernel, variant: usize, case: &'a Case) -> Result<Self> {
        let mut buffers = Vec::new();
        let mut bindings = Vec::new();
        for (binding, about) in case.bindings.iter().zip(kernel.interface.bindings) {
            let guard = vec![SENTINEL; (GUARD / 4) as usize];
            let words = [&guard[..], &binding.words, &guard[..]].concat();
            let buffer = ctx.allocate(about.name, words.len() as u64 * 4)?;
            buffer.write(ctx, 0, &words)?;
            bindings.push(buffer.slice(GUARD, binding.words.len() as u64 * 4)?);
            buffers.push(buffer);
        }
        let dispatch = Dispatch::raw(kernel, variant, case.params.clone(), bindings, case.groups);
        Ok(Self { ctx, kernel, case, buffers, dispatch })
    }

    /// Runs the kernel `times` times in one submission and waits.
    ///
    /// # Errors
    /// [`Error::Device`] if the device fails.
    pub fn run(&self, times: usize) -> Result<()> {
        let mut rec = Recorder::new(self.ctx);
        for _ in 0..times {
            rec.dispatch(self.dispatch.clone());
        }
        rec.run()
    }

    /// The words of every binding.
    ///
    /// # Errors
    /// [`Error::Device`] if something outside a binding was written, or a read-only binding was.
    pub fn words(&self) -> Result<Vec<Vec<u32>>> {
        let guard = (GUARD / 4) as usize;
        let mut all = Vec::new();
        for ((buffer, binding), before) in
            self.buffers.iter().zip(self.kernel.interface.bindings).zip(&self.case.bindings)
        {
            let words: Vec<u32> = buffer.read(self.ctx)?;
            let end = guard + before.words.len();
            if words[..guard].iter().chain(&words[end..end + guard]).any(|&w| w != SENTINEL) {
                return Err(Error::device(
                    self.kernel.name,
                    format!("wrote outside of `{}` in case {}", binding.name, self.case.name),
                ));
            }
            let words = words[guard..end].to_vec();
            if binding.access == Access::Read && words != before.words {
                return Err(Error::device(
                    self.kernel.name,
                    format!("wrote to `{}`, which is read only, in case {}", binding.name, self.case.name),
                ));
            }
            all.push(words);
        }
        Ok(all)
    }
}

/// Runs a case once and returns the words of every binding.
///
/// # Errors
/// As [`Prepared`]'s methods.
pub fn run_case(
    ctx: &Context,
    kernel: &'static Kernel,
    variant: usize,
    case: &Case,
) -> Result<Vec<Vec<u32>>> {
    let prepared = Prepared::new(ctx, kernel, variant, case)?;
    prepared.run(1)?;
    prepared.words()
}

/// The first place where two results differ by more than the kernel's class allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Name of the binding.
    pub binding: &'static str,
    /// Word within it.
    pub index: usize,
    /// The expected value.
    pub expected: f64,
    /// What was found.
    pub got: f64,
    /// How many words differ too much.
    pub count: usize,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binding, index, expected, got, count } = self;
        write!(f, "{binding}[{index}]: expected {expected:e}, got {got:e} ({count} words differ)")
    }
}

/// What may be expected of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Every `f32` operation is rounded by itself, as on the CPU and on software adapters.
    Exact,
    /// Products may be contracted with sums, and division and roots may be a few units off, as on real GPUs.
    Contracted,
}

impl Arithmetic {
    /// What the context's device does.
    #[must_use]
    pub fn of(ctx: &Context) -> Self {
        match ctx.adapter_info() {
            Some(info) if info.device_type != wgpu::DeviceType::Cpu => Self::Contracted,
            _ => Self::Exact,
        }
    }
}

/// Compares the result of a device with the twin's (and, where the case has one, both with its oracle).
#[must_use]
pub fn compare(
    kernel: &'static Kernel,
    case: &Case,
    arithmetic: Arithmetic,
    twin: &[Vec<u32>],
    device: &[Vec<u32>],
) -> Option<Mismatch> {
    if let Some(oracle) = &case.oracle {
        return [twin, device].into_iter().find_map(|result| {
            let binding = oracle.binding;
            let place = kernel.interface.bindings.iter().position(|about| about.name == binding);
            let Some(place) = place else { unreachable!("kernel {} has no binding {binding}", kernel.name) };
            let words = result[place].iter().zip(&oracle.expected).zip(&oracle.magnitude);
            first(words.map(|((&word, &expected), &magnitude)| {
                let got = f64::from(f32::from_bits(word));
                (expected, got, (got - expected).abs() <= 1e-5 * magnitude + 1e-30)
            }))
            .map(|m| Mismatch { binding, ..m })
        });
    }
    (0..kernel.interface.bindings.len())
        .filter(|&i| kernel.interface.bindings[i].access == Access::ReadWrite)
        .find_map(|i| {
            let words = twin[i].iter().zip(&device[i]);
            let holds = case.bindings[i].holds;
            // the largest value is asked for where words differ, and is the same for all of them
            let largest = LazyCell::new(|| {
                let sizes = twin[i].iter().map(|&w| f32::from_bits(w).abs());
                sizes.filter(|v| v.is_finite()).fold(0.0, f32::max)
            });
            let near = |a: u32, b: u32| {
                close(kernel.parity, arithmetic, *largest, f32::from_bits(a), f32::from_bits(b))
            };
            let found = first(words.map(|(&a, &b)| {
                let same = a == b
                    || match holds {
                        Holds::Ints => false,
                        Holds::Floats => near(a, b),
                        Holds::Mixed => {
                            arithmetic == Arithmetic::Contracted && (near(a, b) || halves_close(a, b))
                        }
                    };
                let [expected, got] = [a, b].map(|word| match holds {
                    Holds::Floats => f32::from_bits(word).into(),
                    Holds::Ints | Holds::Mixed => word.into(),
                });
                (expected, got, same)
            }));
            found.map(|m| Mismatch { binding: kernel.interface.bindings[i].name, ..m })
        })
}

/// Whether two floats that differ in bits are close enough.
fn close(parity: Parity, arithmetic: Arithmetic, largest: f32, x: f32, y: f32) -> bool {
    if arithmetic == Arithmetic::Contracted && x.is_nan() && y.is_nan() {
        return true;
    }
    let tolerance = match (parity, arithmetic) {
        (Parity::Bits, Arithmetic::Exact) => return false,
        // a contracted product changes a sum by a unit of its largest term, and quotients of such sums by a
        // few
        (Parity::Bits, Arithmetic::Contracted) => 1e-5 * (x.abs() + largest),
        (Parity::Sum, _) => 1e-5 * (x.abs() + largest),
        (Parity::Transcendental, _) => 4e-6 * x.abs().max(1.0),
    };
    (x - y).abs() <= tolerance
}

/// Whether both halves of two words, which are floats of 16 bits, are at most two units apart.
fn halves_close(a: u32, b: u32) -> bool {
    // the order of floats of one sign is that of their bits
    let place = |half: u32| if half & 0x8000 == 0 { half } else { (half & 0x7fff).wrapping_neg() } as i32;
    [0, 16].into_iter().all(|shift| {
        let [a, b] = [a, b].map(|word| place(word >> shift & 0xffff));
        (a - b).abs() <= 2
    })
}

fn first(words: impl Iterator<Item = (f64, f64, bool)>) -> Option<Mismatch> {
    let mut found: Option<Mismatch> = None;
    for (index, (expected, got, same)) in words.enumerate() {
        if !same {
            let m = found.get_or_insert(Mismatch { binding: "", index, expected, got, count: 0 });
            m.count += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_may_be_two_units_apart() {
        assert!(halves_close(0x3c00_8001, 0x3c02_0001));
        assert!(!halves_close(0x3c00_3c00, 0x3c03_3c00));
        assert!(!halves_close(0x3c00_bc00, 0x3c00_3c00));
    }

    #[test]
    fn only_contraction_excuses() {
        let close = |arithmetic, x, y| close(Parity::Bits, arithmetic, 1.0, x, y);
        assert!(close(Arithmetic::Contracted, f32::NAN, -f32::NAN));
        assert!(close(Arithmetic::Contracted, 1.0, 1.000_001));
        assert!(!close(Arithmetic::Contracted, 1.0, 1.000_1));
        assert!(!close(Arithmetic::Contracted, 1.0, f32::NAN));
        assert!(!close(Arithmetic::Exact, 1.0, 1.000_000_1));
        assert!(!close(Arithmetic::Exact, f32::NAN, -f32::NAN));
    }
}
