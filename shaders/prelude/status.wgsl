// What the checks of a device batch found; see check_ids.wgsl.
const NONE: u32 = 0xffffffffu;

struct Status {
    bad_position: u32,
    bad_offset: u32,
    skipped: u32,
    feature: u32,
    example: u32,
    value: u32,
    previous: u32,
    reserved: u32,
}

fn refused(bad_position: u32, bad_offset: u32) -> bool {
    return bad_position != NONE || bad_offset != NONE;
}
