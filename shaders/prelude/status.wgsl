// What the checks of a device batch found; see check_ids.wgsl.
const NONE: u32 = 0xffffffffu;

fn refused(bad_position: u32, bad_offset: u32) -> bool {
    return bad_position != NONE || bad_offset != NONE;
}
