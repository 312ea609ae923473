//! The mean loss of an epoch, without waiting for any of its steps.

use embag::{Buffer, Context, Matrix, Readback, Recorder, Result};

/// Steps whose losses gather on the device. Twice as many are under way at most.
const STEPS: usize = 32;

/// Sums the losses of training examples: they gather on the device for a number of steps, and are read while
/// the next ones run.
#[derive(Debug)]
pub struct Losses {
    gathered: Buffer,
    steps: usize,
    rows: usize,
    reading: Option<Readback<f32>>,
    sum: f64,
    count: usize,
}

impl Losses {
    /// No losses, and room for those of batches of at most `max_batch` examples.
    pub fn new(ctx: &Context, max_batch: usize) -> Result<Self> {
        let gathered = ctx.allocate("train_ctr.losses", (STEPS * max_batch) as u64 * 4)?;
        Ok(Self { gathered, steps: 0, rows: 0, reading: None, sum: 0.0, count: 0 })
    }

    /// The number of examples so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where the next step shall write its `rows` losses.
    pub fn next(&self, rows: usize) -> Result<Matrix> {
        Matrix::new(self.gathered.slice(self.rows as u64 * 4, rows as u64 * 4)?, rows, 1, 1)
    }

    /// Counts a step that was recorded; every so often its recorder reads back what has gathered.
    pub fn recorded(&mut self, rec: &mut Recorder, rows: usize) -> Result<()> {
        self.steps += 1;
        self.rows += rows;
        self.count += rows;
        if self.steps == STEPS { self.read(rec) } else { Ok(()) }
    }

    fn read(&mut self, rec: &mut Recorder) -> Result<()> {
        self.collect()?;
        if self.rows > 0 {
            self.reading = Some(rec.readback(&self.gathered.slice(0, self.rows as u64 * 4)?));
        }
        (self.steps, self.rows) = (0, 0);
        Ok(())
    }

    /// Waits for what is being read.
    fn collect(&mut self) -> Result<()> {
        if let Some(reading) = self.reading.take() {
            self.sum += reading.wait()?.into_iter().map(f64::from).sum::<f64>();
        }
        Ok(())
    }

    /// The mean of all, after all steps: NaN if there were none.
    pub fn mean(mut self, ctx: &Context) -> Result<f64> {
        let mut rec = Recorder::new(ctx);
        self.read(&mut rec)?;
        rec.run()?;
        self.collect()?;
        Ok(self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_all_steps() -> Result<()> {
        let ctx = Context::cpu();
        let mut losses = Losses::new(&ctx, 3)?;
        let mut expected = (0.0, 0);
        for step in 0..3 * STEPS + 5 {
            let rows = 1 + step % 3;
            let values: Vec<f32> = (0..rows).map(|row| (step * 10 + row) as f32).collect();
            losses.next(rows)?.write(&ctx, &values)?;
            let mut rec = Recorder::new(&ctx);
            losses.recorded(&mut rec, rows)?;
            rec.run()?;
            expected.0 += values.into_iter().map(f64::from).sum::<f64>();
            expected.1 += rows;
        }
        assert_eq!(losses.count(), expected.1);
        assert_eq!(losses.mean(&ctx)?, expected.0 / expected.1 as f64);
        assert!(Losses::new(&ctx, 3)?.mean(&ctx)?.is_nan());
        Ok(())
    }
}
