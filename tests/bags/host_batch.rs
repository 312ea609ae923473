//! Batches from host data: who makes them, what forms they have.

use embag::{Buffer, Context, EmbeddingBags, JaggedBatch, Matrix, Pooling, Table};

use crate::common;

fn bags(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(100).dim(4))
        .feature("f", "t", Pooling::Sum)
        .feature("g", "t", Pooling::Mean)
        .build()
        .unwrap()
}

fn outputs(bags: &EmbeddingBags, batch: &JaggedBatch) -> Vec<f32> {
    bags.forward(batch).unwrap().to_vec(bags.context()).unwrap()
}

#[test]
fn offsets_of_all_types_from_any_start() {
    for ctx in common::devices() {
        let bags = bags(&ctx);
        let expected =
            bags.batch().bags("f", &[3u32, 9, 4], &[2, 1]).feature("g", &[1u32, 2]).build().unwrap();
        let expected = outputs(&bags, &expected);
        // a slice of a list: what lies outside of it may be anything
        let values = [-5i64, 700, 3, 9, 4, 800];
        let begun = || bags.batch().feature("g", &[1u32, 2]);
        for batch in [
            begun().offsets("f", &values, &[2u32, 4, 5]),
            begun().offsets("f", &values, &[2i32, 4, 5]),
            begun().offsets("f", &values, &[2u64, 4, 5]),
            begun().offsets("f", &values, &[2i64, 4, 5]),
            begun().starts("f", &values[2..5], &[0i64, 2]),
            begun().offsets("f", &values, &[2, 4, 5]).weights("f", &[9.0, 9.0, 1.0, 1.0, 1.0, 9.0]),
        ] {
            assert_eq!(outputs(&bags, &batch.build().unwrap()), expected);
        }
        let keyed = [-5i64, 3, 9, 4, 1, 2, 700];
        let weights = [9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0];
        for weights in [None, Some(&weights[..])] {
            let batch = bags.batch_from_offsets(&keyed, &[1i32, 3, 4, 5, 6], weights).unwrap();
            assert_eq!(outputs(&bags, &batch), expected);
        }
    }
}

#[test]
fn batches_are_made_while_the_bags_train() {
    for ctx in common::devices() {
        let bags = bags(&ctx);
        let made: Vec<JaggedBatch> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4u32)
                .map(|k| {
                    let maker = bags.batches();
                    scope.spawn(move || maker.batch_from_lengths(&[k, k + 1], &[1, 1], None).unwrap())
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (k, batch) in (0..).zip(&made) {
            let expected = bags.batch().feature("f", &[k]).feature("g", &[k + 1u32]).build().unwrap();
            assert_eq!(outputs(&bags, batch), outputs(&bags, &expected));
        }
    }
}

#[test]
fn other_weights_for_the_same_bags() {
    for ctx in common::devices() {
        let bags = bags(&ctx);
        let begun = || bags.batch().bags("f", &[3u32, 9], &[2]).feature("g", &[1u32]);
        let plain = begun().build().unwrap();
        let expected = begun().weights("f", &[0.5, 2.0]).weights("g", &[3.0]).build().unwrap();
        let weights = Buffer::from_slice(&ctx, &[0.5f32, 2.0, 3.0]).unwrap();
        let weighted = plain.with_weights(weights.clone()).unwrap();
        assert_eq!(outputs(&bags, &weighted), outputs(&bags, &expected));
        // the first batch is as it was
        assert_eq!(outputs(&bags, &plain), outputs(&bags, &begun().build().unwrap()));

        let message = |result: embag::Result<JaggedBatch>| result.unwrap_err().to_string();
        assert_eq!(
            message(plain.with_weights(weights.slice(0, 8).unwrap())),
            "weights: expected 3 values, one for each id, got 2"
        );
        let foreign = Matrix::zeros(&Context::cpu(), 3, 1).unwrap().buffer().clone();
        assert_eq!(message(plain.with_weights(foreign)), "weights belongs to another context");
        let maximum = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(100).dim(4))
            .feature("f", "t", Pooling::Max)
            .build()
            .unwrap();
        let batch = maximum.batch().bags("f", &[3u32, 9, 4], &[3]).build().unwrap();
        assert_eq!(
            message(batch.with_weights(weights)),
            "weights, with feature \"f\": expected none, for a maximum, got some"
        );
    }
}

#[test]
fn lists_are_taken_by_value_and_by_reference() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    let lists = [vec![3u32, 9], vec![], vec![4]];
    let of_references = bags.batch().lists("f", &lists).lists("g", lists.iter().map(|list| list.iter()));
    let expected = bags.batch().lists("f", lists.clone()).lists("g", lists.clone()).build().unwrap();
    assert_eq!(outputs(&bags, &of_references.build().unwrap()), outputs(&bags, &expected));
}
