//! What a step costs the CPU before a GPU sees it, on a device that does nothing: recording it, and submitting
//! and waiting for it.
//!
//! ```text
//! cargo run --release -p embag-benches --bin recording
//! ```

use std::error::Error;
use std::time::{Duration, Instant};

use embag::optim::Sgd;
use embag::{Context, ContextOptions, EmbeddingBags, Matrix, Pooling, Recorder, Shape, Table};

const TABLES: usize = 8;
const ROWS: usize = 200_000;
const DIM: usize = 64;
const BATCH: usize = 2048;
const LENGTH: usize = 20;
const STEPS: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
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

    let before = ctx.counters();
    let (mut recording, mut submitting) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        let start = Instant::now();
        let mut rec = Recorder::new(&ctx);
        bags.record_forward(&mut rec, &batch, &out)?;
        bags.record_backward(&mut rec, &batch, &out)?;
        recording.push(start.elapsed());
        let start = Instant::now();
        rec.submit()?.wait()?;
        submitting.push(start.elapsed());
    }
    let now = ctx.counters();
    let dispatches = (now.dispatches - before.dispatches) as f64 / STEPS as f64;
    let (recording, submitting) = (median(recording), median(submitting));
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{dispatches} dispatches, {:.1} uploads a step",
        (now.uploads - before.uploads) as f64 / STEPS as f64
    );
    for (what, time) in
        [("recording", recording), ("submitting", submitting), ("both", recording + submitting)]
    {
        println!("{what:<12}{:>10.1} us{:>10.2} us a dispatch", micros(time), micros(time) / dispatches);
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
