//! Chunked tables against a plain model on the host, after any sequence of lookups, updates, adjustments, changes of the
//! number of slots, saves and loads; the same bits on every device.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers all through"
)]

mod common;

use std::collections::{BTreeSet, HashMap};

use embag::chunked::{ChunkedTables, Eviction, Frequency, IdDirectory, Shares, Utility, WhenFull};
use embag::{Checkpoint, Context, Matrix, Pooling, Sgd};
use proptest::prelude::*;

const WIDTH: usize = 4;
const CHUNKS: usize = 3;
const DIM: usize = WIDTH * CHUNKS;
const CAPACITY: usize = 40;
/// Sums of these and their products with the gradients, which are small whole numbers, are exact.
const LR: f32 = 0.125;
const DECAY: f32 = 0.5;

#[derive(Debug, Clone)]
enum Step {
    Train { ids: Vec<u64>, seed: u32 },
    Find { ids: Vec<u64> },
    Adjust { pruned: f64, margin: f32 },
    Slots(u32),
    SaveAndLoad,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Row {
    id: u32,
    chunks: [Option<[f32; WIDTH]>; CHUNKS],
    utility: [f32; CHUNKS],
    stamp: u32,
    count: u32,
    admitted: u32,
}

/// What tables should be.
struct Model {
    when_full: WhenFull,
    shares: Shares,
    capacity: usize,
    slots: usize,
    rows: Vec<Option<Row>>,
    left: Vec<usize>,
    index: HashMap<u32, usize>,
    step: u32,
    refused: u32,
}

impl Model {
    fn free(&self) -> usize {
        self.slots - self.rows.iter().flatten().flat_map(|row| &row.chunks).flatten().count()
    }

    fn admit(&mut self, ids: &[u64]) {
        let mine: BTreeSet<u32> = ids.iter().map(|&id| IdDirectory::virtual_id(id)).collect();
        let new: Vec<u32> = mine.iter().copied().filter(|id| !self.index.contains_key(id)).collect();
        let room = self.capacity - self.index.len();
        if new.len() > room {
            match self.when_full {
                WhenFull::Grow => self.capacity = (2 * self.capacity).max(self.index.len() + new.len()),
                WhenFull::Evict(eviction) => self.evict(eviction, &mine, new.len() - room),
                _ => {}
            }
        }
        for id in new {
            if self.index.len() == self.capacity {
                self.refused += 1;
                continue;
            }
            let place = self.left.pop().unwrap_or_else(|| {
                self.rows.push(None);
                self.rows.len() - 1
            });
            let mut row = Row { id, stamp: self.step, admitted: self.step, ..Row::default() };
            let mut free = self.free();
            for chunk in &mut row.chunks {
                *chunk = (free > 0).then_some([0.0; WIDTH]);
                free = free.saturating_sub(1);
            }
            self.rows[place] = Some(row);
            self.index.insert(id, place);
        }
    }

    fn evict(&mut self, eviction: Eviction, mine: &BTreeSet<u32>, short: usize) {
        let credit = |row: &Row| match eviction {
            Eviction::Lfu => row.count,
            Eviction::Lru => row.stamp,
            Eviction::Age => row.admitted,
            _ => {
                let mut sum = 0.0;
                row.utility.iter().for_each(|utility| sum += utility);
                (sum * DECAY.powi((self.step - row.stamp) as i32)).to_bits()
            }
        };
        let mut all: Vec<(u32, usize)> = (0..self.rows.len())
            .filter_map(|place| Some((place, self.rows[place].as_ref()?)))
            .filter(|(_, row)| !mine.contains(&row.id))
            .map(|(place, row)| (credit(row), place))
            .collect();
        all.sort_unstable();
        for &(_, place) in all.iter().take(short.max(self.capacity / 32)) {
            let row = self.rows[place].take().unwrap();
            self.index.remove(&row.id);
            self.left.push(place);
        }
    }

    fn train(&mut self, ids: &[u64], grads: &[f32]) {
        self.step += 1;
        let mut sums = HashMap::<usize, ([f32; DIM], u32)>::new();
        for (id, grad) in ids.iter().zip(grads.chunks(DIM)) {
            let Some(&place) = self.index.get(&IdDirectory::virtual_id(*id)) else { continue };
            let (sum, count) = sums.entry(place).or_insert(([0.0; DIM], 0));
            sum.iter_mut().zip(grad).for_each(|(sum, grad)| *sum += grad);
            *count += 1;
        }
        for (place, (sum, count)) in sums {
            let row = self.rows[place].as_mut().unwrap();
            let left = DECAY.powi((self.step - row.stamp) as i32);
            row.stamp = self.step;
            row.count += count;
            for (c, grad) in sum.chunks(WIDTH).enumerate() {
                let norm = grad.iter().map(|g| g * g).sum::<f32>().sqrt();
                row.utility[c] = row.utility[c] * left + (count as f32).sqrt() * norm;
                for (value, g) in row.chunks[c].iter_mut().flatten().zip(grad) {
                    *value -= LR * g;
                }
            }
        }
    }

    fn effective(&self, row: &Row) -> [f32; CHUNKS] {
        row.utility.map(|utility| utility * DECAY.powi((self.step - row.stamp) as i32))
    }

    fn adjust(&mut self, pruned: f64, margin: f32) {
        let groups: Vec<Vec<usize>> = match self.shares {
            Shares::PerColumnGroup => (0..CHUNKS).map(|c| vec![c]).collect(),
            _ => vec![(0..CHUNKS).collect()],
        };
        let in_use = self.index.len();
        if in_use == 0 {
            return;
        }
        let kept = |n: usize| n - (pruned * n as f64).floor() as usize;
        let wanted: usize = groups.iter().map(|group| kept(group.len() * in_use)).sum();
        let (mut thresholds, mut all_kept) = ([0.0; CHUNKS], 0);
        for group in &groups {
            let mut worth: Vec<f32> = self
                .rows
                .iter()
                .flatten()
                .flat_map(|row| {
                    let effective = self.effective(row);
                    group.iter().map(move |&c| effective[c])
                })
                .collect();
            worth.sort_by(f32::total_cmp);
            let mut kept = kept(worth.len());
            if wanted > self.slots {
                kept = kept * self.slots / wanted;
            }
            all_kept += kept;
            let threshold = if kept == 0 { f32::INFINITY } else { worth[worth.len() - kept] };
            group.iter().for_each(|&c| thresholds[c] = threshold);
        }
        let spare = self.slots - all_kept;
        for coming in [false, true] {
            let mut room = self.free().saturating_sub(spare);
            for place in 0..self.rows.len() {
                let Some(mut row) = self.rows[place].clone() else { continue };
                // what it was worth when the adjustment began: another touch in the same step changes nothing
                let effective = self.effective(&row);
                let mut marked = false;
                for (c, &worth) in effective.iter().enumerate() {
                    let resident = row.chunks[c].is_some();
                    if !coming && resident && worth < thresholds[c] {
                        (row.chunks[c], marked) = (None, true);
                    }
                    if coming && !resident && worth > 0.0 && worth >= thresholds[c] * margin {
                        marked = true;
                        if room > 0 {
                            row.chunks[c] = Some([0.0; WIDTH]);
                            room -= 1;
                        }
                    }
                }
                if marked {
                    (row.utility, row.stamp) = (effective, self.step);
                }
                self.rows[place] = Some(row);
            }
        }
    }

    fn set_slots(&mut self, slots: usize) {
        let mut residents = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            let Some(row) = row else { continue };
            for (c, worth) in self.effective(row).into_iter().enumerate() {
                if row.chunks[c].is_some() {
                    residents.push((worth, place * CHUNKS + c));
                }
            }
        }
        residents.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        for &(_, chunk) in &residents[..residents.len().saturating_sub(slots)] {
            let place = chunk / CHUNKS;
            // it is changed: its utilities are kept as of now
            let effective = self.effective(self.rows[place].as_ref().unwrap());
            let row = self.rows[place].as_mut().unwrap();
            (row.utility, row.stamp) = (effective, self.step);
            row.chunks[chunk % CHUNKS] = None;
        }
        self.slots = slots;
    }

    fn values(&self, id: u64) -> [f32; DIM] {
        let mut values = [0.0; DIM];
        if let Some(&place) = self.index.get(&IdDirectory::virtual_id(id)) {
            let chunks = self.rows[place].as_ref().unwrap().chunks;
            for (values, chunk) in values.chunks_mut(WIDTH).zip(chunks) {
                values.copy_from_slice(&chunk.unwrap_or([0.0; WIDTH]));
            }
        }
        values
    }
}

/// The ids of two features of a table, the same number of each: one to a bag.
fn lengths(ids: &[u64]) -> Vec<u32> {
    vec![1; ids.len()]
}

fn grads(ids: usize, seed: u32) -> Vec<f32> {
    let word =
        |i: u32| (i.wrapping_mul(0x9e37_79b9) ^ seed.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
    (0..(ids * DIM) as u32).map(|i| ((word(i) >> 13) % 9) as f32 - 4.0).collect()
}

fn build(ctx: &Context, when_full: WhenFull, shares: Shares, slots: u32) -> ChunkedTables {
    ChunkedTables::builder(ctx)
        .table("t", CAPACITY as u32, DIM)
        .feature("a", "t", Pooling::Sum)
        .feature("b", "t", Pooling::Mean)
        .chunk_width(WIDTH as u32)
        .slots(slots)
        .scale(0.0)
        .optimizer(Sgd { lr: LR, ..Default::default() })
        .utility(Utility { frequency: Frequency::Root, decay: DECAY })
        .shares(shares)
        .when_full(when_full)
        .build()
        .unwrap()
}

/// Runs the steps on a device and holds every one against the model.
fn run(ctx: &Context, when_full: WhenFull, shares: Shares, steps: &[Step]) {
    let slots = 50;
    let mut tables = build(ctx, when_full, shares, slots);
    let mut model = Model {
        when_full,
        shares,
        capacity: CAPACITY,
        slots: slots as usize,
        rows: Vec::new(),
        left: Vec::new(),
        index: HashMap::new(),
        step: 0,
        refused: 0,
    };
    let mut seen = BTreeSet::new();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Train { ids, seed } => {
                seen.extend(ids);
                model.admit(ids);
                let batch = tables.admit(ids, &lengths(ids)).unwrap();
                check_output(ctx, &tables, &batch, &model, ids);
                let grads = grads(ids.len(), *seed);
                // features side by side: the second half of the ids is the second feature's
                let matrix = side_by_side(&grads);
                let grad = Matrix::from_slice(ctx, &matrix, ids.len() / 2, 2 * DIM).unwrap();
                tables.backward(&batch, &grad).unwrap();
                model.train(ids, &grads);
            }
            Step::Find { ids } => {
                let batch = tables.find(ids, &lengths(ids)).unwrap();
                check_output(ctx, &tables, &batch, &model, ids);
            }
            Step::Adjust { pruned, margin } => {
                tables.adjust(*pruned, *margin).unwrap();
                model.adjust(*pruned, *margin);
            }
            Step::Slots(slots) => {
                tables.set_slots(*slots).unwrap();
                model.set_slots(*slots as usize);
            }
            Step::SaveAndLoad => {
                let mut checkpoint = Checkpoint::new();
                tables.export(&mut checkpoint, "c").unwrap();
                tables = build(ctx, when_full, shares, 3);
                tables.import(&checkpoint, "c").unwrap();
                // directories that may grow have the rows that are needed
                if when_full == WhenFull::Grow {
                    model.capacity = tables.directory("t").unwrap().capacity() as usize;
                }
            }
        }
        check(
            &tables,
            &model,
            &seen,
            &format!("{} {when_full:?} step {number}: {step:?}", common::name_of(ctx)),
        );
    }
}

/// `[ids, dim]` of two features one after the other as `[ids / 2, 2 * dim]`.
fn side_by_side(values: &[f32]) -> Vec<f32> {
    let (a, b) = values.split_at(values.len() / 2);
    a.chunks(DIM).zip(b.chunks(DIM)).flat_map(|(a, b)| [a, b].concat()).collect()
}

fn check_output(
    ctx: &Context,
    tables: &ChunkedTables,
    batch: &embag::chunked::ChunkedBatch,
    model: &Model,
    ids: &[u64],
) {
    let expected: Vec<f32> = ids.iter().flat_map(|&id| model.values(id)).collect();
    assert_eq!(tables.forward(batch).unwrap().to_vec(ctx).unwrap(), side_by_side(&expected));
}

fn check(tables: &ChunkedTables, model: &Model, seen: &BTreeSet<u64>, what: &str) {
    assert_eq!(tables.free_slots().unwrap() as usize, model.free(), "{what}");
    let usage = tables.directory("t").unwrap().usage().unwrap();
    assert_eq!((usage.rows as usize, usage.refused), (model.index.len(), model.refused), "{what}");
    let mut slots = HashMap::new();
    for &id in seen {
        let place = model.index.get(&IdDirectory::virtual_id(id));
        let expected = place.map(|&place| model.rows[place].clone().unwrap());
        let got = tables.row("t", id).unwrap();
        assert_eq!(got.is_some(), expected.is_some(), "{what}: id {id}");
        let Some((got, expected)) = got.zip(expected) else { continue };
        let resident: Vec<bool> = got.slots.iter().map(Option::is_some).collect();
        assert_eq!(resident, expected.chunks.map(|chunk| chunk.is_some()), "{what}: id {id}");
        assert_eq!(got.values, model.values(id), "{what}: id {id}");
        assert_eq!((got.utility, got.stamp), (expected.utility.to_vec(), expected.stamp), "{what}: id {id}");
        for slot in got.slots.into_iter().flatten() {
            // ids that collide have one row
            let owner = slots.insert(slot, place);
            assert!((slot as usize) < model.slots && owner.is_none_or(|o| o == place), "{what}: slot {slot}");
        }
    }
    let mut histogram = vec![0; CHUNKS + 1];
    for row in model.rows.iter().flatten() {
        histogram[row.chunks.iter().flatten().count()] += 1;
    }
    assert_eq!(tables.resident_chunks("t").unwrap(), histogram, "{what}");
}

fn ids() -> impl Strategy<Value = Vec<u64>> {
    // an even number of any ids; 90 are more than a directory holds. Two of them share a virtual id.
    proptest::collection::vec(0u64..90, 1..14).prop_map(|ids| {
        let raw: Vec<u64> =
            ids.iter().map(|&id| if id == 0 { collision() } else { id * 0x1234_5678_9abc }).collect();
        [raw.clone(), raw.into_iter().rev().collect()].concat()
    })
}

/// A raw id with the virtual id of another one: of 1 * 0x123456789abc.
fn collision() -> u64 {
    let other = 0x1234_5678_9abcu64;
    let (low, high) = (other as u32, (other >> 32) as u32);
    let another = 77u32;
    // the upper word makes up for the lower one's mix
    u64::from(another) | u64::from(mix(low) ^ high ^ mix(another)) << 32
}

/// The mix of the virtual id, written down again.
fn mix(value: u32) -> u32 {
    let mut h = value;
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (ids(), any::<u32>()).prop_map(|(ids, seed)| Step::Train { ids, seed }),
        1 => ids().prop_map(|ids| Step::Find { ids }),
        3 => (0u32..10, 0u32..3).prop_map(|(tenths, more)| Step::Adjust {
            pruned: f64::from(tenths) / 10.0,
            margin: 1.0 + more as f32 / 2.0,
        }),
        1 => (1u32..130).prop_map(Step::Slots),
        1 => Just(Step::SaveAndLoad),
    ]
}

fn when_full() -> impl Strategy<Value = WhenFull> {
    prop_oneof![
        Just(WhenFull::Evict(Eviction::Utility)),
        Just(WhenFull::Evict(Eviction::Lfu)),
        Just(WhenFull::Evict(Eviction::Lru)),
        Just(WhenFull::Evict(Eviction::Age)),
        Just(WhenFull::Grow),
        Just(WhenFull::Refuse),
    ]
}

#[test]
fn two_raw_ids_collide() {
    assert_eq!(IdDirectory::virtual_id(collision()), IdDirectory::virtual_id(0x1234_5678_9abc));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24 * common::case_factor(), ..ProptestConfig::default() })]

    #[test]
    fn tables_are_as_the_model_has_them(
        when_full in when_full(),
        shares in prop_oneof![Just(Shares::Global), Just(Shares::PerTable), Just(Shares::PerColumnGroup)],
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        for ctx in common::exact(common::devices()) {
            run(&ctx, when_full, shares, &steps);
        }
    }
}
