//! What MovieLens' users liked, or what a model that `train_ctr` trained says they will.

use std::num::NonZeroUsize;
use std::path::Path;

use embag::{Checkpoint, Context, JaggedBatch, Matrix, Recorder};

use super::RunError;
use crate::data::movielens::ratings_of;
use crate::data::{self, Examples, Format, Ids, Source};
use crate::trained::Trained;

/// Examples of a batch.
const BATCH: NonZeroUsize = NonZeroUsize::new(2048).unwrap();

/// A rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Like {
    pub user: u32,
    pub movie: u32,
    pub timestamp: i64,
    /// 1 if it was a like, or how likely it is one.
    pub like: f64,
}

/// The ratings of a folder, by user and time. With a checkpoint of `train_ctr`, those that were held out from
/// its training, each user's last fifth, and what the model says of them.
pub fn read(ctx: &Context, folder: &Path, checkpoint: Option<&Path>) -> Result<Vec<Like>, RunError> {
    let ratings = ratings_of(folder)?;
    let likes = ratings.iter().map(|rating| {
        let (user, movie, timestamp) = (rating.user, rating.movie, rating.timestamp);
        Like { user, movie, timestamp, like: f64::from(u8::from(rating.liked)) }
    });
    let Some(path) = checkpoint else { return Ok(likes.collect()) };
    let held_out = likes.zip(&ratings).filter(|(_, rating)| rating.held_out).map(|(like, _)| like);
    let predicted = predictions(ctx, folder, path)?;
    Ok(held_out.zip(predicted).map(|(like, chance)| Like { like: chance, ..like }).collect())
}

/// How likely each test example of a folder is a like.
fn predictions(ctx: &Context, folder: &Path, checkpoint: &Path) -> Result<Vec<f64>, RunError> {
    let trained = Trained::load(ctx, &Checkpoint::load(checkpoint)?, BATCH.get())?;
    let source = Source {
        format: Format::MovieLens,
        train: Some(folder.to_owned()),
        test: None,
        seed: trained.seed,
        hash_rows: None,
        ids: Ids::Rows,
        by_position: false,
    };
    let data = data::open(&source, Some(&trained.data))?;
    let mut chances = Vec::new();
    for examples in data.test(BATCH) {
        let log_odds = log_odds(ctx, &trained, &examples?)?;
        chances.extend(log_odds.into_iter().map(|log_odds| 1.0 / (1.0 + f64::from(-log_odds).exp())));
    }
    Ok(chances)
}

/// The model's log odds of a batch.
fn log_odds(ctx: &Context, trained: &Trained, examples: &Examples) -> embag::Result<Vec<f32>> {
    let (rows, interaction) = (examples.len(), &trained.interaction);
    let numeric = match trained.data.schema.numeric.len() {
        0 => Matrix::from_slice(ctx, &vec![1.0; rows], rows, 1)?,
        columns => Matrix::from_slice(ctx, &examples.numeric, rows, columns)?,
    };
    let vectors = Matrix::padded(ctx, rows, interaction.in_cols())?;
    let products = Matrix::padded(ctx, rows, interaction.out_cols())?;
    let out = Matrix::zeros(ctx, rows, 1)?;
    let batch = batch(trained, examples)?;
    let dim = interaction.dim;
    let mut rec = Recorder::new(ctx);
    trained.bottom.record_forward(&mut rec, &numeric, &vectors.columns(0, dim)?)?;
    let others = vectors.columns(dim, trained.bags.output_cols())?;
    trained.bags.record_forward(&mut rec, &batch, &others)?;
    interaction.record_forward(&mut rec, &vectors, &products)?;
    trained.top.record_forward(&mut rec, &products, &out)?;
    rec.run()?;
    out.to_vec(ctx)
}

fn batch(trained: &Trained, examples: &Examples) -> embag::Result<JaggedBatch> {
    let mut builder = trained.bags.batch();
    for (feature, bags) in trained.data.schema.features.iter().zip(&examples.features) {
        builder = builder.bags(&feature.name, &bags.values, &bags.lengths);
    }
    builder.build()
}
