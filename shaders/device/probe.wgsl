// Does the device keep subnormals? Halves the smallest normal number and doubles the smallest subnormal one.
@group(0) @binding(0) var<storage, read_write> values: array<f32>;

struct Params {
    unused: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

override WORKGROUP: u32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    if (thread.x == params.unused) {
        values[0] = values[0] * values[1];
        values[2] = values[2] * values[3];
    }
}
