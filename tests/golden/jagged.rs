//! FBGEMM's sparse operations on jagged tensors. Values, weights and permutations are compared by bits.

use embag::jagged::{
    KeyedJagged, Offsets, PooledOrder, complete_cumsum, dense_to_jagged, exclusive_cumsum, inclusive_cumsum,
    jagged_to_padded_dense, segment_sum,
};
use embag::{Buffer, Context, DeviceBatch, Matrix, Recorder};

use crate::common::{self, assert_close};
use crate::golden::Golden;

struct Fields(Golden);

impl Fields {
    fn open() -> Self {
        Self(Golden::open("jagged_gather"))
    }

    fn words(&self, ctx: &Context, field: &str) -> Buffer {
        Buffer::from_slice(ctx, &self.0.offsets(field)).unwrap()
    }

    fn matrix(&self, ctx: &Context, field: &str) -> Matrix {
        let shape = self.0.shape(field);
        let cols = shape[1..].iter().product();
        Matrix::from_slice(ctx, &self.0.floats(field), shape[0], cols).unwrap()
    }

    fn indices(&self, field: &str) -> Vec<usize> {
        self.0.ints(field).into_iter().map(|i| usize::try_from(i).unwrap()).collect()
    }

    fn offsets(&self, rec: &mut Recorder) -> Offsets {
        let offsets = self.words(rec.context(), "complete_cumsum");
        Offsets::new(rec, offsets, self.0.shape("values")[0]).unwrap()
    }
}

#[test]
fn golden_cumsums() {
    let fields = Fields::open();
    for ctx in common::devices() {
        let lengths = fields.words(&ctx, "lengths");
        let mut rec = Recorder::new(&ctx);
        let found = [
            ("complete_cumsum", complete_cumsum(&mut rec, &lengths).unwrap()),
            ("inclusive_cumsum", inclusive_cumsum(&mut rec, &lengths).unwrap()),
            ("exclusive_cumsum", exclusive_cumsum(&mut rec, &lengths).unwrap()),
        ];
        rec.run().unwrap();
        for (field, sums) in found {
            assert_eq!(sums.read::<u32>(&ctx).unwrap(), fields.0.offsets(field), "{field}");
        }
    }
}

#[test]
fn golden_padded_dense() {
    let fields = Fields::open();
    for ctx in common::devices() {
        let values = fields.matrix(&ctx, "values");
        for (field, padding) in [("padded_max4", -1.0), ("padded_max7", 0.0)] {
            let shape = fields.0.shape(field);
            let out = Matrix::zeros(&ctx, shape[0], shape[1] * shape[2]).unwrap();
            let mut rec = Recorder::new(&ctx);
            let offsets = fields.offsets(&mut rec);
            jagged_to_padded_dense(&mut rec, &offsets, &values, padding, &out).unwrap();
            rec.run().unwrap();
            assert_eq!(out.to_vec(&ctx).unwrap(), fields.0.floats(field), "{field}");
        }
        let out = Matrix::zeros(&ctx, values.rows(), values.cols()).unwrap();
        let mut rec = Recorder::new(&ctx);
        let offsets = fields.offsets(&mut rec);
        dense_to_jagged(&mut rec, &offsets, &fields.matrix(&ctx, "padded_max7"), &out).unwrap();
        rec.run().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), fields.0.floats("dense_to_jagged_from_max7"));
    }
}

#[test]
fn golden_segment_sum() {
    let fields = Fields::open();
    for ctx in common::devices() {
        let column = fields.matrix(&ctx, "values").columns(0, 1).unwrap();
        let mut rec = Recorder::new(&ctx);
        let offsets = fields.offsets(&mut rec);
        let out = Matrix::zeros(&ctx, offsets.segments(), 1).unwrap();
        segment_sum(&mut rec, &offsets, &column, &out).unwrap();
        rec.run().unwrap();
        let expected = fields.0.floats("segment_sum_col0");
        assert_close("segment_sum_col0", &out.to_vec(&ctx).unwrap(), &expected, 1e-6);
    }
}

#[test]
fn golden_permuted_features() {
    let fields = Fields::open();
    let shape = fields.0.shape("p2d_lengths");
    let lengths = fields.indices("p2d_lengths");
    let counts: Vec<usize> = lengths.chunks(shape[1]).map(|lengths| lengths.iter().sum()).collect();
    let values = fields.0.shape("p2d_out_values")[0];
    for ctx in common::devices() {
        for (counts, values) in [(Some(counts.clone()), None), (None, Some(values))] {
            let given = common::with(
                DeviceBatch::from_lengths(
                    shape[1],
                    fields.words(&ctx, "p2d_values"),
                    fields.words(&ctx, "p2d_lengths"),
                )
                .weights(Buffer::from_slice(&ctx, &fields.0.floats("p2d_weights")).unwrap()),
                |given| given.counts = counts,
            );
            let mut rec = Recorder::new(&ctx);
            let tensor = KeyedJagged::new(&mut rec, shape[0], given).unwrap();
            let permuted = tensor.permute(&mut rec, &fields.indices("perm"), values).unwrap();
            let lengths = permuted.lengths(&mut rec).unwrap();
            rec.run().unwrap();
            assert_eq!(lengths.read::<u32>(&ctx).unwrap(), fields.0.offsets("p2d_out_lengths"));
            let found: Vec<u32> = permuted.values().read(&ctx).unwrap();
            assert_eq!(found, fields.0.offsets("p2d_out_values"));
            let found: Vec<f32> = permuted.weights().unwrap().read(&ctx).unwrap();
            assert_eq!(found, fields.0.floats("p2d_out_weights"));
        }
    }
}

#[test]
fn golden_block_bucketize() {
    let fields = Fields::open();
    let blocks = fields.0.offsets("bb_block_sizes");
    let segments = fields.0.shape("bb_lengths")[0];
    let buckets = fields.0.shape("bb_new_lengths")[0] / segments;
    for ctx in common::devices() {
        let given = DeviceBatch::from_lengths(
            segments / blocks.len(),
            fields.words(&ctx, "bb_indices"),
            fields.words(&ctx, "bb_lengths"),
        );
        let mut rec = Recorder::new(&ctx);
        let tensor = KeyedJagged::new(&mut rec, blocks.len(), given).unwrap();
        let found = tensor.bucketize(&mut rec, &blocks, buckets, true).unwrap();
        let lengths = found.tensor.lengths(&mut rec).unwrap();
        rec.run().unwrap();
        for (field, buffer) in [
            ("bb_new_lengths", &lengths),
            ("bb_new_indices", found.tensor.values()),
            ("bb_unbucketize_permute", &found.unbucketize.unwrap()),
        ] {
            assert_eq!(buffer.read::<u32>(&ctx).unwrap(), fields.0.offsets(field), "{field}");
        }
    }
}

#[test]
fn golden_permuted_pooled() {
    let fields = Fields::open();
    let order = PooledOrder::new(&fields.indices("ppe_dims"), &fields.indices("ppe_perm")).unwrap();
    for ctx in common::devices() {
        let x = fields.matrix(&ctx, "ppe_in");
        let out = Matrix::zeros(&ctx, x.rows(), order.out_cols()).unwrap();
        let back = Matrix::zeros(&ctx, x.rows(), order.in_cols()).unwrap();
        let mut rec = Recorder::new(&ctx);
        order.record_forward(&mut rec, &x, &out).unwrap();
        // no feature is repeated: the gradient's way is the way back
        order.record_backward(&mut rec, &out, &back).unwrap();
        rec.run().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), fields.0.floats("ppe_out"));
        assert_eq!(back.to_vec(&ctx).unwrap(), fields.0.floats("ppe_in"));
    }
}
