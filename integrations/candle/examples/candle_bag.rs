//! A click model in candle with embag's bags: users by the movies that they liked, and a layer over both.
//!
//! ```text
//! cargo run --release --example candle_bag
//! ```

use candle_core::{DType, Device, Error, Result, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, VarBuilder, VarMap, linear, loss};
use embag::optim::RowwiseAdagrad;
use embag::{Context, Pooling, Table};
use embag_candle::EmbeddingBags;

const MOVIES: u32 = 600;
const DIM: usize = 16;
const EXAMPLES: usize = 512;
const LIKED: usize = 6;
const STEPS: usize = 200;
/// Of the tables.
const RATE: f64 = 0.1;
/// Of the layers.
const DENSE_RATE: f64 = 0.01;

struct Model {
    bags: EmbeddingBags,
    hidden: Linear,
    top: Linear,
}

impl Model {
    fn forward(&self, batch: &embag::JaggedBatch) -> Result<Tensor> {
        let pooled = self.bags.forward(batch)?;
        self.top.forward(&self.hidden.forward(&pooled)?.relu()?)?.squeeze(1)
    }
}

/// Small numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((self.0 >> 33) * u64::from(bound)) >> 31).expect("below the bound")
    }
}

fn main() -> Result<()> {
    let ctx = Context::cpu();
    let bags = embag::EmbeddingBags::builder(&ctx)
        .table("movie", Table::rows(MOVIES as usize).dim(DIM))
        .feature("liked", "movie", Pooling::Mean)
        .feature("shown", "movie", Pooling::Sum)
        .optimizer(RowwiseAdagrad::default())
        .seed(7)
        .build()
        .map_err(Error::wrap)?;
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let model = Model {
        bags: EmbeddingBags::new(bags)?,
        hidden: linear(2 * DIM, 32, builder.pp("hidden"))?,
        top: linear(32, 1, builder.pp("top"))?,
    };
    let mut optimizer = AdamW::new_lr(variables.all_vars(), DENSE_RATE)?;
    let batches = model.bags.batches(); // for a loader's threads, too
    let mut random = Random(7);
    for step in 1..=STEPS {
        // who likes movies of a third clicks those of the same third
        let (mut liked, mut shown, mut clicked) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..EXAMPLES {
            let third = random.below(3);
            liked.extend((0..LIKED).map(|_| random.below(MOVIES / 3) * 3 + third));
            let movie = random.below(MOVIES / 3 * 3);
            shown.push(movie);
            clicked.push(if movie % 3 == third { 1.0f32 } else { 0.0 });
        }
        let batch = batches.batch().bags("liked", &liked, &[6; EXAMPLES]).feature("shown", &shown).build();
        let logits = model.forward(&batch.map_err(Error::wrap)?)?;
        let loss = loss::binary_cross_entropy_with_logit(&logits, &Tensor::new(clicked, &Device::Cpu)?)?;
        let gradients = loss.backward()?;
        model.bags.step(RATE)?; // each touched row once
        optimizer.step(&gradients)?; // candle's own variables
        if step % 40 == 0 {
            println!("step {step}: loss {:.4}", loss.to_scalar::<f32>()?);
        }
    }
    Ok(())
}
