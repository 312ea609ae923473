//! The embeddings, of either kind.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use embag::optim::{Adagrad, Optimizer, Sgd};
use embag::{Context, JaggedBatch, Pooling, Table};
use embag_burn::EmbeddingBags;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::args::{self, Args, Rule};
use crate::clicks::Feature;

/// burn adds it to the root.
pub(crate) const EPSILON: f32 = 1e-5;

#[derive(Module, Debug)]
pub(crate) enum Bags {
    Burn(OfBurn),
    Embag(EmbeddingBags),
}

/// A table of burn for each feature.
#[derive(Module, Debug)]
pub(crate) struct OfBurn {
    tables: Vec<Embedding>,
}

/// What is looked up, for either kind.
#[derive(Debug, Clone)]
pub(crate) enum Batch {
    /// For each feature `[examples, most ids of an example]`, and 1 where there is an id.
    Burn(Vec<(Tensor<2, Int>, Tensor<3>)>),
    Embag(JaggedBatch),
}

impl Bags {
    pub(crate) fn new(
        args: &Args,
        features: &[Feature],
        device: &Device,
        ctx: &Context,
    ) -> embag::Result<Self> {
        let dim = args.dim as usize;
        let mut random = StdRng::seed_from_u64(args.seed + 1);
        let mut rows_of = |feature: &Feature| -> Vec<f32> {
            let bound = 1.0 / (feature.rows as f32).sqrt();
            (0..feature.rows * dim).map(|_| random.random_range(-bound..=bound)).collect()
        };
        if args.embedding == args::Embedding::Burn {
            let table = |feature: &Feature| {
                let mut table = EmbeddingConfig::new(feature.rows, dim).init(device);
                let rows = TensorData::new(rows_of(feature), [feature.rows, dim]);
                table.weight = Param::from_data(rows, device);
                table
            };
            return Ok(Self::Burn(OfBurn { tables: features.iter().map(table).collect() }));
        }
        let rule: Optimizer = match args.optimizer {
            Rule::Sgd => Sgd::default().into(),
            Rule::Adagrad => Adagrad { eps: EPSILON, ..Default::default() }.into(),
        };
        let mut builder = embag::EmbeddingBags::builder(ctx).optimizer(rule);
        for Feature { name, rows } in features {
            builder = builder.table(name, Table::rows(*rows).dim(dim)).feature(name, name, Pooling::Sum);
        }
        let mut bags = builder.build()?;
        for feature in features {
            bags.upload(&feature.name, &rows_of(feature))?;
        }
        EmbeddingBags::new(bags, device).map(Self::Embag)
    }

    /// `[examples, features * dim]`, tracked.
    pub(crate) fn forward(&self, batch: &Batch) -> embag::Result<Tensor<2>> {
        match (self, batch) {
            (Self::Embag(bags), Batch::Embag(batch)) => bags.forward(batch),
            (Self::Burn(bags), Batch::Burn(features)) => {
                let pooled = bags.tables.iter().zip(features).map(|(table, (ids, there))| {
                    let rows = table.forward(ids.clone()); // [examples, ids, dim]
                    (rows * there.clone()).sum_dim(1).squeeze_dim::<2>(1)
                });
                Ok(Tensor::cat(pooled.collect(), 1))
            }
            _ => unreachable!("batches are made for these bags"),
        }
    }

    /// Updates what burn's optimizer does not.
    pub(crate) fn step(&self, lr: f64) -> embag::Result<()> {
        match self {
            Self::Embag(bags) => bags.step(lr),
            Self::Burn(_) => Ok(()),
        }
    }
}
