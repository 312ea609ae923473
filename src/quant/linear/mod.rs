//! Linear layers of low precision.

mod checkpoint;
mod code_matrix;
mod int8;
mod layer;
mod mlp;
mod weight;
mod weight_only;

pub use code_matrix::CodeMatrix;
pub use int8::{Activations, InputQuant, Int8Linear};
pub use layer::{LayerPrecision, QuantizedLayer};
pub use mlp::QuantizedMlp;
pub use weight::QuantizedWeight;
pub use weight_only::WeightOnlyLinear;

use crate::{Context, Error, Result};

fn check_bias(bias: &[f32], outputs: usize) -> Result<()> {
    if bias.len() != outputs {
        return Err(Error::invalid("bias", format!("{outputs} values"), bias.len()));
    }
    match bias.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(Error::invalid("bias", "finite values", value)),
        None => Ok(()),
    }
}

/// Refuses words of weights that no binding holds.
fn check_binding(ctx: &Context, words: &[u32]) -> Result<()> {
    let (needed, limit) = (size_of_val(words) as u64, ctx.limits().binding);
    if needed <= limit {
        return Ok(());
    }
    Err(Error::LimitExceeded { what: "weight".to_owned(), needed, limit, hint: "use a smaller layer" })
}
