//! The sets of modules that are compared.

use embag::dense::{DhenLayer, Ensemble, Module};

/// Modules that a layer adds up.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    pub name: &'static str,
    modules: &'static [Module],
}

const HIDDEN: usize = 64;
const DOT: Module = Module::Dot { hidden: None };
const LINEAR: Module = Module::Linear;
const ATTENTION: Module = Module::Attention { heads: 2, ff: HIDDEN };

/// The first two are what a quick run takes.
pub const SETS: [Set; 9] = [
    Set { name: "linear", modules: &[LINEAR] },
    Set { name: "dot, linear", modules: &[DOT, LINEAR] },
    Set { name: "dot", modules: &[DOT] },
    Set { name: "gram, linear", modules: &[Module::Gram, LINEAR] },
    Set { name: "cross, linear", modules: &[Module::Cross { rank: None }, LINEAR] },
    Set { name: "attention, linear", modules: &[ATTENTION, LINEAR] },
    Set { name: "conv, linear", modules: &[Module::Conv { channels: 4 }, LINEAR] },
    Set { name: "fm, linear", modules: &[Module::Fm { rank: 8, hidden: HIDDEN }, LINEAR] },
    Set { name: "mlp", modules: &[Module::Mlp { hidden: HIDDEN }] },
];

impl Set {
    /// A layer of as many vectors.
    pub fn layer(&self, tokens: usize) -> DhenLayer {
        let empty = DhenLayer::new(tokens, Ensemble::Sum);
        self.modules.iter().fold(empty, |layer, &module| layer.module(module))
    }
}
