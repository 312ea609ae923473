//! Where the time of a submission goes: [`Recorder::profile`].

use std::time::Duration;

use embag::optim::Sgd;
use embag::{Buffer, Context, DeviceBatch, EmbeddingBags, Matrix, Pooling, Profile, Recorder, Table};
use wgpu::Features;

use crate::common;

const BATCH: usize = 512;
const LENGTH: u32 = 20;
const ROWS: u32 = 20_000;
const DIM: usize = 64;

fn bags(ctx: &Context) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(ROWS as usize).dim(DIM))
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd::default())
        .seed(5)
        .build()
        .unwrap()
}

/// A step that takes some milliseconds anywhere, recorded.
fn recorded(bags: &mut EmbeddingBags) -> (Recorder, Matrix) {
    let ctx = bags.context().clone();
    let ids = (0u32..).map(|i| i.wrapping_mul(0x9e37_79b9) % ROWS);
    let ids: Vec<u32> = ids.take(BATCH * LENGTH as usize).collect();
    let batch = bags.batch().bags("f", &ids, &[LENGTH; BATCH]).build().unwrap();
    let (out, grad) = (Matrix::zeros(&ctx, BATCH, DIM).unwrap(), vec![0.5; BATCH * DIM]);
    let grad = Matrix::from_slice(&ctx, &grad, BATCH, DIM).unwrap();
    let mut rec = Recorder::new(&ctx);
    bags.record_forward(&mut rec, &batch, &out).unwrap();
    bags.record_backward(&mut rec, &batch, &grad).unwrap();
    (rec, out)
}

/// The GPU with these of its features.
fn gpu_with_features(features: Features) -> Option<Context> {
    common::gpu()?;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter =
        pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).ok()?;
    let descriptor =
        wgpu::DeviceDescriptor { required_features: features & adapter.features(), ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
    Some(Context::from_wgpu(device, queue).unwrap())
}

fn calls(profile: &Profile, kernel: &str) -> u64 {
    profile.kernels().iter().find(|of| of.kernel == kernel).map_or(0, |of| of.calls)
}

#[test]
fn a_profiled_step_is_the_same_step() {
    for ctx in common::devices() {
        let (mut plain, mut profiled) = (bags(&ctx), bags(&ctx));
        let (rec, _) = recorded(&mut plain);
        rec.run().unwrap();
        let mut all = Profile::default();
        let (rec, out) = recorded(&mut profiled);
        all += rec.profile().unwrap();
        common::assert_bits("rows", &profiled.download("t").unwrap(), &plain.download("t").unwrap());

        assert_eq!((calls(&all, "bag_forward"), calls(&all, "occurrences")), (1, 1), "{all}");
        let forward = all.kernels().iter().find(|of| of.kernel == "bag_forward").unwrap();
        // the ids' rows, not the table; and the output
        let rows = (BATCH * LENGTH as usize * DIM * 4) as u64;
        let least = rows + out.buffer().size();
        assert!((least..least + rows / 10).contains(&forward.bytes), "{all}");
        let times: Vec<Duration> = all.kernels().iter().map(|of| of.time).collect();
        assert!(times.is_sorted_by(|a, b| a >= b) && !times[0].is_zero(), "{all}");

        let calls_once: u64 = all.kernels().iter().map(|of| of.calls).sum();
        all += recorded(&mut profiled).0.profile().unwrap();
        assert_eq!(all.kernels().iter().map(|of| of.calls).sum::<u64>(), 2 * calls_once, "{all}");
        assert_eq!(all.submissions(), 2);
        let text = all.to_string();
        assert_eq!(text.lines().count(), all.kernels().len() + 3, "{text}");
    }
}

#[test]
fn times_add_up_to_the_wall_time() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx);
        recorded(&mut bags).0.run().unwrap();
        // others may use the machine: the best of some tries
        let tries = (0..20).map(|_| recorded(&mut bags).0.profile().unwrap());
        let share =
            |profile: &Profile| profile.device_time().as_secs_f64() / profile.wall_time().as_secs_f64();
        let shares: Vec<f64> = tries.map(|profile| share(&profile)).collect();
        assert!(shares.iter().all(|&share| share <= 1.0), "{} {shares:?}", common::name_of(&ctx));
        if common::is_software(&ctx) || ctx.is_cpu() {
            assert!(shares.iter().any(|&share| share >= 0.8), "{} {shares:?}", common::name_of(&ctx));
        }
    }
}

#[test]
fn a_device_without_timestamps_says_so_and_does_nothing() {
    let Some(ctx) = gpu_with_features(Features::empty()) else { return };
    let mut bags = bags(&ctx);
    let before = bags.download("t").unwrap();
    let error = recorded(&mut bags).0.profile().unwrap_err().to_string();
    assert_eq!(
        error,
        "context: expected a device with the feature TIMESTAMP_QUERY, to profile, got one without"
    );
    common::assert_bits("rows", &bags.download("t").unwrap(), &before);
}

#[test]
fn timestamps_around_passes_do_too() {
    let Some(ctx) = gpu_with_features(Features::TIMESTAMP_QUERY) else { return };
    let (mut plain, mut profiled) = (bags(&ctx), bags(&ctx));
    recorded(&mut plain).0.run().unwrap();
    let mut rec = recorded(&mut profiled).0;
    let extra = Matrix::zeros(&ctx, 1, 4).unwrap();
    rec.clear(extra.buffer());
    let profile = rec.profile().unwrap();
    common::assert_bits("rows", &profiled.download("t").unwrap(), &plain.download("t").unwrap());
    assert_eq!((calls(&profile, "bag_forward"), calls(&profile, "clear")), (1, 0), "{profile}");
    assert!(!profile.kernels()[0].time.is_zero(), "{profile}");
}

#[test]
fn more_commands_than_a_query_set_has_timestamps() {
    let all = Features::TIMESTAMP_QUERY
        | Features::TIMESTAMP_QUERY_INSIDE_PASSES
        | Features::TIMESTAMP_QUERY_INSIDE_ENCODERS;
    for features in [all, Features::TIMESTAMP_QUERY] {
        let Some(ctx) = gpu_with_features(features) else { return };
        let [a, b] = [0; 2].map(|_| Matrix::zeros(&ctx, 1, 4).unwrap());
        let bags = bags(&ctx);
        let batch = bags.batch().bags("f", &[1u32, 2], &[2]).build().unwrap();
        let out = Matrix::zeros(&ctx, 1, DIM).unwrap();
        let mut rec = Recorder::new(&ctx);
        for _ in 0..3000 {
            bags.record_forward(&mut rec, &batch, &out).unwrap();
            rec.copy(a.buffer(), b.buffer()).unwrap();
        }
        let profile = rec.profile().unwrap();
        assert_eq!(calls(&profile, "bag_forward"), 3000, "{profile}");
        let copies = if features == all { 3000 } else { 0 };
        assert_eq!(calls(&profile, "copy"), copies, "{profile}");
    }
}

#[test]
fn errors_of_a_batch_are_those_of_a_run() {
    for ctx in common::devices() {
        let bags = bags(&ctx);
        let buffer = |values: &[u32]| Buffer::from_slice(&ctx, values).unwrap();
        let given = DeviceBatch::from_offsets(1, buffer(&[7, ROWS]), buffer(&[0, 2]));
        let out = Matrix::zeros(&ctx, 1, DIM).unwrap();
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        let error = rec.profile().unwrap_err().to_string();
        assert!(error.contains("out of range"), "{error}");
    }
}
