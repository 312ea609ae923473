//! What a step costs the CPU, on a device that does nothing: recording it, submitting it and waiting for it, and
//! the same of a plan.
//!
//! ```text
//! cargo run --release -p embag-benches --bin recording
//! ```

use std::time::{Duration, Instant};

use embag::optim::Sgd;
use embag::{Context, ContextOptions, EmbeddingBags, Matrix, Pooling, Recorder, Result, Shape, Table};

const TABLES: usize = 8;
const ROWS: usize = 200_000;
const DIM: usize = 64;
/// So that all ids are sorted together on what counts as a software adapter.
const BATCH: usize = 256;
const LENGTH: usize = 20;
const STEPS: usize = 300;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // the limits of a card: tables lie in one window
    let limits = wgpu::Limits {
        max_buffer_size: 1 << 30,
        max_storage_buffer_binding_size: 1 << 30,
        ..wgpu::Limits::default()
    };
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    let (device, queue) = wgpu::Device::noop(&descriptor);
    let ctx = Context::from_wgpu_with(device, queue, &ContextOptions::new().shape(Shape::Wide))?;

    let mut builder = EmbeddingBags::builder(&ctx).optimizer(Sgd::new(0.01));
    for table in 0..TABLES {
        let name = table.to_string();
        builder = builder.table(&name, Table::rows(ROWS).dim(DIM)).feature(&name, &name, Pooling::Sum);
    }
    let mut bags = builder.build()?;
    let out = Matrix::zeros(&ctx, BATCH, TABLES * DIM)?;
    let ids: Vec<u32> = (0u32..).take(TABLES * BATCH * LENGTH).map(|i| i % 200_000).collect();
    let lengths = vec![u32::try_from(LENGTH)?; TABLES * BATCH];
    let batch = bags.batch_from_lengths(&ids, &lengths, None)?;

    let mut record = || -> Result<Recorder> {
        let mut rec = Recorder::new(&ctx);
        bags.record_forward(&mut rec, &batch, &out)?;
        bags.record_backward(&mut rec, &batch, &out)?;
        Ok(rec)
    };
    record()?.run()?;
    let before = ctx.counters();
    let (mut recording, mut submitting) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        let start = Instant::now();
        let rec = record()?;
        recording.push(start.elapsed());
        let start = Instant::now();
        rec.submit()?.wait()?;
        submitting.push(start.elapsed());
    }
    let after = ctx.counters();
    let mut plan = record()?.into_plan()?;
    let mut planned = Vec::new();
    for _ in 0..STEPS {
        let start = Instant::now();
        plan.submit()?.wait()?;
        planned.push(start.elapsed());
    }

    let a_step = |count: u64| count as f64 / STEPS as f64;
    let dispatches = a_step(after.dispatches - before.dispatches);
    let [uploads, made] =
        [after.uploads - before.uploads, after.bind_groups - before.bind_groups].map(a_step);
    println!("a step: {dispatches} dispatches, {uploads} uploads, {made} bind groups");
    let (recording, submitting) = (median(recording), median(submitting));
    for (what, time) in [
        ("recording", recording),
        ("submitting", submitting),
        ("both", recording + submitting),
        ("a plan", median(planned)),
    ] {
        let micros = time.as_secs_f64() * 1e6;
        println!("{what:<12}{micros:>10.1} us{:>10.2} us a dispatch", micros / dispatches);
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
