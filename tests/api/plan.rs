//! Steps that are recorded once and submitted many times: [`Recorder::into_plan`].

use embag::dense::{Activation, Mlp};
use embag::optim::{Adam, Rounding, Schedule, UpdateRules};
use embag::{
    Buffer, Checkpoint, Context, ContextOptions, DeviceBatch, EmbeddingBags, Error, Matrix, Pooling,
    Precision, Recorder, Shape, Table,
};

use crate::common;

const BATCH: usize = 64;
const LENGTH: usize = 5;
const ROWS: u32 = 300;
const DIM: usize = 16;

/// All that depends on the number of a step: bias corrections, a schedule, random rounding.
fn bags(ctx: &Context) -> EmbeddingBags {
    let table = || Table::rows(ROWS as usize).dim(DIM);
    EmbeddingBags::builder(ctx)
        .table("halves", table().precision(Precision::F16))
        .table("floats", table())
        .feature("a", "halves", Pooling::Sum)
        .feature("b", "floats", Pooling::Mean)
        .optimizer(Adam::default())
        .update_rules(UpdateRules { rounding: Rounding::Stochastic, ..Default::default() })
        .schedule(Schedule::constant().warmup(3))
        .seed(11)
        .build()
        .unwrap()
}

/// Ids of a step, and its gradient.
fn inputs(step: u32) -> (Vec<u32>, Vec<f32>) {
    let ids = (0u32..).take(2 * BATCH * LENGTH).map(|i| (i * 7 + step * 31) % ROWS).collect();
    let grad =
        (0u32..).take(BATCH * 2 * DIM).map(|i| ((i * 13 + step * 7) % 17) as f32 * 0.1 - 0.8).collect();
    (ids, grad)
}

fn offsets() -> Vec<u32> {
    (0u32..).step_by(LENGTH).take(2 * BATCH + 1).collect()
}

/// What a step needs in device memory.
struct Given {
    ids: Buffer,
    offsets: Buffer,
    grad: Matrix,
    out: Matrix,
}

impl Given {
    fn new(ctx: &Context, step: u32) -> Self {
        let (ids, grad) = inputs(step);
        Self {
            ids: Buffer::from_slice(ctx, &ids).unwrap(),
            offsets: Buffer::from_slice(ctx, &offsets()).unwrap(),
            grad: Matrix::from_slice(ctx, &grad, BATCH, 2 * DIM).unwrap(),
            out: Matrix::zeros(ctx, BATCH, 2 * DIM).unwrap(),
        }
    }
}

fn record(bags: &mut EmbeddingBags, given: &Given) -> Recorder {
    let mut rec = Recorder::new(&bags.context().clone());
    let batch = DeviceBatch::from_offsets(BATCH, given.ids.clone(), given.offsets.clone());
    let batch = bags.batch_from_device(&mut rec, batch).unwrap();
    bags.record_forward(&mut rec, &batch, &given.out).unwrap();
    bags.record_backward(&mut rec, &batch, &given.grad).unwrap();
    rec
}

fn contents(bags: &EmbeddingBags) -> Vec<f32> {
    let mut all = Vec::new();
    for table in ["halves", "floats"] {
        all.extend(bags.download(table).unwrap());
        all.extend(bags.download_state(table, "exp_avg").unwrap());
    }
    all
}

#[test]
fn a_plan_has_the_bits_of_recording_anew() {
    let shapes = common::gpu_shapes().iter().cloned();
    for ctx in std::iter::once(Context::cpu()).chain(shapes) {
        let (mut anew, mut planned) = (bags(&ctx), bags(&ctx));
        let given = Given::new(&ctx, 0);
        let mut plan = record(&mut planned, &given).into_plan().unwrap();
        for step in 0..5 {
            let (ids, grad) = inputs(step);
            let fresh = Given::new(&ctx, step);
            if step == 2 {
                // a rate of the bags, which the plan was not recorded with
                [&mut anew, &mut planned].into_iter().for_each(|bags| bags.set_lr(0.02).unwrap());
            }
            record(&mut anew, &fresh).run().unwrap();
            if step % 2 == 0 {
                given.ids.write(&ctx, 0, &ids).unwrap();
                given.grad.write(&ctx, &grad).unwrap();
                plan.set(&given.ids, &given.ids).unwrap();
                plan.set(given.grad.buffer(), given.grad.buffer()).unwrap();
            } else {
                plan.set(&given.ids, &fresh.ids).unwrap();
                plan.set(given.grad.buffer(), fresh.grad.buffer()).unwrap();
            }
            plan.submit().unwrap().wait().unwrap();
            let (name, out) = (common::name_of(&ctx), fresh.out.to_vec(&ctx).unwrap());
            common::assert_bits(&format!("{name} outputs"), &given.out.to_vec(&ctx).unwrap(), &out);
        }
        common::assert_bits(&common::name_of(&ctx), &contents(&planned), &contents(&anew));
        assert_eq!(planned.steps(), anew.steps());
    }
}

/// Ids of a step with bags of differing lengths, the lengths, and weights: fewer than [`ROOM`].
fn jagged(step: u32) -> (Vec<u32>, Vec<u32>, Vec<f32>) {
    let lengths: Vec<u32> = (0u32..).take(2 * BATCH).map(|bag| (bag * 5 + step * 3) % (2 + step)).collect();
    let count = lengths.iter().sum::<u32>();
    let ids = (0..count).map(|i| (i * 7 + step * 31) % ROWS).collect();
    (ids, lengths, (0..count).map(|i| (i % 9) as f32 * 0.25 - 1.0).collect())
}

const ROOM: usize = 900;

#[test]
fn a_plan_takes_as_many_ids_as_there_is_room_for() {
    let shapes = common::gpu_shapes().iter().cloned();
    for ctx in std::iter::once(Context::cpu()).chain(shapes) {
        let name = common::name_of(&ctx);
        let (mut anew, mut planned) = (bags(&ctx), bags(&ctx));
        let [ids, weights, slopes] =
            ["ids", "weights", "slopes"].map(|label| ctx.allocate(label, ROOM as u64 * 4).unwrap());
        // what lies behind the ids is no row, and weights there are no numbers
        ids.write(&ctx, 0, &[u32::MAX - 7; ROOM]).unwrap();
        weights.write(&ctx, 0, &[f32::NAN; ROOM]).unwrap();
        let lengths = ctx.allocate("lengths", 2 * BATCH as u64 * 4).unwrap();
        let (_, grad) = inputs(0);
        let grad = Matrix::from_slice(&ctx, &grad, BATCH, 2 * DIM).unwrap();
        let out = Matrix::zeros(&ctx, BATCH, 2 * DIM).unwrap();
        let mut rec = Recorder::new(&ctx);
        let given = DeviceBatch::from_lengths(BATCH, ids.clone(), lengths.clone()).weights(weights.clone());
        let batch = planned.batch_from_device(&mut rec, given.with_room()).unwrap();
        planned.record_forward(&mut rec, &batch, &out).unwrap();
        planned.record_weight_grad(&mut rec, &batch, &grad, &slopes).unwrap();
        planned.record_backward(&mut rec, &batch, &grad).unwrap();
        let mut plan = rec.into_plan().unwrap();
        for step in 0..9 {
            let (of_step, each, factors) = jagged(step);
            assert!(of_step.len() < ROOM, "{}", of_step.len());
            let batch = anew.batch_from_lengths(&of_step, &each, Some(&factors)).unwrap();
            let expected = anew.forward(&batch).unwrap().to_vec(&ctx).unwrap();
            let expected_slopes: Vec<f32> = anew.weight_grad(&batch, &grad).unwrap().read(&ctx).unwrap();
            anew.backward(&batch, &grad).unwrap();

            ids.write(&ctx, 0, &of_step).unwrap();
            weights.write(&ctx, 0, &factors).unwrap();
            lengths.write(&ctx, 0, &each).unwrap();
            plan.submit().unwrap().wait().unwrap();
            common::assert_bits(&format!("{name} step {step}"), &out.to_vec(&ctx).unwrap(), &expected);
            let found: Vec<f32> = slopes.read(&ctx).unwrap();
            common::assert_bits(&name, &found[..of_step.len()], &expected_slopes);
            assert!(found[of_step.len()..].iter().all(|&slope| slope == 0.0), "{name}: {found:?}");
            common::assert_bits(&format!("{name} step {step}"), &contents(&planned), &contents(&anew));
        }
        // more than there is room for is refused, and changes nothing
        let before = contents(&planned);
        lengths.write(&ctx, 0, &[8u32; 2 * BATCH]).unwrap();
        let error = plan.submit().unwrap().wait().unwrap_err().to_string();
        assert!(
            error.starts_with("the sums of the lengths") && error.ends_with("to 900, got 904"),
            "{error}"
        );
        common::assert_bits(&name, &contents(&planned), &before);
    }
}

#[test]
fn room_is_for_batches_without_counts() {
    let ctx = Context::cpu();
    let bags = bags(&ctx);
    let given = Given::new(&ctx, 0);
    let batch = DeviceBatch::from_offsets(BATCH, given.ids, given.offsets).counts(vec![320, 320]).with_room();
    let error = bags.batch_from_device(&mut Recorder::new(&ctx), batch).unwrap_err().to_string();
    assert_eq!(error, "counts: expected none, where there may be room behind the ids, got 2 counts");
}

#[test]
fn a_submission_of_a_plan_is_one_upload() {
    let Some(ctx) = common::gpu_with(&ContextOptions::new().shape(Shape::Wide)) else { return };
    let mut bags = bags(&ctx);
    let given = Given::new(&ctx, 0);
    let mut plan = record(&mut bags, &given).into_plan().unwrap();
    let other = Given::new(&ctx, 1);
    for step in 0..4 {
        let before = ctx.counters();
        plan.submit().unwrap().wait().unwrap();
        let now = ctx.counters();
        let did = [now.submissions - before.submissions, now.uploads - before.uploads];
        assert_eq!((did, now.bind_groups - before.bind_groups), ([1, 1], 0), "submission {step}");
        // what was bound before is known
        plan.set(&given.ids, if step % 2 == 0 { &other.ids } else { &given.ids }).unwrap();
    }
}

#[test]
fn layers_of_a_plan_learn_as_ever() {
    for ctx in common::devices() {
        let mlp = || Mlp::new(&ctx, &[8, 16, 1], Activation::None, 32, Adam::new(0.01), 3).unwrap();
        let (mut anew, mut planned) = (mlp(), mlp());
        let x = Matrix::from_slice(&ctx, &(0..256).map(|i| (i % 11) as f32 * 0.1).collect::<Vec<_>>(), 32, 8);
        let (x, out) = (x.unwrap(), Matrix::zeros(&ctx, 32, 1).unwrap());
        let grad = Matrix::from_slice(&ctx, &[0.25; 32], 32, 1).unwrap();
        let record = |mlp: &mut Mlp| {
            let mut rec = Recorder::new(&ctx);
            mlp.record_forward(&mut rec, &x, &out).unwrap();
            mlp.record_backward(&mut rec, &x, &out, &grad, None).unwrap();
            mlp.record_step(&mut rec).unwrap();
            rec
        };
        let mut plan = record(&mut planned).into_plan().unwrap();
        for step in 0..4 {
            if step == 2 {
                [&mut anew, &mut planned].into_iter().for_each(|mlp| mlp.set_lr(0.1).unwrap());
            }
            record(&mut anew).run().unwrap();
            let expected = out.to_vec(&ctx).unwrap();
            plan.submit().unwrap().wait().unwrap();
            common::assert_bits("outputs", &out.to_vec(&ctx).unwrap(), &expected);
        }
    }
}

#[test]
fn errors_of_a_submission_are_its_own() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        let given = Given::new(&ctx, 0);
        let mut plan = record(&mut bags, &given).into_plan().unwrap();
        let (mut bad, _) = inputs(0);
        bad[3] = ROWS;
        let bad = Buffer::from_slice(&ctx, &bad).unwrap();
        plan.set(&given.ids, &bad).unwrap();
        let before = contents(&bags);
        let error = plan.submit().unwrap().wait().unwrap_err().to_string();
        assert!(error.contains("id 300 out of range for 300 rows"), "{error}");
        common::assert_bits("nothing was written", &contents(&bags), &before);
        plan.set(&given.ids, &given.ids).unwrap();
        plan.submit().unwrap().wait().unwrap();
        assert_ne!(contents(&bags), before);
    }
}

#[test]
fn what_a_plan_does_not_take() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        let given = Given::new(&ctx, 0);
        let mut with_readback = record(&mut bags, &given);
        let _never = with_readback.readback::<f32>(given.out.buffer());
        let error = with_readback.into_plan().unwrap_err().to_string();
        assert_eq!(error, "recorder: expected no readback, for a plan, got one with a readback");

        let mut plan = record(&mut bags, &given).into_plan().unwrap();
        let other = Given::new(&ctx, 1);
        let shorter = other.ids.slice(0, 256).unwrap();
        let size = given.ids.size();
        let error = |result: embag::Result<()>| result.unwrap_err().to_string();
        assert_eq!(error(plan.set(&given.ids, &shorter)), format!("now: expected {size} bytes, got 256"));
        assert_eq!(
            error(plan.set(&other.ids, &given.ids)),
            "recorded: expected memory that the plan uses, got other memory"
        );
        assert_eq!(
            error(plan.set(&given.ids.slice(0, 256).unwrap(), &shorter)),
            "recorded: expected memory that is bound by itself, got a part of it"
        );
        let foreign = Buffer::from_slice(&Context::cpu(), &inputs(1).0).unwrap();
        assert!(matches!(plan.set(&given.ids, &foreign), Err(Error::WrongContext { .. })));
        plan.submit().unwrap().wait().unwrap();
    }
}

#[test]
fn a_plan_is_refused_when_its_ground_has_moved() {
    for ctx in common::devices() {
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("t", Table::raw_ids(64).dim(4))
            .feature("f", "t", Pooling::Sum)
            .optimizer(Adam::default())
            .build()
            .unwrap();
        let batch = bags.admit(bags.batch().feature("f", &[5u64, 9])).unwrap();
        let grad = Matrix::from_slice(&ctx, &[0.5; 8], 2, 4).unwrap();
        let mut rec = Recorder::new(&ctx);
        bags.record_backward(&mut rec, &batch, &grad).unwrap();
        let mut plan = rec.into_plan().unwrap();
        plan.submit().unwrap().wait().unwrap();
        let steps = bags.steps();
        let mut checkpoint = Checkpoint::new();
        bags.export(&mut checkpoint, "bags").unwrap();
        bags.import(&checkpoint, "bags").unwrap();
        assert!(matches!(plan.submit(), Err(Error::Stale { .. })));
        assert_eq!(bags.steps(), steps);
    }
}
