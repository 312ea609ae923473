//! Contexts of the CPU with threads of their own.

use std::num::NonZeroUsize;

use embag::optim::RowwiseAdagrad;
use embag::{Context, ContextOptions, EmbeddingBags, Pooling, Table};

fn of(threads: usize) -> Context {
    let threads = NonZeroUsize::new(threads).unwrap();
    Context::cpu_with(&ContextOptions::new().threads(threads)).unwrap()
}

/// However many there are, bits are the same.
#[test]
fn threads_change_nothing_but_the_time() {
    let trained = |ctx: &Context| {
        let mut bags = EmbeddingBags::builder(ctx)
            .table("movie", Table::rows(3000).dim(16))
            .feature("liked", "movie", Pooling::Mean)
            .optimizer(RowwiseAdagrad::new(0.1))
            .build()
            .unwrap();
        for step in 0..3u32 {
            let ids: Vec<u32> =
                (0..40_000u32).map(|i| i.wrapping_mul(2_654_435_761 + step) >> 8 & 2047).collect();
            let batch = bags.batch().rows("liked", &ids, 10).build().unwrap();
            let pooled = bags.forward(&batch).unwrap();
            bags.backward(&batch, &pooled).unwrap();
        }
        bags.download("movie").unwrap()
    };
    let common = trained(&Context::cpu());
    for threads in [1, 3, 8] {
        let ctx = of(threads);
        assert_eq!(ctx.device_name(), format!("CPU ({threads} threads)"));
        assert!(trained(&ctx) == common, "{threads} threads");
    }
}

/// Two contexts work side by side, and end.
#[test]
fn contexts_with_threads_of_their_own_run_at_once() {
    let (first, second) = (of(1), of(1));
    std::thread::scope(|scope| {
        for ctx in [&first, &second] {
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(trained_rows(ctx), 40);
                }
            });
        }
    });
}

fn trained_rows(ctx: &Context) -> usize {
    let bags = EmbeddingBags::builder(ctx)
        .table("movie", Table::rows(10).dim(4))
        .feature("liked", "movie", Pooling::Sum)
        .build()
        .unwrap();
    bags.download("movie").unwrap().len()
}
