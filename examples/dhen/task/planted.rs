//! The made-up task: six vectors of eight normal values, and clicks whose log odds are a value of the third vector
//! times the dot product of the first two.
//!
//! `logit = 4 x_2[0] <x_0, x_1> / sqrt 8`: a product of three, which no sum of products of two is. Values are
//! drawn example by example, then its label; the train examples come first, those of a test from a stream of
//! their own.

use rand_pcg::Pcg64;

use crate::data::random::{fraction, generator, normal};

pub const TOKENS: usize = 6;
pub const DIM: usize = 8;
pub const COLS: usize = TOKENS * DIM;

/// Examples: their vectors and labels.
#[derive(Debug, Clone)]
pub struct Examples {
    pub x: Vec<f32>,
    pub labels: Vec<f32>,
}

/// The data of a seed.
pub fn draw(seed: u64, train: usize, test: usize) -> (Examples, Examples) {
    (examples(&mut generator(seed, 1), train), examples(&mut generator(seed, 2), test))
}

fn examples(rng: &mut Pcg64, count: usize) -> Examples {
    let (mut x, mut labels) = (Vec::with_capacity(count * COLS), Vec::with_capacity(count));
    for _ in 0..count {
        let values: Vec<f64> = (0..COLS).map(|_| normal(rng)).collect();
        let clicked = fraction(rng) < 1.0 / (1.0 + (-logit(&values)).exp());
        #[expect(clippy::cast_possible_truncation, reason = "models take f32")]
        x.extend(values.iter().map(|&value| value as f32));
        labels.push(f32::from(u8::from(clicked)));
    }
    Examples { x, labels }
}

fn logit(x: &[f64]) -> f64 {
    let along: f64 = x[..DIM].iter().zip(&x[DIM..2 * DIM]).map(|(a, b)| a * b).sum();
    4.0 * x[2 * DIM] * along / (DIM as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_examples_are_clicked_and_a_seed_is_always_the_same() {
        let (train, test) = draw(1, 4000, 100);
        let clicks: f32 = train.labels.iter().sum();
        assert!((1800.0..2200.0).contains(&clicks), "{clicks}");
        assert_eq!(train.x, draw(1, 4000, 0).0.x);
        assert_ne!(train.x[..COLS], test.x[..COLS]);
        assert_ne!(train.x[..COLS], draw(2, 1, 0).0.x[..]);
    }

    #[test]
    fn the_log_odds_are_the_product_of_three() {
        let mut x = vec![0.0; COLS];
        (x[3], x[DIM + 3], x[2 * DIM]) = (2.0, 0.5, -3.0);
        assert!((logit(&x) + 12.0 / 8f64.sqrt()).abs() < 1e-12);
    }
}
