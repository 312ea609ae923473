// sort_scatter for software adapters: one thread a tile.
@group(0) @binding(0) var<storage, read> histogram: array<u32>;
@group(0) @binding(1) var<storage, read> keys_in: array<u32>;
@group(0) @binding(2) var<storage, read> values_in: array<u32>;
@group(0) @binding(3) var<storage, read_write> keys_out: array<u32>;
@group(0) @binding(4) var<storage, read_write> values_out: array<u32>;

@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group_index(group, groups) * WORKGROUP + lane;
    if (tile >= params.tiles) {
        return;
    }
    var places: array<u32, 512>;
    for (var digit = 0u; digit < params.digits; digit++) {
        places[digit] = histogram[digit * params.tiles + tile];
    }
    let begin = min(tile * params.tile, params.len);
    let end = min(begin + params.tile, params.len);
    for (var i = begin; i < end; i++) {
        let key = keys_in[i];
        let digit = (key >> params.shift) & (params.digits - 1u);
        let place = places[digit];
        places[digit] = place + 1u;
        keys_out[place] = key;
        if (params.first == 1u) {
            values_out[place] = i;
        } else {
            values_out[place] = values_in[i];
        }
    }
}
