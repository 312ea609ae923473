//! Every bench case of every kernel, on the CPU twin and on the GPU if there is one, as
//! `kernel/NAME/VARIANT/CASE/DEVICE`. Each iteration is one submission; `roofline.rs` measures without what
//! a submission costs.

use std::cell::OnceCell;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use embag::Shape;
use embag::parity::Prepared;
use embag::{Context, kernels};

fn every_kernel(criterion: &mut Criterion) {
    let gpu = Context::open().map_err(|error| eprintln!("*** NO GPU: {error} ***")).ok();
    if let Some(gpu) = &gpu {
        eprintln!("{gpu}");
        gpu.warm_up().unwrap_or_else(|error| panic!("{error}"));
    }
    let devices: Vec<_> =
        std::iter::once(("cpu", Context::cpu())).chain(gpu.map(|gpu| ("gpu", gpu))).collect();
    for kernel in kernels::ALL {
        let mut group = criterion.benchmark_group(format!("kernel/{}", kernel.name));
        group.sampling_mode(SamplingMode::Flat);
        for case in (kernel.cases)().iter().filter(|case| case.bench) {
            group.throughput(Throughput::Bytes(case.bytes));
            for &index in &case.variants {
                let variant = &kernel.variants[index];
                for (device, ctx) in &devices {
                    if variant.shape != Shape::Any && variant.shape != ctx.shape() {
                        continue;
                    }
                    let id = BenchmarkId::new(format!("{}/{}", variant.name, case.name), device);
                    // made when it is first run, so that cases that a filter leaves out cost nothing
                    let prepared = OnceCell::new();
                    group.bench_function(id, |bencher| {
                        let prepared = prepared.get_or_init(|| {
                            Prepared::new(ctx, kernel, index, case).unwrap_or_else(|error| panic!("{error}"))
                        });
                        bencher.iter(|| prepared.run(1).unwrap_or_else(|error| panic!("{error}")));
                    });
                }
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots();
    targets = every_kernel
}
criterion_main!(benches);
