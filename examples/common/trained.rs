//! The model of a checkpoint of `train_ctr`, in `f32`: a DLRM with tables of fixed size.

use embag::dense::{Activation, DenseOptimizer, Interaction, Mlp};
use embag::{Checkpoint, Context, EmbeddingBags, Init, Precision, Result, Table};
use serde::Deserialize;

use crate::data::{DataState, FeatureSpec};

/// What of `train_ctr`'s settings decides how its model looks.
#[derive(Deserialize)]
struct Settings {
    seed: u64,
    dim: usize,
    bottom: Vec<usize>,
    top: Vec<usize>,
    #[serde(default)]
    precision: Precision,
    #[serde(default)]
    embedding: Option<serde_json::Value>,
    #[serde(default)]
    over: Option<serde_json::Value>,
}

/// A trained DLRM; `common/ctr/model.rs` describes it.
#[derive(Debug)]
pub struct Trained {
    pub seed: u64,
    pub data: DataState,
    pub bags: EmbeddingBags,
    pub bottom: Mlp,
    pub top: Mlp,
    pub interaction: Interaction,
    /// The most examples of a batch.
    pub max_batch: usize,
}

impl Trained {
    pub fn load(ctx: &Context, checkpoint: &Checkpoint, max_batch: usize) -> Result<Self> {
        let settings: Settings = checkpoint.json("settings")?;
        let data: DataState = checkpoint.json("data")?;
        if let Some(other) = settings.embedding.filter(|embedding| embedding != "fixed") {
            return Err(checkpoint.mismatch("embeddings", "tables of fixed size", other));
        }
        if let Some(other) = settings.over.filter(|over| over != "dlrm") {
            let got = other.as_object().and_then(|over| over.keys().next().cloned());
            let got = got.unwrap_or_else(|| other.to_string());
            return Err(checkpoint.mismatch("model", "one that was trained with --model dlrm", got));
        }
        let interaction = interaction(data.schema.features.len(), settings.dim);
        let mut bags = bags(ctx, &data.schema.features, settings.dim, settings.precision)?;
        bags.import(checkpoint, "bags")?;
        let mlp = |prefix: &str, sizes: Vec<usize>, last| {
            let optimizer: DenseOptimizer = checkpoint.json(&format!("{prefix}.optimizer"))?;
            let mut mlp = Mlp::new(ctx, &sizes, last, max_batch, optimizer, 0)?;
            mlp.import(ctx, checkpoint, prefix)?;
            Ok::<_, embag::Error>(mlp)
        };
        let numeric = data.schema.numeric.len();
        let bottom = match numeric {
            0 => mlp("bottom", vec![1, settings.dim], Activation::None)?,
            _ => mlp(
                "bottom",
                [vec![numeric], settings.bottom, vec![settings.dim]].concat(),
                Activation::Relu,
            )?,
        };
        let top =
            mlp("top", [vec![interaction.out_cols()], settings.top, vec![1]].concat(), Activation::None)?;
        Ok(Self { seed: settings.seed, data, bags, bottom, top, interaction, max_batch })
    }
}

/// What takes the dot products of all vectors of an example; a single bag's with itself, as `train_ctr` does.
pub fn interaction(features: usize, dim: usize) -> Interaction {
    Interaction { features: features + 1, dim, self_interaction: features == 1, dense_part: true }
}

/// Bags without an optimizer, the features in the schema's order.
fn bags(ctx: &Context, features: &[FeatureSpec], dim: usize, precision: Precision) -> Result<EmbeddingBags> {
    let mut builder = EmbeddingBags::builder(ctx);
    let mut known: Vec<&str> = Vec::new();
    for feature in features {
        if !known.contains(&&*feature.table) {
            known.push(&feature.table);
            let table = Table::rows(feature.rows as usize).dim(dim).precision(precision).init(Init::Zero);
            builder = builder.table(&feature.table, table);
        }
        builder = builder.feature(&feature.name, &feature.table, feature.pooling());
    }
    builder.build()
}
