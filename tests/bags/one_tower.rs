//! Batches of some of the features, as of one tower of a model: outputs, gradients and updates are theirs.

use embag::optim::RowwiseAdagrad;
use embag::quant::{RangeSearch, RowFormat};
use embag::{
    CachedBags, Context, EmbeddingBags, JaggedBatch, Lookup, Matrix, Pooling, Precision, QuantizedBags,
    Recorder, Table,
};

use crate::common;

/// Features of two towers, in turn, one with a table of the other; `c` is a maximum, which has kernels of its
/// own.
const FEATURES: [(&str, &str, Pooling); 4] = [
    ("a", "wide", Pooling::Mean),
    ("b", "narrow", Pooling::Sum),
    ("c", "wide", Pooling::Max),
    ("d", "narrow", Pooling::Mean),
];
const EXAMPLES: usize = 5;

macro_rules! described {
    ($builder:expr $(, $slots:expr)?) => {{
        let mut builder = $builder
            .table("wide", Table::rows(40).dim(8) $(, $slots)?)
            .table("narrow", Table::rows(30).dim(3) $(, $slots)?);
        for (feature, table, pooling) in FEATURES {
            builder = builder.feature(feature, table, pooling);
        }
        builder.optimizer(RowwiseAdagrad::new(0.1)).seed(11).build().unwrap()
    }};
}

fn bags(ctx: &Context) -> EmbeddingBags {
    described!(EmbeddingBags::builder(ctx))
}

fn ids(feature: usize) -> (Vec<u32>, [u32; EXAMPLES]) {
    let first = [0, 3, 6, 9][feature];
    ((0..7).map(|k| (k * k * 5 + first) % 30).collect(), [2, 0, 3, 1, 1])
}

/// Adds some of the features to a batch that was begun.
macro_rules! filled {
    ($batch:expr, $features:expr) => {{
        let mut batch = $batch;
        for &feature in $features {
            let (ids, lengths) = ids(feature);
            batch = batch.bags(FEATURES[feature].0, &ids, &lengths);
        }
        batch
    }};
}

fn only(features: &[usize]) -> Vec<&'static str> {
    features.iter().map(|&feature| FEATURES[feature].0).collect()
}

/// The columns of some features in the outputs of all.
fn columns(bags: &EmbeddingBags, whole: &[f32], features: &[usize]) -> Vec<f32> {
    let ranges: Vec<_> = features.iter().map(|&f| bags.columns_of(FEATURES[f].0).unwrap()).collect();
    let rows = whole.chunks(bags.output_cols());
    rows.flat_map(|row| ranges.iter().flat_map(|range| row[range.clone()].to_vec())).collect()
}

fn gradient(cols: usize) -> Vec<f32> {
    (0..EXAMPLES * cols).map(|k| (k % 13) as f32 * 0.25 - 1.5).collect()
}

const TOWERS: [&[usize]; 5] = [&[0], &[3], &[0, 2], &[1, 3], &[0, 1, 2, 3]];

#[test]
fn outputs_are_the_columns_of_these_features() {
    for ctx in common::devices() {
        let bags = bags(&ctx);
        let all = filled!(bags.batch(), &[0, 1, 2, 3]).build().unwrap();
        let whole = bags.forward(&all).unwrap().to_vec(&ctx).unwrap();
        assert_eq!(bags.columns_of("c").unwrap(), 11..19);
        assert_eq!(all.columns_of("c").unwrap(), 11..19);
        for features in TOWERS {
            let batch = filled!(bags.batch().only(&only(features)), features).build().unwrap();
            assert!(!batch.is_variable());
            let expected = columns(&bags, &whole, features);
            let pooled = bags.forward(&batch).unwrap();
            assert_eq!((pooled.rows(), pooled.cols()), (EXAMPLES, batch.output_cols()));
            assert_eq!(pooled.to_vec(&ctx).unwrap(), expected, "{features:?}");
            let one_by_one = bags.forward_features(&batch).unwrap();
            assert_eq!(one_by_one.len(), features.len());
            for (&feature, matrix) in features.iter().zip(&one_by_one) {
                let expected = columns(&bags, &whole, &[feature]);
                assert_eq!(matrix.to_vec(&ctx).unwrap(), expected, "{feature} of {features:?}");
                let range = batch.columns_of(FEATURES[feature].0).unwrap();
                assert_eq!(range.len(), matrix.cols());
            }
            let halves = Matrix::zeros_of(Precision::F16, &ctx, EXAMPLES, batch.output_cols()).unwrap();
            let mut rec = Recorder::new(&ctx);
            bags.record_forward(&mut rec, &batch, &halves).unwrap();
            rec.run().unwrap();
            let rounded: Vec<f32> = expected.iter().map(|&v| half::f16::from_f32(v).to_f32()).collect();
            assert_eq!(halves.to_vec(&ctx).unwrap(), rounded);
        }
    }
}

/// What a step by a batch of these features leaves: all rows and state. `others_empty` gives the others too,
/// without ids.
fn after_a_step(ctx: &Context, features: &[usize], others_empty: bool, apart: bool) -> Vec<Vec<f32>> {
    let mut bags = bags(ctx);
    let batch = match others_empty {
        false => filled!(bags.batch().only(&only(features)), features),
        true => {
            let others = (0..FEATURES.len()).filter(|feature| !features.contains(feature));
            let begun = filled!(bags.batch(), features);
            others.fold(begun, |batch, feature| batch.bags::<u32>(FEATURES[feature].0, &[], &[0; EXAMPLES]))
        }
    };
    let batch = batch.build().unwrap();
    let part = gradient(features.iter().map(|&f| bags.columns_of(FEATURES[f].0).unwrap().len()).sum());
    // in the columns of all features, zeros elsewhere
    let mut whole = vec![0.0; EXAMPLES * bags.output_cols()];
    let mut taken = part.iter();
    for row in whole.chunks_mut(bags.output_cols()) {
        for &feature in features {
            for (to, from) in
                row[bags.columns_of(FEATURES[feature].0).unwrap()].iter_mut().zip(taken.by_ref())
            {
                *to = *from;
            }
        }
    }
    let (values, cols) = if others_empty { (whole, bags.output_cols()) } else { (part, batch.output_cols()) };
    let grad = Matrix::from_slice(ctx, &values, EXAMPLES, cols).unwrap();
    if apart {
        let parts: Vec<Matrix> = features
            .iter()
            .map(|&f| {
                let range = batch.columns_of(FEATURES[f].0).unwrap();
                grad.columns(range.start, range.len()).unwrap()
            })
            .collect();
        bags.backward(&batch, &parts).unwrap();
    } else {
        bags.backward(&batch, &grad).unwrap();
    }
    let rows = ["wide", "narrow"].map(|table| bags.download(table).unwrap());
    let state = ["wide", "narrow"].map(|table| bags.download_state(table, "sum").unwrap());
    rows.into_iter().chain(state).collect()
}

#[test]
fn steps_are_those_of_a_batch_whose_other_features_are_empty() {
    for ctx in common::devices() {
        for features in TOWERS {
            let expected = after_a_step(&ctx, features, true, false);
            assert_eq!(after_a_step(&ctx, features, false, false), expected, "{features:?}");
            assert_eq!(after_a_step(&ctx, features, false, true), expected, "{features:?}");
        }
    }
}

#[test]
fn weights_sparse_gradients_cached_and_quantised_tables_know_towers() {
    for ctx in common::devices() {
        let features: &[usize] = &[1, 3];
        let mut plain = bags(&ctx);
        let begun = || filled!(plain.batch().only(&only(features)), features);
        let (d, weights) = (ids(3).0.len(), [0.5f32, 2.0, -1.0, 3.0, 1.0, 0.25, 4.0]);
        let batch = begun().weights("d", &weights).build().unwrap();
        let grad = Matrix::from_slice(&ctx, &gradient(6), EXAMPLES, 6).unwrap();

        // the same lookups, of a description without the other features
        let mut builder = EmbeddingBags::builder(&ctx)
            .table("wide", Table::rows(40).dim(8))
            .table("narrow", Table::rows(30).dim(3));
        for &feature in features {
            let (name, table, pooling) = FEATURES[feature];
            builder = builder.feature(name, table, pooling);
        }
        let mut alone = builder.optimizer(RowwiseAdagrad::new(0.1)).seed(11).build().unwrap();
        let own = filled!(alone.batch(), features).weights("d", &weights).build().unwrap();
        let of_weights = |bags: &EmbeddingBags, batch: &JaggedBatch| -> Vec<f32> {
            bags.weight_grad(batch, &grad).unwrap().read(&ctx).unwrap()
        };
        assert_eq!(of_weights(&plain, &batch), of_weights(&alone, &own));
        assert_eq!(of_weights(&plain, &batch).len(), 7 + d);

        let sparse = plain.sparse_grad(&batch, &grad).unwrap();
        plain.update(&sparse).unwrap();
        alone.backward(&own, &grad).unwrap();
        let content = |bags: &EmbeddingBags| ["wide", "narrow"].map(|table| bags.download(table).unwrap());
        assert_eq!(content(&plain), content(&alone));

        let (mut fresh, mut cached): (_, CachedBags) =
            (bags(&ctx), described!(CachedBags::builder(&ctx), 16));
        let cached_batch = filled!(cached.batch().only(&only(features)), features);
        let cached_batch = cached.place(cached_batch).unwrap();
        assert_eq!(cached_batch.columns_of("d").unwrap(), 3..6);
        assert_eq!((cached.features().len(), cached.columns_of("d").unwrap()), (4, 19..22));
        let served = QuantizedBags::of(&fresh, |_| (RowFormat::F32, RangeSearch::MinMax)).unwrap();
        let served_batch = filled!(served.batch().only(&only(features)), features).build().unwrap();
        assert_eq!((served.features().len(), served.columns_of("d").unwrap()), (4, 19..22));
        let batch = filled!(fresh.batch().only(&only(features)), features).build().unwrap();
        let expected = fresh.forward(&batch).unwrap().to_vec(&ctx).unwrap();
        assert_eq!(Lookup::output_shape(&fresh, &batch), (EXAMPLES, 6));
        assert_eq!(Lookup::output_shape(&cached, &cached_batch), (EXAMPLES, 6));
        assert_eq!(cached.forward(&cached_batch).unwrap().to_vec(&ctx).unwrap(), expected);
        assert_eq!(served.forward(&served_batch).unwrap().to_vec(&ctx).unwrap(), expected);
        cached.backward(&cached_batch, &grad).unwrap();
        fresh.backward(&batch, &grad).unwrap();
        let of_cache = ["wide", "narrow"].map(|table| cached.download(table).unwrap());
        assert_eq!(of_cache, content(&fresh));
    }
}

#[test]
fn wrong_towers_are_errors() {
    let bags = bags(&Context::cpu());
    let text = |batch: embag::bag::BatchBuilder| batch.build().unwrap_err().to_string();
    let a = || bags.batch().only(&["a", "b"]).bags("a", &[1u32], &[1, 0]);
    assert!(text(a()).contains("batch: expected feature \"b\""), "{}", text(a()));
    let wrong = text(a().bags("b", &[1u32], &[1]));
    assert_eq!(wrong, "feature \"b\": expected 2 examples, as in the first feature, got 1");
    let other = text(a().bags("b", &[1u32], &[1, 0]).bags("c", &[1u32], &[1, 0]));
    assert_eq!(other, "feature \"c\": expected one of those of `.only()`, got another");
    assert_eq!(text(bags.batch().only(&[])), "only: expected at least one feature, got none");
    assert!(text(bags.batch().only(&["e"])).starts_with("feature: expected one of [\"a\", \"b\""));
    let batch = a().bags("b", &[1u32], &[1, 0]).build().unwrap();
    assert_eq!(
        batch.columns_of("c").unwrap_err().to_string(),
        "feature: expected one of [\"a\", \"b\"], which the batch is of, got \"c\""
    );
    let wide = Matrix::zeros(bags.context(), 2, bags.output_cols()).unwrap();
    let error = bags.record_forward(&mut Recorder::new(bags.context()), &batch, &wide).unwrap_err();
    assert_eq!(error.to_string(), "out: expected 2 x 11, got 2 x 22");
}
