//! The model: a user is who she is and what she liked last, a movie is itself and its genres; how well they go
//! together is the cosine of what their towers make of them.

use embag::bag::BatchBuilder;
use embag::dense::{SoftmaxCrossEntropy, record_matmul, record_scale};
use embag::optim::RowwiseAdagrad;
use embag::{Checkpoint, Context, EmbeddingBags, Matrix, Pooling, Readback, Recorder, Result, Table};

use crate::args::{Ids, Settings};
use crate::problem::{Names, Problem};
use crate::tower::Tower;

pub struct Model {
    ctx: Context,
    settings: Settings,
    names: Names,
    pub bags: EmbeddingBags,
    pub user: Tower,
    movie: Tower,
    scaled: Matrix,
    scaled_grad: Matrix,
    logits: Matrix,
    logits_grad: Matrix,
    loss: Matrix,
}

/// A user as her tower sees her: her number and what she liked, the earliest first.
pub type Seen<'a> = (u32, &'a [u32]);

impl Model {
    pub fn new(ctx: &Context, problem: &Problem, ids: Ids, settings: Settings) -> Result<Self> {
        let Settings { batch, negatives, .. } = settings;
        let dim = settings.dim.get();
        let table = |rows: usize| match ids {
            Ids::Rows => Table::rows(rows).dim(dim),
            Ids::Raw => Table::raw_ids(rows).dim(dim),
        };
        let bags = EmbeddingBags::builder(ctx)
            .table("user", table(problem.users.len()))
            .table("movie", table(problem.movies()))
            .table("genre", Table::rows(problem.genre_count as usize).dim(dim))
            .feature("user", "user", Pooling::Sum)
            .feature("liked", "movie", Pooling::Mean)
            .feature("movie", "movie", Pooling::Sum)
            .feature("genres", "genre", Pooling::Mean)
            .optimizer(RowwiseAdagrad::new(settings.lr))
            .seed(settings.seed)
            .build()?;
        let (users, movies) = (batch.get(), batch.get() + negatives);
        let tower = |rows, seed| Tower::new(ctx, 2 * dim, dim, rows, settings.dense_lr, seed);
        let mut this = Self {
            ctx: ctx.clone(),
            settings,
            names: problem.names(ids),
            bags,
            user: tower(users, settings.seed)?,
            movie: tower(movies, settings.seed.wrapping_add(1))?,
            scaled: Matrix::padded(ctx, users, dim)?,
            scaled_grad: Matrix::padded(ctx, users, dim)?,
            logits: Matrix::padded(ctx, users, movies)?,
            logits_grad: Matrix::padded(ctx, users, movies)?,
            loss: Matrix::zeros(ctx, users, 1)?,
        };
        // the catalogue is known before anyone likes anything of it; so are the users
        let all = this.bags.batch().variable();
        let all = all.feature("user", &this.names.users).feature("movie", &this.names.movies);
        this.bags.admit(all)?;
        Ok(this)
    }

    /// Fills a batch with users: the later a like, the more it weighs.
    pub fn users(&self, batch: BatchBuilder, seen: &[Seen<'_>]) -> BatchBuilder {
        let (mut liked, mut lengths, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (_, likes) in seen {
            let likes = &likes[likes.len().saturating_sub(self.settings.history.get())..];
            let powers = std::iter::successors(Some(1.0f32), |power| Some(power * self.settings.decay));
            let mut of_user: Vec<f32> = powers.take(likes.len()).collect();
            // a mean divides by their number: so the weights are relative to their own mean
            let mean = of_user.iter().sum::<f32>() / of_user.len() as f32;
            of_user.iter_mut().for_each(|weight| *weight /= mean);
            weights.extend(of_user.into_iter().rev());
            liked.extend(likes.iter().map(|&movie| self.names.movies[movie as usize]));
            lengths.push(u32::try_from(likes.len()).unwrap_or(u32::MAX));
        }
        let users: Vec<u64> = seen.iter().map(|&(user, _)| self.names.users[user as usize]).collect();
        let batch = batch.only(&["user", "liked"]).feature("user", &users);
        batch.bags("liked", &liked, &lengths).weights("liked", &weights)
    }

    /// A batch of movies.
    pub fn movies(&self, problem: &Problem, movies: &[u32]) -> BatchBuilder {
        let names: Vec<u64> = movies.iter().map(|&movie| self.names.movies[movie as usize]).collect();
        let genres = movies.iter().map(|&movie| &problem.genres[movie as usize]);
        self.bags.batch().only(&["movie", "genres"]).feature("movie", &names).lists("genres", genres)
    }

    /// One step, whose losses can be read: what users liked next against all other movies of the batch.
    /// `candidates` are the movies, those of the users first; `log_q` has for each the logarithm of how often
    /// it is to be expected there.
    pub fn step(
        &mut self,
        problem: &Problem,
        seen: &[Seen<'_>],
        candidates: &[u32],
        log_q: &[f32],
    ) -> Result<Readback<f32>> {
        let users = self.users(self.bags.batch(), seen);
        let movies = self.movies(problem, candidates);
        let (users, movies) = (self.bags.admit(users)?, self.bags.admit(movies)?);
        let (user, movie) = (self.user.pass(users.len())?, self.movie.pass(movies.len())?);
        let part = |matrix: &Matrix, columns| matrix.row_range(0, users.len())?.columns(0, columns);
        let dim = self.settings.dim.get();
        let (scaled, scaled_grad) = (part(&self.scaled, dim)?, part(&self.scaled_grad, dim)?);
        let logits = part(&self.logits, candidates.len())?;
        let logits_grad = part(&self.logits_grad, candidates.len())?;
        let loss = part(&self.loss, 1)?;
        let log_q = Matrix::from_slice(&self.ctx, log_q, 1, candidates.len())?;
        let sharpness = 1.0 / self.settings.temperature;

        let mut rec = Recorder::new(&self.ctx);
        self.bags.record_forward(&mut rec, &users, &user.pooled)?;
        self.bags.record_forward(&mut rec, &movies, &movie.pooled)?;
        self.user.record_forward(&mut rec, &user, &user.vectors)?;
        self.movie.record_forward(&mut rec, &movie, &movie.vectors)?;
        record_scale(&mut rec, &user.vectors, sharpness, &scaled)?;
        record_matmul(&mut rec, &scaled, movie.vectors.transposed(), &logits)?;
        let softmax = SoftmaxCrossEntropy::in_batch().log_q(&log_q).candidate_ids(candidates);
        softmax.record(&mut rec, &logits, &loss, &logits_grad)?;
        record_matmul(&mut rec, &logits_grad, &movie.vectors, &scaled_grad)?;
        record_matmul(&mut rec, logits_grad.transposed(), &scaled, &movie.vectors_grad)?;
        record_scale(&mut rec, &scaled_grad, sharpness, &user.vectors_grad)?;
        self.user.record_backward(&mut rec, &user)?;
        self.movie.record_backward(&mut rec, &movie)?;
        let gradients = [(&users, (&user.pooled_grad).into()), (&movies, (&movie.pooled_grad).into())];
        self.bags.record_accumulated(&mut rec, &gradients)?;
        let losses = rec.readback(loss.buffer());
        drop(rec.submit()?);
        Ok(losses)
    }

    /// The vectors of users.
    pub fn user_vectors(&self, seen: &[Seen<'_>]) -> Result<Matrix> {
        let vectors = Matrix::padded(&self.ctx, seen.len(), self.settings.dim.get())?;
        for (first, seen) in (0..).step_by(self.user.most()).zip(seen.chunks(self.user.most())) {
            let batch = self.users(self.bags.batch(), seen);
            self.record_vectors(&self.user, batch, &vectors.row_range(first, seen.len())?)?.run()?;
        }
        Ok(vectors)
    }

    /// The vectors of all movies.
    pub fn movie_vectors(&self, problem: &Problem) -> Result<Matrix> {
        let all: Vec<u32> = (0..).take(problem.movies()).collect();
        let vectors = Matrix::padded(&self.ctx, all.len(), self.settings.dim.get())?;
        for (first, movies) in (0..).step_by(self.movie.most()).zip(all.chunks(self.movie.most())) {
            let batch = self.movies(problem, movies);
            self.record_vectors(&self.movie, batch, &vectors.row_range(first, movies.len())?)?.run()?;
        }
        Ok(vectors)
    }

    /// Records what a tower makes of a batch.
    fn record_vectors(&self, tower: &Tower, batch: BatchBuilder, vectors: &Matrix) -> Result<Recorder> {
        let mut rec = Recorder::new(&self.ctx);
        let batch = self.bags.record_find(&mut rec, batch)?;
        let pass = tower.pass(batch.len())?;
        self.bags.record_forward(&mut rec, &batch, &pass.pooled)?;
        tower.record_forward(&mut rec, &pass, vectors)?;
        Ok(rec)
    }

    /// Everything that training goes on from.
    pub fn export(&self) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_json("settings", &self.settings)?;
        self.bags.export(&mut checkpoint, "bags")?;
        self.user.layer.export(&self.ctx, &mut checkpoint, "user")?;
        self.movie.layer.export(&self.ctx, &mut checkpoint, "movie")?;
        Ok(checkpoint)
    }

    /// Takes up what [`Model::export`] wrote of the same data; nothing is changed unless all of it fits.
    pub fn import(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.bags.check_import(checkpoint, "bags")?;
        self.user.layer.check_import(checkpoint, "user")?;
        self.movie.layer.check_import(checkpoint, "movie")?;
        self.bags.import(checkpoint, "bags")?;
        self.user.layer.import(&self.ctx, checkpoint, "user")?;
        self.movie.layer.import(&self.ctx, checkpoint, "movie")
    }
}
