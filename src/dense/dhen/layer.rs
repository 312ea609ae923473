//! One layer: modules, their ensemble, the shortcut and the norm.

use super::attention::Attention;
use super::block::Block;
use super::conv::Conv;
use super::cross::Cross;
use super::dot::Dot;
use super::flat::Flat;
use super::fm::Fm;
use super::gram::Gram;
use super::mix::Mix;
use super::module::{DhenLayer, Ensemble, Module};
use super::token_linear::TokenLinear;
use crate::cast::record_round;
use crate::dense::DenseOptimizer;
use crate::dense::LayerNorm;
use crate::dense::room::{Kept, Room, Share, wide, widened};
use crate::dense::scratch::scratch;
use crate::dense::trained::{Trained, Training};
use crate::{Error, Matrix, Precision, Recorder, Result};

/// `Y = norm(ensemble + shortcut)`.
#[derive(Debug)]
pub(super) struct Layer {
    modules: Vec<Placed>,
    ensemble: Ensemble,
    /// The weights of a weighted sum.
    mix: Option<Mix>,
    /// Nothing where there are as many tokens behind the layer as in front of it.
    shortcut: Option<TokenLinear>,
    norm: LayerNorm,
    /// `[max_batch, tokens * dim]`, in the precision of activations.
    output: Matrix,
    kept: Kept,
}

/// A module, and its columns among those of the layer's output.
#[derive(Debug)]
struct Placed {
    block: Box<dyn Block>,
    first: usize,
    cols: usize,
}

/// What layers of a net have in common.
#[derive(Debug)]
pub(super) struct Common<'a> {
    pub(super) room: Room,
    pub(super) dim: usize,
    pub(super) max_batch: usize,
    pub(super) optimizer: &'a DenseOptimizer,
}

impl Layer {
    /// A layer for `inputs` tokens. `seeds` gives one to each part.
    pub(super) fn new(
        common: &mut Common<'_>,
        inputs: usize,
        layer: &DhenLayer,
        seeds: &mut impl Iterator<Item = u64>,
    ) -> Result<Self> {
        let Common { room, dim, max_batch, optimizer } = common;
        let (dim, max_batch) = (*dim, *max_batch);
        let mut seed = || seeds.next().unwrap_or_default();
        let mut first = 0;
        let mut modules = Vec::new();
        for (module, tokens) in layer.modules.iter().map(|(module, _)| module).zip(shares(layer)?) {
            let between = (inputs, tokens);
            let block: Box<dyn Block> = match *module {
                Module::Linear => Box::new(TokenLinear::new(room, between, dim, optimizer, seed())?),
                Module::Dot { hidden } => {
                    Box::new(Dot::new(room, between, dim, hidden, max_batch, optimizer, seed())?)
                }
                Module::Mlp { hidden } => {
                    let sizes = [inputs * dim, hidden, tokens * dim];
                    Box::new(Flat::new(room, &sizes, max_batch, optimizer, seed())?)
                }
                Module::Attention { heads, ff } => {
                    let sizes = (heads, ff);
                    Box::new(Attention::new(room, between, dim, sizes, max_batch, optimizer, seed())?)
                }
                Module::Conv { channels } => {
                    Box::new(Conv::new(room, between, dim, channels, max_batch, optimizer, seed())?)
                }
                Module::Cross { rank } => {
                    Box::new(Cross::new(room, between, dim, rank, max_batch, optimizer, seed())?)
                }
                Module::Gram => Box::new(Gram::new(room, between, dim, max_batch, optimizer, seed())?),
                Module::Fm { rank, hidden } => {
                    let sizes = (rank, hidden);
                    Box::new(Fm::new(room, between, dim, sizes, max_batch, optimizer, seed())?)
                }
            };
            modules.push(Placed { block, first, cols: tokens * dim });
            if layer.ensemble == Ensemble::Concat {
                first += tokens * dim;
            }
        }
        let shortcut = match inputs == layer.tokens {
            true => None,
            false => Some(TokenLinear::new(room, (inputs, layer.tokens), dim, optimizer, seed())?),
        };
        let mix = match layer.ensemble {
            Ensemble::Concat | Ensemble::Sum => None,
            Ensemble::WeightedSum => {
                Some(Mix::new(room, modules.len(), layer.tokens * dim, max_batch, optimizer)?)
            }
        };
        Ok(Self {
            modules,
            ensemble: layer.ensemble,
            mix,
            shortcut,
            norm: LayerNorm::within(room, (layer.tokens, dim), max_batch, optimizer)?,
            output: room.output(max_batch, layer.tokens * dim)?,
            kept: room.next_layer(),
        })
    }

    /// Columns of the output.
    pub(super) fn width(&self) -> usize {
        self.output.cols()
    }

    /// The output of a batch, in `f32`.
    pub(super) fn output(&self, rec: &mut Recorder, rows: usize) -> Result<Matrix> {
        widened(rec, &self.output.row_part(0, rows))
    }

    fn share(&self, batch: usize) -> Share {
        Share { batch, max_batch: self.output.rows() }
    }

    /// Records the layer into what [`Layer::output`] gives.
    pub(super) fn forward(&self, rec: &mut Recorder, x: &Matrix) -> Result<()> {
        self.kept.record_parameters(rec)?;
        let stored = self.output.row_part(0, x.rows());
        rec.scope(|rec| {
            let out = wide(rec, &stored)?;
            self.forward_into(rec, x, &out)?;
            match stored.precision() {
                Precision::F32 => Ok(()),
                _ => record_round(rec, &out, &stored),
            }
        })?;
        self.kept.record_keep(rec, self.share(x.rows()))
    }

    fn forward_into(&self, rec: &mut Recorder, x: &Matrix, out: &Matrix) -> Result<()> {
        let (rows, width) = (x.rows(), self.width());
        rec.scope(|rec| {
            // modules that are added lie side by side
            let parts = if self.ensemble == Ensemble::Concat { 1 } else { self.modules.len() };
            let outputs = match &self.mix {
                Some(mix) => mix.parts(rows),
                None => scratch(rec, rows, parts * width)?,
            };
            for (i, Placed { block, first, cols }) in self.modules.iter().enumerate() {
                let part = if self.ensemble == Ensemble::Concat { 0 } else { i };
                block.forward(rec, x, &outputs.columns(part * width + first, *cols)?)?;
            }
            let weights = self.mix.as_ref().map(|mix| mix.forward(rec)).transpose()?;
            match &self.shortcut {
                None => self.norm.forward(rec, Some(&outputs), weights, x, out),
                Some(shortcut) => {
                    let mixed = scratch(rec, rows, width)?;
                    shortcut.forward(rec, x, &mixed)?;
                    self.norm.forward(rec, Some(&outputs), weights, &mixed, out)
                }
            }
        })
    }

    /// Records the gradients of the parameters and, where `dx` is given, of the input, which is overwritten.
    pub(super) fn backward(
        &self,
        rec: &mut Recorder,
        x: &Matrix,
        dout: &Matrix,
        dx: Option<&Matrix>,
    ) -> Result<()> {
        self.kept.record_parameters(rec)?;
        self.kept.record_activations(rec, self.share(x.rows()))?;
        rec.scope(|rec| {
            let dz = scratch(rec, x.rows(), self.output.cols())?;
            match &self.shortcut {
                None => self.norm.backward(rec, dout, &dz, dx)?,
                Some(shortcut) => {
                    self.norm.backward(rec, dout, &dz, None)?;
                    shortcut.backward_into(rec, x, &dz, dx, false)?;
                }
            }
            let Some(mix) = &self.mix else {
                for Placed { block, first, cols } in &self.modules {
                    block.backward(rec, x, &dz.columns(*first, *cols)?, dx)?;
                }
                return Ok(());
            };
            let dparts = scratch(rec, x.rows(), self.modules.len() * dz.cols())?;
            mix.backward(rec, &dz, &dparts)?;
            for (i, Placed { block, cols, .. }) in self.modules.iter().enumerate() {
                block.backward(rec, x, &dparts.columns(i * cols, *cols)?, dx)?;
            }
            Ok(())
        })
    }

    /// The parts with parameters, by what comes before their names.
    pub(super) fn parts(&self) -> Vec<(String, &dyn Trained)> {
        let of_modules = self.modules.iter().enumerate().flat_map(|(i, placed)| {
            let parts = placed.block.parts().into_iter();
            parts.map(move |(name, part)| (format!("modules.{i}.{name}"), part))
        });
        let shortcut = self.shortcut.iter().map(|part| ("shortcut.".to_owned(), part as &dyn Trained));
        let mix = self.mix.iter().map(|part| ("ensemble.".to_owned(), part as &dyn Trained));
        let norm: (_, &dyn Trained) = ("norm.".to_owned(), &self.norm);
        of_modules.chain(mix).chain(shortcut).chain([norm]).collect()
    }

    /// The optimizers of these parts.
    pub(super) fn trainings(&mut self) -> Vec<&mut Training> {
        let of_modules = self.modules.iter_mut().flat_map(|placed| placed.block.trainings());
        let mix = self.mix.iter_mut().map(Trained::training_mut);
        let shortcut = self.shortcut.iter_mut().map(Trained::training_mut);
        of_modules.chain(mix).chain(shortcut).chain([self.norm.training_mut()]).collect()
    }
}

/// Tokens that each module makes.
fn shares(layer: &DhenLayer) -> Result<Vec<usize>> {
    let DhenLayer { tokens, ensemble, modules } = layer;
    if *tokens == 0 {
        return Err(Error::invalid("tokens", "at least one in every layer", 0));
    }
    if modules.is_empty() {
        return Err(Error::invalid("modules", "at least one in every layer", "none"));
    }
    let said: Vec<usize> = modules.iter().filter_map(|(_, tokens)| *tokens).collect();
    match ensemble {
        Ensemble::Sum | Ensemble::WeightedSum if said.iter().any(|own| own != tokens) => {
            let expected = format!("modules of {tokens} tokens each, the layer's, since they are added");
            Err(Error::invalid("modules", expected, format!("{said:?}")))
        }
        Ensemble::Sum | Ensemble::WeightedSum => Ok(vec![*tokens; modules.len()]),
        Ensemble::Concat if said.is_empty() => {
            if !tokens.is_multiple_of(modules.len()) {
                let expected = format!("a multiple of {}, the modules that share them", modules.len());
                return Err(Error::invalid("tokens", expected, tokens));
            }
            Ok(vec![tokens / modules.len(); modules.len()])
        }
        Ensemble::Concat if said.len() == modules.len() && said.iter().sum::<usize>() == *tokens => {
            match said.contains(&0) {
                true => Err(Error::invalid("modules", "at least one token each", format!("{said:?}"))),
                false => Ok(said),
            }
        }
        Ensemble::Concat => {
            let expected = format!("tokens of all modules, {tokens} together, or of none");
            Err(Error::invalid("modules", expected, format!("{said:?}")))
        }
    }
}
