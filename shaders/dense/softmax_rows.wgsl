// The softmax of every row: 2^((x - max) rate) / sum of these. Sixteen threads a row, and sums as in normalize_rows.

fn lanes_max(place: Lane, best: vec4<f32>) -> f32 {
    // others may still read the last sums
    workgroupBarrier();
    sums[place.thread] = best;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (place.lane < half) {
            sums[place.thread] = max(sums[place.thread], sums[place.thread + half]);
        }
    }
    workgroupBarrier();
    let most = sums[place.thread - place.lane];
    return max(max(most.x, most.y), max(most.z, most.w));
}

fn term(x: f32, most: f32) -> f32 {
    return exp_2_or_zero((x - most) * params.rate);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let place = lane_of(group_index(group, groups), thread);
    let source = params.input_base + place.row * params.input_stride;
    let target_row = params.out_base + place.row * params.out_stride;
    var best = lowest();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        best = max(best, select(lowest(), load_input(source + column, left), inside(left)));
    }
    let most = lanes_max(place, best);
    var sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        let x = load_input(source + column, left);
        let terms = vec4<f32>(term(x.x, most), term(x.y, most), term(x.z, most), term(x.w, most));
        store_out(target_row + column, left, terms);
        sum += select(vec4<f32>(), terms, inside(left));
    }
    let total = lanes_sum(place, sum);
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let left = place.cols - column;
        store_out(target_row + column, left, load_out(target_row + column, left) / total);
    }
}
