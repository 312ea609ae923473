// row_update for software adapters: one thread a row, sixteen columns at a time, no workgroup memory. The order of
// every sum is that of row_update.wgsl with sixteen lanes.
@group(0) @binding(0) var<storage, read> parts: array<Part>;
@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read> terms: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> grad: array<Elem>;
@group(0) @binding(4) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> table: array<Elem>;
@group(0) @binding(6) var<storage, read_write> state: array<StateElem>;

@group(1) @binding(0) var<uniform> params: Params;

// Sixteen columns.
struct Block {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn block_grad(begin: u32, end: u32, column: u32, left: u32) -> Block {
    var total: Block;
    var p = begin;
    if (params.split == 1u) {
        // all pieces but the last have been summed
        let last = begin + (end - 1u - begin) / PIECE * PIECE;
        while (p < last) {
            let at = (p / PIECE) * params.stride + column / 4u;
            total.a += partials[at];
            if (more(left, 4u)) {
                total.b += partials[at + 1u];
            }
            if (more(left, 8u)) {
                total.c += partials[at + 2u];
            }
            if (more(left, 12u)) {
                total.d += partials[at + 3u];
            }
            p += PIECE;
        }
    }
    while (p < end) {
        let stop = min(p + PIECE, end);
        var sum: Block;
        while (p < stop) {
            let term = terms[p];
            let factor = bitcast<f32>(term.y);
            let g = term.x + column;
            sum.a += load_grad(g, left) * factor;
            if (more(left, 4u)) {
                sum.b += load_grad(g + 4u, left - 4u) * factor;
            }
            if (more(left, 8u)) {
                sum.c += load_grad(g + 8u, left - 8u) * factor;
            }
            if (more(left, 12u)) {
                sum.d += load_grad(g + 12u, left - 12u) * factor;
            }
            p += 1u;
        }
        total.a += sum.a;
        total.b += sum.b;
        total.c += sum.c;
        total.d += sum.d;
    }
    return total;
}

// One past the last position of the segment that begins at i. Most are short; the end of a long one is searched for.
fn segment_end(i: u32, key: u32) -> u32 {
    var low = i + 1u;
    while (low < params.len && low <= i + PIECE) {
        if (keys[low] != key) {
            return low;
        }
        low += 1u;
    }
    var high = params.len;
    while (low < high) {
        let middle = low + (high - low) / 2u;
        if (keys[middle] == key) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

// The gradient with the L2 penalty's.
fn regularised(g: vec4<f32>, w: vec4<f32>) -> vec4<f32> {
    return select(g, g + w * params.l2, params.l2 != 0.0);
}

fn update_columns(e: u32, at: u32, left: u32, sum: vec4<f32>, scale: f32) {
    let w = load_table(e, left);
    let g = regularised(sum, w);
    let s = element_state(load_element_state(at, left), g);
    store_element_state(at, left, s);
    store_table(e, left, updated(w, g, s, scale));
}

fn column_term(e: u32, left: u32, sum: vec4<f32>) -> vec4<f32> {
    if (params.l2 == 0.0) {
        return row_term(sum);
    }
    return row_term(regularised(sum, load_table(e, left)));
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let i = group_spread(group, groups) * WORKGROUP + thread;
    if (i >= params.len) {
        return;
    }
    let key = keys[i];
    if (key < params.key_begin || key >= params.key_end) {
        return;
    }
    if (i > 0u && keys[i - 1u] == key) {
        return;
    }
    let end = segment_end(i, key);
    let part = parts[find_part(key)];
    let row = key - part.key_first;
    let e = part.base + row * part.dim;

    var scale = 0.0;
    if (ROW_SUM) {
        var lanes: array<vec4<f32>, 16>;
        for (var lane = 0u; lane < 16u; lane++) {
            lanes[lane] = vec4<f32>();
        }
        for (var column = 0u; column < part.dim; column += 16u) {
            let left = part.dim - column;
            let block = block_grad(i, end, column, left);
            let lane = (column / 4u) % 16u;
            lanes[lane] += column_term(e + column, left, block.a);
            if (more(left, 4u)) {
                lanes[lane + 1u] += column_term(e + column + 4u, left - 4u, block.b);
            }
            if (more(left, 8u)) {
                lanes[lane + 2u] += column_term(e + column + 8u, left - 8u, block.c);
            }
            if (more(left, 12u)) {
                lanes[lane + 3u] += column_term(e + column + 12u, left - 12u, block.d);
            }
        }
        for (var width = 8u; width > 0u; width /= 2u) {
            for (var lane = 0u; lane < width; lane++) {
                lanes[lane] += lanes[lane + width];
            }
        }
        let sum = lanes[0];
        let s = row_state(load_row_state(part.state_base + row), (sum.x + sum.y) + (sum.z + sum.w), f32(part.dim));
        store_row_state(part.state_base + row, s);
        scale = row_scale(s);
    }
    for (var column = 0u; column < part.dim; column += 16u) {
        let left = part.dim - column;
        let block = block_grad(i, end, column, left);
        let at = part.state_base + row * part.dim + column;
        update_columns(e + column, at, left, block.a, scale);
        if (more(left, 4u)) {
            update_columns(e + column + 4u, at + 4u, left - 4u, block.b, scale);
        }
        if (more(left, 8u)) {
            update_columns(e + column + 8u, at + 8u, left - 8u, block.c, scale);
        }
        if (more(left, 12u)) {
            update_columns(e + column + 12u, at + 12u, left - 12u, block.d, scale);
        }
    }
}
