//! Tables over several windows and arenas, outputs and gradients larger than a binding: by limits that are
//! made tiny.

use embag::optim::{Adagrad, Optimizer, RowwiseAdagrad, Sgd, WeightDecay};
use embag::{Context, ContextOptions, EmbeddingBags, Error, Init, Matrix, Pooling, Table};

use crate::common;
use crate::model::{Lists, Model, Step, feature, padded};

fn tiny(binding: u64, buffer: u64) -> ContextOptions {
    ContextOptions::new().max_binding(binding).max_buffer(buffer)
}

fn devices(options: &ContextOptions) -> Vec<Context> {
    let cpu = Context::cpu_with(options).unwrap();
    std::iter::once(cpu).chain(common::gpu_shapes_with(options)).collect()
}

fn optimizers() -> [Optimizer; 3] {
    [
        Sgd { lr: 0.1, weight_decay: WeightDecay::L2(0.1) }.into(),
        Adagrad { lr: 0.1, eps: 0.01, ..Default::default() }.into(),
        RowwiseAdagrad { lr: 0.1, eps: 0.01, weight_decay: WeightDecay::Decoupled(0.1) }.into(),
    ]
}

/// Everything on every device with these limits: near the reference, the same bits on all, and the update's
/// bits those without limits.
fn check(what: &str, model: &Model, lists: &Lists, devices: &[Context]) -> Step<f32> {
    let (weights, grads) = (model.weights(4), model.grads(lists, 4));
    let cpu = model.step(&devices[0], &weights, lists, &grads);
    cpu.assert_near(what, &model.reference(&weights, lists, &grads), 1e-5);
    for gpu in &devices[1..] {
        let step = model.step(gpu, &weights, lists, &grads);
        step.assert_agrees(gpu, what, &cpu);
    }
    let free = model.step(&Context::cpu(), &weights, lists, &grads);
    let update = |step: &Step<f32>| (step.tables.clone(), step.states.clone(), step.weight_grad.clone());
    assert_eq!(update(&cpu), update(&free), "{what}: updates must not depend on windows");
    cpu
}

#[test]
fn tables_over_several_windows() {
    let devices = devices(&tiny(3072, 4096));
    for optimizer in optimizers() {
        // 48, 64, 12 and 5 rows a window of 3 KiB
        let model = Model::new(
            &[(100, 16), (150, 12), (30, 63), (9, 130)],
            &[
                feature(0, Pooling::Sum),
                padded(1, Pooling::Mean, 20),
                feature(2, Pooling::Sum),
                feature(3, Pooling::Mean),
            ],
        )
        .optimizer(optimizer);
        let lists = Lists::random(&model, 3, 12, true, 11);
        check(&format!("{optimizer:?}"), &model, &lists, &devices);
    }
}

#[test]
fn arenas_and_windows_at_once() {
    let devices = devices(&tiny(2048, 2048));
    for optimizer in optimizers() {
        let model = Model::new(
            &[(10, 4), (100, 8), (7, 3), (12, 4), (5, 5), (700, 1), (20, 8), (3, 12)],
            &[
                feature(0, Pooling::Sum),
                feature(1, Pooling::Sum),
                feature(2, Pooling::None),
                padded(3, Pooling::Mean, 11),
                feature(4, Pooling::Sum),
                feature(5, Pooling::None),
                feature(6, Pooling::Mean),
                feature(7, Pooling::Sum),
                feature(1, Pooling::None),
            ],
        )
        .optimizer(optimizer);
        let lists = Lists::random(&model, 5, 4, true, 12);
        check(&format!("{optimizer:?}"), &model, &lists, &devices);
    }
}

#[test]
fn rows_at_the_edges_of_windows() {
    // 16 rows of 16 columns a window: first and last rows of windows and of the table, each by itself
    let model = Model::new(&[(100, 16), (100, 16)], &[feature(0, Pooling::Sum), feature(1, Pooling::Sum)])
        .optimizer(Adagrad { lr: 0.5, eps: 0.1, ..Default::default() });
    let devices = devices(&tiny(1024, 1024));
    let edges = [0, 15, 16, 31, 32, 95, 96, 99];
    for row in edges {
        let lists = Lists { examples: 1, ids: vec![vec![vec![row]], vec![vec![]]], weights: None };
        let step = check(&format!("row {row}"), &model, &lists, &devices);
        let before = model.weights(4);
        let changed: Vec<usize> =
            (0..100).filter(|r| step.tables[0][r * 16..][..16] != before[0][r * 16..][..16]).collect();
        assert_eq!(changed, [row as usize]);
        assert_eq!(step.tables[1], before[1], "the next table");
        assert_eq!(step.outs[0], before[0][row as usize * 16..][..16]);
    }
}

#[test]
fn the_first_row_of_the_next_table_is_not_the_last_of_this_one() {
    // tables side by side in one arena: an id one too large must be refused, not read from the neighbour
    for ctx in devices(&tiny(1024, 1024)) {
        let bags = EmbeddingBags::builder(&ctx)
            .table("a", Table::rows(5).dim(4).init(Init::Constant(1.0)))
            .table("b", Table::rows(5).dim(4).init(Init::Constant(2.0)))
            .feature("f", "a", Pooling::Sum)
            .build()
            .unwrap();
        let batch = bags.batch().feature("f", &[4u32]).build().unwrap();
        assert_eq!(bags.forward(&batch).unwrap().to_vec(&ctx).unwrap(), [1.0; 4]);
        let error = bags.batch().feature("f", &[5u32]).build().unwrap_err();
        assert!(matches!(error, Error::IdOutOfRange { id: 5, rows: 5, .. }), "{error}");
    }
}

#[test]
fn outputs_larger_than_a_binding_are_split() {
    // 40 examples x 36 columns are 5,760 bytes; a binding holds 4 or so rows
    let options = tiny(1024, 64 << 10);
    let model = Model::new(&[(50, 4), (40, 32)], &[feature(0, Pooling::Sum), feature(1, Pooling::Mean)]);
    let lists = Lists::random(&model, 40, 3, true, 13);
    let sequences = Model::new(&[(50, 4), (40, 32)], &[feature(0, Pooling::None), feature(1, Pooling::None)]);
    let weights = model.weights(13);
    for ctx in devices(&options) {
        let what = common::name_of(&ctx);
        for model in [&model, &sequences] {
            let bags = model.bags(&ctx, &weights);
            let batch = lists.build(&bags);
            let outs: Vec<Vec<f32>> =
                bags.forward_features(&batch).unwrap().iter().map(|out| out.to_vec(&ctx).unwrap()).collect();
            let grads = model.grads(&lists, 1);
            let expected = model.reference(&weights, &lists, &grads);
            for (f, out) in outs.iter().enumerate() {
                common::assert_close(&what, out, &expected.outs[f], 1e-6);
            }
            if model.pooled() {
                let whole = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
                common::assert_bits(&what, &whole, &model.side_by_side(40, &outs));
            }
        }
    }
}

/// Together above the limit of a binding, each table's alone below it.
#[test]
fn gradients_larger_than_a_binding() {
    let model = Model::new(
        &[(30, 32), (30, 5), (40, 16)],
        &[
            feature(0, Pooling::Sum),
            feature(1, Pooling::Mean),
            padded(2, Pooling::Sum, 3),
            feature(1, Pooling::Sum),
        ],
    )
    .optimizer(Adagrad::default());
    let lists = Lists::random(&model, 30, 4, true, 14);
    let (weights, grads) = (model.weights(14), model.grads(&lists, 14));
    let expected = model.step(&Context::cpu(), &weights, &lists, &grads);
    // a whole row of the outputs is 232 bytes, all of them 6,960
    for ctx in devices(&tiny(4096, 64 << 10)) {
        let what = format!("on {}", common::name_of(&ctx));
        model.step(&ctx, &weights, &lists, &grads).assert_agrees(&ctx, &what, &expected);
        // and a matrix for each feature
        let mut bags = model.bags(&ctx, &weights);
        let batch = lists.build(&bags);
        bags.backward(&batch, &model.matrices(&ctx, &lists, &grads)).unwrap();
        let (tables, states) = model.content(&bags);
        common::assert_agrees(&ctx, &what, &tables.concat(), &expected.tables.concat());
        common::assert_agrees(&ctx, &what, &states.concat(), &expected.states.concat());
    }
}

#[test]
fn a_table_whose_gradient_is_larger_than_a_binding_is_refused() {
    let options = tiny(1024, 64 << 10);
    let model = Model::new(&[(50, 32)], &[feature(0, Pooling::Sum)]).optimizer(Adagrad::default());
    let lists = Lists::random(&model, 9, 2, false, 14);
    let weights = model.weights(14);
    for ctx in devices(&options) {
        let mut bags = model.bags(&ctx, &weights);
        let batch = lists.build(&bags);
        let before = model.content(&bags);
        let grad = Matrix::from_slice(&ctx, &[1.0; 9 * 32], 9, 32).unwrap();
        let error = bags.backward(&batch, &grad).unwrap_err().to_string();
        assert_eq!(
            error,
            "the gradient of a table's features needs 1152 bytes, but the device allows 1024 \
             (use a smaller batch, or one whose counts the host knows)"
        );
        let error = bags.backward(&batch, &[grad]).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded { needed: 1152, limit: 1024, .. }), "{error}");
        assert_eq!(model.content(&bags), before);
    }
}

#[test]
fn a_row_that_does_not_fit_is_refused() {
    for ctx in devices(&tiny(1024, 64 << 10)) {
        let build = |dim| {
            EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(9).dim(dim))
                .feature("f", "t", Pooling::Sum)
                .build()
        };
        let error = build(257).unwrap_err().to_string();
        assert_eq!(
            error,
            "1 row(s) of 257 columns needs 1028 bytes, but the device allows 1024 (use a smaller dimension)"
        );
        // a row fits, but not behind what an unaligned output may cost
        let bags = build(256).unwrap();
        let batch = bags.batch().feature("f", &[1u32]).build().unwrap();
        let error = bags.forward(&batch).unwrap_err();
        assert!(matches!(error, Error::LimitExceeded { .. }), "{error}");
    }
}

#[test]
fn first_values_do_not_depend_on_windows() {
    let build = |ctx: &Context, init| {
        let bags = EmbeddingBags::builder(ctx)
            .table("small", Table::rows(3).dim(5).init(init))
            .table("next", Table::rows(7).dim(5).init(init))
            .table("large", Table::rows(100).dim(12).init(init))
            .feature("f", "large", Pooling::Sum)
            .seed(9)
            .build()
            .unwrap();
        ["small", "next", "large"].map(|table| bags.download(table).unwrap())
    };
    let devices = devices(&tiny(1024, 1024));
    for init in [Init::Uniform(0.5), Init::Normal { mean: 1.0, std: 2.0 }, Init::Constant(3.0), Init::Zero] {
        let free = build(&Context::cpu(), init);
        for ctx in &devices {
            assert_eq!(build(ctx, init), free, "{init:?} on {}", common::name_of(ctx));
        }
    }
}

#[test]
fn single_rows_across_windows() {
    for ctx in devices(&tiny(1024, 1024)) {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(100).dim(10).init(Init::Zero))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Adagrad::default())
            .build()
            .unwrap();
        let all: Vec<f32> = (0..1000u16).map(f32::from).collect();
        bags.upload("t", &all).unwrap();
        bags.upload_state("t", "sum", &all).unwrap();
        assert_eq!(bags.download("t").unwrap(), all);
        assert_eq!(bags.download_state("t", "sum").unwrap(), all);
        for row in [0, 24, 25, 26, 50, 99] {
            let at = usize::try_from(row).unwrap() * 10;
            assert_eq!(bags.read_row("t", row).unwrap(), all[at..at + 10], "{row}");
            bags.write_row("t", row, &[-1.0; 10]).unwrap();
            assert_eq!(bags.read_row("t", row).unwrap(), [-1.0; 10], "{row}");
        }
        let untouched = bags.download("t").unwrap().chunks(10).filter(|row| row[0] >= 0.0).count();
        assert_eq!(untouched, 94);
        let sizes: Vec<u64> = bags.table_buffers("t").unwrap().iter().map(embag::Buffer::size).collect();
        assert_eq!(sizes, [1000; 4]);
    }
}

#[test]
fn limits_that_are_too_small_are_refused() {
    let error = Context::cpu_with(&tiny(1000, 4096)).unwrap_err().to_string();
    assert_eq!(error, "max_binding: expected at least 1024 bytes, got 1000");
    let error = Context::cpu_with(&tiny(4096, 3)).unwrap_err().to_string();
    assert_eq!(error, "max_buffer: expected at least 1024 bytes, got 3");
}
