struct Beside {
    left: vec4<f32>,
    middle: vec4<f32>,
    right: vec4<f32>,
}
