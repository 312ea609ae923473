// Does the device keep subnormals? Halves the smallest normal number and doubles the smallest subnormal one.

override WORKGROUP: u32;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    if (thread.x == params.unused) {
        values[0] = values[0] * values[1];
        values[2] = values[2] * values[3];
    }
}
