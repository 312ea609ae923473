//! Trains tables that lie on all ranks and, on each of them, the same tables in one process: all must have the same bits.
//!
//! `mpirun -n 4 check_bits [FAULT [FOLDER]]`, where `FAULT` makes rank 1 fail: `error`, `panic`, `kill`, `stall`, `id`,
//! `settings`; `save`, while the group saves into `FOLDER` for the second time. `load` says what is in `FOLDER`.

use std::time::Duration;

use embag::optim::Adagrad;
use embag::sharded::{Exchange, Group, Placement, Plan, ShardedBags, Traffic};
use embag::{Context, EmbeddingBags, Error, Matrix, Pooling, Result, Table};
use embag_mpi::Mpi;

const TABLES: [(&str, usize, usize); 4] =
    [("user", 500, 16), ("movie", 900, 8), ("word", 700, 12), ("genre", 20, 4)];
const STEPS: u32 = 5;

fn main() {
    let mut args = std::env::args().skip(1);
    let (fault, folder) = (args.next().unwrap_or_default(), args.next().unwrap_or_default());
    embag_mpi::run(|group| check(group, &fault, &folder));
}

fn plan(ranks: usize) -> Plan {
    Plan::new()
        .table("user", Placement::RowWise(Exchange::Rows))
        .table("movie", Placement::ColumnWise(2))
        .table("word", Placement::RowWise(Exchange::Sums))
        .table("genre", Placement::TableWise(ranks - 1))
}

/// Numbers that look random, the same on all ranks.
fn number(of: [u32; 4]) -> u32 {
    of.iter().fold(0x9e37_79b9u32, |h, &x| {
        let h = (h ^ x).wrapping_mul(0x85eb_ca6b);
        (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35)
    }) >> 8
}

/// Ids and lengths of a feature's bags on a rank.
fn bags(step: u32, rank: u32, feature: u32, rows: usize) -> (Vec<u32>, Vec<u32>) {
    let lengths: Vec<u32> = (0..3 + rank).map(|example| number([step, rank, feature, example]) % 9).collect();
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

fn check(group: Mpi, fault: &str, folder: &str) -> Result<()> {
    let group = group.patience(Duration::from_secs(if fault == "stall" { 2 } else { 60 }));
    let (rank, ranks) = (group.rank(), group.ranks());
    // all are on one machine here
    assert_eq!(group.local_rank(), rank);
    let faulty = |which: &str| fault == which && rank == 1;
    let ctx = Context::cpu();
    let optimizer = Adagrad::new(if faulty("settings") { 0.2 } else { 0.1 });
    let mut sharded = ShardedBags::builder(&ctx, group).optimizer(optimizer).plan(plan(ranks)).seed(3);
    let mut whole = EmbeddingBags::builder(&ctx).optimizer(Adagrad::new(0.1)).seed(3);
    for (name, rows, dim) in TABLES {
        let pooling = if name == "movie" { Pooling::Max } else { Pooling::Mean };
        let table = || Table::rows(rows).dim(dim);
        sharded = sharded.table(name, table()).feature(name, name, pooling);
        whole = whole.table(name, table()).feature(name, name, pooling);
    }
    let (mut sharded, mut whole) = (sharded.build()?, whole.build()?);
    if fault == "load" {
        sharded.load(folder)?;
        let sum: f32 = sharded.download_state("genre", "sum")?.iter().sum();
        println!("rank {rank} of {ranks}: loaded {sum}");
        return Ok(());
    }
    let cols = sharded.output_cols();
    for step in 0..STEPS {
        let (mut own, mut all) = (sharded.batch(), whole.batch());
        for (feature, (name, rows, _)) in (0u32..).zip(TABLES) {
            let of_rank = |rank: usize| bags(step, u32::try_from(rank).unwrap_or(0), feature, rows);
            let (mut ids, lengths) = of_rank(rank);
            if faulty("id") && step == 3 && feature == 1 {
                ids[0] = 900;
            }
            own = own.bags(name, &ids, &lengths);
            let (ids, lengths): (Vec<_>, Vec<_>) = (0..ranks).map(of_rank).unzip();
            all = all.bags(name, &ids.concat(), &lengths.concat());
        }
        if step == 3 && faulty("stall") {
            std::thread::sleep(Duration::from_secs(600));
        }
        if step == 3 && faulty("error") {
            return Err(Error::Device {
                operation: "rank 1".to_owned(),
                message: "it has had enough".to_owned(),
            });
        }
        assert!(!(step == 3 && faulty("panic")), "rank 1 has had enough");
        if step == 3 && faulty("kill") {
            kill();
        }
        let (own, all) = (own.build()?, all.build()?);
        let pooled = sharded.forward(&own)?;
        assert_eq!((pooled.rows(), pooled.cols()), (own.len(), cols));
        let of_rank = |rank: usize| {
            let rank = u32::try_from(rank).unwrap_or(0);
            grads(step, rank, (3 + rank as usize) * cols)
        };
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
        let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert!(bits(sharded.download(name)?) == bits(whole.download(name)?), "table {name} of rank {rank}");
        let state = sharded.download_state(name, "sum")?;
        assert!(bits(state) == bits(whole.download_state(name, "sum")?), "state of {name} of rank {rank}");
    }
    let sent = sharded.sent();
    let total: u64 = Traffic::ALL.iter().map(|&what| sent.bytes(what)).sum();
    println!("rank {rank} of {ranks}: same bits, {total} bytes sent");
    Ok(())
}
