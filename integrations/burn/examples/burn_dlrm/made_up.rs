//! Clicks that are made up: ids by Zipf's law, each of which has a hidden worth that draws clicks.

use std::error::Error;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal, Zipf};

use crate::args::Args;
use crate::clicks::{Clicks, Examples, Feature};

const NUMBERS: usize = 13;
/// How fast ids become rare.
const EXPONENT: f64 = 1.05;

pub(crate) fn clicks(args: &Args) -> Result<Clicks, Box<dyn Error>> {
    let mut random = StdRng::seed_from_u64(args.seed);
    let tables = args.tables as usize;
    let worth: Vec<Vec<f32>> =
        (0..tables).map(|_| (0..args.rows).map(|_| random.sample(StandardNormal)).collect()).collect();
    let of_numbers: [f32; NUMBERS] = std::array::from_fn(|_| random.sample(StandardNormal));
    let zipf = Zipf::new(args.rows.into(), EXPONENT)?;
    let mut examples = |count: u32| {
        let mut examples = Examples::new(tables);
        for _ in 0..count {
            let numbers: [f32; NUMBERS] = std::array::from_fn(|_| random.sample(StandardNormal));
            let mut logit: f32 = numbers.iter().zip(&of_numbers).map(|(x, w)| x * w).sum::<f32>() * 0.2;
            for (bags, worth) in examples.bags.iter_mut().zip(&worth) {
                let ids: Vec<u32> = (0..args.ids).map(|_| zipf.sample(&mut random) as u32 - 1).collect();
                logit += ids.iter().map(|&id| worth[id as usize]).sum::<f32>() / args.ids as f32;
                bags.push(ids);
            }
            examples.numbers.extend(numbers);
            let chance = 1.0 / (1.0 + (-logit).exp());
            examples.labels.push(f32::from(random.random::<f32>() < chance));
        }
        examples
    };
    let (train, test) = (examples(args.examples), examples(args.examples / 10));
    let features = (0..tables).map(|t| Feature { name: format!("t{t}"), rows: args.rows as usize }).collect();
    Ok(Clicks { features, numbers: NUMBERS, train, test })
}
