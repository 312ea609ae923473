//! On a caller's own device with nothing beyond the default limits, in the caller's own buffers.

use embag::Shape;
use embag::optim::{Adagrad, Sgd};
use embag::{
    Buffer, Context, ContextOptions, DeviceBatch, EmbeddingBags, Error, Init, Matrix, Pooling, Recorder,
    Table,
};
use wgpu::BufferUsages;

use crate::common;

/// A device as another program would make it: exactly the default limits, no features.
fn own_device() -> Option<(wgpu::Device, wgpu::Queue)> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
    let adapter = match adapter {
        Ok(adapter) => adapter,
        Err(error) if std::env::var_os("EMBAG_REQUIRE_ADAPTER").is_some() => {
            panic!("EMBAG_REQUIRE_ADAPTER is set, but: {error}")
        }
        Err(error) => {
            eprintln!("*** NO GPU: these tests do not run ({error}) ***");
            return None;
        }
    };
    let descriptor = wgpu::DeviceDescriptor {
        required_limits: wgpu::Limits::default(),
        required_features: wgpu::Features::empty(),
        ..Default::default()
    };
    Some(pollster::block_on(adapter.request_device(&descriptor)).expect("a device"))
}

/// A context of either shape on one such device.
fn contexts() -> Vec<(Context, wgpu::Device)> {
    let Some((device, queue)) = own_device() else { return Vec::new() };
    [Shape::Wide, Shape::Serial]
        .into_iter()
        .map(|shape| {
            let options = ContextOptions::new().shape(shape);
            (Context::from_wgpu_with(device.clone(), queue.clone(), &options).unwrap(), device.clone())
        })
        .collect()
}

const USAGES: BufferUsages =
    BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);

fn raw(device: &wgpu::Device, size: u64, usage: BufferUsages) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
}

/// Ranges of one buffer, one behind the other at multiples of 256 bytes, with sentinels between them.
struct Shared {
    ctx: Context,
    buffer: wgpu::Buffer,
    end: u64,
}

const SENTINEL: u32 = 0x5a5a_5a5a;

impl Shared {
    fn new(ctx: &Context, device: &wgpu::Device) -> Self {
        let buffer = raw(device, 1 << 16, USAGES);
        let this = Self { ctx: ctx.clone(), buffer, end: 256 };
        this.range(0, 1 << 16).write(ctx, 0, &[SENTINEL; 1 << 14]).unwrap();
        this
    }

    fn range(&self, offset: u64, size: u64) -> Buffer {
        Buffer::from_wgpu(&self.ctx, self.buffer.clone(), offset, size).unwrap()
    }

    fn put<T: bytemuck::NoUninit>(&mut self, data: &[T]) -> Buffer {
        let range = self.range(self.end, size_of_val(data) as u64);
        range.write(&self.ctx, 0, data).unwrap();
        self.end = (self.end + range.size() + 4).next_multiple_of(256);
        range
    }

    /// Words outside of `ranges` that are no sentinels any more.
    fn stray(&self, ranges: &[&Buffer]) -> usize {
        let words: Vec<u32> = self.range(0, 1 << 16).read(&self.ctx).unwrap();
        let inside = |word: u64| {
            ranges.iter().any(|range| {
                let (_, offset, size) = range.as_wgpu().unwrap();
                (offset..offset + size).contains(&(word * 4))
            })
        };
        (0u64..).zip(&words).filter(|&(i, &word)| word != SENTINEL && !inside(i)).count()
    }
}

const IDS: [u32; 7] = [3, 1, 3, 0, 4, 3, 2];
const OFFSETS: [u32; 7] = [0, 2, 2, 3, 5, 6, 7];
const WEIGHTS: [f32; 7] = [1.0, -0.5, 2.0, 0.25, 3.0, 1.5, -1.0];

fn grad_values() -> Vec<f32> {
    (0..27u8).map(|i| f32::from(i % 7) - 3.0).collect()
}

fn describe(ctx: &Context, storage: Option<[Buffer; 2]>) -> EmbeddingBags {
    let [mut t, mut u] = [Table::rows(5).dim(4), Table::rows(5).dim(5)];
    if let Some([a, b]) = storage {
        (t, u) = (t.storage(a), u.storage(b));
    }
    EmbeddingBags::builder(ctx)
        .table("t", t)
        .table("u", u)
        .feature("f", "t", Pooling::Sum)
        .feature("g", "u", Pooling::Mean)
        .optimizer(Adagrad { lr: 0.1, ..Default::default() })
        .build()
        .unwrap()
}

fn tables() -> [Vec<f32>; 2] {
    [20u8, 25].map(|len| (0..len).map(|i| f32::from(i) * 0.125 - 1.0).collect())
}

/// Output, weight gradient and updated tables by the plainest way there is, on the CPU.
fn expected() -> [Vec<f32>; 4] {
    let ctx = Context::cpu();
    let mut bags = describe(&ctx, None);
    let [t, u] = tables();
    bags.upload("t", &t).unwrap();
    bags.upload("u", &u).unwrap();
    let batch = bags.batch_from_offsets(&IDS, &OFFSETS, Some(&WEIGHTS)).unwrap();
    let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
    let grad = Matrix::from_slice(&ctx, &grad_values(), 3, 9).unwrap();
    let slopes = bags.weight_grad(&batch, &grad).unwrap().read(&ctx).unwrap();
    bags.backward(&batch, &grad).unwrap();
    [out, slopes, bags.download("t").unwrap(), bags.download("u").unwrap()]
}

#[test]
fn the_default_limits_are_enough() {
    for (ctx, device) in contexts() {
        assert_eq!(ctx.limits().binding, 128 << 20);
        assert_eq!(ctx.limits().alignment, 256);
        assert_eq!(ctx.wgpu().unwrap().0, &device);
        ctx.warm_up().unwrap();
        let text = ctx.to_string();
        assert!(text.contains("binding   128 MiB") && text.contains("driver    "), "{text}");
        assert!(text.trim_end().ends_with("optional"), "no optional features: {text}");
    }
}

#[test]
fn everything_in_one_buffer() {
    // this is how burn allocates: tensors side by side in one page
    for (ctx, device) in contexts() {
        let mut page = Shared::new(&ctx, &device);
        let [t, u] = tables();
        let storage = [page.put(&t), page.put(&u)];
        let (ids, offsets, weights) = (page.put(&IDS), page.put(&OFFSETS), page.put(&WEIGHTS));
        let grad = page.put(&grad_values());
        let (out, slopes) = (page.put(&[9.0f32; 27]), page.put(&[9.0f32; 7]));
        let mut bags = describe(&ctx, Some(storage.clone()));
        assert_eq!(bags.download("t").unwrap(), t, "storage keeps its content");
        let given = DeviceBatch::from_offsets(3, ids.clone(), offsets.clone()).weights(weights.clone());
        let out_matrix = Matrix::new(out.clone(), 3, 9, 9).unwrap();
        let grad_matrix = Matrix::new(grad.clone(), 3, 9, 9).unwrap();
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        bags.record_forward(&mut rec, &batch, &out_matrix).unwrap();
        bags.record_weight_grad(&mut rec, &batch, &grad_matrix, &slopes).unwrap();
        bags.record_backward(&mut rec, &batch, &grad_matrix).unwrap();
        rec.run().unwrap();
        let found = [&out, &slopes, &storage[0], &storage[1]].map(|range| range.read::<f32>(&ctx).unwrap());
        assert_eq!(found, expected(), "{:?}", ctx.shape());
        assert_eq!(
            page.stray(&[&storage[0], &storage[1], &ids, &offsets, &weights, &grad, &out, &slopes]),
            0
        );
        assert_eq!(ids.read::<u32>(&ctx).unwrap(), IDS);
        // the memory that is given out is the caller's
        let (buffer, offset, size) = {
            let windows = bags.table_buffers("t").unwrap();
            let (buffer, offset, size) = windows[0].as_wgpu().unwrap();
            (buffer.clone(), offset, size)
        };
        assert_eq!((&buffer, offset, size), (&page.buffer, 256, 80));
    }
}

#[test]
fn buffers_of_their_own() {
    for (ctx, device) in contexts() {
        let own = |data: &[u8]| {
            let size = data.len() as u64;
            let buffer = Buffer::from_wgpu(&ctx, raw(&device, size, USAGES), 0, size).unwrap();
            buffer.write(&ctx, 0, data).unwrap();
            buffer
        };
        let [t, u] = tables();
        let mut bags = describe(&ctx, Some([own(bytemuck::cast_slice(&t)), own(bytemuck::cast_slice(&u))]));
        let lengths: Vec<u32> = OFFSETS.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let given = DeviceBatch::from_lengths(
            3,
            own(bytemuck::cast_slice(&IDS)),
            own(bytemuck::cast_slice(&lengths)),
        )
        .weights(own(bytemuck::cast_slice(&WEIGHTS)));
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        rec.run().unwrap();
        let grad = Matrix::new(own(bytemuck::cast_slice(&grad_values())), 3, 9, 9).unwrap();
        let out = bags.forward(&batch).unwrap();
        let slopes = bags.weight_grad(&batch, &grad).unwrap();
        bags.backward(&batch, &grad).unwrap();
        let found = [
            out.to_vec(&ctx).unwrap(),
            slopes.read(&ctx).unwrap(),
            bags.download("t").unwrap(),
            bags.download("u").unwrap(),
        ];
        assert_eq!(found, expected(), "{:?}", ctx.shape());
        // out without a copy: on the same device, of the right size
        let (_, offset, size) = out.buffer().as_wgpu().unwrap();
        assert_eq!((offset, size), (0, 108));
    }
}

#[test]
fn large_storage_is_used_in_windows() {
    let Some((device, queue)) = own_device() else { return };
    let options = ContextOptions::new().max_binding(2048);
    let ctx = Context::from_wgpu_with(device.clone(), queue, &options).unwrap();
    // 40 bytes a row: every 32nd begins at a multiple of 256
    let page = raw(&device, 8192, USAGES);
    let storage = Buffer::from_wgpu(&ctx, page.clone(), 512, 4000).unwrap();
    let values: Vec<f32> = (0..1000u16).map(f32::from).collect();
    storage.write(&ctx, 0, &values).unwrap();
    let mut bags = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(100).dim(10).storage(storage))
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd { lr: 1.0, ..Default::default() })
        .build()
        .unwrap();
    let places: Vec<(u64, u64)> = bags
        .table_buffers("t")
        .unwrap()
        .iter()
        .map(|window| window.as_wgpu().map(|(_, offset, size)| (offset, size)).unwrap())
        .collect();
    assert_eq!(places, [(512, 1280), (1792, 1280), (3072, 1280), (4352, 160)]);
    let batch = bags.batch().lists("f", [vec![0u32, 31, 32, 99], vec![96]]).build().unwrap();
    let out = bags.forward(&batch).unwrap().to_vec(&ctx).unwrap();
    assert_eq!((out[0], out[19]), (1620.0, 969.0));
    bags.backward(&batch, &Matrix::from_slice(&ctx, &[1.0; 20], 2, 10).unwrap()).unwrap();
    let after = bags.download("t").unwrap();
    for (row, (after, before)) in after.chunks(10).zip(values.chunks(10)).enumerate() {
        let step = if [0, 31, 32, 96, 99].contains(&row) { 1.0 } else { 0.0 };
        assert_eq!(after[3], before[3] - step, "row {row}");
    }
    let outside = |range: (u64, u64)| {
        let words: Vec<u32> =
            Buffer::from_wgpu(&ctx, page.clone(), range.0, range.1).unwrap().read(&ctx).unwrap();
        words.iter().all(|&word| word == 0)
    };
    assert!(outside((0, 512)) && outside((4608, 8192 - 4608)));
}

#[test]
fn columns_of_a_wider_matrix() {
    // f goes to columns 3..7, g to 9..14, of 16; all else stays
    let all: Vec<Context> = contexts().into_iter().map(|(ctx, _)| ctx).chain([Context::cpu()]).collect();
    let [expected, ..] = expected();
    for ctx in all {
        for (f, g) in [(3, 9), (4, 8), (0, 4), (12, 0)] {
            let mut bags = describe(&ctx, None);
            let [t, u] = tables();
            bags.upload("t", &t).unwrap();
            bags.upload("u", &u).unwrap();
            let batch = bags.batch_from_offsets(&IDS, &OFFSETS, Some(&WEIGHTS)).unwrap();
            let wide = Matrix::from_slice(&ctx, &[-7.0; 48], 3, 16).unwrap();
            let outs = [wide.columns(f, 4).unwrap(), wide.columns(g, 5).unwrap()];
            let mut rec = Recorder::new(&ctx);
            bags.record_forward(&mut rec, &batch, &outs).unwrap();
            rec.run().unwrap();
            let found = wide.to_vec(&ctx).unwrap();
            for (b, row) in found.chunks(16).enumerate() {
                let mut right = [-7.0; 16];
                right[f..f + 4].copy_from_slice(&expected[b * 9..b * 9 + 4]);
                right[g..g + 5].copy_from_slice(&expected[b * 9 + 4..b * 9 + 9]);
                assert_eq!(row, right, "columns {f} and {g}, row {b}, {:?}", ctx.shape());
            }
            assert_eq!(outs[1].to_vec(&ctx).unwrap()[..5], expected[4..9]);
            // the same views as gradients
            let mut rec = Recorder::new(&ctx);
            bags.record_backward(&mut rec, &batch, &outs).unwrap();
            rec.run().unwrap();
            let after = [bags.download("t").unwrap(), bags.download("u").unwrap()];
            bags.upload("t", &t).unwrap();
            bags.upload("u", &u).unwrap();
            for table in ["t", "u"] {
                let state = bags.download_state(table, "sum").unwrap();
                bags.upload_state(table, "sum", &vec![0.0; state.len()]).unwrap();
            }
            bags.backward(&batch, &Matrix::from_slice(&ctx, &expected, 3, 9).unwrap()).unwrap();
            assert_eq!([bags.download("t").unwrap(), bags.download("u").unwrap()], after);
        }
    }
}

#[test]
fn a_whole_output_at_an_unaligned_column() {
    let all: Vec<Context> = contexts().into_iter().map(|(ctx, _)| ctx).chain([Context::cpu()]).collect();
    let [expected, ..] = expected();
    for ctx in all {
        for first in [0, 1, 4, 70, 91] {
            let mut bags = describe(&ctx, None);
            let [t, u] = tables();
            bags.upload("t", &t).unwrap();
            bags.upload("u", &u).unwrap();
            let batch = bags.batch_from_offsets(&IDS, &OFFSETS, Some(&WEIGHTS)).unwrap();
            let wide = Matrix::zeros(&ctx, 3, 100).unwrap();
            let out = wide.columns(first, 9).unwrap();
            let mut rec = Recorder::new(&ctx);
            bags.record_forward(&mut rec, &batch, &out).unwrap();
            rec.run().unwrap();
            assert_eq!(out.to_vec(&ctx).unwrap(), expected, "column {first}, {:?}", ctx.shape());
            let sum: f32 = wide.to_vec(&ctx).unwrap().iter().map(|value| value.abs()).sum();
            assert_eq!(sum, expected.iter().map(|value| value.abs()).sum::<f32>(), "nothing else");
        }
    }
}

#[test]
fn overlaps_are_refused() {
    let mut all: Vec<(Context, Buffer)> = contexts()
        .into_iter()
        .map(|(ctx, device)| {
            let page = Buffer::from_wgpu(&ctx, raw(&device, 4096, USAGES), 0, 4096).unwrap();
            (ctx, page)
        })
        .collect();
    let cpu = Context::cpu();
    let page = cpu.allocate("page", 4096).unwrap();
    all.push((cpu, page));
    for (ctx, page) in all {
        let before: Vec<u32> = (0..1024).map(|i| i % 5).collect();
        page.write(&ctx, 0, &before).unwrap();
        let mut bags = describe(&ctx, None);
        let given =
            |ids: Buffer| DeviceBatch::from_offsets(3, ids, Buffer::from_slice(&ctx, &OFFSETS).unwrap());
        // the output covers the ids
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given(page.slice(256, 28).unwrap())).unwrap();
        let out = Matrix::new(page.slice(0, 1024).unwrap(), 3, 9, 50).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        assert_eq!(
            rec.run().unwrap_err().to_string(),
            "bag_forward.ids: expected memory that does not overlap `out`, got an overlap"
        );
        assert_eq!(page.read::<u32>(&ctx).unwrap(), before, "nothing was written");
        // what is only read may overlap: weights and ids in the same bytes
        let mut rec = Recorder::new(&ctx);
        let ids = page.slice(0, 28).unwrap();
        let batch = bags.batch_from_device(&mut rec, given(ids.clone()).weights(ids)).unwrap();
        let out = Matrix::new(page.slice(256, 108).unwrap(), 3, 9, 9).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        rec.run().unwrap();
        // the gradient covers the table
        let table = Table::rows(5).dim(4).storage(page.slice(512, 80).unwrap());
        bags = EmbeddingBags::builder(&ctx)
            .table("t", table.clone())
            .feature("f", "t", Pooling::Sum)
            .optimizer(Sgd::default())
            .build()
            .unwrap();
        let batch = bags.batch().feature("f", &[1u32, 2]).build().unwrap();
        let grad = Matrix::new(page.slice(512, 32).unwrap(), 2, 4, 4).unwrap();
        assert_eq!(
            bags.backward(&batch, &grad).unwrap_err().to_string(),
            "row_update.grad: expected memory that does not overlap `table`, got an overlap"
        );
        // two tables in the same place
        let error = EmbeddingBags::builder(&ctx)
            .table("t", table)
            .table("u", Table::rows(9).dim(10).storage(page.slice(256, 360).unwrap()))
            .feature("f", "t", Pooling::Sum)
            .build()
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "table \"u\" storage: expected memory that does not overlap table \"t\", got an overlap"
        );
    }
}

#[test]
fn unaligned_memory_is_refused() {
    let mut all: Vec<Context> = contexts().into_iter().map(|(ctx, _)| ctx).collect();
    all.push(Context::cpu());
    for ctx in all {
        let page = ctx.allocate("page", 4096).unwrap();
        let expected = |argument| {
            format!("{argument}: expected memory at a multiple of 256 bytes, got an offset of 4 bytes")
        };
        let given = DeviceBatch::from_offsets(3, page.slice(0, 28).unwrap(), page.slice(256, 28).unwrap());
        let bags = describe(&ctx, None);
        for (argument, given) in [
            ("ids", common::with(given.clone(), |given| given.ids = page.slice(4, 28).unwrap())),
            ("bags", common::with(given.clone(), |given| given.bags = page.slice(4, 28).unwrap())),
            (
                "weights",
                common::with(given.clone(), |given| given.weights = Some(page.slice(4, 28).unwrap())),
            ),
        ] {
            let error = bags.batch_from_device(&mut Recorder::new(&ctx), given).unwrap_err();
            assert_eq!(error.to_string(), expected(argument));
        }
        let table = Table::rows(5).dim(4).storage(page.slice(4, 80).unwrap());
        let error = EmbeddingBags::builder(&ctx).table("t", table).feature("f", "t", Pooling::Sum).build();
        assert_eq!(error.unwrap_err().to_string(), expected("table \"t\" storage"));
    }
}

#[test]
fn empty_ranges_anywhere() {
    // also at a buffer's very end, where there is nothing left to bind
    for (ctx, device) in contexts() {
        let page = raw(&device, 4096, USAGES);
        let range = |offset, size| Buffer::from_wgpu(&ctx, page.clone(), offset, size).unwrap();
        range(0, 4096).write(&ctx, 0, &[0u32; 1024]).unwrap();
        let bags = describe(&ctx, None);
        let given = DeviceBatch::from_offsets(3, range(4096, 0), range(256, 28)).weights(range(4096, 0));
        let mut rec = Recorder::new(&ctx);
        let batch = bags.batch_from_device(&mut rec, given).unwrap();
        let out = Matrix::new(range(512, 108), 3, 9, 9).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        rec.run().unwrap();
        assert_eq!(out.to_vec(&ctx).unwrap(), [0.0; 27]);
    }
}

#[test]
fn wrong_buffers_are_refused() {
    for (ctx, device) in contexts() {
        let lacking = |usage| Buffer::from_wgpu(&ctx, raw(&device, 1024, USAGES.difference(usage)), 0, 1024);
        let error = lacking(BufferUsages::STORAGE).unwrap_err().to_string();
        let expected =
            "usage of buffer: expected BufferUsages(STORAGE), got BufferUsages(COPY_SRC | COPY_DST)";
        assert_eq!(error, expected);
        // what is only bound needs no more; what copies says what it needs
        let (no_source, no_target) =
            (lacking(BufferUsages::COPY_SRC).unwrap(), lacking(BufferUsages::COPY_DST).unwrap());
        let other = ctx.allocate("other", 1024).unwrap();
        let message = |record: &dyn Fn(&mut Recorder)| {
            let mut rec = Recorder::new(&ctx);
            record(&mut rec);
            rec.run().unwrap_err().to_string()
        };
        for (record, what, usage, got) in [
            (
                &(|rec: &mut Recorder| drop(rec.readback::<u32>(&no_source))) as &dyn Fn(&mut Recorder),
                "readback source",
                "COPY_SRC",
                "COPY_DST | STORAGE",
            ),
            (&|rec| rec.copy(&no_source, &other).unwrap(), "copy source", "COPY_SRC", "COPY_DST | STORAGE"),
            (&|rec| rec.copy(&other, &no_target).unwrap(), "copy target", "COPY_DST", "COPY_SRC | STORAGE"),
            (&|rec| rec.clear(&no_target), "target", "COPY_DST", "COPY_SRC | STORAGE"),
        ] {
            let expected = format!("expected BufferUsages({usage}), got BufferUsages({got})");
            assert_eq!(message(record), format!("usage of {what}: {expected}"));
        }
        let error = no_target.write(&ctx, 0, &[1u32]).unwrap_err().to_string();
        assert!(error.starts_with("usage of target: expected BufferUsages(COPY_DST)"), "{error}");
        let page = raw(&device, 1024, USAGES);
        for (offset, size, expected) in [
            (
                128,
                256,
                "buffer range: expected an offset that is a multiple of 256 and a size that is a multiple of 4, got offset 128, size 256",
            ),
            (
                0,
                255,
                "buffer range: expected an offset that is a multiple of 256 and a size that is a multiple of 4, got offset 0, size 255",
            ),
            (512, 516, "buffer range: expected at most 1024 bytes, got 512 + 516"),
            (
                u64::MAX - 255,
                512,
                "buffer range: expected at most 1024 bytes, got 18446744073709551360 + 512",
            ),
        ] {
            let error = Buffer::from_wgpu(&ctx, page.clone(), offset, size).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let error = Buffer::from_wgpu(&Context::cpu(), page, 0, 1024).unwrap_err();
        assert_eq!(error.to_string(), "context: expected a GPU context, got the CPU context");
    }
}

#[test]
fn a_device_that_is_too_small_is_refused() {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let Ok(adapter) = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))
    else {
        return;
    };
    let descriptor = wgpu::DeviceDescriptor {
        required_limits: wgpu::Limits { max_storage_buffers_per_shader_stage: 4, ..Default::default() },
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
    let error = Context::from_wgpu(device, queue).unwrap_err();
    assert_eq!(error.to_string(), "device: expected at least 7 storage buffers per shader stage, got 4");
}

#[test]
fn two_contexts_on_one_device() {
    // memory belongs to a context; the caller may wrap it for each
    let all = contexts();
    let [(a, _), (b, _)] = &all[..] else { return };
    let buffer = Buffer::from_slice(a, &[1u32; 64]).unwrap();
    let error = buffer.read::<u32>(b).unwrap_err();
    assert!(matches!(error, Error::WrongContext { .. }), "{error}");
    let (raw, offset, size) = buffer.as_wgpu().unwrap();
    let wrapped = Buffer::from_wgpu(b, raw.clone(), offset, size).unwrap();
    assert_eq!(wrapped.read::<u32>(b).unwrap(), [1; 64]);
}

#[test]
fn first_values_go_into_no_storage() {
    // a table in caller's memory is not initialised, whatever it says
    let ctx = Context::cpu();
    let storage = Buffer::from_slice(&ctx, &[5.0f32; 8]).unwrap();
    let bags = EmbeddingBags::builder(&ctx)
        .table("t", Table::rows(2).dim(4).init(Init::Constant(1.0)).storage(storage))
        .feature("f", "t", Pooling::Sum)
        .build()
        .unwrap();
    assert_eq!(bags.download("t").unwrap(), [5.0; 8]);
}

#[test]
fn memory_of_one_usage_is_enough_for_kernels() {
    for (ctx, device) in contexts() {
        let own = raw(&device, 4096, BufferUsages::STORAGE);
        let out = Matrix::new(Buffer::from_wgpu(&ctx, own, 256, 3 * 9 * 4).unwrap(), 3, 9, 9).unwrap();
        let bags = describe(&ctx, None);
        let mut rec = Recorder::new(&ctx);
        let ids = Buffer::from_slice(&ctx, &[1u32; 7]).unwrap();
        let offsets = Buffer::from_slice(&ctx, &[0u32, 1, 2, 3, 4, 5, 7]).unwrap();
        let batch = bags.batch_from_device(&mut rec, DeviceBatch::from_offsets(3, ids, offsets)).unwrap();
        bags.record_forward(&mut rec, &batch, &out).unwrap();
        rec.run().unwrap();
    }
}

#[test]
fn contexts_are_opened_at_once() {
    if common::gpu().is_none() {
        return;
    }
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let ctx = Context::open().unwrap();
                let buffer = Buffer::from_slice(&ctx, &[1u32, 2, 3]).unwrap();
                assert_eq!(buffer.read::<u32>(&ctx).unwrap(), [1, 2, 3]);
            });
        }
    });
}
