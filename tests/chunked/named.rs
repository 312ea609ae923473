//! Batches feature by feature, of all features and of some.

use embag::bag::{BatchBuilder, ForDirectory};
use embag::optim::RowwiseAdagrad;
use embag::{ChunkedTables, Context, Matrix, Pooling};

use crate::common;

const EXAMPLES: usize = 4;
const WIDE: [u64; 6] = [u64::MAX, 3, 3, 1 << 40, 9, 7];
const NARROW: [i64; 5] = [-1, 8, 9, 8, 100];
const LENGTHS: [[u32; EXAMPLES]; 3] = [[2, 0, 3, 1], [1, 1, 2, 1], [0, 3, 1, 1]];

fn tables(ctx: &Context) -> ChunkedTables {
    ChunkedTables::builder(ctx)
        .table("wide", 30, 16)
        .table("narrow", 20, 8)
        .feature("a", "wide", Pooling::Mean)
        .feature("b", "narrow", Pooling::Sum)
        .feature("c", "narrow", Pooling::Mean)
        .chunk_width(4)
        .slots(400)
        .optimizer(RowwiseAdagrad::new(0.1))
        .seed(5)
        .build()
        .unwrap()
}

/// In another order than the features', the ids of `b` and `c` as signed numbers.
fn all(batch: BatchBuilder<ForDirectory>) -> BatchBuilder<ForDirectory> {
    batch.bags("c", &NARROW, &LENGTHS[2]).bags("b", &NARROW, &LENGTHS[1]).bags("a", &WIDE, &LENGTHS[0])
}

fn flat() -> (Vec<u64>, Vec<u32>) {
    let narrow = NARROW.map(i64::cast_unsigned);
    ([&WIDE[..], &narrow, &narrow].concat(), LENGTHS.concat())
}

#[test]
fn named_batches_are_those_in_the_layout_of_a_keyed_jagged_tensor() {
    for ctx in common::devices() {
        let (mut named, mut given) = (tables(&ctx), tables(&ctx));
        let (ids, lengths) = flat();
        let begun = all(named.batches().batch());
        let batch = named.admit(begun).unwrap();
        let own = given.admit_from_lengths(&ids, &lengths).unwrap();
        let values = |tables: &ChunkedTables, batch| tables.forward(batch).unwrap().to_vec(&ctx).unwrap();
        assert_eq!(values(&named, &batch), values(&given, &own));
        assert_eq!(batch.columns_of("c").unwrap(), 24..32);
        assert_eq!(named.columns_of("b").unwrap(), 16..24);
        assert_eq!(named.tables(), ["wide", "narrow"]);
        assert_eq!(named.features().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(named.table_shape("narrow").unwrap(), (20, 8));
        // found again, with some that are unknown
        let batch = named.find(all(named.batch())).unwrap();
        assert_eq!((batch.absent().unwrap(), values(&named, &batch)), (0, values(&given, &own)));
        let unknown = named.batch().only(&["b"]).bags("b", &[77u64], &[1]);
        assert_eq!(named.find(unknown).unwrap().absent().unwrap(), 1);
        let pruned = named.pruned().unwrap();
        assert_eq!((pruned.tables(), pruned.columns_of("c").unwrap()), (named.tables(), 24..32));
        assert_eq!(pruned.table_shape("wide").unwrap(), (5, 16));
        assert_eq!(pruned.features().len(), 3);
        let batch = pruned.find(all(pruned.batch())).unwrap();
        assert_eq!(pruned.forward(&batch).unwrap().to_vec(&ctx).unwrap(), values(&given, &own));
    }
}

#[test]
fn one_tower_is_looked_up_and_updated() {
    for ctx in common::devices() {
        let (mut tower, mut whole) = (tables(&ctx), tables(&ctx));
        let begun =
            tower.batch().only(&["c", "a"]).bags("a", &WIDE, &LENGTHS[0]).bags("c", &NARROW, &LENGTHS[2]);
        let batch = tower.admit(begun).unwrap();
        let others_empty = whole
            .batch()
            .bags("a", &WIDE, &LENGTHS[0])
            .bags::<u64>("b", &[], &[0; EXAMPLES])
            .bags("c", &NARROW, &LENGTHS[2]);
        let own = whole.admit(others_empty).unwrap();
        assert_eq!((batch.output_cols(), batch.columns_of("c").unwrap()), (24, 16..24));
        let columns = |values: Vec<f32>| -> Vec<f32> {
            values.chunks(32).flat_map(|row| [&row[..16], &row[24..]].concat()).collect()
        };
        let expected = columns(whole.forward(&own).unwrap().to_vec(&ctx).unwrap());
        assert_eq!(tower.forward(&batch).unwrap().to_vec(&ctx).unwrap(), expected);
        let apart = tower.forward_features(&batch).unwrap();
        assert_eq!(apart.iter().map(Matrix::cols).collect::<Vec<_>>(), [16, 8]);

        let grad: Vec<f32> = (0..EXAMPLES * 32).map(|k| (k % 11) as f32 * 0.25 - 1.0).collect();
        let part = Matrix::from_slice(&ctx, &columns(grad.clone()), EXAMPLES, 24).unwrap();
        tower.backward(&batch, &part).unwrap();
        whole.backward(&own, &Matrix::from_slice(&ctx, &grad, EXAMPLES, 32).unwrap()).unwrap();
        for table in ["wide", "narrow"] {
            let [found, expected] = [&tower, &whole].map(|tables| tables.dense(table).unwrap());
            assert_eq!(found.values, expected.values, "{table}");
        }
    }
}

#[test]
fn what_chunked_tables_do_not_take_is_an_error() {
    let ctx = Context::cpu();
    let (mut tables, others) = (tables(&ctx), tables(&ctx));
    let begun = |tables: &ChunkedTables| tables.batch();
    let weights = all(begun(&tables)).weights("b", &[1.0; NARROW.len() - 1]);
    let short = begun(&tables).bags("a", &WIDE, &[6]).bags("b", &NARROW, &[5, 0]).bags("c", &NARROW, &[5]);
    let sum = begun(&tables).bags("a", &WIDE, &[5]).bags("b", &NARROW, &[5]).bags("c", &NARROW, &[5]);
    for (batch, expected) in [
        (
            all(others.batch()),
            "batch: expected one that was begun by these bags, got one that was begun by others",
        ),
        (weights, "weights of feature \"b\": expected 5 values, one for each id, got 4"),
        (short, "feature \"b\": expected 1 examples, as in the first feature, got 2"),
        (sum, "lengths of feature \"a\": expected a sum of 6, the number of ids, got 5"),
    ] {
        assert_eq!(tables.admit(batch).unwrap_err().to_string(), expected);
        assert_eq!(tables.directory("wide").unwrap().usage().unwrap().rows, 0);
    }
}
