// What the checks of a device batch found; see check_ids.wgsl.
const NONE: u32 = 0xffffffffu;
// The row of a raw id that is the padding id.
const PADDED: u32 = 0xfffffffeu;

fn refused(bad_position: u32, bad_offset: u32) -> bool {
    return bad_position != NONE || bad_offset != NONE;
}
