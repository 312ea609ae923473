// Software adapters give the first half of the groups to one thread and the second half to the other. Where
// the work thins out towards the end of the grid, neighbouring groups go to different halves instead.
fn group_spread(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    let index = group_index(group, groups);
    let half = (groups.x * groups.y) / 2u;
    if (index >= 2u * half) {
        return index;
    }
    return (index % half) * 2u + index / half;
}
