//! Online convex optimisation with constraints that may be violated by little.

use super::affine::Affine;
use super::observed::{MODERATE, Observed};
use super::saved::{self, Saved};
use crate::device::{Buffer, Dispatch, word};
use crate::kernels::decide::rates;
use crate::kernels::{mirror_step, prox_dual, variation_step};
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// Where the points of [`MirrorProx`] lie.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Domain {
    /// Entries of at least zero that add up to 1: a mix.
    Simplex,
    /// Points whose length is at most the radius.
    Ball {
        /// Above zero.
        radius: f32,
    },
}

impl Domain {
    const fn variant(self) -> usize {
        match self {
            Self::Simplex => mirror_step::SIMPLEX,
            Self::Ball { .. } => 1 - mirror_step::SIMPLEX,
        }
    }

    /// The length of a gradient: by its largest entry on the simplex.
    fn norm(self, values: &mut dyn Iterator<Item = f32>) -> f32 {
        match self {
            Self::Simplex => values.fold(0.0, |most, value| most.max(value.abs())),
            Self::Ball { .. } => values.map(|value| value * value).sum::<f32>().sqrt(),
        }
    }
}

/// Online primal-dual mirror prox (X. Wei, H. Yu, M. J. Neely, "Online primal-dual mirror descent under
/// stochastic constraints", and the mirror-prox form that follows it): each round a point is played, and the
/// gradient of its loss is learned afterwards. Affine constraints `<normal, x> <= bound` may be violated in a
/// round; the sum of the violations does not grow with the number of rounds, and the regret grows with how
/// much the gradients vary: not at all where they are constant, as the square root of the rounds where they
/// are not.
///
/// With weights `w` of [`multipliers`](Self::multipliers), `D` half the squared distance in a ball and the
/// relative entropy on the simplex:
///
/// ```text
/// Q_k = max(-gamma g_k, Q_k + gamma g_k),  w_k = gamma (Q_k + gamma g_k)      g_k = <normal_k, x> - bound_k
/// x   = argmin <last gradient + sum_k w_k normal_k, x> + alpha D(x, y)        what is played
/// y   = argmin <this gradient + sum_k w_k normal_k, x> + alpha D(x, y)        where the next step begins
/// gamma^2 = sqrt(V + L^2 + 1),  alpha = (3 H^2 + 1) gamma^2                   H^2 = sum_k |normal_k|^2
/// ```
///
/// `V` is by how much gradients will vary, the sum of the squares of their differences. Where that is not
/// said by [`variation`](MirrorProxBuilder::variation), it is doubled whenever it is passed, and `Q` scaled
/// so that the weights stay what they are.
///
/// ```
/// use embag::decide::{MirrorProx, Observed};
/// use embag::{Context, Recorder};
///
/// let ctx = Context::cpu();
/// // three kinds of content for each of 1,000 groups; the third shall have at least a fifth
/// let mut mix = MirrorProx::builder(&ctx, 3, 1_000).floor(&[2], 0.2)?.horizon(500).build()?;
/// // the first is worth most, so that its loss is least
/// let losses: Vec<f32> = [0.1, 0.4, 0.9].iter().flat_map(|loss| [*loss; 1_000]).collect();
/// let losses = Observed::from_slice(&ctx, &losses, 3, 1_000)?;
/// for _ in 0..500 {
///     let mut rec = Recorder::new(&ctx);
///     mix.record_decide(&mut rec)?;
///     mix.record_observe(&mut rec, &losses)?; // of what `mix.point()` was
///     rec.run()?;
/// }
/// let shares = mix.point().to_vec(&ctx)?;
/// assert!((shares[0] - 0.8).abs() < 0.02 && (shares[2_000] - 0.2).abs() < 0.02);
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct MirrorProx {
    ctx: Context,
    domain: Domain,
    constraints: usize,
    /// The share of the uniform point in what a step on the simplex begins with.
    mix: f32,
    /// The square of the losses' smoothness.
    smoothness: f32,
    normals: Buffer,
    /// All instances have the same.
    shared_normals: bool,
    bounds: Buffer,
    rates: Matrix,
    /// What is played, and where the next step begins.
    point: Matrix,
    anchor: Matrix,
    /// The gradient of the last round.
    last: Matrix,
    queues: Matrix,
    prices: Matrix,
}

/// What [`MirrorProx::builder`] makes.
#[derive(Debug, Clone)]
#[must_use]
pub struct MirrorProxBuilder {
    ctx: Context,
    entries: usize,
    instances: usize,
    domain: Domain,
    constraints: Affine,
    horizon: u32,
    variation: f32,
    smoothness: f32,
    start: Option<Vec<f32>>,
}

impl MirrorProxBuilder {
    /// Sets where points lie; without it, on the simplex.
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }

    /// Adds a constraint, which some point of the domain should meet (that is not checked: queues grow for
    /// good if none does), `<normal, x> <= bound`: of all instances alike, an entry each and one bound, or of
    /// every instance its own, entries x instances and a bound for each.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if numbers are missing or not finite.
    pub fn constraint(mut self, normals: &[f32], bounds: &[f32]) -> Result<Self> {
        self.constraints.add(normals, bounds)?;
        Ok(self)
    }

    /// Adds the constraint that these entries add up to at least `least`, in all instances.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if that is no share, there is no entry, or one is not there, or twice.
    pub fn floor(mut self, entries: &[usize], least: f32) -> Result<Self> {
        self.constraints.add_floor(entries, least)?;
        Ok(self)
    }

    /// Sets for how many rounds it is meant: 1/T of the uniform point is mixed into what a step on the
    /// simplex begins with. 10,000 without it.
    pub fn horizon(mut self, rounds: u32) -> Self {
        self.horizon = rounds;
        self
    }

    /// Sets by how much gradients will vary at most: the sum over the rounds of the squared length of their
    /// differences, the first of which is the first gradient (`V`). On the simplex a length is the largest
    /// entry. 1 without it, and doubled where that is too little.
    pub fn variation(mut self, most: f32) -> Self {
        self.variation = most;
        self
    }

    /// Sets the Lipschitz constant of the losses' gradients (`L`); 0 without it, which is that of linear
    /// losses.
    pub fn smoothness(mut self, lipschitz: f32) -> Self {
        self.smoothness = lipschitz;
        self
    }

    /// Sets where it begins, entries x instances or an entry each for all; without it, at the uniform point
    /// or at zero.
    pub fn start(mut self, point: &[f32]) -> Self {
        self.start = Some(point.to_vec());
        self
    }

    /// The memory of all instances.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no entry, instance or round, a number is not finite or out of
    /// its range, floors of different entries add up to more than 1, or a software adapter could not go
    /// through the constraints; [`Error::LimitExceeded`] or [`Error::Device`] if the memory cannot be had.
    pub fn build(self) -> Result<MirrorProx> {
        let Self { ctx, entries, instances, domain, constraints, .. } = &self;
        let (ctx, entries, instances) = (ctx, *entries, *instances);
        for (name, count) in [("entries", entries), ("instances", instances)] {
            word(name, count)?;
            if count == 0 {
                return Err(Error::invalid(name, "at least 1", 0));
            }
        }
        if self.horizon == 0 {
            return Err(Error::invalid("horizon", "at least 1 round", 0));
        }
        for (name, value) in [("variation", self.variation), ("smoothness", self.smoothness)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::invalid(name, "a finite number of at least 0", value));
            }
        }
        if let Domain::Ball { radius } = domain
            && !(radius.is_finite() && *radius > 0.0)
        {
            return Err(Error::invalid("radius", "a finite number above 0", radius));
        }
        if *domain == Domain::Simplex {
            constraints.check_floors()?;
        }
        let count = constraints.count();
        self.check_loops(count)?;
        let zeros = |rows: usize| Matrix::zeros(ctx, rows, instances);
        let (rates, last) = (zeros(rates::COUNT)?, zeros(entries)?);
        // before as much memory is taken on the host
        rates.place(ctx, "rates x instances")?;
        last.place(ctx, "entries x instances")?;
        let smoothness = self.smoothness * self.smoothness;
        let steep = constraints.steepness(|normal| domain.norm(normal));
        let mut all_rates = vec![0.0; rates::COUNT * instances];
        for (i, &steep) in steep.iter().enumerate() {
            let (weight, pull) = variation_step::twin::weight_and_pull(self.variation, smoothness, steep);
            if !(weight * pull).is_finite() {
                let expected = "variation, smoothness and normals whose squares add up to a finite number";
                return Err(Error::invalid(
                    "rates",
                    expected,
                    format!("{weight} and {pull} in instance {i}"),
                ));
            }
            for (row, value) in [
                (rates::GUESS, self.variation),
                (rates::WEIGHT, weight),
                (rates::PULL, pull),
                (rates::STEEP, steep),
            ] {
                all_rates[row * instances + i] = value;
            }
        }
        let start = self.first_point()?;
        let (normals, shared_normals) = constraints.packed();
        let normals = Buffer::from_slice(ctx, &normals)?;
        // the largest of all
        normals.check_bindable(ctx, || "constraints x entries x instances".to_owned())?;
        rates.write(ctx, &all_rates)?;
        let begin = || Matrix::from_slice(ctx, &start, entries, instances);
        Ok(MirrorProx {
            ctx: ctx.clone(),
            domain: *domain,
            constraints: count,
            mix: 1.0 / self.horizon as f32,
            smoothness,
            normals,
            shared_normals,
            bounds: Buffer::from_slice(ctx, &constraints.bounds)?,
            rates,
            point: begin()?,
            anchor: begin()?,
            last,
            queues: zeros(count)?,
            prices: zeros(count)?,
        })
    }

    /// Software adapters end loops that are too long.
    fn check_loops(&self, constraints: usize) -> Result<()> {
        let steps = self.entries.saturating_mul(constraints + 1);
        match self.ctx.loop_limit().map(|limit| limit as usize / 2).filter(|&limit| steps > limit) {
            None => Ok(()),
            Some(limit) => {
                let expected = format!("at most {limit} entries x (constraints + 1) on a software adapter");
                Err(Error::invalid("entries", expected, steps))
            }
        }
    }

    /// Where every instance begins.
    fn first_point(&self) -> Result<Vec<f32>> {
        let (entries, instances) = (self.entries, self.instances);
        let Some(start) = &self.start else {
            let value = if self.domain == Domain::Simplex { 1.0 / entries as f32 } else { 0.0 };
            return Ok(vec![value; entries * instances]);
        };
        let start = super::affine::each("start", start, entries, instances)?;
        let of = |instance: usize| start.iter().skip(instance).step_by(instances).copied();
        for instance in 0..instances {
            let (expected, got, good) = match self.domain {
                Domain::Simplex => {
                    let sum: f32 = of(instance).sum();
                    let good = of(instance).all(|value| value >= 0.0) && (sum - 1.0).abs() < 1e-3;
                    ("entries of at least 0 that add up to 1".to_owned(), sum, good)
                }
                Domain::Ball { radius } => {
                    let length = self.domain.norm(&mut of(instance));
                    (format!("a point of at most {radius}"), length, length <= radius * 1.000_01)
                }
            };
            if !good {
                return Err(Error::invalid("start", expected, format!("{got} in instance {instance}")));
            }
        }
        Ok(start)
    }
}

impl MirrorProx {
    /// Describes problems of as many entries, and as many instances of them.
    pub fn builder(ctx: &Context, entries: usize, instances: usize) -> MirrorProxBuilder {
        MirrorProxBuilder {
            ctx: ctx.clone(),
            entries,
            instances,
            domain: Domain::Simplex,
            constraints: Affine::new(entries, instances),
            horizon: 10_000,
            variation: 1.0,
            smoothness: 0.0,
            start: None,
        }
    }

    /// The point of each instance, entries x instances: what [`record_decide`](Self::record_decide) leaves
    /// here.
    #[must_use]
    pub fn point(&self) -> &Matrix {
        &self.point
    }

    /// The weight of each constraint in the last decision, constraints x instances (`w`): what a unit of it
    /// is worth.
    #[must_use]
    pub fn multipliers(&self) -> &Matrix {
        &self.prices
    }

    /// Records the choice of the next point, which [`point`](Self::point) is afterwards.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the recorder is of another context.
    pub fn record_decide(&mut self, rec: &mut Recorder) -> Result<()> {
        rec.whole(|rec| {
            if self.constraints > 0 {
                let params = prox_dual::Params {
                    instances: word("instances", self.point.cols())?,
                    entries: word("entries", self.point.rows())?,
                    constraints: word("constraints", self.constraints)?,
                    shared_normals: u32::from(self.shared_normals),
                };
                let bindings = prox_dual::Bindings {
                    normals: self.normals.clone(),
                    bounds: self.bounds.clone(),
                    rates: self.rates.buffer().clone(),
                    point: self.point.buffer().clone(),
                    queues: self.queues.buffer().clone(),
                    prices: self.prices.buffer().clone(),
                };
                rec.dispatch(Dispatch::threads(0, &params, bindings, params.instances));
            }
            rec.copy(self.anchor.buffer(), self.point.buffer())?;
            self.record_step(rec, &self.last, &self.point)
        })
    }

    /// Records what was learned of the point: the gradient of its loss, entries x instances. Losses should be
    /// of about 1: an instance that saw a large gradient takes small steps from then on.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the shape is another, a number is beyond 1e15, or the recorder is of
    /// another context.
    pub fn record_observe(&mut self, rec: &mut Recorder, gradient: &Observed) -> Result<()> {
        let (entries, instances) = (self.point.rows(), self.point.cols());
        gradient.check("gradient", entries, instances, MODERATE)?;
        rec.whole(|rec| {
            self.record_step(rec, gradient.matrix(), &self.anchor)?;
            let place = gradient.place(&self.ctx, "gradient")?;
            let params = variation_step::Params {
                instances: word("instances", instances)?,
                entries: word("entries", entries)?,
                constraints: word("constraints", self.constraints)?,
                gradient_base: place.base,
                gradient_stride: place.stride,
                smoothness: self.smoothness,
            };
            let bindings = variation_step::Bindings {
                gradient: place.binding,
                last: self.last.buffer().clone(),
                rates: self.rates.buffer().clone(),
                queues: self.queues.buffer().clone(),
            };
            rec.dispatch(Dispatch::threads(self.domain.variant(), &params, bindings, params.instances));
            Ok(())
        })
    }

    /// Records a step from where `point` is.
    fn record_step(&self, rec: &mut Recorder, gradient: &Matrix, point: &Matrix) -> Result<()> {
        let place = gradient.place(&self.ctx, "gradient")?;
        let params = mirror_step::Params {
            instances: word("instances", point.cols())?,
            entries: word("entries", point.rows())?,
            constraints: word("constraints", self.constraints)?,
            shared_normals: u32::from(self.shared_normals),
            gradient_base: place.base,
            gradient_stride: place.stride,
            radius: if let Domain::Ball { radius } = self.domain { radius } else { 0.0 },
            mix: self.mix,
        };
        let bindings = mirror_step::Bindings {
            gradient: place.binding,
            prices: self.prices.buffer().clone(),
            normals: self.normals.clone(),
            rates: self.rates.buffer().clone(),
            point: point.buffer().clone(),
        };
        rec.dispatch(Dispatch::threads(self.domain.variant(), &params, bindings, params.instances));
        Ok(())
    }

    fn saved(&self) -> Vec<Saved<'_>> {
        vec![
            Saved::Floats("point", &self.point),
            Saved::Floats("anchor", &self.anchor),
            Saved::Floats("last", &self.last),
            Saved::Floats("rates", &self.rates),
            Saved::Floats("queues", &self.queues),
            Saved::Floats("prices", &self.prices),
        ]
    }

    /// Adds all that is kept to a checkpoint. The problem itself (domain, constraints, horizon) is not.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the names are taken; [`Error::Device`] if the device is lost.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        saved::export(&self.ctx, checkpoint, &[(prefix.to_owned(), self.saved())])
    }

    /// Goes on from what [`export`](Self::export) wrote, which must be of a problem of this shape. The size of
    /// its steps comes with it, and with that what the builder was told of [the
    /// variation](MirrorProxBuilder::variation).
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not there or another's; nothing is changed then.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        saved::import(&self.ctx, checkpoint, &[(prefix.to_owned(), self.saved())])
    }
}
