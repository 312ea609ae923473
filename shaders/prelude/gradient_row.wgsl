// Gradients may be clipped.
const EXTRAS: bool = true;

// A row of the gradient and its sorted terms.
struct Row {
    begin: u32,
    end: u32,
    dim: u32,
}
