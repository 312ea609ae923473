// The program's own two passes: what stands before and behind the embedding tables.

struct Step {
    number: u32,
    rows: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> pooled: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;

fn mixed(value: u32) -> u32 {
    var x = value * 0x9e3779b9u;
    x = (x ^ (x >> 16u)) * 0x85ebca6bu;
    x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
    return x ^ (x >> 16u);
}

// Ids of this step's examples.
@compute @workgroup_size(64)
fn make_ids(@builtin(global_invocation_id) thread: vec3<u32>) {
    let i = thread.x;
    if (i < arrayLength(&ids)) {
        ids[i] = mixed(step.number * arrayLength(&ids) + i) % step.rows;
    }
}

// The gradient of the sum of (value - 1)^2 / 2.
@compute @workgroup_size(64)
fn make_gradient(@builtin(global_invocation_id) thread: vec3<u32>) {
    let i = thread.x;
    if (i < arrayLength(&pooled)) {
        gradient[i] = pooled[i] - 1.0;
    }
}
