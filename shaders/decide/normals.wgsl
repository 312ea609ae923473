// Normals of constraints: of each instance, or of all of them alike.

fn normal_of(k: u32, entry: u32, instance: u32) -> f32 {
    let row = k * params.entries + entry;
    return normals[select(row * params.instances + instance, row, params.shared_normals == 1u)];
}
