// Says which feature, example and value the lowest wrong position belongs to, while the batch is still as it
// was.

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
    if (thread.x > 0u) {
        return;
    }
    if (status.bad_offset != NONE) {
        status.value = offsets[status.bad_offset];
        if (status.bad_offset > 0u) {
            status.previous = offsets[status.bad_offset - 1u];
        }
    } else if (status.bad_position != NONE) {
        let p = status.bad_position;
        var low = 0u;
        var high = params.bags;
        while (high - low > 1u) {
            let middle = (low + high) / 2u;
            if (offsets[middle] <= p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        status.feature = low / params.batch;
        status.example = low % params.batch;
        status.value = ids[p];
    }
}
