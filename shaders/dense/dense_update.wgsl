// One step of an optimizer over a whole parameter, four elements a thread.
@group(0) @binding(0) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> state: array<vec4<f32>>;

struct Params {
    // elements over four
    quads: u32,
    // learning rate; with a bias correction, divided by it
    lr: f32,
    // added to the root of the state
    eps: f32,
    // L2 penalty on the gradient
    l2: f32,
    // 1 - lr * decoupled weight decay
    keep: f32,
    beta2: f32,
    one_minus_beta1: f32,
    one_minus_beta2: f32,
    // square root of the second moment's bias correction
    root_correction: f32,
}
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let q = group_index(group, groups) * WORKGROUP + thread;
    if (q >= params.quads) {
        return;
    }
    let w = weights[q];
    weights[q] = updated(q, w, grad[q] + w * params.l2);
}
