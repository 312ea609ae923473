//! Forward and backward of whole batches: the CPU against a reference in `f64`, the GPU against the CPU by
//! bits.

use embag::optim::{Adagrad, Optimizer, RowwiseAdagrad, Sgd, WeightDecay};
use embag::{Context, EmbeddingBags, Pooling, Table};

use crate::common;
use crate::model::{Lists, Model, Step, feature, padded};

const TOLERANCE: f64 = 1e-5;

/// Runs a step everywhere; gives what the CPU made of it.
fn check(what: &str, model: &Model, lists: &Lists, seed: u64) -> Step<f32> {
    let (weights, grads) = (model.weights(seed), model.grads(lists, seed));
    let cpu = model.step(&Context::cpu(), &weights, lists, &grads);
    cpu.assert_near(what, &model.reference(&weights, lists, &grads), TOLERANCE);
    for gpu in common::gpu_shapes() {
        let step = model.step(gpu, &weights, lists, &grads);
        step.assert_agrees(gpu, what, &cpu);
    }
    cpu
}

fn optimizers() -> Vec<Optimizer> {
    let mut all = Vec::new();
    for weight_decay in [WeightDecay::None, WeightDecay::L2(0.05), WeightDecay::Decoupled(0.3)] {
        all.push(Sgd { lr: 0.1, weight_decay }.into());
        all.push(Adagrad { lr: 0.1, eps: 0.01, weight_decay }.into());
        all.push(RowwiseAdagrad { lr: 0.1, eps: 0.01, weight_decay }.into());
    }
    all
}

/// Tables of every kind of dim, some shared, every pooling but sequences.
fn mixed() -> Model {
    Model::new(
        &[(50, 1), (40, 3), (60, 4), (9, 63), (30, 64), (12, 65), (20, 128), (7, 257)],
        &[
            feature(0, Pooling::Sum),
            feature(1, Pooling::Mean),
            padded(2, Pooling::Sum, 3),
            padded(3, Pooling::Mean, 0),
            feature(4, Pooling::Mean),
            feature(4, Pooling::Sum),
            padded(5, Pooling::Sum, 1_000_000),
            feature(6, Pooling::Sum),
            feature(7, Pooling::Mean),
            padded(2, Pooling::Mean, 59),
        ],
    )
}

#[test]
fn mixed_dims_and_every_optimizer() {
    for (i, optimizer) in (0u64..).zip(optimizers()) {
        let model = mixed().optimizer(optimizer);
        let lists = Lists::random(&model, 23, 7, i % 2 == 1, i);
        check(&format!("{optimizer:?}"), &model, &lists, i);
    }
}

#[test]
fn sixty_four_tables_in_one_call() {
    let dims = [1, 4, 7, 8, 16, 20, 33, 64];
    let tables: Vec<_> = (0..64).map(|t| (3 + t * 5, dims[t % 8])).collect();
    let pooling = |t: usize| if t.is_multiple_of(3) { Pooling::Mean } else { Pooling::Sum };
    let features: Vec<_> = (0..64).map(|t| feature((t * 13) % 64, pooling(t))).collect();
    let model = Model::new(&tables, &features).optimizer(RowwiseAdagrad { lr: 0.1, ..Default::default() });
    check("64 tables", &model, &Lists::random(&model, 37, 6, true, 64), 64);
}

#[test]
fn dims_of_multiples_of_four_alone() {
    for (i, optimizer) in (0u64..).zip(optimizers()) {
        let model = Model::new(
            &[(50, 4), (80, 64), (20, 128), (5, 2048), (30, 8)],
            &[
                feature(0, Pooling::Sum),
                feature(1, Pooling::Mean),
                feature(2, Pooling::Sum),
                feature(3, Pooling::Sum),
                feature(4, Pooling::Mean),
                feature(1, Pooling::Sum),
            ],
        );
        let lists = Lists::random(&model, 70, 5, i % 2 == 0, i);
        check(&format!("{optimizer:?}"), &model.optimizer(optimizer), &lists, i);
    }
}

#[test]
fn sequences() {
    for (i, optimizer) in (0u64..).zip(optimizers()) {
        let mut model = mixed().optimizer(optimizer);
        for f in [1, 4, 6, 9] {
            model.features[f].pooling = Pooling::None;
        }
        let lists = Lists::random(&model, 17, 6, i % 2 == 0, 100 + i);
        check(&format!("{optimizer:?}"), &model, &lists, i);
    }
}

#[test]
fn long_bags_and_hot_rows() {
    // segments of more than one piece: 32 terms
    for (i, optimizer) in (0u64..).zip(optimizers()) {
        let model = Model::new(&[(3, 20), (2, 5)], &[feature(0, Pooling::Sum), feature(1, Pooling::Mean)]);
        let lists = Lists::random(&model, 40, 12, i % 2 == 0, i);
        check(&format!("{optimizer:?}"), &model.optimizer(optimizer), &lists, i);
    }
}

#[test]
fn all_ids_the_same_row() {
    for rows in [1, 1000] {
        let model = Model::new(&[(rows, 12)], &[feature(0, Pooling::Sum)]).optimizer(Sgd::default());
        let row = u32::try_from(rows - 1).unwrap();
        let lists = Lists { examples: 9, ids: vec![vec![vec![row; 500]; 9]], weights: None };
        check(&format!("{rows} rows"), &model, &lists, 1);
    }
}

#[test]
fn empty_things() {
    let model = mixed().optimizer(RowwiseAdagrad { eps: 0.1, ..Default::default() });
    let bags = |examples: usize| vec![vec![vec![]; examples]; model.features.len()];
    let weights = model.weights(0);
    for (what, examples, weighted) in [
        ("no examples", 0, false),
        ("no examples, weighted", 0, true),
        ("no ids", 5, false),
        ("no ids", 1, true),
    ] {
        let lists = Lists { examples, ids: bags(examples), weights: weighted.then(Vec::new) };
        let step = check(what, &model, &lists, 0);
        assert!(step.outs.iter().flatten().all(|value| value.to_bits() == 0), "{what}");
        assert_eq!(step.tables, weights, "{what}");
    }
    let mut one = Lists { examples: 1, ids: bags(1), weights: None };
    one.ids[4][0] = vec![7];
    let step = check("a single id", &model, &one, 0);
    common::assert_bits("a single id", &step.outs[4], &weights[4][7 * 64..8 * 64]);
}

#[test]
fn only_padding() {
    let model = Model::new(&[(5, 6)], &[padded(0, Pooling::Mean, 2), padded(0, Pooling::Sum, 77)])
        .optimizer(RowwiseAdagrad::default());
    let lists =
        Lists { examples: 2, ids: vec![vec![vec![2, 2], vec![2]], vec![vec![77], vec![]]], weights: None };
    let step = check("only padding", &model, &lists, 3);
    assert!(step.outs.iter().flatten().all(|&value| value == 0.0));
    assert_eq!(step.tables, model.weights(3));
    assert!(step.states[0].iter().all(|&value| value == 0.0));
}

#[test]
fn tables_without_rows_or_features() {
    let model =
        Model::new(&[(0, 4), (6, 4), (9, 3), (0, 7)], &[feature(0, Pooling::Sum), feature(1, Pooling::Sum)])
            .optimizer(Adagrad { eps: 0.1, ..Default::default() });
    let lists = Lists::random(&model, 8, 3, false, 2);
    let step = check("no rows", &model, &lists, 2);
    assert_eq!(step.tables[2], model.weights(2)[2]);

    let nothing = Model::new(&[(0, 4)], &[feature(0, Pooling::Sum)]).optimizer(Sgd::default());
    let lists = Lists { examples: 3, ids: vec![vec![vec![]; 3]], weights: None };
    check("nothing at all", &nothing, &lists, 2);
}

#[test]
fn more_groups_than_one_dimension_of_a_grid_holds() {
    // 65,536 x 64 threads and one more
    let model = Model::new(&[(10, 1)], &[feature(0, Pooling::Sum)]);
    let lists = Lists { examples: 4_194_305, ids: vec![vec![Vec::new(); 4_194_305]], weights: None };
    let mut lists = lists;
    for b in [0, 4_194_303, 4_194_304] {
        lists.ids[0][b] = vec![7];
    }
    let weights = model.weights(5);
    for ctx in std::iter::once(&Context::cpu()).chain(common::gpu_shapes()) {
        let bags = model.bags(ctx, &weights);
        let out = bags.forward(&lists.build(&bags)).unwrap().to_vec(ctx).unwrap();
        let touched: Vec<usize> = (0..out.len()).filter(|&b| out[b].to_bits() != 0).collect();
        assert_eq!(touched, [0, 4_194_303, 4_194_304], "{}", common::name_of(ctx));
        assert_eq!(out[4_194_304], weights[0][7]);
    }
}

#[test]
fn the_gradient_may_come_in_one_matrix_or_many() {
    let model = mixed().optimizer(Adagrad { lr: 0.1, ..Default::default() });
    let lists = Lists::random(&model, 19, 5, true, 8);
    let (weights, grads) = (model.weights(8), model.grads(&lists, 8));
    for ctx in std::iter::once(&Context::cpu()).chain(common::gpu_shapes()) {
        let one = model.step(ctx, &weights, &lists, &grads);
        let mut bags = model.bags(ctx, &weights);
        let batch = lists.build(&bags);
        bags.backward(&batch, &model.matrices(ctx, &lists, &grads)).unwrap();
        assert_eq!(model.content(&bags), (one.tables, one.states), "{}", common::name_of(ctx));
    }
}

#[test]
fn several_steps_keep_their_state() {
    // three steps on the device equal three of the reference's
    let model = mixed().optimizer(RowwiseAdagrad { lr: 0.1, eps: 0.1, weight_decay: WeightDecay::L2(0.1) });
    let weights = model.weights(1);
    let steps: Vec<Lists> = (0..3).map(|step| Lists::random(&model, 12, 4, true, step)).collect();
    let mut found = None;
    for ctx in std::iter::once(&Context::cpu()).chain(common::gpu_shapes()) {
        let mut bags = model.bags(ctx, &weights);
        for (seed, lists) in (0u64..).zip(&steps) {
            let grads = model.matrices(ctx, lists, &model.grads(lists, seed));
            bags.backward(&lists.build(&bags), &grads).unwrap();
        }
        let (tables, states) = model.content(&bags);
        let content = [tables.concat(), states.concat()];
        let expected = found.get_or_insert_with(|| content.clone());
        for (content, expected) in content.iter().zip(expected) {
            common::assert_agrees(ctx, &common::name_of(ctx), content, expected);
        }
    }
    assert!(found.unwrap()[1].iter().any(|&state| state > 0.0));
}

#[test]
fn shared_rows_are_updated_once() {
    // the sum of both features' gradients, not one after the other: Adagrad tells the two apart
    for ctx in std::iter::once(&Context::cpu()).chain(common::gpu_shapes()) {
        let mut bags = EmbeddingBags::builder(ctx)
            .table("t", Table::rows(3).dim(1).init(embag::Init::Zero))
            .feature("a", "t", Pooling::Sum)
            .feature("b", "t", Pooling::Sum)
            .optimizer(Adagrad { lr: 1.0, eps: 0.0, ..Default::default() })
            .build()
            .unwrap();
        let batch = bags.batch().feature("a", &[1u32]).feature("b", &[1u32]).build().unwrap();
        let grad = embag::Matrix::from_slice(ctx, &[3.0, 5.0], 1, 2).unwrap();
        bags.backward(&batch, &grad).unwrap();
        assert_eq!(bags.download("t").unwrap(), [0.0, -1.0, 0.0]);
        assert_eq!(bags.download_state("t", "sum").unwrap(), [0.0, 64.0, 0.0]);
    }
}
