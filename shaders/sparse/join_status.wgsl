// What is made of several batches or gradients is refused if one of them is.
@group(0) @binding(0) var<storage, read> status: Status;
@group(0) @binding(1) var<storage, read_write> joined: Status;

struct Params {
    unused: u32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    if (thread.x == params.unused && refused(status.bad_position, status.bad_offset)) {
        joined.bad_position = 0u;
    }
}
