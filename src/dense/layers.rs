//! What layers of all kinds have in common for code outside of them.

use super::parameter::Parameter;
use super::trained::Trained;
use super::{CrossLayer, CrossNet, Dhen, LayerNorm, Linear, Mlp, stack};
use crate::Matrix;

/// Layers with parameters and gradients, of whatever kind: what adds gradients up between devices
/// ([`sharded::Replicas`](crate::sharded::Replicas)), say, or looks at their norms, needs no more.
///
/// ```
/// use embag::Context;
/// use embag::dense::{Activation, CrossNet, Layers, Mlp};
/// use embag::optim::Sgd;
///
/// /// Values of all parameters.
/// fn size(layers: &[&dyn Layers]) -> usize {
///     let all = layers.iter().flat_map(|layers| layers.all_parameters());
///     all.map(|(_, matrix)| matrix.rows() * matrix.cols()).sum()
/// }
///
/// let ctx = Context::cpu();
/// let cross = CrossNet::builder(&ctx, 6).build()?;
/// let mlp = Mlp::new(&ctx, &[6, 4, 1], Activation::None, 16, Sgd::new(0.1), 7)?;
/// assert_eq!(size(&[&mlp]), 6 * 4 + 4 + 4 + 1);
/// assert!(size(&[&cross, &mlp]) > size(&[&mlp]));
/// # Ok::<(), embag::Error>(())
/// ```
pub trait Layers {
    /// The parameters by name, in the order of checkpoints.
    fn all_parameters(&self) -> Vec<(String, &Matrix)>;

    /// The parameters' gradients of the last backward pass, in the same order.
    fn all_gradients(&self) -> Vec<(String, &Matrix)>;
}

/// The layers are those that `parts` gives, with what comes before their names.
macro_rules! layers {
    ($($kind:ty: $parts:expr;)+) => {
        $(impl Layers for $kind {
            fn all_parameters(&self) -> Vec<(String, &Matrix)> {
                let parts: fn(&Self) -> Parts<'_> = $parts;
                named(parts(self), Parameter::stored)
            }

            fn all_gradients(&self) -> Vec<(String, &Matrix)> {
                let parts: fn(&Self) -> Parts<'_> = $parts;
                named(parts(self), |parameter| &parameter.grad)
            }
        })+
    };
}

layers! {
    Linear: |this| vec![(String::new(), this)];
    CrossLayer: |this| vec![(String::new(), this)];
    LayerNorm: |this| vec![(String::new(), this)];
    Mlp: |this| stack::numbered(this.layers());
    CrossNet: |this| stack::numbered(this.layers());
    Dhen: |this| this.parts();
}

type Parts<'a> = Vec<(String, &'a dyn Trained)>;

fn named<'a>(parts: Parts<'a>, of: fn(&'a Parameter) -> &'a Matrix) -> Vec<(String, &'a Matrix)> {
    let all = parts.into_iter().flat_map(|(prefix, part)| {
        let parameters = part.all().into_iter();
        parameters.map(move |parameter| (format!("{prefix}{}", parameter.name), of(parameter)))
    });
    all.collect()
}
