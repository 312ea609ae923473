//! Layers on several ranks: activations that go from one to the next, and gradients that come back.

use super::compressor::{Compressor, Segment};
use super::message::Message;
use super::ranks::{Call, Reader};
use super::{Ranks, Traffic};
use crate::dense::{Schedule, record_mask, record_scale};
use crate::device::{Buffer, word};
use crate::kernels::threshold_count::TILE;
use crate::numbers::narrow;
use crate::{Checkpoint, Context, Error, Matrix, Precision, Recorder, Result};

/// A boundary between the layers of two ranks: the activations of one are the inputs of the other, and the
/// gradients of these come back. Only the largest may cross, as at a [`Cut`](crate::dense::Cut) (DCT-MP).
///
/// Every call is collective: all ranks make it, those at neither side with nothing.
///
/// ```
/// use embag::dense::{Activation, Mlp};
/// use embag::optim::Sgd;
/// use embag::sharded::{Boundary, Group, Ranks, Threads};
/// use embag::{Context, Matrix, Recorder, Result};
///
/// fn step(group: Threads) -> Result<()> {
///     let (ctx, ranks) = (Context::cpu(), Ranks::new(group));
///     let mut boundary = Boundary::new(&ctx, &ranks, 0, 1)?.share(0.25)?.warm_up(1_000);
///     if ranks.rank() == 0 {
///         let mut first = Mlp::new(&ctx, &[64, 256], Activation::Relu, 32, Sgd::new(0.1), 1)?;
///         let (x, h) = (Matrix::zeros(&ctx, 32, 64)?, Matrix::zeros(&ctx, 32, 256)?);
///         let mut rec = Recorder::new(&ctx);
///         first.record_forward(&mut rec, &x, &h)?;
///         rec.run()?;
///         boundary.forward(Some(&h))?;
///         let Some(dh) = boundary.backward(None)? else { return Ok(()) };
///         let mut rec = Recorder::new(&ctx);
///         first.record_backward(&mut rec, &x, &h, &dh, None)?;
///         first.record_step(&mut rec)?;
///         rec.run()
///     } else {
///         let Some(crossed) = boundary.forward(None)? else { return Ok(()) }; // [32, 256]
///         // ... the other layers, whose gradient it stands for here ...
///         boundary.backward(Some(&crossed)).map(drop)
///     }
/// }
///
/// std::thread::scope(|scope| {
///     for group in Threads::group(2) {
///         scope.spawn(move || step(group).unwrap());
///     }
/// });
/// ```
#[derive(Debug)]
pub struct Boundary {
    ctx: Context,
    ranks: Ranks,
    from: usize,
    to: usize,
    schedule: Schedule,
    half: bool,
    /// Of activations, and of their gradients.
    forth: Option<Sized>,
    back: Option<Sized>,
    /// What arrived last, on the rank that it is for.
    arrived: Option<Matrix>,
}

/// A compressor, with the values that it was made for.
#[derive(Debug)]
struct Sized {
    values: u32,
    compressor: Compressor,
}

impl Boundary {
    /// A boundary that everything crosses, as `f32`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are no such ranks.
    pub fn new(ctx: &Context, ranks: &Ranks, from: usize, to: usize) -> Result<Self> {
        for (name, rank) in [("from", from), ("to", to)] {
            if rank >= ranks.count() {
                return Err(Error::invalid(name, format!("a rank below {}", ranks.count()), rank));
            }
        }
        Ok(Self {
            ctx: ctx.clone(),
            ranks: ranks.clone(),
            from,
            to,
            schedule: Schedule::new(1.0)?,
            half: false,
            forth: None,
            back: None,
            arrived: None,
        })
    }

    /// Lets this share of the activations cross, when the threshold is chosen.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is not above 0 and at most 1.
    pub fn share(mut self, share: f32) -> Result<Self> {
        self.schedule.share = Schedule::new(share)?.share;
        Ok(self)
    }

    /// Sets for how many steps a threshold is kept, at least one; 500 if it is not set.
    #[must_use]
    pub fn lifespan(mut self, steps: u32) -> Self {
        self.schedule.lifespan = steps.max(1);
        self
    }

    /// Sets how many steps let everything cross at first.
    #[must_use]
    pub fn warm_up(mut self, steps: u32) -> Self {
        self.schedule.warm_up = steps;
        self
    }

    /// Sets what values travel as.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for [`Precision::Bf16`].
    pub fn values(mut self, values: Precision) -> Result<Self> {
        if values == Precision::Bf16 {
            return Err(Error::invalid("values", "F32 or F16", "Bf16"));
        }
        self.half = values == Precision::F16;
        Ok(self)
    }

    /// Sends the activations of a step of training: those of the rank `from`, which gives them and gets
    /// nothing, to the rank `to`, which gives nothing and gets `[rows, columns]` with zeros where nothing has
    /// crossed. What it gets is not to be written before the gradients have gone back.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if one that should give activations does not, one that should not does,
    /// or they are not finite; [`Error::Group`] if a rank is gone or late.
    pub fn forward(&mut self, x: Option<&Matrix>) -> Result<Option<Matrix>> {
        self.arrived = None;
        let share = match self.schedule.is_warming_up() {
            true => Some(1.0),
            false => self.schedule.is_due().then_some(self.schedule.share),
        };
        let mut forth = self.forth.take();
        let prepared = self.given(x, self.from).and_then(|x| self.prepared(&mut forth, x, None, share));
        self.forth = forth;
        let arrived = self.cross(Call::Forth, self.from, self.to, prepared)?;
        // the rank that gives activations chooses by them; without any there is nothing to choose by
        let chosen = x.is_some_and(|x| x.rows() * x.cols() > 0) && share.is_some();
        self.schedule.count(chosen);
        self.arrived.clone_from(&arrived);
        Ok(arrived)
    }

    /// Sends gradients back: the rank `to` gives that of what it got, and the rank `from` gets it where
    /// something has crossed, with zeros elsewhere.
    ///
    /// # Errors
    /// As [`Boundary::forward`], and if the gradient has not the shape of what crossed.
    pub fn backward(&mut self, grad: Option<&Matrix>) -> Result<Option<Matrix>> {
        let mut back = self.back.take();
        let prepared = self.given(grad, self.to).and_then(|grad| {
            let by = match (&self.arrived, grad) {
                (Some(by), Some(grad)) => {
                    grad.check_shape("grad", by.rows(), by.cols())?;
                    Some(by)
                }
                (None, Some(_)) => {
                    return Err(Error::invalid("backward", "a forward before it", "none"));
                }
                (_, None) => None,
            };
            self.prepared(&mut back, grad, by, Some(1.0))
        });
        self.back = back;
        self.cross(Call::Back, self.to, self.from, prepared)
    }

    /// Adds the threshold and the steps that it is kept for to a checkpoint; each of the two ranks saves its
    /// own.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the names are taken.
    pub fn export(&self, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let threshold = match &self.forth {
            Some(sized) => {
                let mut rec = Recorder::new(&self.ctx);
                let threshold = rec.readback::<u32>(&sized.compressor.thresholds);
                rec.run()?;
                threshold.wait()?[0]
            }
            None => 0,
        };
        checkpoint.set_json(&format!("{prefix}.threshold"), &threshold)?;
        checkpoint.set_json(&format!("{prefix}.steps"), &(self.schedule.step, self.schedule.left))
    }

    /// Goes on from what [`Boundary::export`] wrote.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not there.
    pub fn import(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<()> {
        let threshold: u32 = checkpoint.json(&format!("{prefix}.threshold"))?;
        let (step, left) = checkpoint.json(&format!("{prefix}.steps"))?;
        // of one value: the threshold goes on to the compressor of the next batch
        let segment = Segment { tiles: 0..1, values: 1 };
        let compressor = Compressor::new(&self.ctx, vec![segment], 1, self.half)?;
        compressor.thresholds.write(&self.ctx, 0, &[threshold])?;
        self.forth = Some(Sized { values: 1, compressor });
        (self.schedule.step, self.schedule.left) = (step, left);
        Ok(())
    }

    /// What this rank gives, if it is the one that gives something.
    fn given<'a>(&self, matrix: Option<&'a Matrix>, gives: usize) -> Result<Option<&'a Matrix>> {
        let own = self.ranks.rank() == gives;
        if matrix.is_some() == own {
            return Ok(matrix);
        }
        let (expected, got) = if own { ("a matrix", "none") } else { ("none", "a matrix") };
        Err(Error::invalid("what crosses", format!("{expected} on rank {}", self.ranks.rank()), got))
    }

    /// The message of a matrix, of which only what `by` has something for is taken.
    fn prepared(
        &self,
        known: &mut Option<Sized>,
        matrix: Option<&Matrix>,
        by: Option<&Matrix>,
        share: Option<f32>,
    ) -> Result<Vec<u32>> {
        let Some(matrix) = matrix else { return Ok(Vec::new()) };
        matrix.check_f32("what crosses")?;
        let (rows, cols) = (matrix.rows(), matrix.cols());
        let values = word("values that cross", rows * cols)?;
        let tiles = values.div_ceil(TILE);
        let mut message = vec![narrow(rows), narrow(cols)];
        if tiles == 0 {
            return Ok(message);
        }
        let sized = self.sized(known, values, tiles)?;
        let flat = self.ctx.allocate("embag.crossing", u64::from(tiles * TILE) * 4)?;
        let view = Matrix::new(flat.part(0, u64::from(values) * 4), rows, cols, cols)?;
        let mut rec = Recorder::new(&self.ctx);
        match by {
            Some(by) => record_mask(&mut rec, &self.nothing()?, by, matrix, &view)?,
            None => record_scale(&mut rec, matrix, 1.0, &view)?,
        }
        rec.run()?;
        let counted = sized.compressor.count(&flat, share)?;
        if counted.not_finite().is_some() {
            return Err(Error::invalid("what crosses", "finite numbers", "others"));
        }
        message.extend(sized.compressor.pack(&counted, &flat, std::slice::from_ref(&(0..tiles)))?.concat());
        sized.compressor.thresholds = counted.thresholds();
        Ok(message)
    }

    /// The compressor for so many values; its threshold goes on from batches of other sizes.
    fn sized<'a>(&self, known: &'a mut Option<Sized>, values: u32, tiles: u32) -> Result<&'a mut Sized> {
        if known.as_ref().is_none_or(|known| known.values != values) {
            let segment = Segment { tiles: 0..tiles, values };
            let mut compressor = Compressor::new(&self.ctx, vec![segment], tiles, self.half)?;
            if let Some(known) = &known {
                compressor.thresholds = known.compressor.thresholds.clone();
            }
            *known = Some(Sized { values, compressor });
        }
        known.as_mut().ok_or_else(|| Error::invalid("boundary", "a compressor", "none"))
    }

    fn nothing(&self) -> Result<Buffer> {
        self.ctx.allocate("embag.threshold", 4)
    }

    /// Sends a message from one rank to another.
    fn cross(
        &self,
        call: Call,
        from: usize,
        to: usize,
        prepared: Result<Vec<u32>>,
    ) -> Result<Option<Matrix>> {
        let (said, message) = match prepared {
            Ok(message) => (Ok(0), message),
            Err(error) => (Err(error), Vec::new()),
        };
        self.ranks.agree(call, said)?;
        let mut messages = vec![Vec::new(); self.ranks.count()];
        messages[to] = message;
        let came = self.ranks.all_to_all(Traffic::Activations, messages)?;
        if self.ranks.rank() != to {
            return Ok(None);
        }
        let mut reader = Reader { rank: from, what: Traffic::Activations, rest: &came[from] };
        let shape = reader.take(2)?;
        let (rows, cols) = (shape[0] as usize, shape[1] as usize);
        let out = Matrix::zeros(&self.ctx, rows, cols)?;
        let mut rec = Recorder::new(&self.ctx);
        Message::read(from, reader.rest)?.record_add(&mut rec, out.buffer(), 0, narrow(rows * cols))?;
        rec.run()?;
        Ok(Some(out))
    }
}
