// Threads of a workgroup; the only home of the number is the kernel's entry in Rust.
override WORKGROUP: u32;

// Grids beyond 65,535 groups go on in y; the last groups may lie beyond the work.
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}
