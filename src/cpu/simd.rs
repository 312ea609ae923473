//! The hot inner loops, compiled for the processor that is found at run time.
//!
//! [`vectorised`] runs a closure with AVX-512, AVX2 or NEON switched on (through `pulp`): loops that are inlined
//! into it are vectorised by the compiler, without contraction and without changing the order of sums.

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

/// Runs `work` with the widest vector instructions the processor has.
///
/// Functions that `work` calls must be `#[inline(always)]`, or they are compiled for the baseline.
#[inline(always)]
pub(crate) fn vectorised<T>(work: impl FnOnce() -> T) -> T {
    // sets of our own: those of `pulp` leave out the conversions of 16-bit floats
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = Avx512::try_new() {
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

/// [`vectorised`] for what may contract products into sums: `work` is told whether `mul_add` is an instruction.
#[inline(always)]
pub(crate) fn fused<T>(work: impl FnOnce(bool) -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(fma512) = Fma512::try_new() {
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

/// Asks for the cache lines of a row that will be read soon.
#[inline(always)]
pub(crate) fn prefetch<T>(row: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(64 / size_of::<T>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[allow(unsafe_code, reason = "prefetching has no safe form")]
        // SAFETY: a prefetch reads no memory that the program could notice, whatever the address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// Asks for the cache lines that the `N` values from an index on begin, go on and end in, wherever the first lies in
/// its line. What is beyond the slice does no harm.
#[inline(always)]
pub(crate) fn prefetch_span<const N: usize, T>(values: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let first = values.as_ptr().wrapping_add(at).cast::<i8>();
        let bytes = size_of::<[T; N]>();
        // values of a few bytes behind the last whole line lie in the line of the last byte
        for offset in (0..bytes.saturating_sub(8).max(1)).step_by(64).chain([bytes - 1]) {
            #[allow(unsafe_code, reason = "prefetching has no safe form")]
            // SAFETY: a prefetch reads no memory that the program could notice, whatever the address.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(offset));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, at);
}

/// [`prefetch`] of `N` values from an index on, if there are so many. How many lines that are is known to the
/// compiler.
#[inline(always)]
pub(crate) fn prefetch_at<const N: usize, T>(values: &[T], at: usize) {
    if let Some(row) = values.get(at..).and_then(|rest| rest.first_chunk::<N>()) {
        prefetch(row);
    }
}

/// [`prefetch`] of `len` values from an index on, if there are so many.
#[inline(always)]
pub(crate) fn prefetch_words<T>(values: &[T], at: usize, len: usize) {
    if let Some(row) = values.get(at..at + len) {
        prefetch(row);
    }
}
