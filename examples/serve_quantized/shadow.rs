//! Each part of the model in few bits held against the same part in `f32`, on the same inputs.

use embag::quant::QuantizedMlp;
use embag::quant::accuracy::{Shadow, ShadowReport};
use embag::{Context, Matrix, Recorder, Result};

use crate::calibration::alone;
use crate::data::Examples;
use crate::served::Served;

/// The errors of all tables' values, and of all layers' outputs on the inputs that the reference gives them.
pub fn shadow(reference: &Served, served: &Served, batches: &[Examples]) -> Result<ShadowReport> {
    let mut shadow = Shadow::default();
    for name in reference.bags().tables() {
        let [exact, kept] = [reference, served].map(|model| model.bags().download(name));
        shadow.add(&format!("table {name}"), &exact?, &kept?)?;
    }
    for examples in batches {
        let ctx = reference.context();
        let batch = reference.batch(examples)?;
        let mut rec = Recorder::new(ctx);
        let products = reference.products(&mut rec, &batch)?;
        rec.run()?;
        let numeric = reference.numeric(&batch);
        layers(ctx, &mut shadow, "bottom", (reference.bottom(), served.bottom()), numeric)?;
        layers(ctx, &mut shadow, "top", (reference.top(), served.top()), &products)?;
    }
    Ok(shadow.report())
}

fn layers(
    ctx: &Context,
    shadow: &mut Shadow,
    name: &str,
    (exact, kept): (&QuantizedMlp, &QuantizedMlp),
    x: &Matrix,
) -> Result<()> {
    let mut input = x.clone();
    for (k, (exact, kept)) in exact.layers().iter().zip(kept.layers()).enumerate() {
        let (exact, kept) = (alone(ctx, exact, &input)?, alone(ctx, kept, &input)?);
        shadow.add_matrices(ctx, &format!("{name}.{k}"), &exact, &kept)?;
        input = exact;
    }
    Ok(())
}
