//! What chunked tables keep through steps, moves and loads: optimizers, exports, slots that do not depend on
//! the device.

use embag::chunked::{ChunkedTables, Eviction, Frequency, Utility, WhenFull};
use embag::optim::{
    Adagrad, Adam, FrequencySgd, Ftrl, Lamb, LarsSgd, Optimizer, PartialRowwiseAdam, PartialRowwiseLamb,
    RowwiseAdagrad, RowwiseAdagradCounter, Sgd, UpdateRules,
};
use embag::{Checkpoint, Context, ContextOptions, EmbeddingBags, Matrix, Pooling, Table};

use crate::common;

fn optimizers() -> [Optimizer; 11] {
    let lr = 0.1;
    [
        Sgd { lr, ..Default::default() }.into(),
        Adagrad { lr, ..Default::default() }.into(),
        RowwiseAdagrad { lr, ..Default::default() }.into(),
        RowwiseAdagradCounter { lr, ..Default::default() }.into(),
        Adam { lr, ..Default::default() }.into(),
        PartialRowwiseAdam { lr, ..Default::default() }.into(),
        Lamb { lr, ..Default::default() }.into(),
        PartialRowwiseLamb { lr, ..Default::default() }.into(),
        LarsSgd { lr, ..Default::default() }.into(),
        FrequencySgd { lr, ..Default::default() }.into(),
        Ftrl { lr, ..Default::default() }.into(),
    ]
}

/// Numbers that any device sums exactly.
fn gradient(ctx: &Context, rows: usize, cols: usize, step: usize) -> Matrix {
    let values: Vec<f32> =
        (0..rows * cols).map(|i| (((i * 37 + step * 11) % 17) as f32 - 8.0) * 0.125).collect();
    Matrix::from_slice(ctx, &values, rows, cols).unwrap()
}

/// With rows of one chunk each they are embedding bags.
#[test]
fn every_optimizer_updates_chunks_as_rows_of_bags() {
    let rules = [
        UpdateRules::default(),
        UpdateRules { max_norm: Some(0.5), ..Default::default() },
        UpdateRules { clip_value: Some(0.2), ..Default::default() },
    ];
    let each = optimizers().map(|optimizer| (optimizer, rules[0]));
    let ruled = rules[1..].iter().map(|&rules| (optimizers()[2], rules));
    for ctx in common::devices() {
        for (optimizer, rules) in each.into_iter().chain(ruled.clone()) {
            let mut tables = ChunkedTables::builder(&ctx)
                .table("t", 40, 8)
                .feature("f", "t", Pooling::Sum)
                .feature("g", "t", Pooling::Mean)
                .chunk_width(8)
                .slots(40)
                .scale(0.5)
                .optimizer(optimizer)
                .update_rules(rules)
                .seed(3)
                .build()
                .unwrap();
            let ids: Vec<u64> = (0..60).map(|i| (i * i) % 23).collect();
            let lengths = [3u32; 20];
            let mut bags = EmbeddingBags::builder(&ctx)
                .table("t", Table::rows(23).dim(8))
                .feature("f", "t", Pooling::Sum)
                .feature("g", "t", Pooling::Mean)
                .optimizer(optimizer)
                .update_rules(rules)
                .build()
                .unwrap();
            tables.admit_from_lengths(&ids, &lengths).unwrap();
            let row = |tables: &ChunkedTables, id| tables.row("t", id).unwrap().unwrap().values;
            for &id in &ids {
                bags.write_row("t", id, &row(&tables, id)).unwrap();
            }
            for step in 0..4 {
                let grad = gradient(&ctx, 10, 16, step);
                let batch = tables.find_from_lengths(&ids, &lengths).unwrap();
                tables.backward(&batch, &grad).unwrap();
                let batch = bags.batch_from_lengths(&ids, &lengths, None).unwrap();
                bags.backward(&batch, &grad).unwrap();
            }
            for &id in &ids {
                let what = format!("{} {rules:?} on {}", optimizer.name(), common::name_of(&ctx));
                common::assert_bits(&what, &row(&tables, id), &bags.read_row("t", id).unwrap());
            }
        }
    }
}

#[test]
fn the_state_of_every_optimizer_goes_with_its_chunk() {
    for ctx in common::devices() {
        for optimizer in optimizers() {
            let make = || {
                ChunkedTables::builder(&ctx)
                    .table("t", 40, 16)
                    .feature("f", "t", Pooling::Sum)
                    .chunk_width(4)
                    .slots(160)
                    .scale(0.5)
                    .optimizer(optimizer)
                    .seed(3)
                    .build()
                    .unwrap()
            };
            let (mut stayed, mut moved) = (make(), make());
            let ids: Vec<u64> = (0..30).map(|i| (i * i) % 23).collect();
            for step in 0..5 {
                let grad = gradient(&ctx, 30, 16, step);
                for tables in [&mut stayed, &mut moved] {
                    let batch = tables.admit_from_lengths(&ids, &[1; 30]).unwrap();
                    tables.backward(&batch, &grad).unwrap();
                }
                if step == 2 {
                    moved.set_slots(100).unwrap();
                    moved.set_slots(300).unwrap();
                    let mut all = Checkpoint::new();
                    moved.export(&mut all, "c").unwrap();
                    moved = make();
                    moved.import(&all, "c").unwrap();
                }
            }
            let name = optimizer.name();
            assert_eq!(moved.dense("t").unwrap(), stayed.dense("t").unwrap(), "{name}");
        }
    }
}

#[test]
fn an_export_has_all_that_changed_since_the_last_one() {
    for ctx in common::devices() {
        let mut tables = ChunkedTables::builder(&ctx)
            .table("t", 100, 8)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(4)
            .slots(200)
            .optimizer(Sgd::default())
            .build()
            .unwrap();
        let ids: Vec<u64> = (0..20).collect();
        let batch = tables.admit_from_lengths(&ids, &[1; 20]).unwrap();
        tables.backward(&batch, &gradient(&ctx, 20, 8, 0)).unwrap();
        // ids that the first export does not have, and changes of every kind
        let changes: [&dyn Fn(&mut ChunkedTables); 4] = [
            &|tables| drop(tables.admit_from_lengths(&[100, 101], &[1, 1]).unwrap()),
            &|tables| assert!(tables.adjust(0.5, 1.0).unwrap().evicted > 0),
            &|tables| tables.set_slots(5).unwrap(),
            &|tables| {
                let batch = tables.find_from_lengths(&[0], &[1]).unwrap();
                tables.backward(&batch, &gradient(&ctx, 1, 8, 1)).unwrap();
            },
        ];
        for (kind, change) in changes.iter().enumerate() {
            // steps in between, so that there is something old
            for step in 0..2 {
                let batch = tables.find_from_lengths(&[0], &[1]).unwrap();
                tables.backward(&batch, &gradient(&ctx, 1, 8, step)).unwrap();
            }
            let (before, now) = (tables.dense("t").unwrap(), tables.steps());
            change(&mut tables);
            let (after, changed) = (tables.dense("t").unwrap(), tables.exported_since("t", now).unwrap());
            let rows = |of: &embag::chunked::ExportedRows| -> Vec<(u32, Vec<u32>, Vec<bool>)> {
                let each = of.values.chunks(8).zip(of.resident.chunks(2)).zip(&of.virtual_ids);
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
                each.map(|((values, resident), &id)| (id, bits(values), resident.to_vec())).collect()
            };
            let (old, new, changed) = (rows(&before), rows(&after), rows(&changed));
            assert_ne!(old, new, "kind {kind}");
            for row in new.iter().filter(|row| !old.contains(row)) {
                assert!(changed.contains(row), "kind {kind}: {}", row.0);
            }
        }
    }
}

/// Everything that is seen of some steps: what is looked up, moves, slots, stamps and values.
fn story(ctx: &Context, when_full: WhenFull) -> Vec<String> {
    let mut tables = ChunkedTables::builder(ctx)
        .table("t", 30, 16)
        .table("u", 25, 8)
        .feature("a", "t", Pooling::Sum)
        .feature("b", "u", Pooling::Mean)
        .feature("c", "t", Pooling::Mean)
        .chunk_width(4)
        .slots(90)
        .scale(0.5)
        .when_full(when_full)
        .optimizer(RowwiseAdagrad { lr: 0.1, ..Default::default() })
        .utility(Utility { frequency: Frequency::Root, decay: 0.5 })
        .seed(3)
        .build()
        .unwrap();
    let mut state = 12345u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let raw = |id: u64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut told = Vec::new();
    for step in 0..14 {
        let lengths: Vec<u32> = (0..18).map(|_| u32::try_from(below(4)).unwrap()).collect();
        let ids: Vec<u64> = (0..lengths.iter().sum()).map(|_| raw(below(60))).collect();
        let batch = tables.admit_from_lengths(&ids, &lengths).unwrap();
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        told.push(format!("{:?}", bits(tables.forward(&batch).unwrap().to_vec(ctx).unwrap())));
        let grad: Vec<f32> = (0..6 * 40).map(|_| below(9) as f32 - 4.0).collect();
        tables.backward(&batch, &Matrix::from_slice(ctx, &grad, 6, 40).unwrap()).unwrap();
        match step {
            6 => tables.set_slots(50).unwrap(),
            9 => tables.set_slots(120).unwrap(),
            11 => {
                let mut all = Checkpoint::new();
                tables.export(&mut all, "c").unwrap();
                tables.import(&all, "c").unwrap();
            }
            _ => {}
        }
        if step % 3 == 2 {
            told.push(format!("{:?}", tables.adjust(0.5, 1.0).unwrap()));
        }
        for (name, id) in ["t", "u"].into_iter().flat_map(|name| (0..60).map(move |id| (name, id))) {
            if let Some(row) = tables.row(name, raw(id)).unwrap() {
                let (values, utility) = (bits(row.values), bits(row.utility));
                told.push(format!("{name} {id} {:?} {} {values:?} {utility:?}", row.slots, row.stamp));
            }
        }
    }
    told
}

#[test]
fn slots_and_all_else_are_the_same_on_every_device() {
    let policies = [Eviction::Utility, Eviction::Lfu, Eviction::Lru, Eviction::DistanceLfu { power: 0.5 }];
    let all = policies.map(WhenFull::Evict).into_iter().chain([WhenFull::Grow, WhenFull::Refuse]);
    for when_full in all {
        let expected = story(&Context::cpu(), when_full);
        // windows of a few chunks, and one
        for binding in [2048, 1 << 27] {
            for ctx in common::devices_with(&ContextOptions::new().max_binding(binding)) {
                if !common::is_exact(&ctx) {
                    continue;
                }
                let told = story(&ctx, when_full);
                for (line, expected) in told.iter().zip(&expected) {
                    assert_eq!(line, expected, "{when_full:?} {binding} on {}", common::name_of(&ctx));
                }
                assert_eq!(told.len(), expected.len());
            }
        }
    }
}

#[test]
fn with_a_full_store_as_many_chunks_come_as_leave() {
    for ctx in common::devices() {
        let mut tables = ChunkedTables::builder(&ctx)
            .table("t", 60, 16)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(4)
            .slots(60)
            .optimizer(Sgd::default())
            .utility(Utility { decay: 0.7, ..Default::default() })
            .build()
            .unwrap();
        let mut moved = 0;
        for step in 0..30u64 {
            let ids: Vec<u64> = (0..30).map(|i| (i * 11 + step * 17) % 60).collect();
            let batch = tables.admit_from_lengths(&ids, &[1; 30]).unwrap();
            let grad = gradient(&ctx, 30, 16, usize::try_from(step).unwrap());
            tables.backward(&batch, &grad).unwrap();
            if step > 6 && step % 3 == 0 && tables.free_slots().unwrap() == 0 {
                let adjusted = tables.adjust(0.75, 1.0).unwrap();
                assert_eq!((adjusted.evicted, adjusted.resident), (adjusted.admitted, 60), "{adjusted:?}");
                moved += adjusted.evicted;
            }
        }
        assert!(moved > 50, "{moved}");
    }
}

#[test]
fn a_gradient_that_is_not_finite_earns_nothing() {
    for ctx in common::devices() {
        let mut tables = ChunkedTables::builder(&ctx)
            .table("t", 100, 8)
            .feature("f", "t", Pooling::Sum)
            .chunk_width(4)
            .slots(200)
            .optimizer(Sgd::default())
            .utility(Utility { decay: 0.5, ..Default::default() })
            .build()
            .unwrap();
        let ids: Vec<u64> = (0..20).collect();
        let batch = tables.admit_from_lengths(&ids, &[1; 20]).unwrap();
        let mut grad = vec![1.0f32; 160];
        grad[..64].fill(f32::NAN);
        grad[64] = f32::INFINITY;
        tables.backward(&batch, &Matrix::from_slice(&ctx, &grad, 20, 8).unwrap()).unwrap();
        let utility = |id| tables.row("t", id).unwrap().unwrap().utility;
        assert_eq!([utility(0), utility(8), utility(9)], [[0.0, 0.0], [0.0, 2.0], [2.0, 2.0]].map(Vec::from));
        let adjusted = tables.adjust(0.5, 1.0).unwrap();
        assert_eq!((adjusted.evicted, &adjusted.thresholds[..]), (17, &[2.0][..]), "{adjusted:?}");
    }
}
