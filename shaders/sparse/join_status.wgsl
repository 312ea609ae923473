// What is made of several batches or gradients is refused if one of them is.

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    if (thread.x == params.unused && refused(status.bad_position, status.bad_offset)) {
        joined.bad_position = 0u;
    }
}
