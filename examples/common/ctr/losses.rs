//! The losses of an epoch, without waiting for any of its steps.

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
}

impl Losses {
    /// No losses, and room for those of batches of at most `max_batch` examples.
    pub fn new(ctx: &Context, max_batch: usize) -> Result<Self> {
        let gathered = ctx.allocate("train_ctr.losses", (STEPS * max_batch) as u64 * 4)?;
        Ok(Self { gathered, steps: 0, rows: 0, reading: None, sum: 0.0 })
    }

    /// Where the next step shall write its `rows` losses.
    pub fn next(&self, rows: usize) -> Result<Matrix> {
        Matrix::new(self.gathered.slice(self.rows as u64 * 4, rows as u64 * 4)?, rows, 1, 1)
    }

    /// Counts a step that was recorded; every so often its recorder reads back what has gathered.
    pub fn recorded(&mut self, rec: &mut Recorder, rows: usize) -> Result<()> {
        self.steps += 1;
        self.rows += rows;
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

    /// The sum of all, after all steps.
    pub fn sum(mut self, ctx: &Context) -> Result<f64> {
        let mut rec = Recorder::new(ctx);
        self.read(&mut rec)?;
        rec.run()?;
        self.collect()?;
        Ok(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_all_steps() -> Result<()> {
        let ctx = Context::cpu();
        let mut losses = Losses::new(&ctx, 3)?;
        let mut expected = 0.0;
        for step in 0..3 * STEPS + 5 {
            let rows = 1 + step % 3;
            let values: Vec<f32> = (0..rows).map(|row| (step * 10 + row) as f32).collect();
            losses.next(rows)?.write(&ctx, &values)?;
            let mut rec = Recorder::new(&ctx);
            losses.recorded(&mut rec, rows)?;
            rec.run()?;
            expected += values.into_iter().map(f64::from).sum::<f64>();
        }
        assert_eq!(losses.sum(&ctx)?, expected);
        assert_eq!(Losses::new(&ctx, 3)?.sum(&ctx)?, 0.0);
        Ok(())
    }
}
