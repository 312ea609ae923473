//! The same bits on every run, whatever else is in the batch, with any number of threads and windows.

mod common;
#[path = "common/model.rs"]
mod model;
#[path = "common/random.rs"]
mod random;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;

use embag::optim::{
    Adagrad, Adam, Frequency, FrequencySgd, Ftrl, Optimizer, PartialRowwiseLamb, RowwiseAdagrad, Sgd,
};
use embag::{Buffer, Context, EmbeddingBags, Init, Matrix, Pooling, Table};
use model::{Lists, Model, Step, feature, padded};
use random::Random;

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

fn optimizers() -> Vec<Optimizer> {
    vec![
        Sgd { lr: 0.1, ..Default::default() }.into(),
        Adagrad { lr: 0.1, ..Default::default() }.into(),
        RowwiseAdagrad { lr: 0.1, ..Default::default() }.into(),
        Adam::default().into(),
        PartialRowwiseLamb::default().into(),
        FrequencySgd { frequency: Frequency::Occurrences, ..Default::default() }.into(),
        Ftrl::default().into(),
    ]
}

/// Hot rows among cold ones: row 1 of each table thousands of times.
fn hot() -> (Model, Lists) {
    let model = Model::new(
        &[(500, 16), (70, 5), (2000, 64)],
        &[
            feature(0, Pooling::Sum),
            feature(1, Pooling::Mean),
            padded(2, Pooling::Sum, 9),
            feature(0, Pooling::Mean),
        ],
    );
    let mut lists = Lists::random(&model, 300, 20, true, 3);
    let mut random = Random::new(1);
    for id in lists.ids.iter_mut().flatten().flatten() {
        if random.below(3) == 0 {
            *id = 1;
        }
    }
    (model, lists)
}

fn step(ctx: &Context, model: &Model, lists: &Lists) -> Step<f32> {
    model.step(ctx, &model.weights(2), lists, &model.grads(lists, 2))
}

#[test]
fn repeated_runs() {
    let (model, lists) = hot();
    for optimizer in optimizers() {
        let model = model.clone().optimizer(optimizer);
        for ctx in devices() {
            let first = step(&ctx, &model, &lists);
            for run in 1..4 {
                step(&ctx, &model, &lists)
                    .assert_same(&format!("{optimizer:?}, run {run} on {}", common::name_of(&ctx)), &first);
            }
        }
    }
}

/// What a step leaves, printed by a process of its own with that number of threads: they are started once in
/// a process.
fn in_child(test: &str, threads: usize) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .env("RAYON_NUM_THREADS", threads.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.split_once("bits: ")).expect("the child prints its bits");
    line.1.to_owned()
}

/// Set for the processes that [`in_child`] starts.
const CHILD: &str = "EMBAG_DETERMINISM_CHILD";

/// A number that stands for the bits of all steps.
fn bits(steps: &[Step<f32>]) -> String {
    let mut hasher = DefaultHasher::new();
    // debug output tells any two numbers apart
    format!("{steps:?}").hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The same steps by processes with these numbers of threads, and here.
fn check_threads(test: &str, threads: &[usize], steps: impl Fn() -> Vec<Step<f32>>) {
    if std::env::var_os(CHILD).is_some() {
        println!("bits: {}", bits(&steps()));
        return;
    }
    let expected = bits(&steps());
    for &threads in threads {
        assert_eq!(in_child(test, threads), expected, "{threads} threads");
    }
}

#[test]
fn any_number_of_threads() {
    let (model, lists) = hot();
    check_threads("any_number_of_threads", &[1, 2, 3, 7], || {
        let of = |optimizer| step(&Context::cpu(), &model.clone().optimizer(optimizer), &lists);
        optimizers().into_iter().map(of).collect()
    });
}

/// With one thread the CPU sorts at most 24,576 ids at once, unless they are of one table.
#[test]
fn tables_taken_a_few_at_a_time() {
    let model = Model::new(
        &[(500, 16), (0, 4), (70, 5), (2000, 64), (90, 8), (31, 3)],
        &[
            feature(5, Pooling::Sum),
            feature(0, Pooling::Sum),
            feature(2, Pooling::Mean),
            padded(3, Pooling::Sum, 9),
            feature(0, Pooling::Mean),
            feature(4, Pooling::None),
        ],
    );
    let lists = Lists::random(&model, 900, 24, true, 6);
    assert!((0..6).all(|f| (10_000..24_000).contains(&lists.count(f))));
    check_threads("tables_taken_a_few_at_a_time", &[1, 8], || {
        let of = |optimizer| step(&Context::cpu(), &model.clone().optimizer(optimizer), &lists);
        optimizers().into_iter().map(of).collect()
    });
    for optimizer in optimizers() {
        let model = model.clone().optimizer(optimizer);
        let cpu = step(&Context::cpu(), &model, &lists);
        for ctx in common::gpu_shapes() {
            step(ctx, &model, &lists).assert_agrees(ctx, &format!("{optimizer:?}"), &cpu);
        }
    }
}

/// Row 7 with 100 occurrences, in the order given, among `others` ids before and behind each of them.
fn row_among(ctx: &Context, optimizer: Optimizer, others: usize, first_table: usize) -> (Vec<f32>, Vec<f32>) {
    let mut random = Random::new(others as u64);
    let mut bags = EmbeddingBags::builder(ctx)
        // rows before it change its sort key and its place in the arena
        .table("before", Table::rows(first_table).dim(12))
        .table("t", Table::rows(3000).dim(12).init(Init::Constant(0.25)))
        .feature("f", "t", Pooling::Sum)
        .optimizer(optimizer)
        .build()
        .unwrap();
    let mut other = || (0..others).map(|_| 8 + random.below(2900)).collect::<Vec<u32>>();
    let lists: Vec<Vec<u32>> = (0..100).map(|_| [other(), vec![7], other()].concat()).collect();
    let ids: usize = lists.iter().map(Vec::len).sum();
    let mut weights = vec![1.0; ids];
    let mut own = Random::new(77);
    let mut position = 0;
    for list in &lists {
        for &id in list {
            weights[position] = if id == 7 { own.float() } else { random.float() };
            position += 1;
        }
    }
    let batch = bags.batch().lists("f", lists).weights("f", &weights).build().unwrap();
    let grad = Matrix::from_slice(ctx, &Random::new(5).floats(1200), 100, 12).unwrap();
    for _ in 0..2 {
        bags.backward(&batch, &grad).unwrap();
    }
    let fields = optimizer.states().iter();
    let state = fields.flat_map(|field| {
        let values = bags.download_state("t", field.name).unwrap();
        let len = values.len() / 3000;
        values[7 * len..8 * len].to_vec()
    });
    (bags.read_row("t", 7).unwrap(), state.collect())
}

#[test]
fn a_row_does_not_depend_on_its_neighbours() {
    for optimizer in optimizers() {
        let on_cpu = row_among(&Context::cpu(), optimizer, 0, 1);
        for ctx in devices() {
            let alone = row_among(&ctx, optimizer, 0, 1);
            let what = format!("{optimizer:?} on {}", common::name_of(&ctx));
            common::assert_agrees(&ctx, &what, &alone.0, &on_cpu.0);
            common::assert_agrees(&ctx, &format!("{what}: state"), &alone.1, &on_cpu.1);
            for (others, before) in [(0, 77), (1, 1), (3, 1000), (20, 5)] {
                let found = row_among(&ctx, optimizer, others, before);
                assert_eq!(found, alone, "{what}, {others} others");
            }
        }
    }
}

#[test]
fn many_threads_may_share_a_context() {
    // each with work of its own, submitted and read back at the same time
    let (model, lists) = hot();
    let model = model.optimizer(Sgd::default());
    for ctx in devices() {
        let expected = step(&ctx, &model, &lists);
        std::thread::scope(|scope| {
            for thread in 0..6u32 {
                let (ctx, model, lists, expected) = (&ctx, &model, &lists, &expected);
                scope.spawn(move || {
                    for i in 0..50 {
                        let data = [thread, i];
                        let buffer = Buffer::from_slice(ctx, &data).unwrap();
                        assert_eq!(buffer.read::<u32>(ctx).unwrap(), data);
                    }
                    step(ctx, model, lists).assert_same(&format!("thread {thread}"), expected);
                });
            }
        });
    }
}
