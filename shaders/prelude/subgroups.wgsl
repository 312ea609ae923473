// For devices with subgroups of 8 to 32 threads.

// The threads of the subgroup that have the same `bits` bits in their value, one bit each.
fn peers_of(value: u32, bits: u32) -> u32 {
    var peers = subgroupBallot(true).x;
    for (var bit = 0u; bit < bits; bit++) {
        let one = ((value >> bit) & 1u) == 1u;
        let those = subgroupBallot(one).x;
        peers &= select(~those, those, one);
    }
    return peers;
}
