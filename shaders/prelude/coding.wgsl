// How places are written.
override CODING_BITS: u32;
