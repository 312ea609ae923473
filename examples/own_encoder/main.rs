//! embag's kernels in the command encoder of a program that has a wgpu device of its own: a step is one
//! submission, between the program's own passes, in the program's own buffers, on a device with the default
//! limits.
//!
//! ```text
//! cargo run --release --example own_encoder
//! ```

use std::error::Error;

use embag::optim::Sgd;
use embag::{Buffer, Context, DeviceBatch, EmbeddingBags, Matrix, Pooling, Recorder, Table};
use wgpu::BufferUsages;

const ROWS: u32 = 1_000;
const DIM: usize = 16;
const EXAMPLES: usize = 256;
/// Ids of an example.
const IDS: u32 = 4;
const STEPS: u32 = 60;

fn main() -> Result<(), Box<dyn Error>> {
    let losses = train(|step, loss| println!("step {step:>3}: loss {loss:.6}"))?;
    println!("{:.1} % of the first loss are left", 100.0 * losses[losses.len() - 1] / losses[0]);
    Ok(())
}

/// The program: its device, its memory and its passes.
struct Program {
    device: wgpu::Device,
    queue: wgpu::Queue,
    make_ids: wgpu::ComputePipeline,
    make_gradient: wgpu::ComputePipeline,
    step: wgpu::Buffer,
    ids: wgpu::Buffer,
    pooled: wgpu::Buffer,
    gradient: wgpu::Buffer,
}

impl Program {
    fn new() -> Result<Self, Box<dyn Error>> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
        let module = device.create_shader_module(wgpu::include_wgsl!("passes.wgsl"));
        let pipeline = |entry| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: None,
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        let buffer = |label, size: usize, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: size as u64,
                usage,
                mapped_at_creation: false,
            })
        };
        let storage = |label, values: usize| buffer(label, values * 4, BufferUsages::STORAGE);
        let outputs = EXAMPLES * DIM;
        Ok(Self {
            make_ids: pipeline("make_ids"),
            make_gradient: pipeline("make_gradient"),
            step: buffer("step", 8, BufferUsages::UNIFORM | BufferUsages::COPY_DST),
            ids: storage("ids", EXAMPLES * IDS as usize),
            pooled: buffer("pooled", outputs * 4, BufferUsages::STORAGE | BufferUsages::COPY_SRC),
            gradient: storage("gradient", outputs),
            device,
            queue,
        })
    }

    /// Records one of the program's passes.
    fn pass(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        pipeline: &wgpu::ComputePipeline,
        bindings: &[(u32, &wgpu::Buffer)],
        threads: usize,
    ) {
        let entries: Vec<_> = bindings
            .iter()
            .map(|&(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(u32::try_from(threads.div_ceil(64)).unwrap_or(u32::MAX), 1, 1);
    }
}

/// Trains, and gives the mean loss of an example at each step.
fn train(report: impl Fn(u32, f32)) -> Result<Vec<f32>, Box<dyn Error>> {
    let program = Program::new()?;
    let ctx = Context::from_wgpu(program.device.clone(), program.queue.clone())?;
    let mut bags = EmbeddingBags::builder(&ctx)
        .table("item", Table::rows(ROWS as usize).dim(DIM))
        .feature("seen", "item", Pooling::Sum)
        .optimizer(Sgd::new(0.05))
        .build()?;

    // embag sees the program's memory where it is
    let whole = |buffer: &wgpu::Buffer| Buffer::from_wgpu(&ctx, buffer.clone(), 0, buffer.size());
    let ids = whole(&program.ids)?;
    let pooled = Matrix::new(whole(&program.pooled)?, EXAMPLES, DIM, DIM)?;
    let gradient = Matrix::new(whole(&program.gradient)?, EXAMPLES, DIM, DIM)?;
    let lengths = Buffer::from_slice(&ctx, &[IDS; EXAMPLES])?;

    let mut losses = Vec::new();
    for step in 0..STEPS {
        program.queue.write_buffer(&program.step, 0, bytemuck::cast_slice(&[step, ROWS]));
        let mut encoder = program.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());

        let bindings = [(0, &program.step), (1, &program.ids)];
        program.pass(&mut encoder, &program.make_ids, &bindings, EXAMPLES * IDS as usize);

        let mut rec = Recorder::new(&ctx);
        let given = DeviceBatch::from_lengths(EXAMPLES, ids.clone(), lengths.clone());
        let batch = bags.batch_from_device(&mut rec, given)?;
        bags.record_forward(&mut rec, &batch, &pooled)?;
        let outputs = rec.readback::<f32>(pooled.buffer());
        let forward = rec.encode(&mut encoder)?;

        let bindings = [(2, &program.pooled), (3, &program.gradient)];
        program.pass(&mut encoder, &program.make_gradient, &bindings, EXAMPLES * DIM);

        let mut rec = Recorder::new(&ctx);
        bags.record_backward(&mut rec, &batch, &gradient)?;
        let backward = rec.encode(&mut encoder)?;

        // one submission for all four
        let index = program.queue.submit([encoder.finish()]);
        let forward = forward.submitted(index.clone());
        backward.submitted(index).wait()?;
        forward.wait()?;

        let squares: f32 = outputs.wait()?.iter().map(|value| (value - 1.0).powi(2)).sum();
        let loss = squares / (2 * EXAMPLES) as f32;
        if step % 10 == 0 || step + 1 == STEPS {
            report(step, loss);
        }
        losses.push(loss);
    }
    Ok(losses)
}

#[cfg(test)]
mod tests {
    use super::{STEPS, train};

    #[test]
    fn the_loss_falls() {
        match train(|_, _| ()) {
            Ok(losses) => {
                assert_eq!(losses.len(), STEPS as usize);
                assert!(losses[losses.len() - 1] < 0.1 * losses[0], "{losses:?}");
            }
            Err(error) if std::env::var_os("EMBAG_REQUIRE_ADAPTER").is_some() => panic!("{error}"),
            Err(error) => eprintln!("*** NO GPU: this example does not run ({error}) ***"),
        }
    }
}
