//! The hot inner loops, compiled for the processor that is found at run time.
//!
//! [`vectorised`] runs a closure with AVX-512, AVX2 or NEON switched on (through `pulp`): loops that are
//! inlined into it are vectorised by the compiler, without contraction and without changing the order of
//! sums.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::disabled::disabled;

#[cfg(target_arch = "x86_64")]
pulp::simd_type!({
    struct Avx2 {
        avx2: f!("avx2"),
        f16c: f!("f16c"),
        bmi1: f!("bmi1"),
        bmi2: f!("bmi2"),
        lzcnt: f!("lzcnt"),
        popcnt: f!("popcnt"),
    }

    struct Avx512 {
        avx2: f!("avx2"),
        f16c: f!("f16c"),
        bmi1: f!("bmi1"),
        bmi2: f!("bmi2"),
        lzcnt: f!("lzcnt"),
        popcnt: f!("popcnt"),
        avx512f: f!("avx512f"),
        avx512bw: f!("avx512bw"),
        avx512cd: f!("avx512cd"),
        avx512dq: f!("avx512dq"),
        avx512vl: f!("avx512vl"),
    }

    struct Fma2 {
        avx2: f!("avx2"),
        fma: f!("fma"),
    }

    struct Fma512 {
        avx512f: f!("avx512f"),
        fma: f!("fma"),
    }
});

/// `EMBAG_DISABLE=avx512` leaves AVX-512 out, to see what other processors do.
#[cfg(target_arch = "x86_64")]
pub(crate) fn avx512_allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| !disabled("avx512"))
}

/// Runs `work` with the widest vector instructions the processor has.
///
/// Functions that `work` calls must be `#[inline(always)]`, or they are compiled for the baseline.
#[inline(always)]
pub(crate) fn vectorised<T>(work: impl FnOnce() -> T) -> T {
    // sets of our own: those of `pulp` leave out the conversions of 16-bit floats
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = Avx512::try_new().filter(|_| avx512_allowed()) {
            avx512.vectorize(work)
        } else if let Some(avx2) = Avx2::try_new() {
            avx2.vectorize(work)
        } else {
            work()
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    pulp::Arch::new().dispatch(work)
}

/// [`vectorised`] for what may contract products into sums: `work` is told whether `mul_add` is an
/// instruction.
#[inline(always)]
pub(crate) fn fused<T>(work: impl FnOnce(bool) -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(fma512) = Fma512::try_new().filter(|_| avx512_allowed()) {
            fma512.vectorize(
                #[inline(always)]
                || work(true),
            )
        } else if let Some(fma2) = Fma2::try_new() {
            fma2.vectorize(
                #[inline(always)]
                || work(true),
            )
        } else {
            work(false)
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    pulp::Arch::new().dispatch(|| work(cfg!(target_arch = "aarch64")))
}

/// A cache of the processor that lines are asked into.
#[derive(Clone, Copy)]
pub(crate) enum Cache {
    /// The nearest, which waits for few lines at a time: for what is read next.
    First,
    /// The one behind it, which waits for more of them, and so hides more of the memory's latency: for what
    /// is read later.
    Second,
}

/// Asks for the cache lines of `len` values from an index on. What is beyond the slice does no harm.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T], at: usize, len: usize, into: Cache) {
    for offset in (0..len * size_of::<T>()).step_by(64) {
        prefetch_line(values, at, offset, into);
    }
}

/// [`prefetch`] of `N` values that may lie anywhere in a line: the line that the last one ends in too.
#[inline(always)]
pub(crate) fn prefetch_span<const N: usize, T>(values: &[T], at: usize, into: Cache) {
    let bytes = size_of::<[T; N]>();
    // values of a few bytes behind the last whole line lie in the line of the last byte
    for offset in (0..bytes.saturating_sub(8).max(1)).step_by(64).chain([bytes - 1]) {
        prefetch_line(values, at, offset, into);
    }
}

/// Asks for the cache line of a byte, at this distance from the value at an index.
#[inline(always)]
fn prefetch_line<T>(values: &[T], at: usize, offset: usize, into: Cache) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        let address = values.as_ptr().wrapping_add(at).cast::<i8>().wrapping_add(offset);
        #[allow(unsafe_code, reason = "prefetching has no safe form")]
        // SAFETY: a prefetch reads no memory that the program could notice, whatever the address.
        unsafe {
            match into {
                Cache::First => _mm_prefetch::<_MM_HINT_T0>(address),
                Cache::Second => _mm_prefetch::<_MM_HINT_T1>(address),
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, at, offset, into);
}
