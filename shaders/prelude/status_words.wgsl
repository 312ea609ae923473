// For kernels that see the status as atomic words; see status.wgsl.
const NONE: u32 = 0xffffffffu;
