// Sums the chunks that chunk_lists has put together: a thread takes sixteen columns of a chunk of all rows of
// a bag.

// Sixteen columns.
struct Block {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let work = group_index(group, groups) * WORKGROUP + thread;
    if (work >= params.work || refused(status.bad_position, status.bad_offset)) {
        return;
    }
    let list = work / (params.width / 16u) * LIST;
    let column = work % (params.width / 16u) * 16u;
    let begin = lists[list + LIST_BEGIN];
    let step = lists[list + LIST_STEP];
    let divisor = f32(lists[list + LIST_DIVISOR]);
    let end = vec4<u32>(
        lists[list + LIST_ENDS],
        lists[list + LIST_ENDS + 1u],
        lists[list + LIST_ENDS + 2u],
        lists[list + LIST_ENDS + 3u],
    );
    let at = lists[list + LIST_OUT] + column;
    var sum: Block;
    for (var i = begin; i < end.x; i += step) {
        let chunk = (lists[i] * params.width + column) / 4u;
        sum = plus(sum, Block(store_0[chunk], store_0[chunk + 1u], store_0[chunk + 2u], store_0[chunk + 3u]));
    }
    sum = divided(sum, divisor);
    if (params.initial == 0u) {
        sum = plus(Block(load_out(at, 4u), load_out(at + 4u, 4u), load_out(at + 8u, 4u), load_out(at + 12u, 4u)), sum);
    }
    var of_1: Block;
    for (var i = begin + 1u * params.entries; i < end.y; i += step) {
        let chunk = (lists[i] * params.width + column) / 4u;
        of_1 = plus(of_1, Block(store_1[chunk], store_1[chunk + 1u], store_1[chunk + 2u], store_1[chunk + 3u]));
    }
    sum = plus(sum, divided(of_1, divisor));
    var of_2: Block;
    for (var i = begin + 2u * params.entries; i < end.z; i += step) {
        let chunk = (lists[i] * params.width + column) / 4u;
        of_2 = plus(of_2, Block(store_2[chunk], store_2[chunk + 1u], store_2[chunk + 2u], store_2[chunk + 3u]));
    }
    sum = plus(sum, divided(of_2, divisor));
    var of_3: Block;
    for (var i = begin + 3u * params.entries; i < end.w; i += step) {
        let chunk = (lists[i] * params.width + column) / 4u;
        of_3 = plus(of_3, Block(store_3[chunk], store_3[chunk + 1u], store_3[chunk + 2u], store_3[chunk + 3u]));
    }
    sum = plus(sum, divided(of_3, divisor));
    store_out(at, 4u, sum.a);
    store_out(at + 4u, 4u, sum.b);
    store_out(at + 8u, 4u, sum.c);
    store_out(at + 12u, 4u, sum.d);
}

fn plus(sum: Block, more: Block) -> Block {
    return Block(sum.a + more.a, sum.b + more.b, sum.c + more.c, sum.d + more.d);
}

fn divided(sum: Block, divisor: f32) -> Block {
    return Block(sum.a / divisor, sum.b / divisor, sum.c / divisor, sum.d / divisor);
}
