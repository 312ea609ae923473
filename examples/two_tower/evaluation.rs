//! How often the movie that a user liked next is among the ten that she is shown.

use std::cmp::Reverse;
use std::collections::HashSet;

use embag::dense::record_add;
use embag::sort::top_k;
use embag::{Buffer, Context, Matrix, Recorder, Result};
use serde::Serialize;

use crate::model::{Model, Seen};
use crate::problem::Problem;

/// Movies that a user is shown.
pub const SHOWN: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Found {
    /// Users whose next like is among the movies shown.
    pub hit_rate: f64,
    /// The same, where later places count less: 1 / log2(place + 1).
    pub ndcg: f64,
}

impl Found {
    /// From the movies that each user is shown.
    fn of<'a>(problem: &Problem, lists: impl Iterator<Item = &'a [u32]>) -> Self {
        let (mut hits, mut gain) = (0.0, 0.0);
        for (user, shown) in problem.users.iter().zip(lists) {
            if let Some(place) = shown.iter().position(|&movie| movie == user.next) {
                hits += 1.0;
                gain += 1.0 / (place as f64 + 2.0).log2();
            }
        }
        let users = problem.users.len() as f64;
        Self { hit_rate: hits / users, ndcg: gain / users }
    }

    /// By showing the most liked movies that a user has not liked yet.
    pub fn by_popularity(problem: &Problem) -> Self {
        let counts = problem.popularity();
        let mut order: Vec<u32> = (0..).take(problem.movies()).collect();
        order.sort_by_key(|&movie| Reverse(counts[movie as usize]));
        let lists = problem.users.iter().map(|user| {
            let liked: HashSet<u32> = user.liked.iter().copied().collect();
            order.iter().copied().filter(|movie| !liked.contains(movie)).take(SHOWN).collect::<Vec<_>>()
        });
        let lists: Vec<Vec<u32>> = lists.collect();
        Self::of(problem, lists.iter().map(Vec::as_slice))
    }
}

/// What users have liked, and are not shown again.
pub struct Evaluation {
    ctx: Context,
    /// 0, or minus infinity for what was liked: `[users, movies]`.
    liked: Matrix,
    scores: Matrix,
    open: Matrix,
    best: Matrix,
    columns: Buffer,
}

impl Evaluation {
    pub fn new(ctx: &Context, problem: &Problem) -> Result<Self> {
        let (users, movies) = (problem.users.len(), problem.movies());
        let mut liked = vec![0.0f32; users * movies];
        for (row, user) in liked.chunks_mut(movies).zip(&problem.users) {
            user.liked.iter().for_each(|&movie| row[movie as usize] = f32::NEG_INFINITY);
        }
        let shown = SHOWN.min(movies);
        Ok(Self {
            ctx: ctx.clone(),
            liked: Matrix::from_slice(ctx, &liked, users, movies)?,
            scores: Matrix::zeros(ctx, users, movies)?,
            open: Matrix::zeros(ctx, users, movies)?,
            best: Matrix::zeros(ctx, users, shown)?,
            columns: Buffer::from_slice(ctx, &vec![0u32; users * shown])?,
        })
    }

    /// What `score` finds, which records the score of each movie for each user.
    pub fn found(
        &self,
        problem: &Problem,
        score: impl FnOnce(&mut Recorder, &Matrix) -> Result<()>,
    ) -> Result<Found> {
        let mut rec = Recorder::new(&self.ctx);
        score(&mut rec, &self.scores)?;
        record_add(&mut rec, &self.scores, &self.liked, &self.open)?;
        top_k(&mut rec, &self.open, &self.best, &self.columns)?;
        let columns = rec.readback::<u32>(&self.columns);
        drop(rec.submit()?);
        Ok(Found::of(problem, columns.wait()?.chunks(self.best.cols())))
    }
}

/// All users with all that they liked before.
pub fn everyone(problem: &Problem) -> Vec<Seen<'_>> {
    (0..).zip(&problem.users).map(|(number, user)| (number, &*user.liked)).collect()
}

/// What a model finds.
pub fn found(model: &Model, problem: &Problem, evaluation: &Evaluation) -> Result<Found> {
    let (users, movies) = (model.user_vectors(&everyone(problem))?, model.movie_vectors(problem)?);
    evaluation
        .found(problem, |rec, scores| embag::dense::record_matmul(rec, &users, movies.transposed(), scores))
}
