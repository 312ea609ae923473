// For kernels of a single thread.
override WORKGROUP: u32;
