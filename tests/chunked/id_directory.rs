//! Raw ids to rows: against a plain map.

use std::collections::{BTreeSet, HashMap};

use embag::directory::{DirectoryUsage, IdDirectory};
use embag::{Buffer, Checkpoint, Context, Recorder};

use crate::common;
use crate::random::Random;

const NONE: u32 = u32::MAX;

/// What the directory should do.
#[derive(Default)]
struct Oracle {
    rows: HashMap<u32, u32>,
    capacity: usize,
    refused: u32,
}

impl Oracle {
    fn new(capacity: usize) -> Self {
        Self { capacity, ..Default::default() }
    }

    fn admit(&mut self, ids: &[u64]) -> Vec<u32> {
        let new: BTreeSet<u32> = ids.iter().map(|&id| IdDirectory::virtual_id(id)).collect();
        for id in new {
            let next = self.rows.len();
            if self.rows.contains_key(&id) {
                continue;
            }
            if next < self.capacity {
                self.rows.insert(id, u32::try_from(next).unwrap());
            } else {
                self.refused += 1;
            }
        }
        self.find(ids)
    }

    fn find(&self, ids: &[u64]) -> Vec<u32> {
        let row = |id: &u64| self.rows.get(&IdDirectory::virtual_id(*id)).copied().unwrap_or(NONE);
        ids.iter().map(row).collect()
    }

    fn usage(&self) -> DirectoryUsage {
        DirectoryUsage { rows: self.rows.len(), refused: self.refused }
    }
}

fn run(directory: &mut IdDirectory, ctx: &Context, ids: &[u64], admit: bool) -> Vec<u32> {
    let raw = Buffer::from_slice(ctx, ids).unwrap();
    let rows = ctx.allocate("rows", ids.len() as u64 * 4).unwrap();
    let mut rec = Recorder::new(ctx);
    if admit {
        directory.record_admit(&mut rec, &raw, &rows).unwrap();
    } else {
        directory.record_find(&mut rec, &raw, &rows).unwrap();
    }
    rec.run().unwrap();
    rows.read(ctx).unwrap()
}

/// Ids over all 64 bits, the frequent ones more often.
fn batch(random: &mut Random, ids: usize, distinct: u32) -> Vec<u64> {
    let raw = |k: u32| u64::from(k).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(k % 3);
    (0..ids)
        .map(|_| {
            let k = random.below(distinct);
            raw(if random.below(2) == 0 { k / 50 } else { k })
        })
        .collect()
}

#[test]
fn rows_are_those_of_a_map() {
    for ctx in common::devices() {
        for (capacity, ids, distinct) in [(1, 3, 2), (40, 30, 50), (700, 500, 700), (50_000, 30_000, 70_000)]
        {
            let mut random = Random::new(capacity as u64);
            let mut directory = IdDirectory::new(&ctx, capacity).unwrap();
            let mut oracle = Oracle::new(capacity);
            // the largest becomes as full as it may be
            for step in 0..6 {
                let what = format!("{} capacity {capacity}, step {step}", common::name_of(&ctx));
                let ids = batch(&mut random, ids, distinct);
                assert_eq!(run(&mut directory, &ctx, &ids, false), oracle.find(&ids), "{what}");
                assert_eq!(run(&mut directory, &ctx, &ids, true), oracle.admit(&ids), "{what}");
                assert_eq!(directory.usage().unwrap(), oracle.usage(), "{what}");
            }
            let known = directory.virtual_ids().unwrap();
            assert_eq!(known.len(), oracle.rows.len());
            assert!((0u32..).zip(&known).all(|(row, id)| oracle.rows[id] == row));
        }
    }
}

#[test]
fn a_directory_becomes_full() {
    for ctx in common::devices() {
        let mut directory = IdDirectory::new(&ctx, 10).unwrap();
        let ids: Vec<u64> = (0..25).collect();
        let rows = run(&mut directory, &ctx, &ids, true);
        let mut given: Vec<u32> = rows.iter().copied().filter(|&row| row != NONE).collect();
        given.sort_unstable();
        assert_eq!(given, (0..10).collect::<Vec<u32>>());
        assert_eq!(directory.usage().unwrap(), DirectoryUsage { rows: 10, refused: 15 });
        // those that have rows keep them
        assert_eq!(run(&mut directory, &ctx, &ids, true), rows);
        assert_eq!(directory.usage().unwrap(), DirectoryUsage { rows: 10, refused: 30 });
    }
}

/// The mix of the virtual id, written down again.
fn mix(value: u32) -> u32 {
    let mut h = value;
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

#[test]
fn ids_that_collide_share_a_row() {
    let (low, other) = (12_345u32, 678_910u32);
    let high = mix(low) ^ mix(other);
    let [first, second] = [u64::from(low), u64::from(high) << 32 | u64::from(other)];
    assert_eq!(IdDirectory::virtual_id(first), IdDirectory::virtual_id(second));
    for ctx in common::devices() {
        let mut directory = IdDirectory::new(&ctx, 5).unwrap();
        let rows = run(&mut directory, &ctx, &[first, 7, second], true);
        assert!(rows[0] == rows[2] && rows[0] != rows[1]);
        assert_eq!(directory.usage().unwrap().rows, 2);
    }
}

#[test]
fn checkpoints_keep_rows() {
    for ctx in common::devices() {
        let mut random = Random::new(4);
        let mut directory = IdDirectory::new(&ctx, 900).unwrap();
        let ids = batch(&mut random, 800, 1000);
        let rows = run(&mut directory, &ctx, &ids, true);
        let mut checkpoint = Checkpoint::new();
        directory.export(&mut checkpoint, "ids").unwrap();
        let mut loaded = IdDirectory::new(&ctx, 1500).unwrap();
        run(&mut loaded, &ctx, &[1, 2, 3], true);
        loaded.import(&checkpoint, "ids").unwrap();
        assert_eq!(loaded.usage().unwrap(), directory.usage().unwrap());
        assert_eq!(run(&mut loaded, &ctx, &ids, false), rows);
        // what was there before is not there now
        assert_eq!(loaded.virtual_ids().unwrap(), directory.virtual_ids().unwrap());
        let more = batch(&mut random, 800, 2000);
        let after = run(&mut loaded, &ctx, &more, true);
        assert!(after.iter().all(|&row| row != NONE));

        let mut small = IdDirectory::new(&ctx, 3).unwrap();
        let error = small.import(&checkpoint, "ids").unwrap_err().to_string();
        assert!(error.contains("ids.virtual_ids") && error.contains("at most 3 rows"), "{error}");
        assert_eq!(small.usage().unwrap().rows, 0);
        assert!(small.import(&checkpoint, "others").is_err());
    }
}

#[test]
fn mistakes() {
    let ctx = Context::cpu();
    let says = |error: embag::Error, text: &str| assert_eq!(error.to_string(), text);
    says(IdDirectory::new(&ctx, 0).unwrap_err(), "capacity: expected at least one row, got 0");
    assert!(IdDirectory::new(&ctx, u32::MAX as usize).unwrap_err().to_string().contains("use fewer rows"));
    let mut directory = IdDirectory::new(&ctx, 4).unwrap();
    let mut rec = Recorder::new(&ctx);
    let [ids, odd] = [16, 12].map(|bytes| ctx.allocate("ids", bytes).unwrap());
    let (rows, few) = (ctx.allocate("rows", 8).unwrap(), ctx.allocate("rows", 4).unwrap());
    says(
        directory.record_admit(&mut rec, &odd, &rows).unwrap_err(),
        "ids: expected 8 bytes for each of fewer than 2^32, got 12",
    );
    says(
        directory.record_find(&mut rec, &ids, &few).unwrap_err(),
        "rows: expected 8 bytes, 4 for each id, got 4",
    );
    let elsewhere = Context::cpu().allocate("ids", 16).unwrap();
    says(directory.record_find(&mut rec, &elsewhere, &rows).unwrap_err(), "ids belongs to another context");
    says(
        directory.record_find(&mut Recorder::new(&Context::cpu()), &ids, &rows).unwrap_err(),
        "recorder belongs to another context",
    );
    rec.run().unwrap();
    assert_eq!(directory.usage().unwrap().rows, 0);
}

#[test]
fn ids_of_the_host_are_those_of_the_device() {
    for ctx in common::devices() {
        let (mut given, mut device) =
            (IdDirectory::new(&ctx, 40).unwrap(), IdDirectory::new(&ctx, 40).unwrap());
        let mut random = Random::new(3);
        for _ in 0..6 {
            let ids: Vec<u64> = (0..30).map(|_| u64::from(random.below(70)) << 33 | 5).collect();
            assert_eq!(given.find(&ids).unwrap(), run(&mut device, &ctx, &ids, false));
            assert_eq!(given.admit(&ids).unwrap(), run(&mut device, &ctx, &ids, true));
        }
        assert_eq!(given.usage().unwrap(), device.usage().unwrap());
        assert_eq!(given.admit(&[]).unwrap(), [0u32; 0]);
        assert_eq!(given.find(&[]).unwrap(), [0u32; 0]);
    }
}
