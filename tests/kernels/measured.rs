//! What `roofline` measures with.

#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use embag::kernel::{Case, Kernel};
use embag::measured::Measured;
use embag::{Buffer, kernels};

fn kernel(name: &str) -> &'static Kernel {
    kernels::ALL.iter().find(|kernel| kernel.name == name).unwrap()
}

fn bench_case(kernel: &Kernel) -> Case {
    (kernel.cases)().into_iter().find(|case| case.bench).unwrap()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

/// A directory that fills up takes less and less time: nothing is inserted any more.
#[test]
fn what_a_kernel_uses_up_is_restored_before_each_run() {
    let insert = kernel("directory_insert");
    let case = bench_case(insert);
    for ctx in common::devices() {
        let measured = Measured::case(&ctx, insert, 0, &case).unwrap();
        measured.time(1).unwrap();
        let compared = || {
            let times: Vec<Duration> = (0..200).map(|_| measured.time(1).unwrap()).collect();
            let (first, last) = (median(&times[..100]), median(&times[100..]));
            // the runs of one submission cost the same too
            let together = measured.time(50).unwrap();
            [("the last", last), ("many at once", together)].into_iter().try_for_each(|(what, other)| {
                let ratio = other.as_secs_f64() / first.as_secs_f64();
                let name = common::name_of(&ctx);
                let differ = format!("{name}: {what} took {other:?}, the first {first:?}");
                if (0.5..2.0).contains(&ratio) { Ok(()) } else { Err(differ) }
            })
        };
        // what else the machine does may begin or end in between, but not every time
        let attempts: Vec<_> = (0..5).map_while(|_| compared().err()).collect();
        assert!(attempts.len() < 5, "{attempts:?}");
    }
}

#[test]
fn a_kernel_that_does_nothing_takes_less_than_one_that_copies() {
    let quads = 1u32 << 18;
    for ctx in common::devices() {
        let [a, b] = [0; 2].map(|_| Buffer::from_slice(&ctx, &vec![7u32; quads as usize * 4]).unwrap());
        let copy =
            Measured::on(&ctx, kernel("copy_words"), &[quads], vec![a, b.clone()], quads.div_ceil(1024))
                .unwrap();
        let nothing = Measured::case(&ctx, kernel("nothing"), 0, &(kernel("nothing").cases)()[0]).unwrap();
        copy.time(1).unwrap();
        nothing.time(1).unwrap();
        let [copy, nothing] = [copy, nothing].map(|of| median(&[0; 5].map(|_| of.time(20).unwrap())));
        let name = common::name_of(&ctx);
        assert!(nothing * 3 < copy, "{name}: nothing took {nothing:?}, a copy of 4 MiB {copy:?}");
        assert_eq!(b.read::<u32>(&ctx).unwrap()[quads as usize * 4 - 1], 7);
    }
}

#[test]
fn parameters_and_bindings_must_be_those_of_the_kernel() {
    let ctx = embag::Context::cpu();
    let buffer = ctx.allocate("one", 64).unwrap();
    let error = Measured::on(&ctx, kernel("copy_words"), &[1, 2], vec![buffer], 1).unwrap_err();
    let expected =
        "copy_words: expected 4 bytes of parameters and 2 bindings, got 8 bytes of parameters and 1 bindings";
    assert_eq!(error.to_string(), expected);
}
