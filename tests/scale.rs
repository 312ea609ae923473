//! Large batches, and the memory that they take beside the tables.

mod common;
#[path = "common/random.rs"]
mod random;

use std::time::Instant;

use embag::Shape;
use embag::optim::Sgd;
use embag::{Context, ContextOptions, EmbeddingBags, Init, Matrix, Pooling, Recorder, Table};
use random::Random;

const BAGS: usize = 4096;

/// Dims, ids a bag and pooling of each table's feature.
type Spec = (usize, usize, Pooling);

fn bags_of(ctx: &Context, rows: u32, specs: &[Spec]) -> EmbeddingBags {
    let mut builder = EmbeddingBags::builder(ctx).optimizer(Sgd { lr: 0.5, ..Default::default() });
    for (t, &(dim, _, pooling)) in specs.iter().enumerate() {
        let table = Table::rows(rows as usize).dim(dim).init(Init::Zero);
        builder = builder.table(&format!("t{t}"), table).feature(&format!("f{t}"), &format!("t{t}"), pooling);
    }
    builder.build().unwrap()
}

/// Bytes of scratch memory after one backward in a fresh context, beside the batch, and the bound of
/// `record_backward`'s documentation.
fn scratch(ctx: &Context, specs: &[Spec], sorted_together: usize, copied: usize) -> (u64, u64) {
    let mut bags = bags_of(ctx, 1000, specs);
    let mut random = Random::new(7);
    let lengths: Vec<u32> =
        specs.iter().flat_map(|&(_, length, _)| vec![u32::try_from(length).unwrap(); BAGS]).collect();
    let ids: Vec<u32> = (0..lengths.iter().sum()).map(|_| random.below(1000)).collect();
    let batch = bags.batch_from_lengths(&ids, &lengths, None).unwrap();
    let grad = Matrix::zeros(ctx, BAGS, specs.iter().map(|spec| spec.0).sum()).unwrap();
    ctx.release_scratch();
    let held = ctx.scratch_bytes();
    let mut rec = Recorder::new(ctx);
    bags.record_backward(&mut rec, &batch, &grad).unwrap();
    rec.run().unwrap();
    let used = ctx.scratch_bytes() - held;
    drop(batch);
    ctx.release_scratch();
    assert_eq!(ctx.scratch_bytes(), 0, "all is released");
    let widest = specs.iter().map(|spec| spec.0).max().unwrap();
    let n = sorted_together;
    let maxima = specs.iter().filter(|spec| spec.2 == Pooling::Max);
    let spread: usize = maxima.map(|&(dim, length, _)| (BAGS * length).max(BAGS) * dim * 4).sum();
    let bound = 36 * n + n * (widest + 3) / 8 + copied + n + (256 << 10) + spread;
    (used, bound as u64 * 3 / 2)
}

fn contexts() -> Vec<Context> {
    let cpu = Context::cpu();
    std::iter::once(cpu).chain(common::gpu_shapes_with(&ContextOptions::new())).collect()
}

#[test]
fn scratch_memory_keeps_to_its_formula() {
    let length = 40;
    let ids = BAGS * length;
    let one = [(64, length, Pooling::Sum)];
    // each of these is more than tables are put together up to
    let many = [(64, length, Pooling::Sum), (16, length, Pooling::Mean), (128, length, Pooling::Sum)];
    for ctx in contexts() {
        // 24 Ki ids for each thread of the CPU
        let tables_together = match (ctx.is_cpu(), common::is_software(&ctx)) {
            (true, _) => (rayon::current_num_threads() * (24 << 10) / ids).clamp(1, 3),
            (false, true) => 1,
            (false, false) => 3,
        };
        for (specs, together) in [(&one[..], ids), (&many[..], tables_together * ids)] {
            // the CPU copies gradients with gaps between rows that are read often
            let copied = if ctx.is_cpu() && specs.len() > 1 { BAGS * 128 * 4 } else { 0 };
            let (used, bound) = scratch(&ctx, specs, together, copied);
            println!("{}: {used} bytes, at most {bound}", common::name_of(&ctx));
            assert!(used <= bound, "{}: {used} bytes, at most {bound}", common::name_of(&ctx));
            assert!(2 * used >= bound, "{}: {used} bytes, at most {bound}", common::name_of(&ctx));
        }
        let (used, bound) = scratch(&ctx, &[(32, 5, Pooling::Max)], BAGS * 5, 0);
        println!("{}: maxima {used} bytes, at most {bound}", common::name_of(&ctx));
        assert!(used <= bound && 2 * used >= bound, "{}: {used}, at most {bound}", common::name_of(&ctx));
    }
}

#[test]
fn ten_million_ids() {
    if std::env::var_os("EMBAG_LARGE").is_none() {
        return;
    }
    let (rows, dim, length, bags) = (1_000_000u32, 16, 20, 500_000usize);
    let mut random = Random::new(3);
    let lengths = vec![length; bags];
    // half of the ids are one row
    let ids: Vec<u32> =
        (0..bags * length as usize).map(|k| if k % 2 == 0 { 77 } else { random.below(rows) }).collect();
    assert_eq!(ids.len(), 10_000_000);
    let grads = random.floats(bags * dim);
    let mut expected = None;
    for ctx in contexts().into_iter().filter(|ctx| ctx.is_cpu() || ctx.shape() != Shape::Wide) {
        let mut tables = bags_of(&ctx, rows, &[(dim, length as usize, Pooling::Mean)]);
        let begin = Instant::now();
        let batch = tables.batch_from_lengths(&ids, &lengths, None).unwrap();
        let grad = Matrix::from_slice(&ctx, &grads, bags, dim).unwrap();
        let stepped = tables.backward(&batch, &grad);
        if let Err(error) = &stepped {
            // software adapters end a thread's loops after 65,535 iterations: half of the ids are one row
            assert!(error.to_string().contains("too many for a software adapter"), "{error}");
            println!("{}: {error}", common::name_of(&ctx));
            continue;
        }
        let out = tables.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        let result = (tables.download("t0").unwrap(), out);
        println!("{}: {:.2?}", common::name_of(&ctx), begin.elapsed());
        assert!(result.0.iter().any(|&value| value != 0.0));
        let expected = expected.get_or_insert_with(|| result.clone());
        assert!(*expected == result, "{}", common::name_of(&ctx));
    }
}
