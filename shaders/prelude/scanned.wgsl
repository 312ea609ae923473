// Two arrays of WORKGROUP words, by turns, so that a round takes one barrier.
var<workgroup> partial: array<u32, 2u * WORKGROUP>;

// Inclusive sum over the threads of a workgroup. The last barrier lies before its last reads: another one must
// come before `partial` is written again.
fn scanned(lane: u32, value: u32) -> u32 {
    var sum = value;
    var side = 0u;
    for (var reach = 1u; reach < WORKGROUP; reach *= 2u) {
        partial[side + lane] = sum;
        workgroupBarrier();
        if (lane >= reach) {
            sum += partial[side + lane - reach];
        }
        side = WORKGROUP - side;
    }
    return sum;
}
