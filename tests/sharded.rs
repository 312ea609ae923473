//! Ranks that cannot go on: the same error on all of them, and nothing written.

use std::time::Duration;

use embag::optim::{Adagrad, RowwiseAdagrad};
use embag::sharded::{Exchange, Group, Placement, Plan, ShardedBags, ShardedBagsBuilder, Threads, Traffic};
use embag::{Bounds, Context, Error, Matrix, Pooling, Result, Table};

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
    all_say(results, "rank 1: expected the tables, features, optimizers and plan of rank 0, got others");
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
