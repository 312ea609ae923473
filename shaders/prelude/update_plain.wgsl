// Tables and state of f32, and none of the extras: gradients are neither clipped nor scaled, norms not
// limited.
const EXTRAS: bool = false;
