//! Jagged tensors on every device, against plain host code.

use embag::jagged::{
    KeyedJagged, Offsets, PooledOrder, complete_cumsum, dense_to_jagged, exclusive_cumsum, inclusive_cumsum,
    jagged_to_padded_dense, segment_sum,
};
use embag::{
    Buffer, Context, ContextOptions, DeviceBatch, EmbeddingBags, Init, Matrix, Pooling, Recorder, Table,
};
use proptest::prelude::*;

use crate::common;
use crate::random::Random;

/// The values and weights of each segment, `[features][batch]`.
#[derive(Debug, Clone, PartialEq)]
struct Host {
    batch: usize,
    segments: Vec<Vec<Vec<(u32, u32)>>>,
}

impl Host {
    fn random(features: usize, batch: usize, longest: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut segment = || {
            let length = if random.below(4) == 0 { 0 } else { random.below(longest + 1) };
            (0..length).map(|_| (random.word(), random.word())).collect()
        };
        let segments = (0..features).map(|_| (0..batch).map(|_| segment()).collect()).collect();
        Self { batch, segments }
    }

    fn pairs(&self) -> Vec<(u32, u32)> {
        self.segments.iter().flatten().flatten().copied().collect()
    }

    fn values(&self) -> usize {
        self.pairs().len()
    }

    fn lengths(&self) -> Vec<u32> {
        self.segments.iter().flatten().map(|segment| u32::try_from(segment.len()).unwrap()).collect()
    }

    fn counts(&self) -> Vec<usize> {
        self.segments.iter().map(|feature| feature.iter().map(Vec::len).sum()).collect()
    }

    fn on_device(&self, rec: &mut Recorder, counted: bool) -> KeyedJagged {
        let ctx = rec.context().clone();
        let (ids, weights): (Vec<u32>, Vec<u32>) = self.pairs().into_iter().unzip();
        let given = common::with(
            DeviceBatch::from_lengths(self.batch, words(&ctx, &ids), words(&ctx, &self.lengths()))
                .weights(words(&ctx, &weights)),
            |given| given.counts = counted.then(|| self.counts()),
        );
        KeyedJagged::new(rec, self.segments.len(), given).unwrap()
    }

    /// Reads a tensor back.
    fn of(ctx: &Context, tensor: &KeyedJagged) -> Self {
        let offsets: Vec<u32> = tensor.offsets().buffer().read(ctx).unwrap();
        let values: Vec<u32> = tensor.values().read(ctx).unwrap();
        let weights: Vec<u32> = tensor.weights().unwrap().read(ctx).unwrap();
        let pairs: Vec<(u32, u32)> = values.into_iter().zip(weights).collect();
        let segment = |s: usize| pairs[offsets[s] as usize..offsets[s + 1] as usize].to_vec();
        let batch = tensor.batch();
        let feature = |f: usize| (f * batch..(f + 1) * batch).map(segment).collect();
        let host = Self { batch, segments: (0..tensor.features()).map(feature).collect() };
        if let Some(counts) = tensor.counts() {
            assert_eq!(counts, host.counts());
        }
        host
    }

    fn permuted(&self, order: &[usize]) -> Self {
        Self { batch: self.batch, segments: order.iter().map(|&f| self.segments[f].clone()).collect() }
    }

    fn examples(&self, range: std::ops::Range<usize>) -> Self {
        let batch = range.len();
        Self {
            batch,
            segments: self.segments.iter().map(|feature| feature[range.clone()].to_vec()).collect(),
        }
    }
}

fn words<T: bytemuck::NoUninit>(ctx: &Context, data: &[T]) -> Buffer {
    Buffer::from_slice(ctx, data).unwrap()
}

/// The CPU and the GPU.
fn devices() -> impl Iterator<Item = Context> {
    static GPU: std::sync::OnceLock<Option<Context>> = std::sync::OnceLock::new();
    std::iter::once(Context::cpu()).chain(GPU.get_or_init(common::gpu).clone())
}

fn offsets_of(lengths: &[u32]) -> Vec<u32> {
    let mut end = 0u32;
    let ends = lengths.iter().map(|length| {
        end = end.wrapping_add(*length);
        end
    });
    std::iter::once(0).chain(ends).collect()
}

fn check_cumsums(lengths: &[u32]) {
    let expected = offsets_of(lengths);
    for ctx in devices() {
        let buffer = words(&ctx, lengths);
        let mut rec = Recorder::new(&ctx);
        let complete = complete_cumsum(&mut rec, &buffer).unwrap();
        let inclusive = inclusive_cumsum(&mut rec, &buffer).unwrap();
        let exclusive = exclusive_cumsum(&mut rec, &buffer).unwrap();
        rec.run().unwrap();
        assert_eq!(complete.read::<u32>(&ctx).unwrap(), expected);
        assert_eq!(inclusive.read::<u32>(&ctx).unwrap(), expected[1..]);
        assert_eq!(exclusive.read::<u32>(&ctx).unwrap(), expected[..lengths.len()]);
        assert_eq!(buffer.read::<u32>(&ctx).unwrap(), lengths);
    }
}

/// Permuting, splitting and joining back.
fn check_features(host: &Host, order: &[usize], cut: usize) {
    let features = host.segments.len();
    let permuted = host.permuted(order);
    for ctx in devices() {
        for counted in [false, true] {
            let mut rec = Recorder::new(&ctx);
            let tensor = host.on_device(&mut rec, counted);
            let values = (!counted).then(|| permuted.values());
            let found = tensor.permute(&mut rec, order, values).unwrap();

            let (first, second): (Vec<_>, Vec<_>) = (0..features).partition(|&f| f < cut);
            let expected = [host.permuted(&first), host.permuted(&second)];
            let values = expected.clone().map(|part| part.values());
            let sizes = [cut, features - cut];
            let parts = tensor.split_features(&mut rec, &sizes, (!counted).then_some(&values)).unwrap();
            let joined = KeyedJagged::concat_features(&mut rec, &[&parts[0], &parts[1], &found]).unwrap();
            rec.run().unwrap();
            assert_eq!(Host::of(&ctx, &found), permuted);
            assert_eq!([0, 1].map(|part| Host::of(&ctx, &parts[part])), expected);
            let all: Vec<usize> = (0..features).chain(order.iter().copied()).collect();
            assert_eq!(Host::of(&ctx, &joined), host.permuted(&all));
        }
    }
}

fn check_examples(host: &Host, cut: usize) {
    let expected = [host.examples(0..cut), host.examples(cut..host.batch)];
    for ctx in devices() {
        let mut rec = Recorder::new(&ctx);
        let tensor = host.on_device(&mut rec, true);
        let values = expected.clone().map(|part| part.values());
        let parts = tensor.split_batch(&mut rec, &[cut, host.batch - cut], &values).unwrap();
        let counted = parts[0].counted(&mut rec, &expected[0].counts()).unwrap();
        let joined = KeyedJagged::concat_batch(&mut rec, &[&counted, &parts[1]]).unwrap();
        let twice = KeyedJagged::concat_batch(&mut rec, &[&tensor, &tensor]).unwrap();
        rec.run().unwrap();
        assert_eq!([0, 1].map(|part| Host::of(&ctx, &parts[part])), expected);
        assert_eq!(Host::of(&ctx, &joined), *host);
        assert_eq!(Host::of(&ctx, &twice).examples(host.batch..2 * host.batch), *host);
    }
}

fn check_buckets(host: &Host, blocks: &[u32], buckets: usize) {
    let features = host.segments.len();
    let mut expected =
        Host { batch: host.batch, segments: vec![vec![vec![]; host.batch]; buckets * features] };
    let mut places = Vec::new();
    for (f, feature) in host.segments.iter().enumerate() {
        let wide = u32::try_from(buckets).unwrap();
        for (b, segment) in feature.iter().enumerate() {
            for &(value, weight) in segment {
                let inside = u64::from(value) < u64::from(blocks[f]) * u64::from(wide);
                let (bucket, local) = match inside {
                    true => (value / blocks[f], value % blocks[f]),
                    false => (value % wide, value / wide),
                };
                let target = &mut expected.segments[bucket as usize * features + f][b];
                places.push((bucket as usize * features + f, b, target.len()));
                target.push((local, weight));
            }
        }
    }
    let offsets = offsets_of(&expected.lengths());
    let places: Vec<u32> = places
        .into_iter()
        .map(|(feature, b, place)| offsets[feature * host.batch + b] + u32::try_from(place).unwrap())
        .collect();
    for ctx in devices() {
        let mut rec = Recorder::new(&ctx);
        let tensor = host.on_device(&mut rec, false);
        let found = tensor.bucketize(&mut rec, blocks, buckets, true).unwrap();
        let plain = tensor.bucketize(&mut rec, blocks, buckets, false).unwrap();
        assert!(plain.unbucketize.is_none());
        rec.run().unwrap();
        assert_eq!(Host::of(&ctx, &found.tensor), expected);
        assert_eq!(Host::of(&ctx, &plain.tensor), expected);
        assert_eq!(found.unbucketize.unwrap().read::<u32>(&ctx).unwrap(), places);
    }
}

/// Matrices with gaps between their rows, every word of which has a value before.
struct Wide {
    whole: Matrix,
    before: Vec<f32>,
    part: Matrix,
    first: usize,
}

impl Wide {
    fn new(ctx: &Context, values: &[f32], rows: usize, cols: usize, first: usize, gap: usize) -> Self {
        let stride = first + cols + gap;
        let mut before = vec![-7.25; rows * stride];
        for (row, values) in values.chunks(cols.max(1)).enumerate() {
            before[row * stride + first..][..cols].copy_from_slice(values);
        }
        let whole = Matrix::from_slice(ctx, &before, rows, stride).unwrap();
        let part = whole.columns(first, cols).unwrap();
        Self { whole, before, part, first }
    }

    /// The part, if nothing around it was written.
    fn read(&self, ctx: &Context) -> Vec<f32> {
        let stride = self.whole.cols();
        let columns = self.first..self.first + self.part.cols();
        for (i, (now, before)) in self.whole.to_vec(ctx).unwrap().iter().zip(&self.before).enumerate() {
            assert!(columns.contains(&(i % stride)) || now == before, "wrote to {i}, a gap");
        }
        self.part.to_vec(ctx).unwrap()
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Padded dense and back, which are adjoint, and segment sums.
fn check_floats(
    lengths: &[u32],
    dim: usize,
    longest: usize,
    (first, gap): (usize, usize),
    options: &ContextOptions,
) {
    let offsets = offsets_of(lengths);
    let (rows, segments) = (offsets[lengths.len()] as usize, lengths.len());
    let mut random = Random::new(7);
    let (values, grad) = (random.floats(rows * dim), random.floats(segments * longest * dim));
    let mut padded = vec![-1.5; segments * longest * dim];
    let mut back = vec![0.0; rows * dim];
    for (s, pair) in offsets.windows(2).enumerate() {
        for (j, row) in (pair[0] as usize..pair[1] as usize).enumerate().take(longest) {
            let place = (s * longest + j) * dim;
            padded[place..][..dim].copy_from_slice(&values[row * dim..][..dim]);
            back[row * dim..][..dim].copy_from_slice(&grad[place..][..dim]);
        }
    }
    let contexts: Vec<Context> =
        if options.max_binding.is_none() { devices().collect() } else { common::devices_with(options) };
    for ctx in contexts {
        let wide = |values: &[f32], rows, cols| Wide::new(&ctx, values, rows, cols, first, gap);
        let jagged = wide(&values, rows, dim);
        let dense = wide(&vec![9.0; padded.len()], segments, longest * dim);
        let dense_grad = wide(&grad, segments, longest * dim);
        let jagged_grad = wide(&vec![9.0; values.len()], rows, dim);
        let sums = wide(&vec![9.0; segments * dim], segments, dim);
        let mut rec = Recorder::new(&ctx);
        let given = Offsets::from_lengths(&mut rec, &words(&ctx, lengths), rows).unwrap();
        jagged_to_padded_dense(&mut rec, &given, &jagged.part, -1.5, &dense.part).unwrap();
        dense_to_jagged(&mut rec, &given, &dense_grad.part, &jagged_grad.part).unwrap();
        segment_sum(&mut rec, &given, &jagged.part, &sums.part).unwrap();
        rec.run().unwrap();
        assert_eq!(bits(&dense.read(&ctx)), bits(&padded), "padded on {}", common::name_of(&ctx));
        assert_eq!(bits(&jagged_grad.read(&ctx)), bits(&back), "back on {}", common::name_of(&ctx));
        assert_eq!(
            bits(&sums.read(&ctx)),
            bits(&host_sums(&offsets, &values, dim)),
            "{}",
            common::name_of(&ctx)
        );
    }
}

/// Sums of pieces of 256 rows, then of the pieces' sums, and so on until there is one.
fn host_sums(offsets: &[u32], values: &[f32], dim: usize) -> Vec<f32> {
    let sum = |rows: &[Vec<f32>]| {
        let mut sum = vec![0.0; dim];
        for row in rows {
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        sum
    };
    let segment = |pair: &[u32]| {
        let mut rows: Vec<Vec<f32>> =
            (pair[0] as usize..pair[1] as usize).map(|row| values[row * dim..][..dim].to_vec()).collect();
        while rows.len() > 256 {
            rows = rows.chunks(256).map(sum).collect();
        }
        sum(&rows)
    };
    offsets.windows(2).flat_map(segment).collect()
}

fn check_pooled(dims: &[usize], order: &[usize], rows: usize, (first, gap): (usize, usize)) {
    let pooled = PooledOrder::new(dims, order).unwrap();
    let (cols, out_cols) = (pooled.in_cols(), pooled.out_cols());
    let begin = |feature: usize| dims[..feature].iter().sum::<usize>();
    let mut random = Random::new(9);
    let (x, dout) = (random.floats(rows * cols), random.floats(rows * out_cols));
    let (mut out, mut dx) = (Vec::new(), vec![0.0; rows * cols]);
    for row in 0..rows {
        let mut column = row * out_cols;
        for &feature in order {
            for c in begin(feature)..begin(feature) + dims[feature] {
                out.push(x[row * cols + c]);
                dx[row * cols + c] += dout[column];
                column += 1;
            }
        }
    }
    for ctx in devices() {
        let wide = |values: &[f32], cols| Wide::new(&ctx, values, rows, cols, first, gap);
        let (x, dout) = (wide(&x, cols), wide(&dout, out_cols));
        let (found, found_grad) = (wide(&vec![9.0; out.len()], out_cols), wide(&vec![9.0; dx.len()], cols));
        let mut rec = Recorder::new(&ctx);
        pooled.record_forward(&mut rec, &x.part, &found.part).unwrap();
        pooled.record_backward(&mut rec, &dout.part, &found_grad.part).unwrap();
        rec.run().unwrap();
        assert_eq!(bits(&found.read(&ctx)), bits(&out), "{}", common::name_of(&ctx));
        // the gradient of a single copy is one to the bit, sums begin with the first
        assert_eq!(found_grad.read(&ctx), dx, "{}", common::name_of(&ctx));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16 * common::case_factor(),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_cumsums(lengths in prop::collection::vec(any::<u32>(), 0..3000)) {
        check_cumsums(&lengths);
    }

    #[test]
    fn any_features(
        (features, order) in (1usize..6).prop_flat_map(|n| (Just(n), prop::collection::vec(0..n, 0..8))),
        batch in 0usize..9,
        longest in 0u32..7,
        cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        check_features(&Host::random(features, batch, longest, seed), &order, cut.index(features + 1));
    }

    #[test]
    fn any_examples(
        features in 0usize..5,
        batch in 0usize..9,
        longest in 0u32..7,
        cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        check_examples(&Host::random(features, batch, longest, seed), cut.index(batch + 1));
    }

    #[test]
    fn any_buckets(
        blocks in prop::collection::vec(prop_oneof![1u32..40, any::<u32>().prop_map(|n| n.max(1))], 0..5),
        batch in 0usize..9,
        longest in 0u32..7,
        buckets in 1usize..70,
        small in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut host = Host::random(blocks.len(), batch, longest, seed);
        if small {
            host.segments.iter_mut().flatten().flatten().for_each(|(value, _)| *value %= 1000);
        }
        check_buckets(&host, &blocks, buckets);
    }

    #[test]
    fn any_floats(
        lengths in prop::collection::vec(0u32..9, 0..40),
        dim in prop_oneof![0usize..6, Just(8usize)],
        longest in 0usize..7,
        gaps in prop_oneof![Just((0usize, 0usize)), (0usize..5, 0usize..5), Just((4, 4))],
    ) {
        check_floats(&lengths, dim, longest, gaps, &ContextOptions::new());
    }

    #[test]
    fn any_pooled(
        (dims, order) in prop::collection::vec(prop_oneof![0usize..6, Just(4usize), Just(8)], 1..6)
            .prop_flat_map(|dims| (0..dims.len(), Just(dims)))
            .prop_flat_map(|(_, dims)| {
                let features = dims.len();
                (Just(dims), prop::collection::vec(0..features, 0..8))
            }),
        rows in 0usize..70,
        gaps in prop_oneof![Just((0usize, 0usize)), (0usize..5, 0usize..5), Just((4, 4))],
    ) {
        check_pooled(&dims, &order, rows, gaps);
    }
}

#[test]
fn empty_everything() {
    check_cumsums(&[]);
    for (features, batch) in [(0, 0), (0, 3), (3, 0), (2, 2)] {
        let host = Host::random(features, batch, 0, 1);
        check_features(&host, &(0..features).rev().collect::<Vec<_>>(), features);
        check_examples(&host, batch);
        check_buckets(&host, &vec![5; features], 3);
    }
    check_floats(&[], 3, 2, (0, 0), &ContextOptions::new());
    check_floats(&[0, 0], 3, 2, (0, 0), &ContextOptions::new());
    check_floats(&[2, 1], 3, 0, (0, 0), &ContextOptions::new());
    check_floats(&[2, 1], 0, 2, (1, 0), &ContextOptions::new());
    // views without values that begin where no binding may
    check_floats(&[0, 0], 3, 2, (1, 0), &ContextOptions::new());
    check_floats(&[2, 1], 3, 0, (1, 0), &ContextOptions::new());
    check_pooled(&[], &[], 3, (0, 0));
    check_pooled(&[3, 2], &[], 3, (0, 0));
    check_pooled(&[3, 2], &[1], 0, (0, 0));
}

#[test]
fn many_values() {
    let host = Host::random(7, 300, 40, 5);
    check_features(&host, &[6, 2, 2, 0, 5], 3);
    check_examples(&host, 123);
    check_buckets(&host, &[1 << 28; 7], 16);
    check_floats(&host.lengths(), 20, 17, (0, 0), &ContextOptions::new());
    check_pooled(&[16, 64, 4, 32], &[3, 0, 1, 1, 2], 700, (0, 0));
}

#[test]
fn segments_longer_than_software_adapters_walk() {
    // pieces of pieces: more than 256 * 256
    check_floats(&[3, 200_000, 0, 70_000, 256, 257], 1, 3, (0, 0), &ContextOptions::new());
    check_floats(&[1, 70_000], 4, 70_000, (0, 0), &ContextOptions::new());
}

#[test]
fn more_than_65535_groups() {
    let batch = 65_536 * 64;
    for ctx in devices() {
        let mut lengths = vec![0u32; batch];
        (lengths[0], lengths[batch / 2], lengths[batch - 1]) = (1, 2, 1);
        let given = DeviceBatch::from_lengths(batch, words(&ctx, &[4u32, 5, 6, 7]), words(&ctx, &lengths));
        let mut rec = Recorder::new(&ctx);
        let tensor = KeyedJagged::new(&mut rec, 1, given).unwrap();
        let found = tensor.bucketize(&mut rec, &[6], 2, false).unwrap();
        let found = (found.tensor.values().clone(), found.tensor.lengths(&mut rec).unwrap());
        rec.run().unwrap();
        assert_eq!(found.0.read::<u32>(&ctx).unwrap(), [4, 5, 0, 1]);
        let found: Vec<u32> = found.1.read(&ctx).unwrap();
        let full: Vec<usize> = (0..2 * batch).filter(|&s| found[s] > 0).collect();
        assert_eq!(full, [0, batch / 2, batch + batch / 2, 2 * batch - 1]);
        assert!(full.iter().all(|&s| found[s] == 1));
    }
}

#[test]
fn tiny_bindings() {
    // outputs are cut into several bindings, sums also where segments have pieces
    let options = ContextOptions::new().max_binding(4096).max_buffer(1 << 15);
    let mut lengths: Vec<u32> = (0..900).map(|s| u32::from(s % 8 == 0)).collect();
    lengths[850] = 300;
    check_floats(&lengths, 2, 3, (0, 0), &options);
    lengths[850] = 9;
    check_floats(&lengths, 2, 3, (1, 1), &options);
}

#[test]
#[should_panic(expected = "wrote to 5, a gap")]
fn a_planted_fault_is_found() {
    let ctx = Context::cpu();
    let wide = Wide::new(&ctx, &[1.0; 6], 2, 3, 2, 1);
    assert_eq!(wide.read(&ctx), [1.0; 6]);
    wide.part.buffer().write(&ctx, 12, &[5.0f32]).unwrap();
    wide.read(&ctx);
}

#[test]
fn a_permuted_tensor_is_a_batch() {
    for ctx in devices() {
        let bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(10).dim(2).init(Init::Uniform(1.0)))
            .feature("f", "t", Pooling::Sum)
            .feature("g", "t", Pooling::Sum)
            .build()
            .unwrap();
        let host =
            bags.batch().bags("f", &[3u32, 4, 5], &[1, 2]).bags("g", &[7u32], &[1, 0]).build().unwrap();
        let given =
            DeviceBatch::from_lengths(2, words(&ctx, &[7u32, 3, 4, 5]), words(&ctx, &[1u32, 0, 1, 2]))
                .counts(vec![1, 3]);
        let mut rec = Recorder::new(&ctx);
        let tensor = KeyedJagged::new(&mut rec, 2, given).unwrap();
        let permuted = tensor.permute(&mut rec, &[1, 0], None).unwrap();
        let batch = bags.batch_from_device(&mut rec, permuted.to_device_batch()).unwrap();
        let out = Matrix::zeros(&ctx, 2, 4).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        rec.run().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), bags.forward(&host).unwrap().to_vec(&ctx).unwrap());
    }
}
