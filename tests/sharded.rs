//! Models on several ranks: whole ones have the bits of one process; ranks that cannot go on are the same
//! error on all, and nothing is written.

mod common;

use std::path::Path;
use std::time::Duration;

use embag::dense::{Activation, Layers, Mlp, record_part_bce_with_logits};
use embag::optim::{Adagrad, Adam, Optimizer, RowwiseAdagrad};
use embag::sharded::{
    Exchange, Group, Load, Placement, Plan, Ranks, Replicas, ShardedBags, ShardedBagsBuilder, Threads,
    Traffic,
};
use embag::{
    Bounds, Checkpoint, Context, EmbeddingBags, Error, Matrix, Pooling, Precision, Recorder, Result, Table,
};

fn on_ranks<T: Send>(ranks: usize, act: impl Fn(Threads) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            Threads::group(ranks).into_iter().map(|group| scope.spawn(|| act(group))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn plan() -> Plan {
    Plan::new()
        .table("movie", Placement::RowWise(Exchange::Rows))
        .table("user", Placement::TableWise(1))
        .table("genre", Placement::DataParallel)
}

fn described(group: Threads) -> ShardedBagsBuilder {
    ShardedBags::builder(&Context::cpu(), group)
        .table("movie", Table::rows(50).dim(4))
        .table("user", Table::rows(20).dim(4))
        .table("genre", Table::rows(5).dim(4))
        .feature("liked", "movie", Pooling::Mean)
        .feature("user", "user", Pooling::Sum)
        .feature("genres", "genre", Pooling::Sum)
        .optimizer(Adagrad::new(0.1))
        .plan(plan())
}

/// An example whose ids are all the same.
fn batch(bags: &ShardedBags, id: u32) -> embag::sharded::ShardedBatch {
    let batch = bags.batch().bags("liked", &[id, id], &[2]).feature("user", &[3u32]);
    batch.feature("genres", &[1u32]).build().unwrap()
}

#[track_caller]
fn all_say<T: std::fmt::Debug>(results: Vec<Result<T>>, expected: &str) {
    for (rank, result) in results.into_iter().enumerate() {
        assert_eq!(result.unwrap_err().to_string(), expected, "on rank {rank}");
    }
}

/// Whichever rank has only tables that are not trained.
#[test]
fn some_tables_may_have_an_optimizer_and_others_none() {
    for placements in [
        [Placement::TableWise(0), Placement::TableWise(1)],
        [Placement::TableWise(1), Placement::TableWise(0)],
        [Placement::TableWise(1), Placement::RowWise(Exchange::Rows)],
        [Placement::RowWise(Exchange::Sums), Placement::DataParallel],
        [Placement::DataParallel, Placement::TableWise(0)],
    ] {
        let results = on_ranks(2, |group| {
            let own = Table::rows(20).dim(4).optimizer(Adagrad::new(0.1));
            let [trained, kept] = placements;
            let mut bags = ShardedBags::builder(&Context::cpu(), group)
                .table("trained", own)
                .table("kept", Table::rows(20).dim(4))
                .feature("trained", "trained", Pooling::Sum)
                .feature("kept", "kept", Pooling::Sum)
                .plan(Plan::new().table("trained", trained).table("kept", kept))
                .build()?;
            let before = ["trained", "kept"].map(|name| bags.download(name));
            let batch = bags.batch().feature("trained", &[3u32, 4]).feature("kept", &[5u32, 6]).build()?;
            let pooled = bags.forward(&batch)?;
            bags.backward(&batch, &pooled)?;
            let after = ["trained", "kept"].map(|name| bags.download(name));
            Ok::<_, Error>(
                before.into_iter().zip(after).map(|(a, b)| Ok(a? != b?)).collect::<Vec<Result<_>>>(),
            )
        });
        for changed in results {
            let changed: Vec<bool> = changed.unwrap().into_iter().collect::<Result<_>>().unwrap();
            assert_eq!(changed, [true, false], "{placements:?}");
        }
    }
}

#[test]
fn a_bad_id_is_the_same_error_on_all_ranks() {
    let results = on_ranks(3, |group| {
        let bad = group.rank() == 1;
        let mut bags = described(group).build()?;
        let before = bags.download("movie")?;
        let error = bags.forward(&batch(&bags, if bad { 50 } else { 7 })).unwrap_err();
        assert!(matches!(error, Error::Rank { rank: 1, .. }));
        // and all can go on with other batches
        let good = batch(&bags, 8);
        let pooled = bags.forward(&good)?;
        assert_eq!(bags.download("movie")?, before);
        bags.backward(&good, &pooled)?;
        assert_ne!(bags.download("movie")?, before);
        Err::<(), _>(error)
    });
    all_say(
        results,
        "rank 1: batch: expected ids that are rows, got feature \"liked\", example 0, position 0: id 50 out of range for \
         50 rows",
    );
}

/// A rank whose device cannot take what the others send says so to all.
#[test]
fn a_bag_that_one_rank_cannot_take_is_the_same_error_on_all() {
    let Some(gpu) = common::gpu() else { return };
    if !gpu.device_name().contains("llvmpipe") {
        return;
    }
    let results = on_ranks(2, |group| {
        let rank = group.rank();
        let ctx = if rank == 1 { gpu.clone() } else { Context::cpu() };
        let mut bags = ShardedBags::builder(&ctx, group)
            .table("movie", Table::rows(50).dim(4))
            .feature("liked", "movie", Pooling::Sum)
            .plan(Plan::new().table("movie", Placement::TableWise(1)))
            .build()?;
        let ids = vec![7u32; if rank == 0 { 40_000 } else { 1 }];
        let batch = bags.batch().lists("liked", [ids]).build()?;
        bags.forward(&batch).map(drop)
    });
    let reason = "feature \"liked/0\", example 0: expected at most 32250 ids in a bag on a software adapter, got 40000";
    all_say(results, &format!("rank 1: batch: expected one that this rank can take, got {reason}"));
}

#[test]
fn a_bad_gradient_is_the_same_error_on_all_ranks() {
    let results = on_ranks(2, |group| {
        let cols = [12, 11][group.rank()];
        let mut bags = described(group).build()?;
        let before = bags.download("movie")?;
        let batch = batch(&bags, 7);
        bags.forward(&batch)?;
        let grad = Matrix::zeros(bags.context(), 1, cols)?;
        let result = bags.backward(&batch, &grad);
        assert_eq!(bags.download("movie")?, before);
        result
    });
    all_say(results, "rank 1: grad: expected 1 x 12, got 1 x 11");
    let results = on_ranks(2, |group| {
        let mut bags = ShardedBags::builder(&Context::cpu(), group)
            .table("movie", Table::rows(50))
            .feature("liked", "movie", Pooling::Sum)
            .plan(Plan::new().table("movie", Placement::TableWise(0)))
            .build()?;
        let batch = bags.batch().feature("liked", &[3u32]).build()?;
        let pooled = bags.forward(&batch)?;
        bags.backward(&batch, &pooled)
    });
    all_say(results, "rank 0: optimizer: expected one, for a backward, got none");
}

#[test]
fn ranks_that_do_other_things_are_told() {
    let results = on_ranks(2, |group| {
        let rank = group.rank();
        let mut bags = described(group).build()?;
        let batch = batch(&bags, 7);
        bags.prefetch(&batch)?;
        if rank == 0 { bags.forward(&batch).map(drop) } else { bags.download("movie").map(drop) }
    });
    all_say(results, "rank 1: calls `download` where rank 0 calls `forward`");
    let results = on_ranks(2, |group| {
        let optimizer = Adagrad::new([0.1, 0.2][group.rank()]);
        described(group).optimizer(optimizer).build().map(drop)
    });
    // a value as long as this is cut
    let first = &results[0].as_ref().unwrap_err().to_string();
    assert!(
        first.starts_with("rank 1: updates: expected Updates { optimizer: Some(Adagrad(Adagrad { lr: 0.1, "),
        "{first}"
    );
    assert!(
        first.contains(", as on rank 0, got Updates { optimizer: Some(Adagrad(Adagrad { lr: 0.2, "),
        "{first}"
    );
    all_say(results, &first.clone());
    let results = on_ranks(2, |group| {
        let (rank, group) = (group.rank(), group.patience(Duration::from_secs(60)));
        let mut bags = described(group).build()?;
        if rank == 1 {
            return Err(Error::Timeout { timeout: Duration::ZERO });
        }
        bags.forward(&batch(&bags, 7)).map(drop)
    });
    let message = results[0].as_ref().unwrap_err().to_string();
    assert_eq!(message, "rank 0, exchange of headers: rank 1 has left the group");
}

#[test]
fn plans_that_cannot_be_are_refused() {
    let refused = |expected: &str, table: fn() -> Table, pooling: Pooling, plan: Plan| {
        let mut alone = Threads::group(1);
        let built = ShardedBags::builder(&Context::cpu(), alone.remove(0))
            .table("movie", table())
            .feature("liked", "movie", pooling)
            .optimizer(RowwiseAdagrad::new(0.1))
            .plan(plan)
            .build();
        assert_eq!(built.unwrap_err().to_string(), format!("rank 0: {expected}"));
    };
    let table: fn() -> Table = || Table::rows(10).dim(4);
    let placed = |placement| Plan::new().table("movie", placement);
    let whole = || placed(Placement::TableWise(0));
    refused("plan: expected a placement of table \"movie\", got none", table, Pooling::Sum, Plan::new());
    let twice = whole().table("movie", Placement::DataParallel);
    refused("plan, table \"movie\": expected one placement, got two", table, Pooling::Sum, twice);
    let other = whole().table("film", Placement::DataParallel);
    refused("plan: expected tables of [\"movie\"], got \"film\"", table, Pooling::Sum, other);
    let argument = "placement of table \"movie\"";
    let far = placed(Placement::TableWise(1));
    refused(&format!("{argument}: expected a rank below 1, got 1"), table, Pooling::Sum, far);
    let parts = placed(Placement::ColumnWise(5));
    refused(
        &format!("{argument}: expected 1 to 4 parts, as it has columns, got 5"),
        table,
        Pooling::Sum,
        parts,
    );
    let expected = "another than ColumnWise, for an optimizer or rules that sum over a row";
    let parts = placed(Placement::ColumnWise(2));
    refused(&format!("{argument}: expected {expected}, got ColumnWise"), table, Pooling::Sum, parts);
    let raw = || Table::raw_ids(10).dim(4);
    let expected = "a table of rows: directories of raw ids are of one process, got one of raw ids";
    refused(&format!("{argument}: expected {expected}"), raw, Pooling::Sum, whole());
    let rows = placed(Placement::RowWise(Exchange::Rows));
    let expected = "a sum or a mean, for a table whose rows are spread, got a maximum";
    refused(&format!("pooling of feature \"liked\": expected {expected}"), table, Pooling::Max, rows);
    let expected = "pooling of feature \"liked\": expected a sum, a mean or a maximum, got none";
    refused(expected, table, Pooling::None, whole());
}

/// Ids without a row are left out, as in one process, and do not count for a mean.
#[test]
fn ids_without_a_row_are_skipped_if_that_is_said() {
    for placement in [Placement::TableWise(1), Placement::RowWise(Exchange::Rows), Placement::DataParallel] {
        let all = on_ranks(2, |group| {
            let bags = ShardedBags::builder(&Context::cpu(), group)
                .table("movie", Table::rows(10).dim(4))
                .feature("liked", "movie", Pooling::Mean)
                .bounds(Bounds::Skip)
                .plan(Plan::new().table("movie", placement))
                .build();
            let mut bags = bags.unwrap();
            let batch = bags.batch().bags("liked", &[3u32, 900], &[2]).build().unwrap();
            let pooled = bags.forward(&batch).unwrap().to_vec(bags.context()).unwrap();
            (pooled, bags.download("movie").unwrap())
        });
        for (pooled, rows) in all {
            assert_eq!(pooled, rows[12..16], "{placement:?}");
        }
    }
}

/// What a step sends is what its ids, rows and gradients take.
#[test]
fn what_is_sent_is_counted() {
    let sent = on_ranks(2, |group| {
        let mut bags = described(group).build().unwrap();
        let batch = batch(&bags, 7);
        let pooled = bags.forward(&batch).unwrap();
        bags.backward(&batch, &pooled).unwrap();
        bags.sent()
    });
    // movie 7 is on rank 1: rank 0 sends its ids twice, with weights, and nobody asks for rows of rank 0
    let words = |traffic: Traffic| [0, 1].map(|rank| sent[rank].bytes(traffic) / 4);
    // user: flag, length, count and id; liked: the same with another id and two weights
    assert_eq!(words(Traffic::Ids), [4 + 7, 3]);
    assert_eq!(words(Traffic::Rows), [0, 4]);
    assert_eq!(words(Traffic::Pooled), [0, 4]);
    // four columns each of user and movie; of genre, which all have: counts, lists of one row and one count
    assert_eq!(words(Traffic::Gradients), [8 + 8, 8]);
    assert!(sent[0].bytes(Traffic::Header) > 0);
    assert_eq!(sent[0].messages(Traffic::Ids), 1);
}

/// The examples of a rank in a step: ids, lengths and clicks; as many as its number and one.
fn clicks(rank: usize, step: u32) -> (Vec<u32>, Vec<u32>, Vec<f32>) {
    let examples = u32::try_from(rank).unwrap() + 1;
    let ids = (0..3 * examples).map(|k| (k * 7 + step * 11 + examples * 5) % 50).collect();
    let labels = (0..examples).map(|k| ((k + step) % 2) as f32).collect();
    (ids, vec![3; examples as usize], labels)
}

fn mlp(ctx: &Context) -> Mlp {
    Mlp::new(ctx, &[8, 6, 1], Activation::None, 16, Adam::new(0.01), 5).unwrap()
}

/// Forward and backward of the dense part, for some of a batch of `of` examples: the gradient of its input.
fn dense_part(ctx: &Context, mlp: &Mlp, pooled: &Matrix, labels: &[f32], of: usize) -> Matrix {
    let rows = pooled.rows();
    let [logits, loss, dlogits] = [(); 3].map(|()| Matrix::zeros(ctx, rows, 1).unwrap());
    let labels = Matrix::from_slice(ctx, labels, rows, 1).unwrap();
    let grad = Matrix::zeros(ctx, rows, 8).unwrap();
    let mut rec = Recorder::new(ctx);
    mlp.record_forward(&mut rec, pooled, &logits).unwrap();
    record_part_bce_with_logits(&mut rec, &logits, &labels, None, of, &loss, &dlogits).unwrap();
    mlp.record_backward(&mut rec, pooled, &logits, &dlogits, Some(&grad)).unwrap();
    rec.run().unwrap();
    grad
}

fn step(ctx: &Context, mlp: &mut Mlp) {
    let mut rec = Recorder::new(ctx);
    mlp.record_step(&mut rec).unwrap();
    rec.run().unwrap();
}

fn bits(mlp: &Mlp, ctx: &Context) -> Vec<u32> {
    let all = mlp.all_parameters();
    all.iter().flat_map(|(_, matrix)| matrix.to_vec(ctx).unwrap()).map(f32::to_bits).collect()
}

/// A model whose tables are spread and whose layers are copied has the bits of one process that takes the
/// ranks' batches one after the other.
#[test]
fn a_whole_model_has_the_bits_of_one_process() {
    const STEPS: u32 = 4;
    for ranks in 1..4 {
        let of = (1..=ranks).sum::<usize>();
        let found = on_ranks(ranks, |group| {
            let (rank, ctx) = (group.rank(), Context::cpu());
            let mut bags = ShardedBags::builder(&ctx, group)
                .table("movie", Table::rows(50).dim(8))
                .feature("liked", "movie", Pooling::Mean)
                .optimizer(Adagrad::new(0.1))
                .plan(Plan::new().table("movie", Placement::RowWise(Exchange::Rows)))
                .build()
                .unwrap();
            let mut mlp = mlp(&ctx);
            let mut replicas = Replicas::new(&ctx, bags.ranks());
            replicas.check_same(&[&mlp]).unwrap();
            for at in 0..STEPS {
                let (ids, lengths, labels) = clicks(rank, at);
                let batch = bags.batch().bags("liked", &ids, &lengths).build().unwrap();
                let pooled = bags.forward(&batch).unwrap();
                assert_eq!(batch.of_group(), Some(of));
                let grad = dense_part(&ctx, &mlp, &pooled, &labels, of);
                bags.backward(&batch, &grad).unwrap();
                replicas.reduce(&[&mlp]).unwrap();
                step(&ctx, &mut mlp);
            }
            replicas.check_same(&[&mlp]).unwrap();
            let sent = bags.sent().bytes(Traffic::Dense);
            (bits(&mlp, &ctx), bags.download("movie").unwrap(), sent)
        });
        let ctx = Context::cpu();
        let mut bags = EmbeddingBags::builder(&ctx)
            .table("movie", Table::rows(50).dim(8))
            .feature("liked", "movie", Pooling::Mean)
            .optimizer(Adagrad::new(0.1))
            .build()
            .unwrap();
        let mut mlp = mlp(&ctx);
        for at in 0..STEPS {
            let parts: Vec<_> = (0..ranks).map(|rank| clicks(rank, at)).collect();
            let batch_of = |bags: &EmbeddingBags, parts: &[(Vec<u32>, Vec<u32>, Vec<f32>)]| {
                let (ids, lengths): (Vec<_>, Vec<_>) =
                    parts.iter().map(|(ids, lengths, _)| (ids.clone(), lengths.clone())).unzip();
                bags.batch().bags("liked", &ids.concat(), &lengths.concat()).build().unwrap()
            };
            let (mut grads, mut sums) = (Vec::new(), Vec::<Vec<f32>>::new());
            for part in &parts {
                let pooled = bags.forward(&batch_of(&bags, std::slice::from_ref(part))).unwrap();
                grads.extend(dense_part(&ctx, &mlp, &pooled, &part.2, of).to_vec(&ctx).unwrap());
                let own = mlp.all_gradients();
                let own: Vec<Vec<f32>> = own.iter().map(|(_, grad)| grad.to_vec(&ctx).unwrap()).collect();
                match sums.is_empty() {
                    true => sums = own,
                    false => {
                        let all = sums.iter_mut().flatten().zip(own.into_iter().flatten());
                        all.for_each(|(sum, grad)| *sum += grad);
                    }
                }
            }
            for ((_, grad), sum) in mlp.all_gradients().into_iter().zip(&sums) {
                grad.write(&ctx, sum).unwrap();
            }
            let batch = batch_of(&bags, &parts);
            bags.backward(&batch, &Matrix::from_slice(&ctx, &grads, of, 8).unwrap()).unwrap();
            step(&ctx, &mut mlp);
        }
        for (layers, rows, sent) in found {
            assert_eq!(layers, bits(&mlp, &ctx), "layers of {ranks} ranks");
            assert_eq!(rows, bags.download("movie").unwrap(), "rows of {ranks} ranks");
            assert_eq!(sent > 0, ranks > 1);
        }
    }
}

#[test]
fn layers_that_differ_are_the_same_error_on_all_ranks() {
    let on = |act: fn(usize, &Context, &mut Replicas) -> Result<()>| {
        on_ranks(2, move |group| {
            let (rank, ctx) = (group.rank(), Context::cpu());
            act(rank, &ctx, &mut Replicas::new(&ctx, &Ranks::new(group)))
        })
    };
    let results = on(|rank, ctx, replicas| {
        let seed = u64::try_from(rank).unwrap();
        let mlp = Mlp::new(ctx, &[2, 1], Activation::None, 4, Adam::new(0.1), seed)?;
        replicas.check_same(&[&mlp])
    });
    all_say(results, "rank 1: layers: expected the parameters of rank 0, got others");
    let results = on(|rank, ctx, replicas| {
        let mlp = Mlp::new(ctx, &[2 + rank, 1], Activation::None, 4, Adam::new(0.1), 0)?;
        replicas.reduce(&[&mlp])
    });
    all_say(results, "rank 1: layers: expected those of rank 0, and its thresholds, got others");
    let results = on(|rank, ctx, replicas| {
        let mlp = Mlp::new(ctx, &[2, 1], Activation::None, 4, Adam::new(0.1), 0)?;
        if rank == 1 {
            mlp.layers()[0].weight_grad().write(ctx, &[0.0, f32::NAN])?;
        }
        replicas.reduce(&[&mlp])
    });
    all_say(results, "rank 1: gradient of \"0.weight\": expected finite numbers, got NaN");
}

/// What a plan says that ranks send is about what they do send.
#[test]
fn plans_foresee_what_is_sent() {
    let tables =
        [("word", 3000u32, 16usize), ("user", 500, 8), ("movie", 800, 8), ("genre", 10, 4), ("day", 7, 4)];
    let examples = 64u32;
    // low numbers are frequent
    let drawn = |k: u32, rows: u32| {
        let h = (k ^ rows).wrapping_mul(0x9e37_79b9);
        let h = (h ^ (h >> 15)).wrapping_mul(0x85eb_ca6b) >> 8;
        let part = f64::from(h) / f64::from(1u32 << 24);
        (0..rows).find(|&row| part.powi(3) * f64::from(rows) < f64::from(row + 1)).unwrap_or(0)
    };
    let lists = |rank: u32, rows: u32| {
        let lengths: Vec<u32> = (0..examples).map(|k| 1 + (k + rank) % 5).collect();
        let ids: Vec<u32> = (0..lengths.iter().sum()).map(|k| drawn(k + 100_000 * rank, rows)).collect();
        (ids, lengths)
    };
    for ranks in [2u32, 4] {
        let mut load = Load::new();
        for (name, rows, _) in tables {
            for rank in 0..ranks {
                load = load.bags(name, &lists(rank, rows).0, examples as usize);
            }
        }
        let results = on_ranks(ranks as usize, |group| {
            let rank = u32::try_from(group.rank()).unwrap();
            let mut described =
                ShardedBags::builder(&Context::cpu(), group).optimizer(RowwiseAdagrad::new(0.1));
            for (name, rows, dim) in tables {
                let table = Table::rows(rows as usize).dim(dim);
                described = described.table(name, table).feature(name, name, Pooling::Sum);
            }
            let planned = described.planned(&load, 1 << 30).unwrap();
            let mut bags = described.plan(planned.plan()).build().unwrap();
            let mut batch = bags.batch();
            for (name, rows, _) in tables {
                let (ids, lengths) = lists(rank, rows);
                batch = batch.bags(name, &ids, &lengths);
            }
            let batch = batch.build().unwrap();
            let pooled = bags.forward(&batch).unwrap();
            bags.backward(&batch, &pooled).unwrap();
            let sent = bags.sent();
            let step = [Traffic::Ids, Traffic::Rows, Traffic::Pooled, Traffic::Gradients];
            let bytes: u64 = step.iter().map(|&what| sent.bytes(what)).sum();
            (planned, bytes as f64, bags.bytes() + bags.state_bytes())
        });
        let (planned, ..) = &results[0];
        let foreseen: f64 = planned.ranks().iter().map(|rank| rank.sent).sum();
        let sent: f64 = results.iter().map(|(_, sent, _)| sent).sum();
        assert!((0.75..1.25).contains(&(foreseen / sent)), "{foreseen} foreseen, {sent} sent\n{planned}");
        for (rank, (_, _, bytes)) in results.iter().enumerate() {
            assert_eq!(planned.ranks()[rank].bytes, *bytes, "rank {rank}\n{planned}");
        }
    }
}

/// What each of some ranks has become, after steps from a folder on, if there is one, and before it saves.
fn go_on(
    ranks: usize,
    plan: &Plan,
    from: Option<&Path>,
    steps: std::ops::Range<u32>,
    to: &Path,
) -> Vec<Vec<u32>> {
    let all = on_ranks(ranks, |group| {
        let rank = group.rank();
        let mut bags =
            saved_model(ShardedBags::builder(&Context::cpu(), group)).plan(plan.clone()).build().unwrap();
        if let Some(from) = from {
            bags.load(from).unwrap();
        }
        for at in steps.clone() {
            // the examples of one process, shared out
            let ids: Vec<u32> = (0..24).map(|k| (k * 7 + at * 11) % 50).collect();
            let own: Vec<u32> = ids.chunks(2).skip(rank).step_by(ranks).flatten().copied().collect();
            let genres: Vec<u32> = own.chunks(2).map(|ids| ids[0] % 5).collect();
            let lengths = vec![2; own.len() / 2];
            let batch =
                bags.batch().bags("liked", &own, &lengths).feature("seen", &genres).feature("genre", &genres);
            let batch = batch.build().unwrap();
            bags.forward(&batch).unwrap();
            let grad = vec![0.01 * (at + 1) as f32; own.len() / 2 * 16];
            bags.backward(&batch, &Matrix::from_slice(bags.context(), &grad, own.len() / 2, 16).unwrap())
                .unwrap();
        }
        bags.save(to).unwrap();
        let tables = ["movie", "word", "genre"];
        let rows = tables.iter().map(|table| bags.download(table).unwrap());
        let states = ["exp_avg", "exp_avg_sq"];
        let states =
            tables.iter().flat_map(|table| states.map(|name| bags.download_state(table, name).unwrap()));
        rows.chain(states).flatten().map(f32::to_bits).collect::<Vec<u32>>()
    });
    assert!(all.iter().all(|rank| *rank == all[0]));
    all
}

fn saved_model(builder: ShardedBagsBuilder) -> ShardedBagsBuilder {
    let adam = Adam { lr: 0.01, ..Default::default() };
    builder
        .table("movie", Table::rows(50).dim(8))
        .table("word", Table::rows(31).dim(4).precision(Precision::F16))
        .table("genre", Table::rows(5).dim(4))
        .feature("liked", "movie", Pooling::Sum)
        .feature("seen", "word", Pooling::Sum)
        .feature("genre", "genre", Pooling::Sum)
        .optimizer(adam)
}

/// From one rank to four, to two and back to one, in the middle of training, with other plans: the bits of
/// the run that nobody moved, where tables are not copied.
#[test]
fn what_a_group_saves_another_loads() {
    let plans = |movie, word| {
        Plan::new().table("movie", movie).table("word", word).table("genre", Placement::TableWise(0))
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let alone = plans(Placement::TableWise(0), Placement::TableWise(0));
    let whole = go_on(1, &alone, None, 0..4, &at("whole"));
    // gradients are the same for all examples, so that who has which does not matter
    go_on(1, &alone, None, 0..1, &at("one"));
    let four = plans(Placement::RowWise(Exchange::Rows), Placement::ColumnWise(2));
    go_on(4, &four, Some(&at("one")), 1..2, &at("four"));
    let two = plans(Placement::ColumnWise(2), Placement::RowWise(Exchange::Sums));
    go_on(2, &two, Some(&at("four")), 2..3, &at("two"));
    let moved = go_on(1, &alone, Some(&at("two")), 3..4, &at("last"));
    assert_eq!(moved[0], whole[0]);

    // and to and from the file of one process
    let one = ShardedBags::merged(at("four")).unwrap();
    one.save(at("file")).unwrap();
    let mut bags = EmbeddingBags::builder(&Context::cpu())
        .table("genre", Table::rows(5).dim(4))
        .table("movie", Table::rows(50).dim(8))
        .table("word", Table::rows(31).dim(4).precision(Precision::F16))
        .feature("liked", "movie", Pooling::Sum)
        .feature("seen", "word", Pooling::Sum)
        .feature("genre", "genre", Pooling::Sum)
        .optimizer(Adam { lr: 0.5, ..Default::default() })
        .build()
        .unwrap();
    bags.load(at("file")).unwrap();
    assert_eq!(bags.steps(), 2);
    bags.save(at("back")).unwrap();
    go_on(2, &two, Some(&at("back")), 2..3, &at("again"));
    let again = go_on(1, &alone, Some(&at("again")), 3..4, &at("last"));
    assert_eq!(again[0], whole[0]);

    // one that is saved later takes its place, and the files of the one before are gone
    let names = |name: &str| std::fs::read_dir(at(name)).unwrap().count();
    assert_eq!(names("four"), 5);
    go_on(2, &two, Some(&at("four")), 2..3, &at("four"));
    assert_eq!(names("four"), 3);
}

/// What ranks save beside their tables comes back, by rank, and into the one file.
#[test]
fn the_rest_of_a_model_is_saved_beside_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let (saved, file) = (folder.path().join("saved"), folder.path().join("file"));
    let rest = |rank: usize| {
        let mut rest = Checkpoint::new();
        rest.insert("top.weight", &[2, 1], vec![rank as f32, 0.5]).unwrap();
        rest.insert("counts", &[3], vec![1u32, 2, 3]).unwrap();
        rest.set_json("steps", &(rank + 7)).unwrap();
        rest
    };
    on_ranks(2, |group| {
        let rank = group.rank();
        let bags = described(group).build().unwrap();
        bags.save_with(&saved, &rest(rank)).unwrap();
    });
    let is_rest = |found: &Checkpoint, rank: usize| {
        assert_eq!(found.names().collect::<Vec<_>>(), ["counts", "top.weight"]);
        assert_eq!(found.tensor::<f32>("top.weight", &[2, 1]).unwrap(), [rank as f32, 0.5]);
        assert_eq!(found.tensor::<u32>("counts", &[3]).unwrap(), [1, 2, 3]);
        assert_eq!(found.json::<usize>("steps").unwrap(), rank + 7);
    };
    let found = ShardedBags::saved_with(&saved).unwrap();
    assert_eq!(found.len(), 2);
    found.iter().enumerate().for_each(|(rank, found)| is_rest(found, rank));
    ShardedBags::merged(&saved).unwrap().save(&file).unwrap();
    let found = ShardedBags::saved_with(&file).unwrap();
    assert_eq!(found.len(), 1);
    is_rest(&found[0], 0);
    // and the tables do not see it
    on_ranks(3, |group| described(group).build().unwrap().load(&saved).unwrap());
}

#[test]
fn values_that_differ_are_named_on_all_ranks() {
    let compared = |values: fn(usize) -> Vec<(&'static str, String)>| {
        on_ranks(3, |group| {
            let rank = group.rank();
            Ranks::new(group).check_same(&values(rank))
        })
    };
    let long = "x".repeat(300);
    assert!(
        compared(|_| vec![("lr", "0.1".to_owned()), ("files", "x".repeat(300))]).iter().all(Result::is_ok)
    );
    all_say(
        compared(|rank| vec![("seed", "1".to_owned()), ("lr", ["0.1", "0.1", "0.2"][rank].to_owned())]),
        "rank 2: lr: expected 0.1, as on rank 0, got 0.2",
    );
    all_say(
        compared(|rank| vec![(["seed", "lr", "lr"][rank], "1".to_owned())]),
        "rank 1: expected [\"seed\"], as on rank 0, got [\"lr\"]",
    );
    // beyond what is shown
    let results = compared(|rank| vec![("files", "x".repeat(300) + ["a", "b", "a"][rank])]);
    let message = results[2].as_ref().unwrap_err().to_string();
    assert!(message.starts_with(&format!("rank 1: files: expected {}... (sum ", &long[..200])), "{message}");
}

#[test]
fn folders_that_do_not_fit_are_the_same_error_on_all_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::new()
        .table("movie", Placement::RowWise(Exchange::Rows))
        .table("word", Placement::TableWise(1))
        .table("genre", Placement::DataParallel);
    let saved = folder.path().join("saved");
    go_on(2, &plan, None, 0..1, &saved);
    let load = |from: &Path, optimizer: Optimizer| {
        on_ranks(2, |group| {
            let described = saved_model(ShardedBags::builder(&Context::cpu(), group)).optimizer(optimizer);
            let mut bags = described.plan(plan.clone()).build().unwrap();
            let before = bags.download("movie").unwrap();
            let result = bags.load(from);
            assert_eq!(bags.download("movie").unwrap() == before, result.is_err());
            result.map_err(|error| error.to_string())
        })
    };
    let adam: Optimizer = Adam { lr: 0.5, ..Default::default() }.into();
    assert!(load(&saved, adam).iter().all(Result::is_ok));
    let refused = |from: &Path, optimizer: Optimizer, parts: &[&str]| {
        let results = load(from, optimizer);
        let first = results[0].clone().unwrap_err();
        assert!(parts.iter().all(|part| first.contains(part)), "{first}");
        assert!(results.iter().all(|result| *result == Err(first.clone())));
    };
    refused(
        &saved,
        Adagrad::new(0.1).into(),
        &["rank 0: checkpoint", "optimizer: expected adagrad, got adam"],
    );
    refused(&folder.path().join("none"), adam, &["rank 0: ", "none: No such file"]);
    // a byte of the second rank's file
    let second = std::fs::read_dir(&saved).unwrap().map(|entry| entry.unwrap().path());
    let second = second.into_iter().find(|path| path.to_string_lossy().contains("rank-1")).unwrap();
    let mut bytes = std::fs::read(&second).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&second, bytes).unwrap();
    refused(&saved, adam, &["rank 0: checkpoint", "rank-1", "the file was altered"]);
    std::fs::remove_file(&second).unwrap();
    refused(&saved, adam, &["rank-1", "No such file"]);
}

/// Files that say what is not so are refused, before there is room made for what they say.
#[test]
fn pieces_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let merged = |first_row: usize, row_step: usize, rows: usize, columns: [usize; 2]| {
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("pool.0/0.weight", &[3, 2], vec![0.5f32; 6]).unwrap();
        checkpoint.set_json("pool.steps", &1).unwrap();
        checkpoint.set_json("pool.optimizer", &None::<u32>).unwrap();
        let columns = serde_json::json!({ "start": columns[0], "end": columns[1] });
        let piece = serde_json::json!({
            "table": "movie", "prefix": "pool", "name": "0/0",
            "first_row": first_row, "row_step": row_step, "rows": rows, "columns": columns,
        });
        checkpoint.set_json("embag.pieces", &[piece]).unwrap();
        checkpoint.save(folder.path().join("file")).unwrap();
        std::fs::write(folder.path().join("manifest.json"), r#"{"number": 1, "files": ["file"]}"#).unwrap();
        match ShardedBags::merged(folder.path()) {
            Ok(_) => String::new(),
            Err(Error::Checkpoint { reason, .. }) => reason,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(merged(0, 1, 3, [0, 2]), "");
    assert_eq!(merged(1, 1, 3, [0, 2]), "table \"movie\": expected 4 rows, got 3");
    let far = format!("table \"movie\": expected {} rows, got 3", usize::MAX);
    assert_eq!(merged(7, usize::MAX / 2, 3, [0, 2]), far);
    assert_eq!(merged(0, 0, 3, [0, 2]), "table \"movie\", weight: expected 2 values, got 6");
    let shape = |expected: &str| format!("tensor \"pool.0/0.weight\": expected shape {expected}, got [3, 2]");
    assert_eq!(merged(0, 1, 2, [0, 2]), shape("[2, 2]"));
    assert_eq!(merged(0, 1, 3, [0, 3]), shape("[3, 3]"));
    assert_eq!(merged(0, 1, 3, [2, 2]), shape("[3, 0]"));
    std::fs::write(folder.path().join("manifest.json"), "{").unwrap();
    assert!(ShardedBags::merged(folder.path()).unwrap_err().to_string().contains("manifest.json: EOF"));
}
