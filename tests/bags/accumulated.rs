//! One step by the gradients of several batches.

use embag::optim::RowwiseAdagrad;
use embag::{Context, EmbeddingBags, Gradients, JaggedBatch, Matrix, Pooling, Recorder, Table};

use crate::common;

fn bags(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(40).dim(6))
        .table("u", Table::rows(20).dim(4))
        .feature("f", "t", Pooling::Sum)
        .feature("g", "u", Pooling::Mean)
        .optimizer(RowwiseAdagrad::new(0.1))
        .seed(3)
        .build()
        .unwrap()
}

/// Ids of four parts of a batch, two examples each.
fn ids(part: u32) -> [u32; 6] {
    [0u32, 1, 2, 3, 4, 5].map(|k| (part * 7 + 5 * k % 11) % 20)
}

fn gradient(first: usize, rows: usize, cols: usize) -> Vec<f32> {
    (first * cols..(first + rows) * cols).map(|k| (k % 17) as f32 * 0.125 - 1.0).collect()
}

fn content(bags: &EmbeddingBags) -> Vec<f32> {
    let tables = ["t", "u"];
    let rows = tables.map(|table| bags.download(table).unwrap());
    let state = tables.map(|table| bags.download_state(table, "sum").unwrap());
    rows.into_iter().chain(state).flatten().collect()
}

fn step(bags: &mut EmbeddingBags, parts: &[(JaggedBatch, Matrix)]) {
    let mut rec = Recorder::new(bags.context());
    let gradients: Vec<(&JaggedBatch, Gradients)> =
        parts.iter().map(|(batch, grad)| (batch, grad.into())).collect();
    bags.record_accumulated(&mut rec, &gradients).unwrap();
    rec.run().unwrap();
}

#[test]
fn the_sum_of_parts_is_the_step_of_the_whole() {
    for ctx in common::devices() {
        let (mut whole, mut parts, mut one) = (bags(&ctx), bags(&ctx), bags(&ctx));
        let all: Vec<u32> = (0..4).flat_map(ids).collect();
        let lengths = [[2, 4], [1, 5], [6, 0], [3, 3]];
        let batch =
            whole.batch().bags("f", &all, &lengths.concat()).bags("g", &all, &lengths.concat()).build();
        let grad = Matrix::from_slice(&ctx, &gradient(0, 8, 10), 8, 10).unwrap();
        whole.backward(&batch.unwrap(), &grad).unwrap();

        let made: Vec<(JaggedBatch, Matrix)> = (0..4)
            .map(|part| {
                let (ids, lengths) = (ids(part), lengths[part as usize]);
                let batch =
                    parts.batch().bags("f", &ids, &lengths).bags("g", &ids, &lengths).build().unwrap();
                let values = gradient(2 * part as usize, 2, 10);
                (batch, Matrix::from_slice(&ctx, &values, 2, 10).unwrap())
            })
            .collect();
        step(&mut parts, &made);
        assert_eq!(parts.steps(), 1);
        for (found, expected) in content(&parts).iter().zip(content(&whole)) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        // nothing is no step
        step(&mut one, &[]);
        assert_eq!(one.steps(), 0);
    }
}

#[test]
fn towers_of_one_step_are_added_up() {
    for ctx in common::devices() {
        let (mut whole, mut towers) = (bags(&ctx), bags(&ctx));
        let [first, second] = [ids(0), ids(1)];
        let batch = whole.batch().bags("f", &first, &[2, 4]).bags("g", &second, &[3, 3]).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &gradient(0, 2, 10), 2, 10).unwrap();
        whole.backward(&batch, &grad).unwrap();
        let part = |cols: std::ops::Range<usize>| grad.columns(cols.start, cols.len()).unwrap();
        let f = towers.batch().only(&["f"]).bags("f", &first, &[2, 4]).build().unwrap();
        let g = towers.batch().only(&["g"]).bags("g", &second, &[3, 3]).build().unwrap();
        step(&mut towers, &[(f, part(0..6)), (g, part(6..10))]);
        assert_eq!(content(&towers), content(&whole));
        assert_eq!(towers.steps(), 1);
    }
}

#[test]
fn a_wrong_part_leaves_nothing_recorded() {
    let ctx = Context::cpu();
    let mut bags = bags(&ctx);
    let before = content(&bags);
    let batch = bags.batch().feature("f", &[1u32]).feature("g", &[2u32]).build().unwrap();
    let [good, bad] = [10, 9].map(|cols| Matrix::zeros(&ctx, 1, cols).unwrap());
    let mut rec = Recorder::new(&ctx);
    let error = bags.record_accumulated(&mut rec, &[(&batch, (&good).into()), (&batch, (&bad).into())]);
    assert_eq!(error.unwrap_err().to_string(), "grad: expected 1 x 10, got 1 x 9");
    rec.run().unwrap();
    assert_eq!((content(&bags), bags.steps()), (before, 0));
}
