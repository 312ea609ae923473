//! Every kernel, every variant, every case: the device against the CPU twin.

#[path = "../common/mod.rs"]
mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use embag::kernel::{Access, Case, Kernel};
use embag::parity::{Arithmetic, compare, run_case};
use embag::{Context, ContextOptions, kernels};

/// To build one pipeline on lavapipe, where the longest takes a quarter of it.
const LONGEST: Duration = Duration::from_secs(5);

/// Devices that are tested at once: a software adapter builds the kernels of one device one after another,
/// and building them takes most of the time.
const DEVICES: usize = 2;

#[test]
fn every_kernel_agrees_with_its_twin() {
    let options = ContextOptions::new().cooperative_matrices(true);
    let gpus: Vec<Context> = (0..DEVICES).filter_map(|_| common::gpu_with(&options)).collect();
    let Some(gpu) = gpus.first() else { return };
    println!("{gpu}");
    let cpu = Context::cpu();
    let variants = Mutex::new(kernels::ALL.iter().flat_map(|&kernel| {
        let cases = Arc::new((kernel.cases)());
        let variants = (0..kernel.variants.len()).filter(|&index| gpu.supports(&kernel.variants[index]));
        variants.map(move |index| (kernel, index, Arc::clone(&cases)))
    }));
    let run = |gpu: &Context| {
        let next = || variants.lock().expect("no test panics in here").next();
        let of_variant =
            |(kernel, index, cases): (_, _, Arc<Vec<_>>)| disagreements(kernel, index, &cases, &cpu, gpu);
        std::iter::from_fn(next).flat_map(of_variant).collect::<Vec<_>>()
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = gpus.iter().map(|gpu| scope.spawn(|| run(gpu))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no test panics in here")).collect()
    });
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    for gpu in &gpus {
        let times = gpu.build_times();
        println!("longest to build: {:?}", &times[..times.len().min(5)]);
        if gpu.device_name().contains("llvmpipe") {
            assert!(times.iter().all(|(_, time)| *time < LONGEST), "{:?}", &times[..times.len().min(5)]);
        }
    }
}

/// What is wrong with a variant, case by case.
fn disagreements(
    kernel: &'static Kernel,
    index: usize,
    cases: &[Case],
    cpu: &Context,
    gpu: &Context,
) -> Vec<String> {
    let variant = kernel.variants[index].name;
    let arithmetic = Arithmetic::of(gpu);
    let (mut count, mut failures) = (0, Vec::new());
    for case in cases.iter().filter(|case| case.variants.contains(&index)) {
        count += 1;
        let what = format!("{}.{variant}: {}", kernel.name, case.name);
        let results = run_case(cpu, kernel, index, case)
            .and_then(|twin| Ok((twin, run_case(gpu, kernel, index, case)?)));
        match results {
            Err(error) => failures.push(format!("{what}: {error}")),
            Ok((twin, device)) => {
                if let Some(mismatch) = compare(kernel, case, arithmetic, &twin, &device) {
                    failures.push(format!("{what}: {mismatch}"));
                }
            }
        }
    }
    assert!(count > 0, "{}.{variant} has no case", kernel.name);
    failures
}

#[test]
fn every_kernel_writes_something() {
    // a case that leaves its outputs as they were would pass any comparison
    let cpu = Context::cpu();
    for kernel in kernels::ALL {
        let writes = (kernel.cases)().iter().any(|case| {
            let after = run_case(&cpu, kernel, case.variants[0], case).expect("the twin runs");
            changed(kernel, case, &after)
        });
        assert!(writes, "no case of {} changes anything", kernel.name);
    }
}

fn changed(kernel: &Kernel, case: &Case, after: &[Vec<u32>]) -> bool {
    (0..after.len())
        .filter(|&i| kernel.interface.bindings[i].access == Access::ReadWrite)
        .any(|i| after[i] != case.bindings[i].words)
}

#[test]
fn a_planted_fault_is_found() {
    // one flipped bit in any written word of any case must be a mismatch
    let cpu = Context::cpu();
    for kernel in kernels::ALL {
        for case in (kernel.cases)().iter().take(4) {
            let twin = run_case(&cpu, kernel, case.variants[0], case).expect("the twin runs");
            for i in (0..twin.len()).filter(|&i| kernel.interface.bindings[i].access == Access::ReadWrite) {
                let checked = case.oracle.as_ref().map_or(twin[i].len(), |oracle| {
                    if oracle.binding == kernel.interface.bindings[i].name {
                        oracle.expected.len()
                    } else {
                        0
                    }
                });
                let Some(at) = checked.checked_sub(1) else { continue };
                let mut wrong = twin.clone();
                // the top bit of the exponent: far off for any class
                wrong[i][at] ^= 1 << 30;
                let found = compare(kernel, case, Arithmetic::Contracted, &twin, &wrong);
                assert!(found.is_some(), "{} {}: a wrong word passed", kernel.name, case.name);
                let same = compare(kernel, case, Arithmetic::Exact, &twin, &twin);
                assert_eq!(same, None, "{} {}", kernel.name, case.name);
            }
        }
    }
}
