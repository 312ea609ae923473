//! Batches from device memory: checked by kernels, their errors given by the call that waits.

use embag::optim::Adagrad;
use embag::{
    Bounds, Buffer, Context, DeviceBatch, EmbeddingBags, Error, Init, JaggedBatch, Matrix, Pooling, Recorder,
    Result, Table,
};

use crate::common;
use crate::model::{Lists, Model, feature, padded};

fn devices() -> impl Iterator<Item = Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned())
}

fn buffer<T: bytemuck::NoUninit>(ctx: &Context, data: &[T]) -> Buffer {
    Buffer::from_slice(ctx, data).unwrap()
}

fn on_device(ctx: &Context, batch: usize, ids: &[u32], offsets: &[u32]) -> DeviceBatch {
    DeviceBatch::from_offsets(batch, buffer(ctx, ids), buffer(ctx, offsets))
}

#[test]
fn device_batches_equal_host_batches() {
    let model = Model::new(
        &[(40, 8), (30, 5), (25, 16)],
        &[
            feature(0, Pooling::Sum),
            padded(1, Pooling::Mean, 3),
            padded(2, Pooling::None, 900),
            feature(0, Pooling::Mean),
        ],
    )
    .optimizer(Adagrad { lr: 0.1, ..Default::default() });
    for (weighted, lengths) in [(false, false), (false, true), (true, false), (true, true)] {
        let lists = Lists::random(&model, 21, 6, weighted, 5);
        let (weights, grads) = (model.weights(5), model.grads(&lists, 5));
        for ctx in devices() {
            let host = model.step(&ctx, &weights, &lists, &grads);
            let mut bags = model.bags(&ctx, &weights);
            let mut rec = Recorder::new(&ctx);
            let given = common::with(
                DeviceBatch::from_lengths(
                    lists.examples,
                    buffer(&ctx, &lists.values()),
                    buffer(&ctx, &if lengths { lists.lengths() } else { lists.offsets() }),
                )
                .counts((0..4).map(|f| lists.count(f)).collect()),
                |given| {
                    given.lengths = lengths;
                    given.weights = lists.weights.as_deref().map(|weights| buffer(&ctx, weights));
                },
            );
            let batch = bags.batch_from_device(&mut rec, given).unwrap();
            let outs: Vec<Matrix> =
                (0..4).map(|f| Matrix::zeros(&ctx, model.rows(&lists, f), model.dim(f)).unwrap()).collect();
            // the checks and the work in one submission
            bags.record_forward(&mut rec, &batch, &outs).unwrap();
            bags.record_backward(&mut rec, &batch, &model.matrices(&ctx, &lists, &grads)).unwrap();
            rec.run().unwrap();
            let what = format!("lengths {lengths}, weighted {weighted} on {}", common::name_of(&ctx));
            let outs: Vec<Vec<f32>> = outs.iter().map(|out| out.to_vec(&ctx).unwrap()).collect();
            assert_eq!(outs, host.outs, "{what}");
            assert_eq!(model.content(&bags), (host.tables, host.states), "{what}");
            assert_eq!(batch.skipped().unwrap(), 0);
            assert_eq!(batch.ids_of("f2").unwrap(), Some(lists.count(2)));
        }
    }
}

/// Two features of two tables, poisoned outputs, and everything that must stay as it is.
struct Scene {
    ctx: Context,
    bags: EmbeddingBags,
    outs: [Matrix; 2],
    slopes: Buffer,
    before: Vec<Vec<f32>>,
}

const POISON: f32 = -123.5;

impl Scene {
    fn new(ctx: &Context, bounds: Bounds) -> Self {
        let bags = EmbeddingBags::builder(ctx)
            .table("t", Table::rows(10).dim(4))
            .table("u", Table::rows(20).dim(3))
            .feature("f", "t", Pooling::Sum)
            .feature("g", "u", Pooling::Mean)
            .padding(777)
            .optimizer(Adagrad { lr: 1.0, ..Default::default() })
            .bounds(bounds)
            .build()
            .unwrap();
        let poison = |cols| Matrix::from_slice(ctx, &vec![POISON; 3 * cols], 3, cols).unwrap();
        let slopes = buffer(ctx, &[POISON; 6]);
        let mut scene =
            Self { ctx: ctx.clone(), bags, outs: [poison(4), poison(3)], slopes, before: Vec::new() };
        scene.before = scene.content();
        scene
    }

    fn content(&self) -> Vec<Vec<f32>> {
        let mut all: Vec<Vec<f32>> = self.outs.iter().map(|out| out.to_vec(&self.ctx).unwrap()).collect();
        all.push(self.slopes.read(&self.ctx).unwrap());
        for table in ["t", "u"] {
            all.push(self.bags.download(table).unwrap());
            all.push(self.bags.download_state(table, "sum").unwrap());
        }
        all
    }

    /// Forward, weight gradient and backward.
    fn record(&mut self, rec: &mut Recorder, batch: &JaggedBatch) {
        let whole = Matrix::from_slice(&self.ctx, &[1.0; 21], 3, 7).unwrap();
        self.bags.record_forward(rec, batch, &self.outs).unwrap();
        if batch.ids() == 6 {
            self.bags.record_weight_grad(rec, batch, &whole, &self.slopes).unwrap();
        }
        self.bags.record_backward(rec, batch, &whole).unwrap();
    }

    /// The batch must give this error by every way in, now and later, and change nothing.
    fn refuses(&mut self, given: DeviceBatch, expected: &str) {
        let what = common::name_of(&self.ctx);
        let ctx = self.ctx.clone();
        let mut rec = Recorder::new(&ctx);
        let batch = self.bags.batch_from_device(&mut rec, given).unwrap();
        self.record(&mut rec, &batch);
        let out = rec.readback::<f32>(self.outs[0].buffer());
        let submission = rec.submit().unwrap();
        let errors = [submission.wait().unwrap_err(), out.wait().unwrap_err(), batch.skipped().unwrap_err()];
        for error in errors {
            assert_eq!(error.to_string(), expected, "{what}");
        }
        let mut rec = Recorder::new(&ctx);
        self.record(&mut rec, &batch);
        assert_eq!(rec.run().unwrap_err().to_string(), expected, "{what}: a later recorder");
        let ways = [
            self.bags.forward(&batch).map(drop),
            self.bags.weight_grad(&batch, &Matrix::zeros(&ctx, 3, 7).unwrap()).map(drop),
            self.bags.backward(&batch, &Matrix::zeros(&ctx, 3, 7).unwrap()),
        ];
        for error in ways.map(Result::unwrap_err) {
            assert_eq!(error.to_string(), expected, "{what}: an operation of its own");
        }
        assert_eq!(self.content(), self.before, "{what}: {expected}: something was written");
    }
}

#[test]
fn bad_ids() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Error);
        let offsets = [0, 2, 2, 3, 3, 5, 6];
        for (ids, expected) in [
            ([1, 2, 10, 4, 5, 6], r#"feature "f", example 2, position 2: id 10 out of range for 10 rows"#),
            ([1, 10, 3, 20, 5, 99], r#"feature "f", example 0, position 1: id 10 out of range for 10 rows"#),
            ([1, 2, 3, 4, 20, 99], r#"feature "g", example 1, position 4: id 20 out of range for 20 rows"#),
            (
                [1, 2, 3, 4, 777, 778],
                r#"feature "g", example 2, position 5: id 778 out of range for 20 rows"#,
            ),
            (
                [1, 2, 3, 4, 5, u32::MAX],
                r#"feature "g", example 2, position 5: id 4294967295 out of range for 20 rows"#,
            ),
            (
                [u32::MAX, 2, 3, 4, 5, 6],
                r#"feature "f", example 0, position 0: id 4294967295 out of range for 10 rows"#,
            ),
            // the other feature's padding id is none here
            ([777, 2, 3, 4, 5, 6], r#"feature "f", example 0, position 0: id 777 out of range for 10 rows"#),
        ] {
            scene.refuses(on_device(&ctx, 3, &ids, &offsets), expected);
        }
    }
}

#[test]
fn the_lowest_of_many_bad_ids_wins() {
    for ctx in devices() {
        let bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(10).dim(4))
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap();
        let mut ids = vec![5u32; 100_000];
        ids[41_234..].fill(u32::MAX - 7);
        let offsets: Vec<u32> = (0..=1000).map(|b| b * 100).collect();
        for _ in 0..5 {
            let mut rec = Recorder::new(&ctx);
            bags.batch_from_device(&mut rec, on_device(&ctx, 1000, &ids, &offsets)).unwrap();
            let error = rec.run().unwrap_err();
            assert_eq!(error.position(), Some(41_234));
            assert!(
                matches!(error, Error::IdOutOfRange { example: 412, id: 4_294_967_288, rows: 10, .. }),
                "{error}"
            );
        }
    }
}

#[test]
fn bad_offsets() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Error);
        for (offsets, expected) in [
            ([1, 2, 2, 3, 3, 5, 6], "offsets[0]: expected 0, got 1"),
            ([0, 2, 1, 3, 3, 5, 6], "offsets[2]: expected 2 to 6, got 1"),
            ([0, 2, 2, 7, 7, 7, 6], "offsets[3]: expected 2 to 6, got 7"),
            ([0, 2, 2, 3, 3, 5, 5], "offsets[6]: expected 6 (the number of ids), got 5"),
            ([0, 2, 2, 3, 3, 5, 7], "offsets[6]: expected 6 (the number of ids), got 7"),
            // -1 where a caller's offsets were signed
            ([0, 2, u32::MAX, 3, 3, 5, 6], "offsets[2]: expected 2 to 6, got 4294967295"),
            ([0; 7], "offsets[6]: expected 6 (the number of ids), got 0"),
        ] {
            scene.refuses(on_device(&ctx, 3, &[1, 2, 3, 4, 5, 6], &offsets), expected);
            // bad offsets come first: ids have no place without them
            scene.refuses(on_device(&ctx, 3, &[1, 99, 3, 4, 5, 6], &offsets), expected);
        }
    }
}

#[test]
fn bad_lengths() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Error);
        for (lengths, expected) in [
            ([2, 0, 1, 0, 2, 0], "the sums of the lengths[6]: expected 6 (the number of ids), got 5"),
            ([2, 0, 1, 5, 2, 1], "the sums of the lengths[4]: expected 3 to 6, got 8"),
            // sums wrap around at 2^32
            ([2, 0, 1, 0, u32::MAX - 1, 5], "the sums of the lengths[5]: expected 3 to 6, got 1"),
        ] {
            let mut given = on_device(&ctx, 3, &[1, 2, 3, 4, 5, 6], &lengths);
            given.lengths = true;
            scene.refuses(given, expected);
        }
    }
}

#[test]
fn counts_that_disagree_with_the_offsets() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Error);
        let mut given = on_device(&ctx, 3, &[1, 2, 3, 4, 5, 6], &[0, 2, 2, 3, 3, 5, 6]);
        given.counts = Some(vec![4, 2]);
        scene.refuses(given.clone(), "offsets[3]: expected 4 (by the counts), got 3");
        for (counts, got) in [(vec![3, 2], "2 numbers whose sum is 5"), (vec![6], "1 numbers whose sum is 6")]
        {
            given.counts = Some(counts);
            let error = scene.bags.batch_from_device(&mut Recorder::new(&ctx), given.clone()).unwrap_err();
            assert_eq!(error.to_string(), format!("counts: expected 2 numbers whose sum is 6, got {got}"));
        }
        given.counts = Some(vec![usize::MAX, 7]);
        assert!(scene.bags.batch_from_device(&mut Recorder::new(&ctx), given).is_err());
    }
}

#[test]
fn skipping_counts_and_leaves_out() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Skip);
        let ids = [1, 10, 11, 4, u32::MAX, 777];
        let mut rec = Recorder::new(&ctx);
        let given = on_device(&ctx, 3, &ids, &[0, 2, 2, 3, 3, 5, 6]);
        let batch = scene.bags.batch_from_device(&mut rec, given).unwrap();
        scene.record(&mut rec, &batch);
        rec.run().unwrap();
        // the padding id is no bad id
        assert_eq!(batch.skipped().unwrap(), 3, "{}", common::name_of(&ctx));
        let found = scene.content();

        let mut scene = Scene::new(&ctx, Bounds::Skip);
        let host = scene.bags.batch_from_offsets(&ids, &[0, 2, 2, 3, 3, 5, 6], None).unwrap();
        assert_eq!(host.skipped().unwrap(), 3);
        let mut rec = Recorder::new(&ctx);
        scene.record(&mut rec, &host);
        rec.run().unwrap();
        assert_eq!(scene.content(), found, "{}", common::name_of(&ctx));
        // rows 1 and 4 alone were there; a mean does not count what is left out
        let rows = [scene.before[3][4..8].to_vec(), vec![0.0; 8]].concat();
        assert_eq!(found[0], rows);
        assert_eq!(found[1], [vec![0.0; 3], scene.before[5][12..15].to_vec(), vec![0.0; 3]].concat());
        assert_eq!(found[2].iter().filter(|&&slope| slope != 0.0).count(), 2);
    }
}

#[test]
fn bad_offsets_are_errors_even_when_skipping() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Skip);
        let given = on_device(&ctx, 3, &[1, 2, 3, 4, 5, 6], &[0, 2, 1, 3, 3, 5, 6]);
        scene.refuses(given, "offsets[2]: expected 2 to 6, got 1");
    }
}

#[test]
fn a_batch_whose_checks_did_not_run_is_not_used() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Error);
        let expected = "batch: expected a device batch whose own recorder was submitted before, got one that was not checked yet";
        let mut rec = Recorder::new(&ctx);
        let given = on_device(&ctx, 3, &[1, 99, 3, 4, 5, 6], &[0, 2, 2, 3, 3, 5, 6]);
        let batch = scene.bags.batch_from_device(&mut rec, given).unwrap();
        let mut early = Recorder::new(&ctx);
        scene.record(&mut early, &batch);
        assert_eq!(early.run().unwrap_err().to_string(), expected, "{}", common::name_of(&ctx));
        assert_eq!(scene.content(), scene.before);
        // submitted at last, it is checked as ever
        assert_eq!(rec.run().unwrap_err().position(), Some(1));
        assert_eq!(scene.bags.forward(&batch).unwrap_err().position(), Some(1));
    }
}

#[test]
fn sizes_that_disagree_are_refused_at_once() {
    for ctx in devices() {
        let scene = Scene::new(&ctx, Bounds::Error);
        let good = on_device(&ctx, 3, &[1, 2, 3, 4, 5, 6], &[0, 2, 2, 3, 3, 5, 6]);
        let refuse = |given: DeviceBatch, expected: &str| {
            let mut rec = Recorder::new(&ctx);
            let error = scene.bags.batch_from_device(&mut rec, given).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        refuse(common::with(good.clone(), |given| given.batch = 4), "offsets: expected 9 values, got 7");
        refuse(common::with(good.clone(), |given| given.lengths = true), "lengths: expected 6 values, got 7");
        let weights = Some(buffer(&ctx, &[1.0f32; 5]));
        refuse(
            common::with(good.clone(), |given| given.weights = weights),
            "weights: expected 6 values, one for each id, got 5",
        );
        refuse(
            common::with(good.clone(), |given| given.batch = usize::MAX),
            "batch: expected fewer than 2^32 - 1 bags, got 18446744073709551615 x 2",
        );
        let none = common::with(good.clone(), |given| {
            given.batch = 0;
            given.bags = buffer(&ctx, &[0u32]);
        });
        refuse(none, "ids: expected none, for a batch of no examples, got 6");
        let other = Context::cpu();
        refuse(
            common::with(good, |given| given.ids = buffer(&other, &[1u32; 6])),
            "ids belongs to another context",
        );
    }
}

#[test]
fn sequences_need_counts() {
    for ctx in devices() {
        let bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::rows(10).dim(2).init(Init::Constant(0.5)))
            .feature("f", "t", Pooling::None)
            .build()
            .unwrap();
        let mut rec = Recorder::new(&ctx);
        let mut given = on_device(&ctx, 2, &[1, 2, 3], &[0, 0, 3]);
        let batch = bags.batch_from_device(&mut rec, given.clone()).unwrap();
        let error = bags.forward_features(&batch).unwrap_err().to_string();
        assert_eq!(
            error,
            "feature \"f\": expected a device batch with counts, as the feature is a sequence, got one without"
        );
        given.counts = Some(vec![3]);
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        rec.run().unwrap();
        let outs = bags.forward_features(&batch).unwrap();
        assert_eq!(outs[0].to_vec(&ctx).unwrap(), [0.5; 6]);
    }
}

#[test]
fn empty_device_batches() {
    for ctx in devices() {
        let mut scene = Scene::new(&ctx, Bounds::Error);
        for (examples, lengths) in [(0, false), (0, true), (3, false), (3, true)] {
            let entries = examples * 2 + usize::from(!lengths);
            let mut rec = Recorder::new(&ctx);
            let given = common::with(on_device(&ctx, examples, &[], &vec![0; entries]), |given| {
                given.lengths = lengths
            });
            let batch = scene.bags.batch_from_device(&mut rec, given).unwrap();
            rec.run().unwrap();
            let out = scene.bags.forward(&batch).unwrap();
            assert_eq!(out.to_vec(&ctx).unwrap(), vec![0.0; examples * 7]);
            let grad = Matrix::zeros(&ctx, examples, 7).unwrap();
            scene.bags.backward(&batch, &grad).unwrap();
            let slopes: Vec<f32> = scene.bags.weight_grad(&batch, &grad).unwrap().read(&ctx).unwrap();
            assert!(slopes.is_empty());
        }
        assert_eq!(scene.content()[3..], scene.before[3..]);
    }
}
