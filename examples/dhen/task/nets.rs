//! The nets that are compared.

use embag::dense::{DenseOptimizer, Dhen, DhenLayer, Ensemble, Module};
use embag::{Context, Result};

use super::planted::{DIM, TOKENS};
use super::training::BATCH;

/// A net: layers of as many vectors, of the same modules.
#[derive(Debug, Clone, Copy)]
pub struct Net {
    pub name: &'static str,
    layers: usize,
    tokens: usize,
    modules: &'static [Module],
}

const DOT: Module = Module::Dot { hidden: None };

/// The one that is to be best comes first.
pub const NETS: [Net; 4] = [
    Net { name: "2 layers of dot + linear", layers: 2, tokens: TOKENS, modules: &[DOT, Module::Linear] },
    Net { name: "1 layer of dot + linear", layers: 1, tokens: 2 * TOKENS, modules: &[DOT, Module::Linear] },
    Net { name: "2 layers of dot", layers: 2, tokens: TOKENS, modules: &[DOT] },
    Net { name: "2 layers of linear", layers: 2, tokens: TOKENS, modules: &[Module::Linear] },
];

impl Net {
    /// The net with a linear head, untrained.
    pub fn build(&self, ctx: &Context, seed: u64) -> Result<Dhen> {
        let empty = DhenLayer::new(self.tokens, Ensemble::Sum);
        let layer = self.modules.iter().fold(empty, |layer, &module| layer.module(module));
        let builder = Dhen::builder(ctx, TOKENS, DIM).max_batch(BATCH).optimizer(DenseOptimizer::adam(0.003));
        (0..self.layers).fold(builder, |builder, _| builder.layer(layer.clone())).seed(seed).build()
    }
}
