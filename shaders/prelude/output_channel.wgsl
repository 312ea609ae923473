// What a layer of 8-bit weights knows of an output: the scale of its weights, the sum of their codes, its bias.
struct OutputChannel {
    scale: f32,
    sum: i32,
    bias: f32,
}
