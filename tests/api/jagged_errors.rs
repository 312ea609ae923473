//! Every mistake with jagged tensors has its message, and bad ones write nothing.

use embag::jagged::{
    KeyedJagged, Offsets, PooledOrder, complete_cumsum, dense_to_jagged, jagged_to_padded_dense, segment_sum,
};
use embag::{Buffer, Context, ContextOptions, DeviceBatch, Error, Matrix, Recorder, Result};

use crate::common;

#[track_caller]
fn message<T: std::fmt::Debug>(result: Result<T>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

fn words(ctx: &Context, data: &[u32]) -> Buffer {
    Buffer::from_slice(ctx, data).unwrap()
}

/// Two features of two examples.
fn given(ctx: &Context, bags: &[u32]) -> DeviceBatch {
    common::with(DeviceBatch::from_lengths(2, words(ctx, &[7, 8, 9, 4]), words(ctx, bags)), |given| {
        given.lengths = bags.len() == 4
    })
}

#[test]
fn mistakes_in_a_tensor() {
    let ctx = Context::cpu();
    let rec = &mut Recorder::new(&ctx);
    let good = || given(&ctx, &[0, 2, 3, 3, 4]);
    let all = "4 values, one for each id";
    message(KeyedJagged::new(rec, 3, good()), "offsets: expected 7 values, got 5");
    let lengths = common::with(good(), |given| given.lengths = true);
    message(KeyedJagged::new(rec, 2, lengths), "lengths: expected 4 values, got 5");
    let weights = common::with(good(), |given| given.weights = Some(words(&ctx, &[1])));
    message(KeyedJagged::new(rec, 2, weights), &format!("weights: expected {all}, got 1"));
    let counts = common::with(good(), |given| given.counts = Some(vec![3, 2]));
    let expected = "counts: expected 2 numbers whose sum is 4, got 2 numbers whose sum is 5";
    message(KeyedJagged::new(rec, 2, counts), expected);
    message(KeyedJagged::new(rec, 0, good()), "ids: expected none, for no segments, got 4");
    let many = common::with(good(), |given| given.batch = 1 << 31);
    let expected = "segments: expected fewer than 2^32 - 1, got 2 features x 2147483648 examples";
    message(KeyedJagged::new(rec, 2, many), expected);
    let many = common::with(good(), |given| given.batch = usize::MAX);
    let expected = format!("batch: expected fewer than 2^32 - 1, got {}", usize::MAX);
    message(KeyedJagged::new(rec, 2, many), &expected);

    let other = Context::cpu();
    for (argument, given) in [
        ("ids", common::with(good(), |given| given.ids = words(&other, &[7, 8, 9, 4]))),
        ("weights", common::with(good(), |given| given.weights = Some(words(&other, &[7, 8, 9, 4])))),
        ("offsets", common::with(good(), |given| given.bags = words(&other, &[0, 2, 3, 3, 4]))),
        (
            "lengths",
            common::with(good(), |given| {
                given.bags = words(&other, &[2, 1, 0, 1]);
                given.lengths = true;
            }),
        ),
    ] {
        message(KeyedJagged::new(rec, 2, given), &format!("{argument} belongs to another context"));
    }
    message(Offsets::new(rec, words(&ctx, &[]), 0), "offsets: expected one more than segments, got none");
    message(Offsets::new(rec, words(&ctx, &[0]), 3), "values: expected none, for no segments, got 3");
    message(complete_cumsum(rec, &words(&other, &[3])), "lengths belongs to another context");
    let tensor = KeyedJagged::new(rec, 2, good()).unwrap();
    let elsewhere = &mut Recorder::new(&other);
    message(tensor.permute(elsewhere, &[1, 0], None), "offsets belongs to another context");
    message(KeyedJagged::concat_batch(elsewhere, &[&tensor]), "offsets belongs to another context");
    message(tensor.bucketize(elsewhere, &[1, 1], 1, false), "offsets belongs to another context");
    assert!(tensor.lengths(elsewhere).is_err());
}

#[test]
fn mistakes_in_operations() {
    let ctx = Context::cpu();
    let rec = &mut Recorder::new(&ctx);
    let plain = KeyedJagged::new(rec, 2, given(&ctx, &[2, 1, 0, 1])).unwrap();
    let counted = plain.counted(rec, &[3, 1]).unwrap();
    message(plain.permute(rec, &[0, 2], Some(3)), "order[1]: expected a feature below 2, got 2");
    message(
        plain.permute(rec, &[0, 0], None),
        "values: expected a number, as the tensor has no counts, got none",
    );
    message(counted.permute(rec, &[0, 0], Some(4)), "values: expected 6, by the counts, got 4");
    message(plain.permute(rec, &[], Some(2)), "values: expected none, for no segments, got 2");
    message(
        plain.counted(rec, &[4]),
        "counts: expected 2 numbers whose sum is 4, got 1 numbers whose sum is 4",
    );
    let expected = "sizes: expected a sum of 2, the number of features, got 3";
    message(counted.split_features(rec, &[1, 2], None), expected);
    let expected = "values: expected 2 numbers whose sum is 4, got 2 numbers whose sum is 3";
    message(plain.split_features(rec, &[1, 1], Some(&[1, 2])), expected);
    message(plain.split_batch(rec, &[1, 1], &[1, 2]), expected);
    let expected = "values of part 0: expected 3, by the counts, got 2";
    message(counted.split_features(rec, &[1, 1], Some(&[2, 2])), expected);
    let expected = "values of part 0: expected a number, as the tensor has no counts, got none";
    message(plain.split_features(rec, &[1, 1], None), expected);
    let expected = "sizes: expected a sum of 2, the number of examples, got 1";
    message(plain.split_batch(rec, &[1], &[4]), expected);

    message(KeyedJagged::concat_features(rec, &[]), "tensors: expected at least one, got none");
    let one = plain.split_batch(rec, &[1, 1], &[2, 2]).unwrap().remove(0);
    let expected = "tensors[1]: expected 2 examples, as in the first, got 1";
    message(KeyedJagged::concat_features(rec, &[&plain, &one]), expected);
    let one = counted.permute(rec, &[0], None).unwrap();
    let expected = "tensors[1]: expected 2 features, as in the first, got 1";
    message(KeyedJagged::concat_batch(rec, &[&plain, &one]), expected);
    let weights = Some(words(&ctx, &[0; 4]));
    let weighted = KeyedJagged::new(
        rec,
        2,
        common::with(given(&ctx, &[0, 2, 3, 3, 4]), |given| given.weights = weights),
    )
    .unwrap();
    let expected = "tensors[1]: expected no weights, as in the first, got weights";
    message(KeyedJagged::concat_batch(rec, &[&plain, &weighted]), expected);

    message(plain.bucketize(rec, &[1, 1], 0, false), "buckets: expected at least 1, got 0");
    message(plain.bucketize(rec, &[1], 2, false), "block_sizes: expected 2, one for each feature, got 1");
    message(plain.bucketize(rec, &[1, 0], 2, false), "block_sizes[1]: expected at least 1, got 0");
    let expected = "segments: expected fewer than 2^32 - 1, got 2147483648 features x 2 examples";
    message(plain.bucketize(rec, &[1, 1], 1 << 30, false), expected);

    message(PooledOrder::new(&[3, 4], &[0, 2]), "order[1]: expected a feature below 2, got 2");
    let expected = format!("columns: expected a size below 2^32, got {}", usize::MAX);
    message(PooledOrder::new(&[usize::MAX, 4], &[0]), &expected);
}

#[test]
fn mistakes_in_matrices() {
    let ctx = Context::cpu();
    let rec = &mut Recorder::new(&ctx);
    let offsets = Offsets::new(rec, words(&ctx, &[0, 2, 3]), 3).unwrap();
    let matrix = |rows, cols| Matrix::zeros(&ctx, rows, cols).unwrap();
    message(
        jagged_to_padded_dense(rec, &offsets, &matrix(4, 2), 0.0, &matrix(2, 6)),
        "values: expected 3 rows, one for each value, got 4",
    );
    message(
        jagged_to_padded_dense(rec, &offsets, &matrix(3, 2), 0.0, &matrix(3, 6)),
        "out: expected 2 rows, one for each segment, got 3",
    );
    message(
        jagged_to_padded_dense(rec, &offsets, &matrix(3, 2), 0.0, &matrix(2, 5)),
        "out: expected columns in multiples of 2, those of `values`, got 5",
    );
    message(
        dense_to_jagged(rec, &offsets, &matrix(2, 5), &matrix(3, 2)),
        "dense: expected columns in multiples of 2, those of `out`, got 5",
    );
    message(segment_sum(rec, &offsets, &matrix(2, 5), &matrix(2, 5)), "values: expected 3 x 5, got 2 x 5");
    message(segment_sum(rec, &offsets, &matrix(3, 5), &matrix(2, 4)), "out: expected 2 x 5, got 2 x 4");
    let order = PooledOrder::new(&[3, 4], &[1]).unwrap();
    message(order.record_forward(rec, &matrix(2, 7), &matrix(2, 3)), "out: expected 2 x 4, got 2 x 3");
    message(order.record_backward(rec, &matrix(2, 4), &matrix(3, 7)), "dx: expected 2 x 7, got 3 x 7");
    // the mistakes above left nothing in the recorder
    std::mem::replace(rec, Recorder::new(&ctx)).run().unwrap();
}

#[test]
fn bad_offsets_write_nothing() {
    for ctx in common::devices() {
        for (offsets, values, expected) in [
            (&[0u32, 2, 1, 3, 4][..], 4, "offsets[2]: expected 2 to 4, got 1"),
            (&[1, 2, 3, 3, 4], 4, "offsets[0]: expected 0, got 1"),
            (&[0, 2, 3, 3, 3], 4, "offsets[4]: expected 4 (the number of values), got 3"),
            (&[0, 2, 7, 3, 4], 4, "offsets[2]: expected 2 to 4, got 7"),
            (&[0, u32::MAX, 3, 3, 4], 4, "offsets[1]: expected 0 to 4, got 4294967295"),
        ] {
            let matrix = |rows, cols| Matrix::from_slice(&ctx, &vec![9.0; rows * cols], rows, cols).unwrap();
            let (jagged, dense, sums) = (matrix(values, 2), matrix(4, 6), matrix(4, 2));
            let source = Matrix::zeros(&ctx, values, 2).unwrap();
            let mut rec = Recorder::new(&ctx);
            let bad = Offsets::new(&mut rec, words(&ctx, offsets), values).unwrap();
            jagged_to_padded_dense(&mut rec, &bad, &source, 0.0, &dense).unwrap();
            dense_to_jagged(&mut rec, &bad, &Matrix::zeros(&ctx, 4, 6).unwrap(), &jagged).unwrap();
            segment_sum(&mut rec, &bad, &source, &sums).unwrap();
            let readback = rec.readback::<f32>(sums.buffer());
            message(rec.run(), expected);
            message(readback.wait(), expected);
            for matrix in [&jagged, &dense, &sums] {
                assert!(matrix.to_vec(&ctx).unwrap().iter().all(|&value| value == 9.0));
            }

            // what is made of a bad tensor is bad too, also in a later recorder
            let mut rec = Recorder::new(&ctx);
            let tensor = KeyedJagged::new(&mut rec, 2, given(&ctx, offsets)).unwrap();
            let permuted = tensor.permute(&mut rec, &[1, 0], None).unwrap();
            let parts = tensor.split_batch(&mut rec, &[1, 1], &[3, 1]).unwrap();
            let joined = KeyedJagged::concat_features(&mut rec, &[&tensor, &permuted]).unwrap();
            let buckets = tensor.bucketize(&mut rec, &[3, 3], 3, true).unwrap();
            message(rec.run(), expected);
            for made in [&permuted, &parts[0], &parts[1], &joined, &buckets.tensor] {
                assert!(made.values().read::<u32>(&ctx).unwrap().iter().all(|&value| value == 0));
                let mut rec = Recorder::new(&ctx);
                let _ = made.lengths(&mut rec).unwrap();
                assert!(matches!(rec.run(), Err(Error::Offsets { .. })), "{made:?}");
            }
        }
    }
}

#[test]
fn sizes_that_the_device_finds_wrong() {
    for ctx in common::devices() {
        let run = |record: &dyn Fn(&mut Recorder, &KeyedJagged), expected: &str| {
            let mut rec = Recorder::new(&ctx);
            let tensor = KeyedJagged::new(&mut rec, 2, given(&ctx, &[2, 1, 0, 1])).unwrap();
            record(&mut rec, &tensor);
            message(rec.run(), expected);
        };
        let twice =
            |rec: &mut Recorder, tensor: &KeyedJagged| drop(tensor.permute(rec, &[0, 0], Some(7)).unwrap());
        let name = "the offsets of the permuted features";
        run(&twice, &format!("{name}[4]: expected 7 (the number of values), got 6"));
        let twice =
            |rec: &mut Recorder, tensor: &KeyedJagged| drop(tensor.permute(rec, &[0, 0], Some(4)).unwrap());
        run(&twice, &format!("{name}[3]: expected 3 to 4, got 5"));
        let split = |rec: &mut Recorder, tensor: &KeyedJagged| {
            drop(tensor.split_batch(rec, &[1, 1], &[1, 3]).unwrap());
        };
        run(&split, "the offsets of part 0[1]: expected 0 to 1, got 2");
        let counted = |rec: &mut Recorder, tensor: &KeyedJagged| drop(tensor.counted(rec, &[2, 2]).unwrap());
        run(&counted, "offsets[2]: expected 2 (by the counts), got 3");

        let mut rec = Recorder::new(&ctx);
        message(
            Offsets::from_lengths(&mut rec, &words(&ctx, &[2, 2]), 3).and_then(|_| rec.run()),
            "the sums of the lengths[2]: expected 3 (the number of values), got 4",
        );
        // offsets whose own recorder was not submitted
        let mut never = Recorder::new(&ctx);
        let offsets = Offsets::new(&mut never, words(&ctx, &[0, 1]), 1).unwrap();
        let mut rec = Recorder::new(&ctx);
        let one = Matrix::zeros(&ctx, 1, 1).unwrap();
        segment_sum(&mut rec, &offsets, &one, &Matrix::zeros(&ctx, 1, 1).unwrap()).unwrap();
        message(
            rec.run(),
            "offsets: expected ones whose own recorder was submitted before, got some that were not checked yet",
        );
    }
}

#[test]
fn what_cannot_be_bound() {
    let options = ContextOptions::new().max_binding(1024).max_buffer(8192);
    for ctx in common::devices_with(&options) {
        let mut rec = Recorder::new(&ctx);
        let offsets = Offsets::new(&mut rec, words(&ctx, &[0, 300]), 300).unwrap();
        let (values, out) = (Matrix::zeros(&ctx, 300, 1).unwrap(), Matrix::zeros(&ctx, 1, 1).unwrap());
        let expected =
            "values needs 1200 bytes, but the device allows 1024 (use a smaller batch or dimension)";
        message(segment_sum(&mut rec, &offsets, &values, &out), expected);
        message(jagged_to_padded_dense(&mut rec, &offsets, &values, 0.0, &out), expected);
        let tensor = KeyedJagged::new(&mut rec, 2, given(&ctx, &[2, 1, 0, 1])).unwrap();
        // the first part fits, the second does not: neither is recorded
        let order = [0; 100];
        let expected = "embag.values needs 1200 bytes, but the device allows 1024 (use a smaller batch)";
        let counted = tensor.counted(&mut rec, &[3, 1]).unwrap();
        message(counted.permute(&mut rec, &order, None), expected);
        rec.run().unwrap();
    }
}
