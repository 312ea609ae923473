//! Trains tables that lie on all ranks and, on each of them, the same tables in one process: all must have
//! the same bits.
//!
//! `mpirun -n 4 check_bits [FAULT [FOLDER]]`, where `FAULT` makes rank 1 fail: `error`, `panic`, `kill`,
//! `stall`, `id`, `settings`; `save`, while the group saves into `FOLDER` for the second time. `load` says
//! what is in `FOLDER`.

#![allow(unreachable_pub, reason = "in a program `pub` means: for the other modules")]

mod case;

use std::time::Duration;

use embag::bag::BatchBuilder;
use embag::optim::Adagrad;
use embag::sharded::{Group, Ranks, ShardedBags, Traffic};
use embag::{Context, EmbeddingBags, Error, Matrix, Result};

use crate::case::{Case, TABLES, cases};

/// Batches that every rank has.
const STEPS: u32 = 5;

fn main() {
    let mut args = std::env::args().skip(1);
    let (fault, folder) = (args.next().unwrap_or_default(), args.next().unwrap_or_default());
    embag_mpi::run(|group| {
        let (rank, ranks) = (group.rank(), group.ranks());
        // all are on one machine here
        assert_eq!((group.local_rank(), group.local_ranks()), (rank, ranks));
        let patience = Duration::from_secs(if fault == "stall" { 2 } else { 60 });
        let group = Ranks::new(group.patience(patience));
        for (number, case) in cases(ranks).into_iter().enumerate() {
            // one that fails does so in the first
            let fault = if number == 0 { &*fault } else { "" };
            check(&group, &case, fault, &folder)?;
            if fault == "load" {
                return Ok(());
            }
        }
        let total: u64 = Traffic::ALL.iter().map(|&what| group.sent().bytes(what)).sum();
        println!("rank {rank} of {ranks}: same bits, {total} bytes sent");
        Ok::<(), Error>(())
    });
}

/// Numbers that look random, the same on all ranks.
fn number(of: [u32; 4]) -> u32 {
    of.iter().fold(0x9e37_79b9u32, |h, &x| {
        let h = (h ^ x).wrapping_mul(0x85eb_ca6b);
        (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35)
    }) >> 8
}

/// Ids and lengths of a feature's bags on a rank.
fn bags(step: u32, rank: usize, feature: u32, rows: usize, examples: usize) -> (Vec<u32>, Vec<u32>) {
    let rank = number_of(rank);
    let lengths: Vec<u32> =
        (0..number_of(examples)).map(|example| number([step, rank, feature, example]) % 9).collect();
    let ids = (0..lengths.iter().sum())
        .map(|k| number([step, rank, feature + 10, k]) % u32::try_from(rows).unwrap_or(1));
    (ids.collect(), lengths)
}

fn grads(step: u32, rank: u32, values: usize) -> Vec<f32> {
    let values = u32::try_from(values).unwrap_or(0);
    (0..values).map(|k| number([step, rank, 99, k]) as f32 / 8_388_608.0 - 1.0).collect()
}

/// Ends this process as the system ends one.
fn kill() {
    let own = std::process::id().to_string();
    let _ = std::process::Command::new("kill").args(["-9", &own]).status();
}

fn check(group: &Ranks, case: &Case, fault: &str, folder: &str) -> Result<()> {
    let (rank, ranks) = (group.rank(), group.count());
    let faulty = |which: &str| fault == which && rank == 1;
    let ctx = Context::cpu();
    let optimizer = if faulty("settings") { Adagrad::new(0.2).into() } else { case.optimizer };
    let mut sharded =
        ShardedBags::builder(&ctx, group.clone()).optimizer(optimizer).plan(case.plan()).seed(3);
    let mut whole = EmbeddingBags::builder(&ctx).optimizer(case.optimizer).seed(3);
    for (name, table, pooling) in case.tables() {
        sharded = sharded.table(name, table.clone()).feature(name, name, pooling);
        whole = whole.table(name, table).feature(name, name, pooling);
    }
    let (mut sharded, mut whole) = (sharded.build()?, whole.build()?);
    if fault == "load" {
        sharded.load(folder)?;
        let sum: f32 = sharded.download_state("genre", "sum")?.iter().sum();
        println!("rank {rank} of {ranks}: loaded {sum}");
        return Ok(());
    }
    let cols = sharded.output_cols();
    // the batches of a rank, and its examples in one of them
    let batches = |rank: usize| STEPS + if case.uneven { number_of(rank) } else { 0 };
    let examples = |step: u32, rank: usize| if step < batches(rank) { 3 + rank } else { 0 };
    for step in 0.. {
        let [more] = group.any([step < batches(rank)])?;
        if !more {
            break;
        }
        let (mut own, mut all) = (sharded.batch(), whole.batch());
        for (feature, (name, rows, _)) in (0u32..).zip(TABLES) {
            let of_rank = |rank: usize| bags(step, rank, feature, rows, examples(step, rank));
            let (mut ids, lengths) = of_rank(rank);
            if faulty("id") && step == 3 && feature == 1 {
                ids[0] = 900;
            }
            own = weighted(own.bags(name, &ids, &lengths), case, name, &ids);
            let (ids, lengths): (Vec<_>, Vec<_>) = (0..ranks).map(of_rank).unzip();
            let ids = ids.concat();
            all = weighted(all.bags(name, &ids, &lengths.concat()), case, name, &ids);
        }
        if step == 3 {
            fail(fault, rank)?;
        }
        let (own, all) = (own.build()?, all.build()?);
        let pooled = sharded.forward(&own)?;
        assert_eq!((pooled.rows(), pooled.cols()), (own.len(), cols));
        let before: usize = (0..rank).map(|rank| examples(step, rank)).sum();
        let expected = whole.forward(&all)?.row_range(before, own.len())?;
        for (table, (name, ..)) in TABLES.iter().enumerate().filter(|(table, _)| case.pools_exactly(*table)) {
            let columns = sharded.columns_of(name)?;
            let of = |matrix: &Matrix| matrix.columns(columns.start, columns.len())?.to_vec(&ctx);
            assert!(bits(of(&pooled)?) == bits(of(&expected)?), "forward of {name} of rank {rank}: {table}");
        }
        let of_rank = |rank: usize| grads(step, number_of(rank), examples(step, rank) * cols);
        sharded.backward(&own, &Matrix::from_slice(&ctx, &of_rank(rank), own.len(), cols)?)?;
        let all_grads = (0..ranks).map(of_rank).collect::<Vec<_>>().concat();
        whole.backward(&all, &Matrix::from_slice(&ctx, &all_grads, all.len(), cols)?)?;
        if fault == "save" && step == 1 {
            sharded.save(folder)?;
            let sum: f32 = sharded.download_state("genre", "sum")?.iter().sum();
            println!("rank {rank} of {ranks}: saved {sum}");
        }
        if fault == "save" && step == 2 {
            if rank == 1 {
                // the others have begun to write when this one is gone
                std::thread::spawn(|| {
                    std::thread::sleep(Duration::from_micros(300));
                    kill();
                });
            }
            for _ in 0..1000 {
                sharded.save(folder)?;
            }
        }
    }
    for (name, ..) in TABLES {
        let same = bits(sharded.download(name)?) == bits(whole.download(name)?);
        assert!(same, "table {name} of rank {rank}, {case:?}");
        for field in case.optimizer.states() {
            let state = sharded.download_state(name, field.name)?;
            let same = bits(state) == bits(whole.download_state(name, field.name)?);
            assert!(same, "{} of {name} of rank {rank}, {case:?}", field.name);
        }
    }
    Ok(())
}

/// What makes a rank fail in the middle of training.
fn fail(fault: &str, rank: usize) -> Result<()> {
    if rank != 1 {
        return Ok(());
    }
    match fault {
        "stall" => std::thread::sleep(Duration::from_secs(600)),
        "kill" => kill(),
        "panic" => panic!("rank 1 has had enough"),
        "error" => {
            let (operation, message) = ("rank 1".to_owned(), "it has had enough".to_owned());
            return Err(Error::Device { operation, message });
        }
        _ => {}
    }
    Ok(())
}

fn bits(values: Vec<f32>) -> Vec<u32> {
    values.into_iter().map(f32::to_bits).collect()
}

fn number_of(rank: usize) -> u32 {
    u32::try_from(rank).unwrap_or(0)
}

/// A feature's bags with weights made of their ids, if there are to be any.
fn weighted<For>(batch: BatchBuilder<For>, case: &Case, name: &str, ids: &[u32]) -> BatchBuilder<For> {
    if !case.weighted {
        return batch;
    }
    let weights: Vec<f32> = ids.iter().map(|id| 0.5 + (id % 7) as f32 / 8.0).collect();
    batch.weights(name, &weights)
}
