//! What steps cost the host: [`Context::counters`].

mod common;

use embag::optim::Sgd;
use embag::{Context, ContextOptions, EmbeddingBags, Matrix, Pooling, Recorder, Shape, Table};

const TABLES: u32 = 8;
const ROWS: u32 = 200_000;
const DIM: usize = 16;
const BATCH: usize = 256;
const LENGTH: u32 = 20;

/// Tables of one window; their rows are numbered with 21 bits.
fn bags(ctx: &Context) -> EmbeddingBags {
    let mut builder = EmbeddingBags::builder(ctx).optimizer(Sgd::default());
    for table in 0..TABLES {
        let name = table.to_string();
        builder =
            builder.table(&name, Table::rows(ROWS as usize).dim(DIM)).feature(&name, &name, Pooling::Sum);
    }
    builder.build().unwrap()
}

/// A forward and a backward of one submission: dispatches, bind groups, uploads and submissions, the making of
/// the batch among them.
fn step(bags: &mut EmbeddingBags, number: u32, out: &Matrix) -> [u64; 4] {
    let ctx = bags.context().clone();
    let before = ctx.counters();
    // some ids fewer than in the step before
    let mut lengths = vec![LENGTH; TABLES as usize * BATCH];
    lengths[7] -= number % LENGTH;
    let ids: Vec<u32> = (0..lengths.iter().sum()).map(|i: u32| (i + number) * 7919 % ROWS).collect();
    let batch = bags.batch_from_lengths(&ids, &lengths, None).unwrap();
    let mut rec = Recorder::new(&ctx);
    bags.record_forward(&mut rec, &batch, out).unwrap();
    bags.record_backward(&mut rec, &batch, out).unwrap();
    rec.run().unwrap();
    let now = ctx.counters();
    [
        now.dispatches - before.dispatches,
        now.bind_groups - before.bind_groups,
        now.uploads - before.uploads,
        now.submissions - before.submissions,
    ]
}

/// On real GPUs; the batch is an upload of its own.
#[test]
fn steps_of_about_the_same_size_make_no_bind_groups_and_one_upload() {
    let Some(ctx) = common::gpu_with(&ContextOptions::new().shape(Shape::Wide)) else { return };
    let mut bags = bags(&ctx);
    let out = Matrix::zeros(&ctx, BATCH, TABLES as usize * DIM).unwrap();
    let [dispatches, made, ..] = step(&mut bags, 0, &out);
    assert!(dispatches <= 16 && made > 0, "{dispatches} dispatches, {made} bind groups");
    for number in 1..6 {
        let [again, made, uploads, submissions] = step(&mut bags, number, &out);
        assert_eq!((again, made, uploads, submissions), (dispatches, 0, 2, 1), "step {number}");
    }
}

#[test]
fn bind_groups_go_with_the_memory_that_they_hold() {
    let Some(ctx) = common::gpu() else { return };
    let (device, _) = ctx.wgpu().unwrap();
    let allocated = || {
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        device.generate_allocator_report().map(|report| report.total_allocated_bytes)
    };
    let mut bags = bags(&ctx);
    let lasting = Matrix::zeros(&ctx, BATCH, TABLES as usize * DIM).unwrap();
    step(&mut bags, 0, &lasting);
    let before = allocated();
    for number in 1..4 {
        // bound in every step, and dropped: 32 MiB each
        let cols = TABLES as usize * DIM;
        let passing = Matrix::new(ctx.allocate("passing", 32 << 20).unwrap(), BATCH, cols, cols).unwrap();
        let [_, made, ..] = step(&mut bags, number, &passing);
        assert!(made > 0);
        drop(passing);
        let now = allocated();
        assert!(now <= before.map(|bytes| bytes + (1 << 20)), "{before:?} bytes before, {now:?} now");
    }
    let [_, made, ..] = step(&mut bags, 9, &lasting);
    assert_eq!(made, 0, "what lasts is bound as before");
}

#[test]
fn the_cpu_counts_dispatches_and_submissions() {
    let ctx = Context::cpu();
    let mut bags = bags(&ctx);
    let out = Matrix::zeros(&ctx, BATCH, TABLES as usize * DIM).unwrap();
    let [dispatches, made, uploads, submissions] = step(&mut bags, 0, &out);
    assert!(dispatches > 3);
    assert_eq!((made, uploads, submissions), (0, 0, 1));
}
