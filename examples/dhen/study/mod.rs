//! Sets of modules in one to three layers on a data set: what depth and parameters gain.

mod model;
mod report;
mod sets;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::Instant;

use embag::Context;

use crate::RunError;
use crate::args::{Args, Format};
use crate::data::{self, DataError, Dataset, Examples, Ids, Source};
use crate::plot::{self, Curve, Picture};
use model::{Model, Settings};
use report::{Row, Summary};
use sets::{SETS, Set};

const SEEDS: u64 = 3;
const DEPTHS: std::ops::RangeInclusive<usize> = 1..=3;

/// What a data set is trained with.
const fn settings(format: Format) -> Settings {
    match format {
        // more epochs overfit
        Format::MovieLens => Settings { epochs: 1, batch: 256, dense_lr: 0.006 },
        Format::Adult => Settings { epochs: 5, batch: 512, dense_lr: 0.01 },
    }
}

/// Trains and tests every net.
pub fn run(args: &Args, format: Format) -> Result<(), RunError> {
    let source = Source {
        format: format.of_data(),
        train: args.train.clone(),
        test: None,
        seed: 1,
        hash_rows: None,
        ids: Ids::Rows,
        by_position: false,
    };
    let data = data::open(&source, None)?;
    let ctx = args.device.open()?;
    eprintln!("device: {} ({})", ctx.device_name(), ctx.driver());
    let start = Instant::now();
    let (sets, seeds) = if args.quick { (&SETS[..2], 1) } else { (&SETS[..], SEEDS) };
    let settings = settings(format);
    let mut nets = Vec::new();
    for (set, layers) in sets.iter().flat_map(|set| DEPTHS.map(move |layers| (set, layers))) {
        nets.push(mean(&ctx, &*data, settings, (set, layers), seeds)?);
        eprintln!("{:>6.1} s  {} x {layers}", start.elapsed().as_secs_f64(), set.name);
    }
    let summary = Summary {
        device: ctx.device_name(),
        driver: ctx.driver(),
        format: source.format.name(),
        seconds: start.elapsed().as_secs_f64(),
        seeds,
        epochs: settings.epochs,
        nets,
    };
    let mut out = io::stdout().lock();
    summary.write_text(&mut out)?;
    out.flush()?;
    if let Some(path) = &args.plot {
        let title = format!("Modules in one to three layers on {}", summary.format);
        let points = |rows: &[Row]| rows.iter().map(|row| (row.parameters as f64, row.ne)).collect();
        let curves = summary.nets.chunk_by(|a, b| a.modules == b.modules);
        let curves = curves.map(|rows| Curve { name: rows[0].modules, points: points(rows) });
        let x_label = "parameters of layers and head";
        plot::write(path, &Picture { title: &title, x_label, log: true, curves: curves.collect() })?;
    }
    if args.json {
        summary.write_json(&mut out)?;
    }
    Ok(())
}

/// A net, trained with each seed.
fn mean(
    ctx: &Context,
    data: &dyn Dataset,
    settings: Settings,
    (set, layers): (&Set, usize),
    seeds: u64,
) -> Result<Row, RunError> {
    let mut row = Row { modules: set.name, layers, parameters: 0, ne: 0.0, auc: 0.0 };
    let batch = NonZeroUsize::new(settings.batch).unwrap_or(NonZeroUsize::MIN);
    let stack = vec![set.layer(model::tokens(data.schema())); layers];
    for seed in 1..=seeds {
        let mut model = Model::new(ctx, data.schema(), settings, &stack, seed)?;
        row.parameters = model.parameters();
        for epoch in 0..settings.epochs {
            data.train(seed, epoch, batch)
                .try_for_each(|examples| Ok::<_, RunError>(model.step(&examples?)?))?;
        }
        let tests: Vec<Examples> = data.test(batch).collect::<Result<_, DataError>>()?;
        let (ne, auc) = model.test(tests)?;
        row.ne += ne / seeds as f64;
        row.auc += auc / seeds as f64;
    }
    Ok(row)
}
