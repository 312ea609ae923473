//! The tiles of matrix products: the same bits from all of them, no bank conflicts, and little workgroup memory.

#[path = "../common/mod.rs"]
mod common;
mod shader;

use std::collections::{BTreeMap, BTreeSet};

use embag::kernel::{Case, Kernel, Shape, Variant};
use embag::parity::run_case;
use embag::{Context, MatmulTile, kernels};
use naga::AddressSpace;

/// The kernels that are made of tiles: those that have a variant for each, and small products, which have one.
fn made_of_tiles() -> impl Iterator<Item = &'static Kernel> {
    let small = kernels::ALL.iter().copied().filter(|kernel| kernel.name == "batch_product");
    tiled().chain(small)
}

/// The kernels that have a variant for each tile.
fn tiled() -> impl Iterator<Item = &'static Kernel> {
    kernels::ALL.iter().copied().filter(|kernel| ["linear", "linear_int8"].contains(&kernel.name))
}

/// Their variants, and the tile of each.
fn tiles() -> impl Iterator<Item = (&'static Kernel, &'static Variant, MatmulTile)> {
    made_of_tiles().flat_map(|kernel| {
        let wide = kernel.variants.iter().filter(|variant| variant.shape == Shape::Wide);
        wide.map(move |variant| {
            let tile = MatmulTile::ALL.into_iter().find(|tile| variant.name.ends_with(&format!("{tile:?}")));
            (kernel, variant, tile.unwrap_or_else(|| panic!("{} has no tile", variant.name)))
        })
    })
}

#[test]
fn a_tile_never_changes_bits() {
    // a device that contracts may do so in one variant and not in another
    for gpu in common::exact(common::gpu()) {
        let mut compared = 0;
        for kernel in tiled() {
            let mut results: BTreeMap<String, (String, Vec<Vec<u32>>)> = BTreeMap::new();
            for case in &(kernel.cases)() {
                for &variant in
                    case.variants.iter().filter(|&&variant| supported(&gpu, kernel, variant, case))
                {
                    let name = kernel.variants[variant].name;
                    // layout and width; the case without its tile
                    let input = format!(
                        "{} {}",
                        name.rsplit_once('.').unwrap_or_default().0,
                        without_tile(&case.name)
                    );
                    let found = run_case(&gpu, kernel, variant, case).expect("the case runs");
                    let (first, expected) =
                        results.entry(input.clone()).or_insert_with(|| (name.to_owned(), found.clone()));
                    assert_eq!(*expected, found, "{}: {first} and {name}: {input}", kernel.name);
                    compared += 1;
                }
            }
            assert!(
                results.len() * 3 < compared,
                "{}: {} inputs, {compared} runs",
                kernel.name,
                results.len()
            );
        }
    }
}

fn supported(gpu: &Context, kernel: &Kernel, variant: usize, case: &Case) -> bool {
    // large products are for measuring
    gpu.supports(&kernel.variants[variant]) && case.flops < 100_000_000
}

fn without_tile(case: &str) -> String {
    let tiles: Vec<String> = MatmulTile::ALL.iter().map(|tile| format!("{tile:?}")).collect();
    case.split(' ').filter(|word| *word != "Serial" && !tiles.iter().any(|tile| tile == word)).collect()
}

#[test]
fn tiles_take_little_workgroup_memory() {
    for (kernel, variant, tile) in tiles() {
        let name = shader::name(kernel, variant);
        let (module, info) =
            shader::compile(&shader::source(kernel, variant)).expect("another test says why not");
        let (module, _) = shader::resolve(&module, &info, &shader::constants(kernel, variant))
            .expect("another test says why not");
        let shared =
            module.global_variables.iter().filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
        let bytes: u32 =
            shared.map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx())).sum();
        let expected = match tile {
            MatmulTile::T32x64 => 3 << 10,
            MatmulTile::T64x64 | MatmulTile::T128x128 => 8 << 10,
        };
        assert_eq!(bytes, expected, "{name}");
    }
}

/// What the threads of a workgroup do in the shader itself: the places of the vectors that each stores, and of
/// those that it loads, of either operand. Vectors are of 16 bytes.
const PLACES: &str = "
@group(3) @binding(0) var<storage, read_write> stored: array<u32>;
@group(3) @binding(1) var<storage, read_write> loaded: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn places(@builtin(local_invocation_index) thread: u32) {
    for (var j = 0u; j < 4u; j++) {
        var at = 0xffffffffu;
        if (thread < SHARED_A / 4u) {
            let taken = place_a(thread);
            at = place(taken.y * 4u + j, taken.x, TILE_M / 4u);
        } else if (thread < (SHARED_A + SHARED_B) / 4u) {
            let taken = place_b(thread - SHARED_A / 4u);
            at = place(taken.y * 4u + j, taken.x, TILE_N / 4u);
        }
        stored[j * WORKGROUP + thread] = at;
    }
    for (var k = 0u; k < K_TILE; k++) {
        loaded[k * 2u * WORKGROUP + thread] = place(k, thread / COLUMNS, TILE_M / 4u);
        loaded[(k * 2u + 1u) * WORKGROUP + thread] = place(k, thread % COLUMNS, TILE_N / 4u);
    }
}
";

/// Threads whose vectors fill the 32 banks of four bytes, and so are served together.
const TOGETHER: usize = 8;

/// Times that threads which could be served together have to wait for each other.
fn conflicts(places: &[u32]) -> usize {
    let mut conflicts = 0;
    for together in places.chunks(TOGETHER) {
        // one vector for several threads is read once
        let vectors: BTreeSet<u32> = together.iter().copied().filter(|&at| at != u32::MAX).collect();
        let banks: BTreeSet<u32> = vectors.iter().map(|at| at % 8).collect();
        conflicts += vectors.len() - banks.len();
    }
    conflicts
}

#[test]
fn workgroup_memory_has_no_bank_conflicts() {
    let Some(gpu) = common::gpu() else { return };
    for (kernel, variant, _) in tiles().filter(|(_, variant, _)| gpu.supports(variant)) {
        let name = shader::name(kernel, variant);
        let [stored, loaded] = places(&gpu, kernel, variant, &shader::constants(kernel, variant));
        assert_eq!(stored.len(), 4 * variant.workgroup as usize, "{name}");
        assert_eq!((conflicts(&stored), conflicts(&loaded)), (0, 0), "{name}");
        // every vector is stored once, and loaded
        let constants = shader::constants(kernel, variant);
        let all = (constants["SHARED_A"] + constants["SHARED_B"]) as usize;
        assert_eq!(stored.iter().filter(|&&at| at != u32::MAX).count(), all, "{name}");
        // without the exclusive or, blocks of several k along a row do conflict: what counts them finds them
        let along = !variant.name.starts_with("tn");
        let plain = BTreeMap::from_iter(
            constants.into_iter().map(|(name, value)| (name, if name == "SWIZZLE" { 0 } else { value })),
        );
        let [stored, _] = places(&gpu, kernel, variant, &plain);
        assert_eq!(conflicts(&stored) > 0, along, "{name}");
    }
}

/// What threads of `interaction` load together: the places of four features of either side.
const FEATURES: &str = "
override FEATURES: u32;
override QUADS: u32;
@group(3) @binding(0) var<storage, read_write> left: array<vec4<u32>>;
@group(3) @binding(1) var<storage, read_write> right: array<vec4<u32>>;

@compute @workgroup_size(WORKGROUP)
fn places(@builtin(local_invocation_index) thread: u32) {
    let side = (FEATURES + 3u) / 4u;
    let i = triangle_row(thread % (side * (side + 1u) / 2u));
    let j = thread % (side * (side + 1u) / 2u) - i * (i + 1u) / 2u;
    left[thread] = places_of(0u, i, FEATURES, QUADS);
    right[thread] = places_of(0u, j, FEATURES, QUADS);
}
";

#[test]
fn interactions_have_few_bank_conflicts() {
    let Some(gpu) = common::gpu() else { return };
    let kernel = kernels::ALL.iter().find(|kernel| kernel.name == "interaction").expect("it is a kernel");
    let variant = &kernel.variants[kernel.variant("vec4.wide")];
    let source = shader::source(kernel, variant).replace("fn places(", "fn places_of(");
    let source = source.replace("= places(", "= places_of(") + FEATURES;
    let together = |places: &[u32]| -> Vec<u32> {
        // a load takes one component from each thread
        (0..4).flat_map(|of| places.iter().skip(of).step_by(4).copied()).collect()
    };
    let count = |source: &str, features: u32, quads: u32| {
        let mut constants = shader::constants(kernel, variant);
        constants.extend([("FEATURES", features), ("QUADS", quads)]);
        let words = [u64::from(variant.workgroup) * 4; 2];
        let found = run_places(&gpu, source.to_owned(), &constants, words);
        found.iter().map(|places| conflicts(&together(places))).sum::<usize>()
    };
    for (features, quads) in [(27, 16), (27, 32), (26, 4), (40, 16), (16, 8)] {
        let waves = 2 * 4 * variant.workgroup as usize / TOGETHER;
        // only where the features of one thread's row end and those of the next begin do two meet
        assert!(count(&source, features, quads) <= waves / 4, "{features} x {quads}");
        // without the odd number of vectors all of a row's features lie in the same banks
        let even = source.replace("(quads | 1u)", "quads");
        assert!(count(&even, features, quads) > waves, "{features} x {quads}");
    }
}

/// What [`PLACES`] finds in a variant.
fn places(
    gpu: &Context,
    kernel: &Kernel,
    variant: &Variant,
    constants: &BTreeMap<&str, u32>,
) -> [Vec<u32>; 2] {
    let words = [4, constants["K_TILE"] * 2].map(|each| u64::from(each * variant.workgroup));
    run_places(gpu, shader::source(kernel, variant) + PLACES, constants, words)
}

/// What the entry point `places` of a source writes into two buffers of so many words.
fn run_places(
    gpu: &Context,
    source: String,
    constants: &BTreeMap<&str, u32>,
    words: [u64; 2],
) -> [Vec<u32>; 2] {
    let (device, queue) = gpu.wgpu().expect("it is a GPU");
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let values: Vec<(&str, f64)> = constants.iter().map(|(&name, &value)| (name, value.into())).collect();
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("places"),
        compilation_options: wgpu::PipelineCompilationOptions { constants: &values, ..Default::default() },
        cache: None,
    });
    let buffers = words.map(|words| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: words * 4,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    });
    let entries = [0, 1]
        .map(|i| wgpu::BindGroupEntry { binding: i, resource: buffers[i as usize].as_entire_binding() });
    let layout = pipeline.get_bind_group_layout(3);
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &layout,
        entries: &entries,
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(3, &group, &[]);
    pass.dispatch_workgroups(1, 1, 1);
    drop(pass);
    queue.submit([encoder.finish()]);
    buffers.map(|buffer| {
        let size = buffer.size();
        let buffer = embag::Buffer::from_wgpu(gpu, buffer, 0, size).expect("it is of the context's device");
        buffer.read(gpu).expect("the device reads it")
    })
}
