const NONE: u32 = 0xffffffffu;
// The row of a raw id that is the padding id.
const PADDED: u32 = 0xfffffffeu;
