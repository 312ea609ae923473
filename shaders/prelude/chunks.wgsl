const NONE: u32 = 0xffffffffu;
