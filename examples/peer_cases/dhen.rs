//! I2: stacked interactions.

use embag::dense::{Dhen, DhenLayer, Ensemble, LayerNorm, Module};
use embag::optim::Adagrad;
use embag::{Context, Matrix, Recorder, Result};

use crate::inputs::hashed;
use crate::measure::{Measure, Work, checksum};

const BATCH: usize = 2048;
const TOKENS: usize = 27;
const DIM: usize = 64;

/// The norm of the sum of three matrices, with all gradients.
pub(crate) fn norm_of_sum(ctx: &Context, measure: &Measure) -> Result<()> {
    let width = TOKENS * DIM;
    let norm = LayerNorm::new(ctx, TOKENS, DIM, BATCH, Adagrad::new(0.01))?;
    let input = |cols, tag| Matrix::from_slice(ctx, &hashed(BATCH * cols, tag), BATCH, cols);
    let (x, parts, dout) = (input(width, 1)?, input(2 * width, 2)?, input(width, 1000)?);
    let (out, dx) = (Matrix::zeros(ctx, BATCH, width)?, Matrix::zeros(ctx, BATCH, width)?);
    let run = || {
        let mut rec = Recorder::new(ctx);
        norm.record_forward_sum(&mut rec, &x, &parts, &out)?;
        norm.record_backward(&mut rec, &dout, &dx)?;
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(&dx.to_vec(ctx)?);
    let case = format!("I2_norm_of_sum_fwdbwd_B{BATCH}_F{TOKENS}_D{DIM}");
    measure.case(&case, "the sum of three matrices; its gradient is that of each", Work::default(), sums, run)
}

/// A layer of one module with its norm, a logit, and all gradients.
pub(crate) fn module(ctx: &Context, measure: &Measure, name: &str, module: Module) -> Result<()> {
    let case = format!("I2_{name}_fwdbwd_B{BATCH}_F{TOKENS}_D{DIM}");
    net(ctx, measure, &case, &[DhenLayer::new(TOKENS, Ensemble::Sum).module(module)], false)
}

/// A step of three layers of dot products and mixtures.
pub(crate) fn step(ctx: &Context, measure: &Measure) -> Result<()> {
    let layer =
        DhenLayer::new(TOKENS, Ensemble::Sum).module(Module::Dot { hidden: None }).module(Module::Linear);
    net(ctx, measure, &format!("I2_step_adagrad_3_layers_B{BATCH}_F{TOKENS}_D{DIM}"), &vec![layer; 3], true)
}

fn net(ctx: &Context, measure: &Measure, case: &str, layers: &[DhenLayer], steps: bool) -> Result<()> {
    let builder = Dhen::builder(ctx, TOKENS, DIM).max_batch(BATCH).optimizer(Adagrad::new(0.01));
    let builder = layers.iter().fold(builder, |builder, layer| builder.layer(layer.clone()));
    let mut net = builder.build()?;
    for ((name, matrix), tag) in net.parameters().into_iter().zip(10..) {
        if !name.ends_with("affine") {
            let root = (matrix.cols() as f64).sqrt() as f32;
            let mut values = hashed(matrix.rows() * matrix.cols(), tag);
            values.iter_mut().for_each(|value| *value /= root);
            matrix.write(ctx, &values)?;
        }
    }
    let width = TOKENS * DIM;
    let x = Matrix::from_slice(ctx, &hashed(BATCH * width, 1), BATCH, width)?;
    let dlogits = Matrix::from_slice(ctx, &hashed(BATCH, 1000), BATCH, 1)?;
    let (logits, dx) = (Matrix::zeros(ctx, BATCH, 1)?, Matrix::zeros(ctx, BATCH, width)?);
    let mut run = || {
        let mut rec = Recorder::new(ctx);
        net.record_forward(&mut rec, &x, &logits)?;
        net.record_backward(&mut rec, &x, &logits, &dlogits, Some(&dx))?;
        if steps {
            net.record_step(&mut rec)?;
        }
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(&dx.to_vec(ctx)?);
    let note = "forward, backward with the gradient of the input, whose sum is the checksum";
    measure.case(case, note, Work::default(), sums, run)
}
