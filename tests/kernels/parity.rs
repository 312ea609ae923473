//! Every kernel, every variant, every case: the device against the CPU twin.

#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use embag::kernel::{Access, Case, Kernel};
use embag::parity::{Arithmetic, compare, run_case};
use embag::{Context, ContextOptions, kernels};
use rayon::prelude::*;

/// To build one pipeline on lavapipe, where the longest takes a quarter of it.
const LONGEST: Duration = Duration::from_secs(5);

#[test]
fn every_kernel_agrees_with_its_twin() {
    let Some(gpu) = common::gpu_with(&ContextOptions::new().cooperative_matrices(true)) else { return };
    println!("{gpu}");
    let cpu = Context::cpu();
    let arithmetic = Arithmetic::of(&gpu);
    let mut failures = Vec::new();
    for kernel in kernels::ALL {
        let cases = (kernel.cases)();
        // building pipelines takes most of the time, and a software adapter builds one on one thread
        let variants = (0..kernel.variants.len()).into_par_iter().with_max_len(1);
        let variants = variants.filter(|&index| gpu.supports(&kernel.variants[index]));
        failures.par_extend(variants.flat_map_iter(|index| {
            let of_variant = cases.iter().filter(|case| case.variants.contains(&index));
            disagreements(kernel, index, of_variant, &cpu, &gpu, arithmetic)
        }));
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    let times = gpu.build_times();
    println!("longest to build: {:?}", &times[..times.len().min(5)]);
    if gpu.device_name().contains("llvmpipe") {
        assert!(times.iter().all(|(_, time)| *time < LONGEST), "{:?}", &times[..times.len().min(5)]);
    }
}

/// What is wrong with a variant, case by case.
fn disagreements<'a>(
    kernel: &'static Kernel,
    index: usize,
    cases: impl Iterator<Item = &'a Case>,
    cpu: &Context,
    gpu: &Context,
    arithmetic: Arithmetic,
) -> Vec<String> {
    let variant = kernel.variants[index].name;
    let (mut count, mut failures) = (0, Vec::new());
    for case in cases {
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
