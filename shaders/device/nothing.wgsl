// What a dispatch costs by itself.

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    // else the binding would be left out
    if (thread.x < params.written) {
        out[thread.x] = 1u;
    }
}
