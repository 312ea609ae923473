//! How long a step of sharded tables takes, by part, and what it sends: `mpirun -n K step_time [PLACEMENT]`, where
//! `PLACEMENT` is `table`, `rows`, `sums`, `columns` or `copies`. On one rank it is timed beside `EmbeddingBags`.
//! `layers` times what adds up the gradients of dense layers, exact and thresholded.

use std::time::Instant;

use embag::dense::{Activation, Layers, Mlp};
use embag::optim::{RowwiseAdagrad, Sgd};
use embag::sharded::{
    Dct, Downlink, Exchange, Group, Placement, Plan, Ranks, Replicas, ShardedBags, Traffic,
};
use embag::{Context, EmbeddingBags, Matrix, Pooling, Precision, Result, Table};
use embag_mpi::Mpi;

const TABLES: u32 = 8;
const ROWS: u32 = 200_000;
const DIM: usize = 32;
/// Examples of all ranks, and ids of a bag.
const BATCH: usize = 4096;
const BAG: u32 = 10;
const ROUNDS: usize = 15;

fn main() {
    let placement = std::env::args().nth(1).unwrap_or_else(|| "table".to_owned());
    embag_mpi::run(|group| match &*placement {
        "layers" => time_layers(group),
        placement => time(group, placement),
    });
}

/// Ids of a feature's bags on a rank; low ones are frequent.
fn ids(table: u32, rank: usize, examples: usize, round: usize) -> Vec<u32> {
    let count = BAG * u32::try_from(examples).unwrap_or(0);
    let seed = table * 7919 + u32::try_from(rank * 104_729 + round * 15_485).unwrap_or(0);
    let hash = |k: u32| {
        let h = (k ^ seed).wrapping_mul(0x9e37_79b9);
        let h = (h ^ (h >> 15)).wrapping_mul(0x85eb_ca6b);
        (h ^ (h >> 13)) >> 8
    };
    // the cube of a number from 0 to 1, in thousandths of a thousandth
    let cubed = |h: u32| u64::from(h) * u64::from(h) / (1 << 24) * u64::from(h) / (1 << 24);
    (0..count).map(|k| u32::try_from((cubed(hash(k)) * u64::from(ROWS)) >> 24).unwrap_or(0)).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn time(group: Mpi, placement: &str) -> Result<()> {
    let (rank, ranks) = (group.rank(), group.ranks());
    let ctx = Context::cpu();
    let examples = BATCH / ranks;
    let lengths = vec![BAG; examples];
    let placed = |table: usize| match placement {
        "rows" => Placement::RowWise(Exchange::Rows),
        "sums" => Placement::RowWise(Exchange::Sums),
        "columns" => Placement::ColumnWise(ranks),
        "copies" => Placement::DataParallel,
        _ => Placement::TableWise(table % ranks),
    };
    // sums over a row are not for columns
    let optimizer: embag::optim::Optimizer = match placement {
        "columns" => embag::optim::Adagrad::new(0.05).into(),
        _ => RowwiseAdagrad::new(0.05).into(),
    };
    let mut sharded = ShardedBags::builder(&ctx, group).optimizer(optimizer);
    let mut plain = EmbeddingBags::builder(&ctx).optimizer(optimizer);
    let mut plan = Plan::new();
    for table in 0..TABLES as usize {
        let (name, rows) = (format!("t{table}"), || Table::rows(ROWS as usize).dim(DIM));
        sharded = sharded.table(&name, rows()).feature(&name, &name, Pooling::Sum);
        plain = plain.table(&name, rows()).feature(&name, &name, Pooling::Sum);
        plan = plan.table(&name, placed(table));
    }
    let mut sharded = sharded.plan(plan).build()?;
    let cols = sharded.output_cols();
    let grad = Matrix::from_slice(&ctx, &vec![0.01; examples * cols], examples, cols)?;
    let mut parts = [const { Vec::new() }; 4];
    let mut before = sharded.sent();
    for round in 0..ROUNDS {
        let mut batch = sharded.batch();
        for table in 0..TABLES {
            batch = batch.bags(&format!("t{table}"), &ids(table, rank, examples, round), &lengths);
        }
        // all ranks begin together
        sharded.ranks().any([true])?;
        if round == ROUNDS - 1 {
            before = sharded.sent();
        }
        let begun = Instant::now();
        let batch = batch.build()?;
        let mut last = 0.0;
        let mut lap = |times: &mut Vec<f64>| {
            let now = begun.elapsed().as_secs_f64() * 1e3;
            times.push(now - last);
            last = now;
        };
        sharded.prefetch(&batch)?;
        lap(&mut parts[0]);
        let pooled = sharded.forward(&batch)?;
        assert_eq!((pooled.rows(), pooled.cols()), (examples, cols));
        lap(&mut parts[1]);
        sharded.backward(&batch, &grad)?;
        lap(&mut parts[2]);
        parts[3].push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let sent = sharded.sent();
    if rank == 0 {
        let [exchange, forward, backward, step] = parts.map(median);
        println!(
            "{ranks} ranks, {placement}: ids {exchange:.1} ms, forward {forward:.1}, backward {backward:.1}, step {step:.1}"
        );
        let bytes = Traffic::ALL.map(|what| (what, sent.bytes(what) - before.bytes(what)));
        let bytes =
            bytes.iter().filter(|(_, bytes)| *bytes > 0).map(|(what, bytes)| format!("{what} {bytes}"));
        println!("bytes of rank 0 in a step: {}", bytes.collect::<Vec<_>>().join(", "));
    }
    if ranks == 1 {
        let mut plain = plain.build()?;
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let mut batch = plain.batch();
            for table in 0..TABLES {
                batch = batch.bags(&format!("t{table}"), &ids(table, 0, examples, round), &lengths);
            }
            let begun = Instant::now();
            let batch = batch.build()?;
            let pooled = plain.forward(&batch)?;
            assert_eq!(pooled.cols(), cols);
            plain.backward(&batch, &grad)?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        println!("EmbeddingBags: step {:.1} ms", median(times));
    }
    Ok(())
}

/// Gradients of 8 thousand to 2.1 million values, which are other ones at each step.
fn time_layers(group: Mpi) -> Result<()> {
    let (ctx, ranks) = (Context::cpu(), Ranks::new(group));
    [64, 256, 1024].into_iter().try_for_each(|width| time_widths(&ctx, &ranks, width))
}

fn time_widths(ctx: &Context, ranks: &Ranks, width: usize) -> Result<()> {
    let layers = Mlp::new(ctx, &[width; 3], Activation::None, 1, Sgd::new(0.1), 1)?;
    let gradients = layers.all_gradients();
    let (rank, count) = (ranks.rank(), ranks.count());
    let sparse = Dct { values: Precision::F16, ..Dct::new(0.01) };
    let twice = Dct { downlink: Downlink::Thresholded, ..sparse };
    for (name, dct) in [("exact", None), ("union", Some(sparse)), ("thresholded", Some(twice))] {
        let mut replicas = Replicas::new(ctx, ranks);
        if let Some(dct) = dct {
            replicas = replicas.dct(dct)?;
        }
        let (mut times, mut bytes) = (Vec::new(), 0);
        for round in 0..ROUNDS {
            let mut state = u32::try_from(rank * ROUNDS + round).unwrap_or(0) + 1;
            for (_, gradient) in &gradients {
                let values = (0..gradient.rows() * gradient.cols()).map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let uniform = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
                    uniform.powi(5)
                });
                gradient.write(ctx, &values.collect::<Vec<f32>>())?;
            }
            ranks.any([true])?;
            let before = ranks.sent().bytes(Traffic::Dense);
            let begun = Instant::now();
            replicas.reduce(&[&layers])?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            bytes = ranks.sent().bytes(Traffic::Dense) - before;
        }
        if rank == 0 {
            println!(
                "{count} ranks, width {width}, {name}: {:.2} ms, {bytes} bytes of rank 0",
                median(times)
            );
        }
    }
    Ok(())
}
