//! Any jagged batch is the same whichever way it was built.

use approx::assert_abs_diff_eq;
use embag::{Context, EmbeddingBags, JaggedBatch, Pooling, Table};
use proptest::prelude::*;

use crate::common;

const ROWS: u32 = 50;

fn bags(ctx: &Context, features: usize) -> EmbeddingBags {
    (0..features)
        .fold(EmbeddingBags::builder(ctx).table("t", Table::rows(ROWS as usize).dim(3)), |builder, f| {
            let pooling = if f % 2 == 0 { Pooling::Sum } else { Pooling::Mean };
            builder.feature(&format!("f{f}"), "t", pooling)
        })
        .build()
        .unwrap()
}

/// Ids with weights.
type Bag = Vec<(u32, f32)>;

/// A number of examples, and bags by feature and example.
fn jagged() -> impl Strategy<Value = (usize, Vec<Vec<Bag>>)> {
    (1usize..4, 0usize..7).prop_flat_map(|(features, examples)| {
        let bag = prop::collection::vec((0..ROWS, -2.0f32..2.0), 0..6);
        let feature = prop::collection::vec(bag, examples);
        (Just(examples), prop::collection::vec(feature, features))
    })
}

fn offsets_of(lengths: &[u32]) -> Vec<u32> {
    let sums = lengths.iter().scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64 * common::case_factor(),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn lists_lengths_and_offsets_make_the_same_batch((examples, lists) in jagged(), weighted: bool) {
        let ctx = Context::cpu();
        let bags = bags(&ctx, lists.len());
        let flat: Vec<(u32, f32)> = lists.iter().flatten().flatten().copied().collect();
        let ids: Vec<u32> = flat.iter().map(|pair| pair.0).collect();
        let wide: Vec<u64> = ids.iter().map(|&id| id.into()).collect();
        let weights: Vec<f32> = flat.iter().map(|pair| pair.1).collect();
        let weights = weighted.then_some(&weights[..]);
        let lengths: Vec<u32> = lists.iter().flatten().map(|bag| u32::try_from(bag.len()).unwrap()).collect();

        // feature by feature, in the other order, each in one of three ways
        let mut builder = bags.batch();
        for (f, feature) in lists.iter().enumerate().rev() {
            let name = format!("f{f}");
            let values: Vec<u64> = feature.iter().flatten().map(|pair| pair.0.into()).collect();
            let lengths = &lengths[f * examples..(f + 1) * examples];
            builder = match f % 3 {
                0 => builder.lists(&name, feature.iter().map(|bag| bag.iter().map(|pair| pair.0))),
                1 => builder.bags(&name, &values, lengths),
                _ => builder.offsets(&name, &values, &offsets_of(lengths)),
            };
            if weighted {
                let weights: Vec<f32> = feature.iter().flatten().map(|pair| pair.1).collect();
                builder = builder.weights(&name, &weights);
            }
        }
        let batches: [JaggedBatch; 4] = [
            builder.build().unwrap(),
            bags.batch_from_lengths(&ids, &lengths, weights).unwrap(),
            bags.batch_from_lengths(&wide, &lengths, weights).unwrap(),
            bags.batch_from_offsets(&wide, &offsets_of(&lengths), weights).unwrap(),
        ];
        let first = bags.forward(&batches[0]).unwrap().to_vec(&ctx).unwrap();
        for batch in &batches {
            prop_assert_eq!(batch.len(), examples);
            prop_assert_eq!(batch.is_empty(), examples == 0);
            prop_assert_eq!(batch.ids(), ids.len());
            for (f, feature) in lists.iter().enumerate() {
                let count = feature.iter().map(Vec::len).sum::<usize>();
                prop_assert_eq!(batch.ids_of(&format!("f{f}")).unwrap(), Some(count));
            }
            let out = bags.forward(batch).unwrap().to_vec(&ctx).unwrap();
            prop_assert!(out.iter().zip(&first).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        // and is what it should be
        let table = bags.download("t").unwrap();
        for b in 0..examples {
            for (f, feature) in lists.iter().enumerate() {
                for c in 0..3 {
                    let sum: f64 = feature[b]
                        .iter()
                        .map(|&(id, weight)| {
                            let weight = if weighted { weight } else { 1.0 };
                            f64::from(table[id as usize * 3 + c]) * f64::from(weight)
                        })
                        .sum();
                    let count = if f % 2 == 1 { feature[b].len().max(1) as f64 } else { 1.0 };
                    let got = f64::from(first[(b * lists.len() + f) * 3 + c]);
                    assert_abs_diff_eq!(got, sum / count, epsilon = 1e-6);
                }
            }
        }
    }

    #[test]
    fn any_bad_id_is_found((examples, lists) in jagged(), pick: prop::sample::Index, bad in u64::from(ROWS)..) {
        let ctx = Context::cpu();
        let bags = bags(&ctx, lists.len());
        let mut ids: Vec<u64> = lists.iter().flatten().flatten().map(|pair| pair.0.into()).collect();
        prop_assume!(!ids.is_empty());
        let at = pick.index(ids.len());
        ids[at] = bad;
        let lengths: Vec<u32> = lists.iter().flatten().map(|bag| u32::try_from(bag.len()).unwrap()).collect();
        let error = bags.batch_from_lengths(&ids, &lengths, None).unwrap_err();
        let bag = (0..lengths.len()).find(|&bag| at < lengths[..=bag].iter().sum::<u32>() as usize).unwrap();
        let expected = format!(
            "feature \"f{}\", example {}, position {at}: id {bad} out of range for {ROWS} rows",
            bag / examples,
            bag % examples,
        );
        prop_assert_eq!(error.to_string(), expected);
    }
}
