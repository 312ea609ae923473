//! Passes over the likes.

use embag::{Readback, Result};

use crate::args::Settings;
use crate::data::random::{below, generator, shuffle};
use crate::model::{Model, Seen};
use crate::problem::Problem;

/// Likes to learn from, each by what its user had liked before.
pub struct Training {
    settings: Settings,
    /// The user and the place of each among her likes; there is one before.
    likes: Vec<(u32, usize)>,
    /// How often each movie is to be expected in a step, for each like of a batch and for each that is drawn.
    of_batch: Vec<f64>,
    drawn: f64,
}

impl Training {
    pub fn new(problem: &Problem, settings: Settings) -> Self {
        let likes = (0u32..).zip(&problem.users);
        let likes: Vec<_> =
            likes.flat_map(|(user, of)| (1..of.liked.len()).map(move |place| (user, place))).collect();
        let mut of_batch = vec![0.0; problem.movies()];
        for &(user, place) in &likes {
            of_batch[problem.users[user as usize].liked[place] as usize] += 1.0 / likes.len() as f64;
        }
        Self { settings, likes, of_batch, drawn: 1.0 / problem.movies() as f64 }
    }

    pub fn likes(&self) -> usize {
        self.likes.len()
    }

    /// One pass, in an order of its own; gives the mean loss.
    pub fn epoch(&mut self, model: &mut Model, problem: &Problem, epoch: u32) -> Result<f64> {
        let Settings { batch, negatives, seed, .. } = self.settings;
        let mut random = generator(seed, u64::from(epoch));
        // the order is that of this epoch alone, whatever was trained before
        self.likes.sort_unstable();
        shuffle(&mut self.likes, &mut random);
        let (mut sum, mut before): (f64, Option<Readback<f32>>) = (0.0, None);
        for likes in self.likes.chunks(batch.get()) {
            let seen = likes.iter().map(|&(user, place)| {
                let liked = &problem.users[user as usize].liked;
                (user, &liked[..place]) as Seen<'_>
            });
            let seen: Vec<Seen<'_>> = seen.collect();
            let mut movies: Vec<u32> =
                likes.iter().map(|&(user, place)| problem.users[user as usize].liked[place]).collect();
            movies.extend(
                (0..negatives).map(|_| u32::try_from(below(&mut random, problem.movies())).unwrap_or(0)),
            );
            let log_q = movies.iter().map(|&movie| {
                let expected = likes.len() as f64 * self.of_batch[movie as usize];
                let expected = expected + negatives as f64 * self.drawn;
                #[expect(clippy::cast_possible_truncation, reason = "rounded")]
                let log_q = expected.ln() as f32;
                log_q
            });
            let log_q: Vec<f32> = log_q.collect();
            let losses = model.step(problem, &seen, &movies, &log_q)?;
            // the device works while the next batch is made
            if let Some(losses) = before.replace(losses) {
                sum += total(losses)?;
            }
        }
        if let Some(losses) = before {
            sum += total(losses)?;
        }
        Ok(sum / self.likes.len() as f64)
    }
}

fn total(losses: Readback<f32>) -> Result<f64> {
    Ok(losses.wait()?.into_iter().map(f64::from).sum())
}
