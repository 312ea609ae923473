//! The two towers: a user is what she liked, a movie is its own row and its genres; how well they go together
//! is the cosine of what their towers make of them.

use embag::dense::{
    Activation, Mlp, SoftmaxCrossEntropy, record_matmul, record_normalize_rows, record_normalize_rows_grad,
    record_scale,
};
use embag::optim::{Adam, RowwiseAdagrad};
use embag::{Context, EmbeddingBags, JaggedBatch, Matrix, Pooling, Recorder, Result, Table};

use crate::args::Settings;
use crate::problem::Problem;

/// Rows of the towers' outputs that are computed at once.
const MOST: usize = 4096;

pub struct Towers {
    ctx: Context,
    settings: Settings,
    bags: EmbeddingBags,
    user: Mlp,
    movie: Mlp,
}

/// One example of each row: the users of a batch with what they liked, and the movies.
pub struct Step<'a> {
    pub users: &'a JaggedBatch,
    /// What the users liked next, in their order, then movies that were drawn.
    pub movies: &'a JaggedBatch,
    /// The number of each movie.
    pub candidates: &'a [u32],
    /// The logarithm of the chance of each movie to be there.
    pub log_q: &'a [f32],
}

impl Towers {
    pub fn new(ctx: &Context, problem: &Problem, settings: Settings) -> Result<Self> {
        let dim = settings.dim;
        let movies = problem.movies() as u64;
        let bags = EmbeddingBags::builder(ctx)
            .table(
                "user",
                Table::rows(problem.users.len() as u64)
                    .dim(dim as usize)
                    .init(embag::Init::Uniform(settings.init)),
            )
            .table("movie", Table::rows(movies).dim(dim as usize).init(embag::Init::Uniform(settings.init)))
            .table("movie2", Table::rows(movies).dim(dim as usize).init(embag::Init::Uniform(settings.init)))
            .table(
                "genre",
                Table::rows(problem.genre_count.into())
                    .dim(dim as usize)
                    .init(embag::Init::Uniform(settings.init)),
            )
            .feature("user", "user", Pooling::Sum)
            .feature("liked", if settings.share { "movie" } else { "movie2" }, Pooling::Mean)
            .feature("movie", "movie", Pooling::Sum)
            .feature("genres", "genre", Pooling::Mean)
            .optimizer(RowwiseAdagrad::new(settings.lr))
            .seed(settings.seed)
            .build()?;
        let width = dim as usize;
        let mlp = |cols: usize, seed| {
            let sizes = if settings.deep { vec![cols, 2 * width, width] } else { vec![cols, width] };
            Mlp::new(
                ctx,
                &sizes,
                Activation::None,
                MOST,
                Adam { lr: settings.dense_lr, ..Adam::new(settings.dense_lr) },
                seed,
            )
        };
        let (user, movie) = (mlp(2 * width, settings.seed)?, mlp(2 * width, settings.seed + 1)?);
        Ok(Self { ctx: ctx.clone(), settings, bags, user, movie })
    }

    pub fn bags(&self) -> &EmbeddingBags {
        &self.bags
    }

    /// One step; gives the mean loss.
    pub fn step(&mut self, step: &Step<'_>) -> Result<f32> {
        let ctx = self.ctx.clone();
        let (b, n, d) = (step.users.len(), step.movies.len(), self.user.outputs());
        let zeros = |rows, cols| Matrix::zeros(&ctx, rows, cols);
        let user_in = zeros(b, self.user.inputs())?;
        let movie_in = zeros(n, self.movie.inputs())?;
        let [u, un, us, dus, dun, du] =
            [zeros(b, d)?, zeros(b, d)?, zeros(b, d)?, zeros(b, d)?, zeros(b, d)?, zeros(b, d)?];
        let [v, vn, dvn, dv] = [zeros(n, d)?, zeros(n, d)?, zeros(n, d)?, zeros(n, d)?];
        let (logits, dlogits, loss) = (zeros(b, n)?, zeros(b, n)?, zeros(b, 1)?);
        let (duser, dmovie) = (zeros(b, self.user.inputs())?, zeros(n, self.movie.inputs())?);
        let log_q = Matrix::from_slice(&ctx, step.log_q, 1, n)?;
        let mut rec = Recorder::new(&ctx);
        self.bags.record_forward(&mut rec, step.users, &user_in)?;
        self.bags.record_forward(&mut rec, step.movies, &movie_in)?;
        self.user.record_forward(&mut rec, &user_in, &u)?;
        self.movie.record_forward(&mut rec, &movie_in, &v)?;
        record_normalize_rows(&mut rec, &u, &un)?;
        record_normalize_rows(&mut rec, &v, &vn)?;
        let factor = 1.0 / self.settings.temperature;
        record_scale(&mut rec, &un, factor, &us)?;
        record_matmul(&mut rec, &us, vn.transposed(), &logits)?;
        SoftmaxCrossEntropy::in_batch()
            .log_q(&log_q)
            .candidates(step.candidates)?
            .record(&mut rec, &logits, &loss, &dlogits)?;
        record_matmul(&mut rec, &dlogits, &vn, &dus)?;
        record_matmul(&mut rec, dlogits.transposed(), &us, &dvn)?;
        record_scale(&mut rec, &dus, factor, &dun)?;
        record_normalize_rows_grad(&mut rec, &u, &dun, &du)?;
        record_normalize_rows_grad(&mut rec, &v, &dvn, &dv)?;
        self.user.record_backward(&mut rec, &user_in, &u, &du, Some(&duser))?;
        self.movie.record_backward(&mut rec, &movie_in, &v, &dv, Some(&dmovie))?;
        self.bags.record_accumulated(
            &mut rec,
            &[(step.users, (&duser).into()), (step.movies, (&dmovie).into())],
        )?;
        self.user.record_step(&mut rec)?;
        self.movie.record_step(&mut rec)?;
        rec.run()?;
        let loss = loss.to_vec(&ctx)?;
        Ok(loss.iter().sum::<f32>() / loss.len() as f32)
    }

    /// What a tower makes of a batch: rows of length one.
    pub fn embed(&self, batch: &JaggedBatch, user: bool) -> Result<Matrix> {
        let mlp = if user { &self.user } else { &self.movie };
        let input = self.bags.forward(batch)?;
        let out = Matrix::zeros(&self.ctx, batch.len(), mlp.outputs())?;
        let unit = Matrix::zeros(&self.ctx, batch.len(), mlp.outputs())?;
        for first in (0..batch.len()).step_by(MOST) {
            let count = MOST.min(batch.len() - first);
            let mut rec = Recorder::new(&self.ctx);
            mlp.record_forward(&mut rec, &input.row_range(first, count)?, &out.row_range(first, count)?)?;
            rec.run()?;
        }
        let mut rec = Recorder::new(&self.ctx);
        record_normalize_rows(&mut rec, &out, &unit)?;
        rec.run()?;
        Ok(unit)
    }
}
