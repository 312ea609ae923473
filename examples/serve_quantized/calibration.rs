//! The ranges of the layers' inputs, found on examples.

use embag::quant::calibration::{Calibration, FollowedBy, Observer};
use embag::quant::{ActivationBits, InputQuant, QuantizedLayer, QuantizedMlp};
use embag::{Context, Matrix, Recorder, Result};

use crate::args::Activations;
use crate::data::Examples;
use crate::layers::{Layers, Stack};
use crate::served::Served;

/// How the inputs of int8 layers become codes, of the bottom MLP and of the top MLP.
#[derive(Debug, Clone)]
pub struct Inputs {
    pub bottom: Vec<InputQuant>,
    pub top: Vec<InputQuant>,
}

/// Takes each batch as it comes, or the ranges that the layers of a model in `f32` see in examples.
pub fn inputs(
    reference: &Served,
    layers: &Layers,
    batches: &[Examples],
    activations: Activations,
) -> Result<Inputs> {
    let calibration = match activations {
        Activations::Dynamic => {
            let dynamic =
                |mlp: &QuantizedMlp| vec![InputQuant::Dynamic(ActivationBits::Eight); mlp.layers().len()];
            return Ok(Inputs { bottom: dynamic(reference.bottom()), top: dynamic(reference.top()) });
        }
        Activations::MinMax => Calibration::MinMax,
        Activations::L2 => Calibration::L2,
        Activations::Kl => Calibration::Kl,
    };
    let observers = |mlp: &QuantizedMlp| -> Result<Vec<Observer>> {
        mlp.layers().iter().map(|_| Observer::new(calibration)).collect()
    };
    let (mut bottom, mut top) = (observers(reference.bottom())?, observers(reference.top())?);
    let ctx = reference.context();
    for examples in batches {
        let batch = reference.batch(examples)?;
        let mut rec = Recorder::new(ctx);
        let products = reference.products(&mut rec, &batch)?;
        rec.run()?;
        observe(ctx, reference.bottom(), &layers.bottom, reference.numeric(&batch), &mut bottom)?;
        observe(ctx, reference.top(), &layers.top, &products, &mut top)?;
    }
    let ranges = |observers: Vec<Observer>| -> Result<Vec<InputQuant>> {
        let range = |observer: Observer| {
            let quant = observer.range(FollowedBy::Nothing)?.quant(ActivationBits::Eight)?;
            Ok(InputQuant::Static(quant))
        };
        observers.into_iter().map(range).collect()
    };
    Ok(Inputs { bottom: ranges(bottom)?, top: ranges(top)? })
}

/// Shows each layer's input to its observer, but for the channels that are no codes.
fn observe(
    ctx: &Context,
    mlp: &QuantizedMlp,
    stack: &Stack,
    x: &Matrix,
    observers: &mut [Observer],
) -> Result<()> {
    let mut input = x.clone();
    for ((layer, apart), observer) in mlp.layers().iter().zip(stack.apart()).zip(observers) {
        if apart.is_empty() {
            observer.observe_matrix(ctx, &input)?;
        } else {
            let is_apart = |at: usize| apart.iter().any(|&channel| channel as usize == at % input.cols());
            let values = input.to_vec(ctx)?.into_iter().enumerate().filter(|(at, _)| !is_apart(*at));
            observer.observe(&values.map(|(_, value)| value).collect::<Vec<_>>())?;
        }
        input = alone(ctx, layer, &input)?;
    }
    Ok(())
}

/// The output of one layer.
pub fn alone(ctx: &Context, layer: &QuantizedLayer, input: &Matrix) -> Result<Matrix> {
    let mlp = QuantizedMlp::new(ctx, vec![layer.clone()], input.rows())?;
    let out = Matrix::padded(ctx, input.rows(), layer.outputs())?;
    let mut rec = Recorder::new(ctx);
    mlp.record_forward(&mut rec, input, &out)?;
    rec.run()?;
    Ok(out)
}
