// The only writer of tables: for each distinct key the sum of its terms, then the optimizer, once a row. `lanes`
// threads share a row, each with every lanes-th group of four columns.
@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> terms: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> grad: array<Elem>;
@group(0) @binding(4) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> table: array<Elem>;
@group(0) @binding(6) var<storage, read_write> state: array<StateElem>;

@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;

// Four columns of the gradient of the row whose terms begin at `first`, with the L2 penalty's.
fn row_grad(first: u32, key: u32, column: u32, left: u32, e: u32) -> vec4<f32> {
    var total = vec4<f32>();
    var p = first;
    while (p + PIECE < params.len && keys[p + PIECE] == key) {
        if (params.split == 1u) {
            total += partials[(p / PIECE) * params.stride + column / 4u];
        } else {
            total += piece_grad(p, p + PIECE, column, left);
        }
        p += PIECE;
    }
    var end = p + 1u;
    while (end < params.len && keys[end] == key) {
        end += 1u;
    }
    total += piece_grad(p, end, column, left);
    if (params.l2 != 0.0) {
        total += load_table(e + column, left) * params.l2;
    }
    return total;
}

fn piece_grad(begin: u32, end: u32, column: u32, left: u32) -> vec4<f32> {
    var sum = vec4<f32>();
    for (var p = begin; p < end; p++) {
        let term = terms[p];
        sum += load_grad(term.x + column, left) * bitcast<f32>(term.y);
    }
    return sum;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let lanes = params.lanes;
    let lane = thread % lanes;
    let i = group_index(group, groups) * (WORKGROUP / lanes) + thread / lanes;
    // a thread works if a segment of this window begins at its position
    var works = i < params.len;
    var key = 0u;
    if (works) {
        key = keys[i];
        works = key >= params.key_begin && key < params.key_end;
    }
    if (works && i > 0u) {
        works = keys[i - 1u] != key;
    }
    var part: Part;
    if (works) {
        part = parts[find_part(key)];
    }
    let row = key - part.key_first;
    let e = part.base + row * part.dim;

    // each lane keeps its first four columns; any further ones it sums a second time
    let step = lanes * 4u;
    var kept = vec4<f32>();
    if (works && lane * 4u < part.dim) {
        kept = row_grad(i, key, lane * 4u, part.dim - lane * 4u, e);
    }
    var scale = 0.0;
    if (ROW_SUM) {
        var partial = row_term(kept);
        var old = 0.0;
        if (works) {
            old = load_row_state(part.state_base + row);
            for (var column = lane * 4u + step; column < part.dim; column += step) {
                partial += row_term(row_grad(i, key, column, part.dim - column, e));
            }
        }
        sums[thread] = partial;
        for (var width = lanes / 2u; width > 0u; width /= 2u) {
            workgroupBarrier();
            if (lane < width) {
                sums[thread] += sums[thread + width];
            }
        }
        workgroupBarrier();
        let sum = sums[thread - lane];
        let s = row_state(old, (sum.x + sum.y) + (sum.z + sum.w), f32(part.dim));
        scale = row_scale(s);
        if (works && lane == 0u) {
            store_row_state(part.state_base + row, s);
        }
    }
    if (!works) {
        return;
    }
    for (var column = lane * 4u; column < part.dim; column += step) {
        let left = part.dim - column;
        var g = kept;
        if (column >= step) {
            g = row_grad(i, key, column, left, e);
        }
        let at = part.state_base + row * part.dim + column;
        let s = element_state(load_element_state(at, left), g);
        store_element_state(at, left, s);
        store_table(e + column, left, updated(load_table(e + column, left), g, s, scale));
    }
}
