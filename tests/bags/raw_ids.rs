//! Tables of raw ids: the bits of tables of rows, wherever the rows are the same.

use embag::directory::DeviceIds;
use embag::optim::{Adagrad, RowwiseAdagrad};
use embag::quant::{RangeSearch, RowFormat};
use embag::{
    Buffer, CachedBags, Checkpoint, Context, EmbeddingBags, Error, JaggedBatch, Matrix, Pooling,
    QuantizedBags, Recorder, Table,
};

use crate::common::devices;

const MOVIES: [u64; 6] = [9_007_199_254_740_993, 7, 1 << 63, 0, u64::MAX, 42];
const USERS: [u64; 3] = [5, 6, 1 << 40];

fn builder(ctx: &Context, raw: bool) -> embag::bag::EmbeddingBagsBuilder {
    let table = |rows| if raw { Table::raw_ids(rows) } else { Table::rows(rows) };
    EmbeddingBags::builder(ctx)
        .table("user", table(10).dim(4))
        .table("movie", table(20).dim(8))
        .table("genre", Table::rows(5).dim(3))
        .feature("user", "user", Pooling::Sum)
        .feature("liked", "movie", Pooling::Mean)
        .feature("genres", "genre", Pooling::Sum)
        .feature("best", "movie", Pooling::Max)
        .optimizer(RowwiseAdagrad::new(0.1))
        .seed(3)
}

/// A batch of three examples. `row` makes what a table takes of the id of a movie, or user, of this number.
fn batch<I: embag::Id>(
    builder: embag::bag::BatchBuilder,
    user: impl Fn(usize) -> I,
    movie: impl Fn(usize) -> I,
) -> embag::bag::BatchBuilder {
    let movies = |numbers: &[usize]| numbers.iter().map(|&number| movie(number)).collect::<Vec<_>>();
    builder
        .feature("user", &[user(0), user(2), user(0)])
        .bags("liked", &movies(&[0, 1, 2, 0, 4]), &[3, 0, 2])
        .weights("liked", &[0.5, 2.0, 1.0, -1.0, 0.25])
        .bags("genres", &[4u32, 0], &[1, 1, 0])
        .bags("best", &movies(&[5, 3, 1]), &[1, 1, 1])
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn step(bags: &mut EmbeddingBags, batch: &JaggedBatch) -> Vec<u32> {
    let pooled = bags.forward(batch).unwrap();
    bags.backward(batch, &pooled).unwrap();
    bits(&pooled.to_vec(bags.context()).unwrap())
}

fn says(error: &Error, expected: &str) {
    assert_eq!(error.to_string(), expected);
}

#[test]
fn raw_ids_are_rows_by_another_name() {
    for ctx in devices() {
        let mut raw = builder(&ctx, true).build().unwrap();
        let mut rows = builder(&ctx, false).build().unwrap();
        for _ in 0..3 {
            let admitted = raw.admit(batch(raw.batch(), |user| USERS[user], |movie| MOVIES[movie])).unwrap();
            assert_eq!(admitted.skipped().unwrap(), 0);
            let [user, movie] = ["user", "movie"].map(|table| raw.directory(table).unwrap());
            let (user, movie) = (user.find(&USERS).unwrap(), movie.find(&MOVIES).unwrap());
            let same = batch(rows.batch(), |number| user[number], |number| movie[number]).build().unwrap();
            assert_eq!(step(&mut raw, &admitted), step(&mut rows, &same), "{ctx:?}");
        }
        for table in ["user", "movie", "genre"] {
            assert_eq!(bits(&raw.download(table).unwrap()), bits(&rows.download(table).unwrap()), "{table}");
        }
        // users 0 and 2, and all movies
        let used = ["user", "movie"].map(|table| raw.directory(table).unwrap().usage().unwrap().rows);
        assert_eq!(used, [2, 6]);
    }
}

#[test]
fn ids_without_a_row_are_left_out() {
    for ctx in devices() {
        let mut bags = builder(&ctx, true).build().unwrap();
        bags.admit(bags.batch().only(&["liked"]).bags("liked", &[7u64, 42], &[2])).unwrap();
        let of = |ids: &[u64], lengths: &[u32]| bags.batch().only(&["liked"]).bags("liked", ids, lengths);
        let served = bags.find(of(&[7, 8, 42, 9], &[3, 1])).unwrap();
        assert_eq!((served.skipped().unwrap(), served.is_checked()), (2, true));
        let known = bags.find(of(&[7, 42], &[2, 0])).unwrap();
        let [served, known] =
            [served, known].map(|batch| bags.forward(&batch).unwrap().to_vec(&ctx).unwrap());
        assert_eq!(bits(&served), bits(&known));
        assert_eq!(served[8..], [0.0; 8]);
        // nothing was admitted by looking for it
        assert_eq!(bags.directory("movie").unwrap().usage().unwrap().rows, 2);
        // a full directory: 20 rows of 30 ids
        let ids: Vec<u64> = (100..130).collect();
        let full = bags.admit(bags.batch().only(&["liked"]).bags("liked", &ids, &[30])).unwrap();
        assert_eq!(full.skipped().unwrap(), 12);
    }
}

#[test]
fn a_look_up_is_recorded_with_what_uses_it() {
    for ctx in devices() {
        let mut bags = builder(&ctx, true).build().unwrap();
        let both = |bags: &EmbeddingBags| batch(bags.batch(), |user| USERS[user], |movie| MOVIES[movie]);
        let admitted = bags.admit(both(&bags)).unwrap();
        let expected = bags.forward(&admitted).unwrap().to_vec(&ctx).unwrap();
        let out = Matrix::zeros(&ctx, 3, bags.output_cols()).unwrap();
        let mut rec = Recorder::new(&ctx);
        let found = bags.record_find(&mut rec, both(&bags)).unwrap();
        bags.record_forward(&mut rec, &found, &out).unwrap();
        rec.run().unwrap();
        assert_eq!(bits(&out.to_vec(&ctx).unwrap()), bits(&expected));
    }
}

#[test]
fn ids_on_the_device() {
    for ctx in devices() {
        let build = || {
            EmbeddingBags::builder(&ctx)
                .table("user", Table::raw_ids(10).dim(4))
                .table("movie", Table::raw_ids(20).dim(8))
                .feature("user", "user", Pooling::Sum)
                .feature("liked", "movie", Pooling::Mean)
                .optimizer(Adagrad::new(0.1))
                .build()
                .unwrap()
        };
        let (mut host, mut device) = (build(), build());
        let liked = [MOVIES[0], MOVIES[1], MOVIES[0]];
        let weights = [0.5f32, -1.0, 2.0];
        let given = host.batch().feature("user", &USERS[..2]).bags("liked", &liked, &[2, 1]);
        let host_batch = host.admit(given.weights("liked", &weights)).unwrap();
        let ids = [&USERS[..2], &liked].concat();
        let on_device = |ids: &[u64]| {
            let buffer = Buffer::from_slice(&ctx, ids).unwrap();
            let lengths = Buffer::from_slice(&ctx, &[1u32, 1, 2, 1]).unwrap();
            let weights = Buffer::from_slice(&ctx, &[1.0, 1.0, 0.5, -1.0, 2.0f32]).unwrap();
            DeviceIds::from_lengths(2, buffer, lengths, vec![2, 3]).weights(weights)
        };
        let device_batch = device.admit_from_device(on_device(&ids)).unwrap();
        assert_eq!(step(&mut host, &host_batch), step(&mut device, &device_batch));
        let mut rec = Recorder::new(&ctx);
        let others = [USERS[0], 99, MOVIES[0], 98, 97];
        let found = device.record_find_from_device(&mut rec, on_device(&others)).unwrap();
        rec.run().unwrap();
        assert_eq!(found.skipped().unwrap(), 3);
        for table in ["user", "movie"] {
            assert_eq!(bits(&host.download(table).unwrap()), bits(&device.download(table).unwrap()));
        }
    }
}

#[test]
fn cached_tables_have_the_same_rows() {
    for ctx in devices() {
        let mut whole = builder(&ctx, true).build().unwrap();
        let mut cached = CachedBags::builder(&ctx)
            .table("user", Table::raw_ids(10).dim(4), 4)
            .table("movie", Table::raw_ids(20).dim(8), 9)
            .table("genre", Table::rows(5).dim(3), 5)
            .feature("user", "user", Pooling::Sum)
            .feature("liked", "movie", Pooling::Mean)
            .feature("genres", "genre", Pooling::Sum)
            .feature("best", "movie", Pooling::Max)
            .optimizer(RowwiseAdagrad::new(0.1))
            .seed(3)
            .build()
            .unwrap();
        for shift in [0, 1, 2, 0] {
            let movie = |number: usize| MOVIES[(number + shift) % 6].wrapping_add(shift as u64 % 2);
            let user = |number: usize| USERS[(number + shift) % 3];
            let admitted = whole.admit(batch(whole.batch(), user, movie)).unwrap();
            let ids = |number: usize| movie(number);
            let begun = cached
                .batch()
                .feature("user", &[user(0), user(2), user(0)])
                .bags("liked", &[0, 1, 2, 0, 4].map(ids), &[3, 0, 2])
                .weights("liked", &[0.5, 2.0, 1.0, -1.0, 0.25])
                .bags("genres", &[4u32, 0], &[1, 1, 0])
                .bags("best", &[5, 3, 1].map(ids), &[1, 1, 1]);
            cached.prefetch(&begun).unwrap();
            let placed = cached.admit(begun).unwrap();
            let pooled = cached.forward(&placed).unwrap();
            cached.backward(&placed, &pooled).unwrap();
            assert_eq!(step(&mut whole, &admitted), bits(&pooled.to_vec(&ctx).unwrap()), "{ctx:?}");
        }
        for table in ["user", "movie", "genre"] {
            assert_eq!(bits(&whole.download(table).unwrap()), bits(&cached.download(table).unwrap()));
        }
        // and each reads the other's checkpoint
        let (mut of_whole, mut of_cached) = (Checkpoint::new(), Checkpoint::new());
        whole.export(&mut of_whole, "bags").unwrap();
        cached.export(&mut of_cached, "bags").unwrap();
        let mut loaded = builder(&ctx, true).build().unwrap();
        loaded.import(&of_cached, "bags").unwrap();
        cached.import(&of_whole, "bags").unwrap();
        let ids = loaded.directory("movie").unwrap().virtual_ids().unwrap();
        assert_eq!(ids, cached.directory("movie").unwrap().virtual_ids().unwrap());
        let placed =
            cached.place(cached.batch().only(&["liked"]).bags("liked", &[7u64, 8, 6], &[2, 1])).unwrap();
        let found =
            loaded.find(loaded.batch().only(&["liked"]).bags("liked", &[7u64, 8, 6], &[2, 1])).unwrap();
        let pooled = cached.forward(&placed).unwrap().to_vec(&ctx).unwrap();
        assert_eq!(bits(&pooled), bits(&loaded.forward(&found).unwrap().to_vec(&ctx).unwrap()));
    }
}

#[test]
fn quantised_tables_know_the_ids() {
    let folder = tempfile::tempdir().unwrap();
    for ctx in devices() {
        let mut bags = builder(&ctx, true).build().unwrap();
        bags.admit(batch(bags.batch(), |user| USERS[user], |movie| MOVIES[movie])).unwrap();
        let served = QuantizedBags::of(&bags, |_| (RowFormat::F32, RangeSearch::MinMax)).unwrap();
        let path = folder.path().join("served");
        served.save(&path).unwrap();
        let loaded = QuantizedBags::from_file(&ctx, &path).unwrap();
        let stranger = |movie: usize| if movie == 1 { 77 } else { MOVIES[movie] };
        let of = |builder| batch(builder, |user| USERS[user], stranger);
        let expected = bags.forward(&bags.find(of(bags.batch())).unwrap()).unwrap().to_vec(&ctx).unwrap();
        for served in [&served, &loaded] {
            let found = served.find(of(served.batch())).unwrap();
            assert_eq!(found.skipped().unwrap(), 2);
            let pooled = served.forward(&found).unwrap().to_vec(&ctx).unwrap();
            assert_eq!(bits(&pooled), bits(&expected), "{ctx:?}");
        }
        // a row that comes later has none there
        bags.admit(bags.batch().only(&["user"]).feature("user", &[1234u64])).unwrap();
        let late = served.find(served.batch().only(&["user"]).feature("user", &[1234u64])).unwrap();
        assert_eq!(late.skipped().unwrap(), 1);
    }
}

#[test]
fn mistakes_are_named() {
    let ctx = Context::cpu();
    let mut bags = builder(&ctx, true).build().unwrap();
    let raw = |bags: &EmbeddingBags| batch(bags.batch(), |user| USERS[user], |movie| MOVIES[movie]);
    says(
        &raw(&bags).build().unwrap_err(),
        "batch: expected `admit` or `find`, as feature \"user\" has raw ids, got `build`, or one of rows",
    );
    let error = bags.batch_from_lengths(&[1u64, 2], &[1, 1, 0, 0], None).unwrap_err();
    assert!(error.to_string().contains("as feature \"user\" has raw ids"), "{error}");
    // features of rows alone need no directory
    bags.batch().only(&["genres"]).feature("genres", &[1u32]).build().unwrap();
    says(
        bags.directory("genre").err().as_ref().unwrap(),
        "table \"genre\": expected one of raw ids, got one of rows",
    );
    let ids = DeviceIds::from_lengths(
        0,
        Buffer::from_slice::<u64>(&ctx, &[]).unwrap(),
        Buffer::from_slice::<u32>(&ctx, &[]).unwrap(),
        vec![0; 4],
    );
    says(
        &bags.admit_from_device(ids).unwrap_err(),
        "feature \"genres\": expected a table of raw ids, for ids on the device, got one of rows",
    );
    // rows of a batch that was made before a checkpoint was taken up belong to other ids
    let batch = bags.admit(raw(&bags)).unwrap();
    let mut checkpoint = Checkpoint::new();
    bags.export(&mut checkpoint, "bags").unwrap();
    bags.import(&checkpoint, "bags").unwrap();
    assert!(matches!(bags.forward(&batch).unwrap_err(), Error::Stale { .. }));
    // a directory that does not fit changes nothing
    let mut small = EmbeddingBags::builder(&ctx)
        .table("user", Table::raw_ids(10).dim(4))
        .table("movie", Table::rows(20).dim(8))
        .table("genre", Table::rows(5).dim(3))
        .feature("user", "user", Pooling::Sum)
        .build()
        .unwrap();
    let mut rows = Checkpoint::new();
    builder(&ctx, false).build().unwrap().export(&mut rows, "bags").unwrap();
    let before = small.download("movie").unwrap();
    let error = small.import(&rows, "bags").unwrap_err();
    assert!(error.to_string().contains("bags.user.ids"), "{error}");
    assert_eq!(small.download("movie").unwrap(), before);
}

#[test]
fn ids_are_admitted_by_count_and_counts_age() {
    for ctx in devices() {
        let built = || {
            EmbeddingBags::builder(&ctx)
                .table("movie", Table::raw_ids(20).dim(4).admit_after(3))
                .feature("liked", "movie", Pooling::Sum)
                .optimizer(Adagrad::new(0.1))
                .build()
                .unwrap()
        };
        let mut bags = built();
        let seen = |bags: &mut EmbeddingBags, id: u64| {
            let batch = bags.admit(bags.batch().feature("liked", &[id])).unwrap();
            batch.skipped().unwrap() == 0
        };
        assert_eq!([(); 4].map(|()| seen(&mut bags, 7)), [false, false, true, true]);
        // seen twice, which is halved: two more times are needed
        assert_eq!([(); 2].map(|()| seen(&mut bags, 8)), [false, false]);
        bags.age_counts().unwrap();
        let mut checkpoint = Checkpoint::new();
        bags.export(&mut checkpoint, "bags").unwrap();
        assert_eq!([(); 3].map(|()| seen(&mut bags, 8)), [false, true, true], "{ctx:?}");

        let mut again = built();
        again.import(&checkpoint, "bags").unwrap();
        assert_eq!([(); 2].map(|()| seen(&mut again, 8)), [false, true]);
        let mut cached = CachedBags::builder(&ctx)
            .table("movie", Table::raw_ids(20).dim(4).admit_after(3), 5)
            .feature("liked", "movie", Pooling::Sum)
            .optimizer(Adagrad::new(0.1))
            .build()
            .unwrap();
        cached.import(&checkpoint, "bags").unwrap();
        cached.age_counts().unwrap();
        let mut placed = |id: u64| {
            let batch = cached.admit(cached.batch().feature("liked", &[id])).unwrap();
            drop(batch);
            cached.directory("movie").unwrap().find(&[id]).unwrap() != [u32::MAX]
        };
        assert_eq!([(); 3].map(|()| placed(8)), [false, false, true]);
        // bags that admit ids at once take rows without counts, but not the other way
        let mut at_once = EmbeddingBags::builder(&ctx)
            .table("movie", Table::raw_ids(20).dim(4))
            .feature("liked", "movie", Pooling::Sum)
            .optimizer(Adagrad::new(0.1))
            .build()
            .unwrap();
        let mut without = Checkpoint::new();
        at_once.export(&mut without, "bags").unwrap();
        at_once.import(&checkpoint, "bags").unwrap();
        let error = built().import(&without, "bags").unwrap_err().to_string();
        assert!(error.contains("bags.movie.ids.sketch"), "{error}");
    }
    let none = EmbeddingBags::builder(&Context::cpu())
        .table("movie", Table::raw_ids(20).admit_after(0))
        .feature("liked", "movie", Pooling::Sum)
        .build();
    says(&none.unwrap_err(), "admit_after: expected at least one time, got 0");
}
