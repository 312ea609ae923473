//! The cross layers of DCN-v2 in f32, by PyTorch: outputs of two layers, and the gradients of everything.

use embag::dense::CrossNet;
use embag::{Context, Matrix, Recorder};

use crate::common::{self, assert_close};
use crate::dense::{SGD, all_devices, view};
use crate::golden::Golden;

const TOLERANCE: f64 = 1e-5;

/// The fields of the parameters, in the layers' order.
fn fields(low_rank: bool) -> &'static [&'static str] {
    if low_rank { &["V", "U", "bias"] } else { &["W", "bias"] }
}

/// Layer `i`'s part of a field whose first dimension counts layers.
fn part(file: &Golden, field: &str, i: usize) -> Vec<f32> {
    let values = file.floats(field);
    let len = values.len() / file.shape(field)[0];
    values[i * len..][..len].to_vec()
}

fn check(ctx: &Context, file: &Golden, low_rank: bool, as_views: bool) {
    let kind = if low_rank { "lowrank" } else { "full" };
    let [batch, width] = file.shape("x0")[..] else { panic!("x0 is a matrix") };
    let layers = file.shape("bias")[0];
    let rank = low_rank.then(|| file.shape("V")[1]);
    let net = CrossNet::builder(ctx, width)
        .layers(layers)
        .rank(rank)
        .max_batch(batch)
        .optimizer(SGD)
        .seed(1)
        .build()
        .unwrap();
    for (i, layer) in net.layers().iter().enumerate() {
        for ((_, matrix), field) in layer.parameters().into_iter().zip(fields(low_rank)) {
            matrix.write(ctx, &part(file, field, i)).unwrap();
        }
    }
    let matrix = |data: &[f32]| match as_views {
        true => view(ctx, data, batch, width),
        false => Matrix::from_slice(ctx, data, batch, width).unwrap(),
    };
    let empty = || matrix(&vec![f32::NAN; batch * width]);
    let x0 = matrix(&file.floats("x0"));
    let (first, out, dx) = (empty(), empty(), empty());
    let dy = matrix(&file.floats(&format!("grad_out_{kind}")));
    let mut rec = Recorder::new(ctx);
    net.layers()[0].record_forward(&mut rec, &x0, &x0, &first).unwrap();
    net.record_forward(&mut rec, &x0, &out).unwrap();
    net.record_backward(&mut rec, &x0, &dy, &dx).unwrap();
    rec.run().unwrap();

    let compare = |field: &str, found: &Matrix, expected: &[f32]| {
        let what = format!("{field} on {}, views: {as_views}", common::name_of(ctx));
        assert_close(&what, &found.to_vec(ctx).unwrap(), expected, TOLERANCE);
    };
    for (field, found) in [
        (format!("x1_{kind}"), &first),
        (format!("x{layers}_{kind}"), &out),
        (format!("grad_x0_{kind}"), &dx),
    ] {
        compare(&field, found, &file.floats(&field));
    }
    for (i, layer) in net.layers().iter().enumerate() {
        for ((_, found), field) in layer.gradients().into_iter().zip(fields(low_rank)) {
            let field = format!("grad_{field}_{kind}");
            compare(&format!("{field}[{i}]"), found, &part(file, &field, i));
        }
    }
}

#[test]
fn golden_full_rank() {
    let file = Golden::open("dcnv2_cross");
    for ctx in all_devices() {
        [true, false].into_iter().for_each(|as_views| check(&ctx, &file, false, as_views));
    }
}

#[test]
fn golden_low_rank() {
    let file = Golden::open("dcnv2_cross");
    for ctx in all_devices() {
        [true, false].into_iter().for_each(|as_views| check(&ctx, &file, true, as_views));
    }
}
