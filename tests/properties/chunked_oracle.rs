//! Chunked tables against a plain model on the host, after any sequence of lookups, updates, adjustments,
//! changes of the number of slots and of the budget, saves and loads; the same bits, and the same slots, on
//! every device.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers all through"
)]

use std::collections::{BTreeSet, HashMap};

use embag::IdDirectory;
use embag::chunked::{
    Adjustment, ChunkedBatch, ChunkedTables, Eviction, Frequency, Shares, Utility, WhenFull,
};
use embag::optim::Adagrad;
use embag::{Checkpoint, Context, Matrix, Pooling};
use proptest::prelude::*;

use crate::common;

const WIDTH: usize = 4;
/// Of the tables: names, chunks of a row, rows.
const TABLES: [(&str, usize, usize); 2] = [("t", 3, 40), ("u", 2, 30)];
/// Of the features: tables, and how many ids a bag has.
const FEATURES: [(usize, usize); 3] = [(0, 1), (0, 1), (1, 2)];
const SLOTS: u32 = 70;
const LR: f32 = 0.125;
const EPS: f32 = 1.0;
/// Utilities of gradients that are small whole numbers are exact.
const DECAY: f32 = 0.5;

#[derive(Debug, Clone)]
enum Step {
    /// Ids of the features' bags one after the other; without a seed they are admitted, and earn nothing.
    Train {
        ids: Vec<u64>,
        seed: Option<u32>,
    },
    Find {
        ids: Vec<u64>,
    },
    Adjust {
        pruned: f64,
        margin: f32,
    },
    Slots(u32),
    Budget(u64),
    SaveAndLoad,
}

/// A value and its state.
type Element = (f32, f32);
type Chunk = [Element; WIDTH];

#[derive(Debug, Clone, Default, PartialEq)]
struct Row {
    id: u32,
    chunks: Vec<Option<Chunk>>,
    utility: Vec<f32>,
    stamp: u32,
    count: u32,
    admitted: u32,
}

impl Row {
    fn effective(&self, step: u32) -> Vec<f32> {
        let left = DECAY.powi((step - self.stamp) as i32);
        self.utility.iter().map(|utility| utility * left).collect()
    }

    fn touch(&mut self, step: u32) {
        (self.utility, self.stamp) = (self.effective(step), step);
    }
}

#[derive(Default)]
struct ModelTable {
    chunks: usize,
    capacity: usize,
    rows: Vec<Option<Row>>,
    left: Vec<usize>,
    index: HashMap<u32, usize>,
    refused: u32,
    evicted: u64,
}

/// What tables should be.
struct Model {
    when_full: WhenFull,
    shares: Shares,
    slots: usize,
    tables: [ModelTable; 2],
    step: u32,
}

impl ModelTable {
    fn of(&self, id: u64) -> Option<&Row> {
        let place = self.index.get(&IdDirectory::virtual_id(id))?;
        self.rows[*place].as_ref()
    }

    fn values(&self, id: u64) -> Vec<f32> {
        let chunks = self.of(id).map_or_else(|| vec![None; self.chunks], |row| row.chunks.clone());
        chunks.iter().flat_map(|chunk| chunk.unwrap_or_default().map(|(value, _)| value)).collect()
    }

    fn evict(&mut self, eviction: Eviction, mine: &BTreeSet<u32>, short: usize, step: u32) {
        let credit = |row: &Row| match eviction {
            Eviction::Lfu => row.count,
            // of power 0
            Eviction::DistanceLfu { .. } => (row.count as f32).to_bits(),
            Eviction::Lru => row.stamp,
            Eviction::Age => row.admitted,
            _ => {
                let mut sum = 0.0;
                row.utility.iter().for_each(|utility| sum += utility);
                (sum * DECAY.powi((step - row.stamp) as i32)).to_bits()
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
            self.evicted += 1;
        }
    }
}

impl Model {
    fn new(when_full: WhenFull, shares: Shares) -> Self {
        let tables =
            TABLES.map(|(_, chunks, capacity)| ModelTable { chunks, capacity, ..Default::default() });
        Self { when_full, shares, slots: SLOTS as usize, tables, step: 0 }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| table.rows.iter().flatten())
    }

    fn free(&self) -> usize {
        self.slots - self.rows().flat_map(|row| &row.chunks).flatten().count()
    }

    /// Whether all may be admitted. What fits a budget is a matter of bytes that the model does not know: it
    /// takes from the tables which of them grew, to how many rows, and how many slots there are then.
    fn admit(&mut self, ids: &[Vec<u64>; 2], grown: [Option<usize>; 2], tables: &ChunkedTables) -> bool {
        let mut of_tables = Vec::new();
        for (table, ids) in self.tables.iter().zip(ids) {
            let mine: BTreeSet<u32> = ids.iter().map(|&id| IdDirectory::virtual_id(id)).collect();
            let new: Vec<u32> = mine.iter().copied().filter(|id| !table.index.contains_key(id)).collect();
            let short = new.len().saturating_sub(table.capacity - table.index.len());
            if short > 0 && self.when_full == WhenFull::Error {
                return false;
            }
            of_tables.push((mine, new, short));
        }
        for ((table, (mine, new, short)), grown) in self.tables.iter_mut().zip(&of_tables).zip(grown) {
            assert!(grown.is_none() || (*short > 0 && self.when_full == WhenFull::Grow), "grew for nothing");
            match self.when_full {
                WhenFull::Grow if *short > 0 => {
                    let needed = table.index.len() + new.len();
                    let most = needed.max(2 * table.capacity);
                    match (grown, tables.budget()) {
                        (Some(rows), None) => assert_eq!(rows, most),
                        (Some(rows), Some(_)) => assert!((needed..=most).contains(&rows), "{rows}"),
                        (None, None) => panic!("it has not grown"),
                        (None, Some(_)) => table.evict(Eviction::Utility, mine, *short, self.step),
                    }
                    table.capacity = grown.unwrap_or(table.capacity);
                }
                WhenFull::Evict(eviction) if *short > 0 => table.evict(eviction, mine, *short, self.step),
                _ => {}
            }
        }
        let slots = tables.slots() as usize;
        let may_be_more = grown.iter().any(Option::is_some) && tables.budget().is_some();
        assert!(slots == self.slots || (slots > self.slots && may_be_more), "{} became {slots}", self.slots);
        self.slots = slots;
        let mut free = self.free();
        for (table, (_, new, _)) in self.tables.iter_mut().zip(of_tables) {
            for id in new {
                if table.index.len() == table.capacity {
                    table.refused += 1;
                    continue;
                }
                let place = table.left.pop().unwrap_or_else(|| {
                    table.rows.push(None);
                    table.rows.len() - 1
                });
                let mut row = Row { id, stamp: self.step, admitted: self.step, ..Row::default() };
                row.utility = vec![0.0; table.chunks];
                for _ in 0..table.chunks {
                    row.chunks.push((free > 0).then(Chunk::default));
                    free = free.saturating_sub(1);
                }
                table.rows[place] = Some(row);
                table.index.insert(id, place);
            }
        }
        true
    }

    /// Gradients by features, of bags.
    fn train(&mut self, ids: &[Vec<u64>], grads: &[Vec<f32>]) {
        self.step += 1;
        let mut sums = HashMap::<(usize, usize), (Vec<f32>, u32)>::new();
        for ((&(t, bag), ids), grads) in FEATURES.iter().zip(ids).zip(grads) {
            let table = &self.tables[t];
            let dim = table.chunks * WIDTH;
            for (ids, grad) in ids.chunks(bag).zip(grads.chunks(dim)) {
                for id in ids {
                    let Some(&place) = table.index.get(&IdDirectory::virtual_id(*id)) else { continue };
                    let (sum, count) = sums.entry((t, place)).or_insert_with(|| (vec![0.0; dim], 0));
                    sum.iter_mut().zip(grad).for_each(|(sum, grad)| *sum += grad);
                    *count += 1;
                }
            }
        }
        for ((table, place), (sum, count)) in sums {
            let row = self.tables[table].rows[place].as_mut().unwrap();
            row.touch(self.step);
            row.count += count;
            for (c, grad) in sum.chunks(WIDTH).enumerate() {
                let norm = grad.iter().map(|g| g * g).sum::<f32>().sqrt();
                row.utility[c] += (count as f32).sqrt() * norm;
                for ((value, state), g) in row.chunks[c].iter_mut().flatten().zip(grad) {
                    *state += g * g;
                    *value -= g * LR / (state.sqrt() + EPS);
                }
            }
        }
    }

    /// All chunks of rows in use: table, row, chunk.
    fn chunks(&self) -> Vec<(usize, usize, usize)> {
        let mut all = Vec::new();
        for (t, table) in self.tables.iter().enumerate() {
            for (place, _) in table.rows.iter().enumerate().filter(|(_, row)| row.is_some()) {
                all.extend((0..table.chunks).map(|c| (t, place, c)));
            }
        }
        all
    }

    fn groups(&self) -> Vec<(usize, Option<usize>)> {
        let tables = 0..self.tables.len();
        match self.shares {
            Shares::PerTable => tables.map(|table| (table, None)).collect(),
            Shares::PerColumnGroup => {
                tables.flat_map(|t| (0..self.tables[t].chunks).map(move |c| (t, Some(c)))).collect()
            }
            // of all tables
            _ => vec![(usize::MAX, None)],
        }
    }

    fn adjust(&mut self, pruned: f64, margin: f32) -> Adjustment {
        let all = self.chunks();
        let groups = self.groups();
        let group_of = |&(table, _, c): &(usize, usize, usize)| {
            let is = |&(t, column): &(usize, Option<usize>)| {
                (t == table || t == usize::MAX) && column.is_none_or(|column| column == c)
            };
            groups.iter().position(is).unwrap()
        };
        // what they are worth when the adjustment begins, by chunks
        let worth_of = |&(t, place, c): &(usize, usize, usize)| {
            self.tables[t].rows[place].as_ref().unwrap().effective(self.step)[c]
        };
        let worth: HashMap<_, f32> = all.iter().map(|chunk| (*chunk, worth_of(chunk))).collect();
        let mut of_groups = vec![Vec::new(); groups.len()];
        all.iter().for_each(|chunk| of_groups[group_of(chunk)].push(worth[chunk]));
        let mut kept: Vec<usize> = of_groups
            .iter()
            .map(|worth| worth.len() - (pruned * worth.len() as f64).floor() as usize)
            .collect();
        let wanted: usize = kept.iter().sum();
        if wanted > self.slots {
            kept.iter_mut().for_each(|kept| *kept = *kept * self.slots / wanted);
        }
        let thresholds: Vec<f32> = of_groups
            .iter_mut()
            .zip(&kept)
            .map(|(worth, &kept)| {
                worth.sort_by(f32::total_cmp);
                if kept == 0 { f32::INFINITY } else { worth[worth.len() - kept] }
            })
            .collect();
        let threshold = |chunk: &(usize, usize, usize)| thresholds[group_of(chunk)];
        let spare = self.slots - kept.iter().sum::<usize>();
        let (free, resident) = (self.free(), |model: &Self, &(t, place, c): &(usize, usize, usize)| {
            model.tables[t].rows[place].as_ref().unwrap().chunks[c].is_some()
        });

        let there: Vec<_> = all.iter().filter(|chunk| resident(self, chunk)).copied().collect();
        let absent: Vec<_> = all.iter().filter(|chunk| !resident(self, chunk)).copied().collect();
        let wants =
            |chunk: &(usize, usize, usize)| worth[chunk] > 0.0 && worth[chunk] >= threshold(chunk) * margin;
        let mut leave: Vec<_> =
            there.iter().filter(|chunk| worth[chunk] < threshold(chunk)).copied().collect();
        let above: Vec<_> =
            absent.iter().filter(|chunk| wants(chunk) && worth[chunk] > threshold(chunk)).copied().collect();
        let tied: Vec<_> = there.iter().filter(|chunk| worth[chunk] == threshold(chunk)).copied().collect();
        let usable = (free + leave.len()).saturating_sub(spare);
        let yielding = above.len().saturating_sub(usable).min(tied.len());
        leave.extend(&tied[tied.len() - yielding..]);
        let usable = usable + yielding;
        let mut come: Vec<_> = above.into_iter().take(usable).collect();
        // as much as the threshold
        let others = absent.iter().filter(|chunk| wants(chunk) && worth[chunk] == threshold(chunk)).copied();
        come.extend(others.take(usable - come.len()).collect::<Vec<_>>());

        let (evicted, admitted) = (leave.len() as u32, come.len() as u32);
        for (chunks, with) in [(leave, None), (come, Some(Chunk::default()))] {
            for (table, place, c) in chunks {
                let row = self.tables[table].rows[place].as_mut().unwrap();
                row.chunks[c] = with;
                row.touch(self.step);
            }
        }
        Adjustment {
            chunks: all.len() as u32,
            resident: (self.slots - self.free()) as u32,
            evicted,
            admitted,
            thresholds,
        }
    }

    fn set_slots(&mut self, slots: usize) {
        let mut residents = Vec::new();
        for (t, place, c) in self.chunks() {
            let row = self.tables[t].rows[place].as_ref().unwrap();
            if row.chunks[c].is_some() {
                residents.push((row.effective(self.step)[c], (t, place, c)));
            }
        }
        residents.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        for &(_, (t, place, c)) in &residents[..residents.len().saturating_sub(slots)] {
            // it is changed: its utilities are kept as of now
            let row = self.tables[t].rows[place].as_mut().unwrap();
            row.touch(self.step);
            row.chunks[c] = None;
        }
        self.slots = slots;
    }
}

/// The ids of the features: the same ones, backwards, and two to a bag.
fn of_features(ids: &[u64]) -> Vec<Vec<u64>> {
    let pairs = ids.iter().zip(ids.iter().cycle().skip(1)).flat_map(|(a, b)| [*a, *b]).collect();
    vec![ids.to_vec(), ids.iter().rev().copied().collect(), pairs]
}

fn lengths(bags: usize) -> Vec<u32> {
    FEATURES.iter().flat_map(|&(_, len)| vec![len as u32; bags]).collect()
}

fn of_tables(ids: &[Vec<u64>]) -> [Vec<u64>; 2] {
    [0, 1].map(|table| {
        let mine = FEATURES.iter().zip(ids).filter(|((of, _), _)| *of == table);
        mine.flat_map(|(_, ids)| ids.clone()).collect()
    })
}

fn grads(bags: usize, seed: u32) -> Vec<Vec<f32>> {
    let word =
        |i: u32| (i.wrapping_mul(0x9e37_79b9) ^ seed.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
    let mut all = 0..;
    let mut some = |count: usize| {
        all.by_ref().take(count).map(|i| ((word(i) >> 13) % 9) as f32 - 4.0).collect::<Vec<f32>>()
    };
    FEATURES.iter().map(|&(table, _)| some(bags * TABLES[table].1 * WIDTH)).collect()
}

/// Values of features one after the other as rows of a matrix.
fn side_by_side(bags: usize, values: &[Vec<f32>]) -> Vec<f32> {
    let of_bag = |bag| {
        values.iter().flat_map(move |values| {
            let dim = values.len() / bags;
            values[bag * dim..][..dim].to_vec()
        })
    };
    (0..bags).flat_map(of_bag).collect()
}

fn build(ctx: &Context, when_full: WhenFull, shares: Shares, slots: u32) -> ChunkedTables {
    let mut builder = ChunkedTables::builder(ctx);
    for (name, chunks, rows) in TABLES {
        builder = builder.table(name, rows, chunks * WIDTH);
    }
    builder
        .feature("a", "t", Pooling::Sum)
        .feature("b", "t", Pooling::Mean)
        .feature("c", "u", Pooling::Sum)
        .chunk_width(WIDTH as u32)
        .slots(slots)
        .scale(0.0)
        .optimizer(Adagrad { lr: LR, eps: EPS, ..Default::default() })
        .utility(Utility { frequency: Frequency::Root, decay: DECAY })
        .shares(shares)
        .when_full(when_full)
        .build()
        .unwrap()
}

/// The rows of each table after each time it grew.
fn growths(tables: &ChunkedTables) -> [Vec<usize>; 2] {
    TABLES.map(|(name, ..)| {
        let all = &tables.stats(name).unwrap().growths;
        all.iter().map(|growth| growth.rows.1 as usize).collect()
    })
}

/// The slots of the chunks of all ids, after each step.
type Slots = Vec<Vec<Option<u32>>>;

/// Runs the steps on a device and holds every one against the model.
fn run(ctx: &Context, when_full: WhenFull, shares: Shares, steps: &[Step]) -> Slots {
    let mut tables = build(ctx, when_full, shares, SLOTS);
    let mut model = Model::new(when_full, shares);
    let (mut seen, mut slots) = (BTreeSet::new(), Slots::new());
    for (number, step) in steps.iter().enumerate() {
        let what = format!("{} {when_full:?} {shares:?} step {number}: {step:?}", common::name_of(ctx));
        match step {
            Step::Train { ids, seed } => {
                let (bags, features) = (ids.len(), of_features(ids));
                seen.extend(ids);
                let before = growths(&tables);
                let batch = tables.admit_from_lengths(&features.concat(), &lengths(bags));
                let grown = [0, 1].map(|t| growths(&tables)[t][before[t].len()..].first().copied());
                if !model.admit(&of_tables(&features), grown, &tables) {
                    assert!(batch.is_err(), "{what}");
                    continue;
                }
                let batch = batch.unwrap();
                check_output(ctx, &tables, &batch, &model, ids);
                if let Some(seed) = seed {
                    let grads = grads(bags, *seed);
                    let matrix = side_by_side(bags, &grads);
                    let grad = Matrix::from_slice(ctx, &matrix, bags, matrix.len() / bags).unwrap();
                    tables.backward(&batch, &grad).unwrap();
                    model.train(&features, &grads);
                }
            }
            Step::Find { ids } => {
                let batch =
                    tables.find_from_lengths(&of_features(ids).concat(), &lengths(ids.len())).unwrap();
                check_output(ctx, &tables, &batch, &model, ids);
            }
            Step::Adjust { pruned, margin } => {
                let done = tables.adjust(*pruned, *margin).unwrap();
                let expected = model.adjust(*pruned, *margin);
                if expected.chunks > 0 {
                    assert_eq!(done, expected, "{what}");
                }
            }
            Step::Slots(slots) => {
                tables.set_slots(*slots).unwrap();
                model.set_slots(*slots as usize);
            }
            Step::Budget(bytes) => match tables.set_budget(*bytes) {
                Ok(()) => {
                    assert_eq!(tables.budget(), Some(*bytes), "{what}");
                    model.set_slots(tables.slots() as usize);
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.starts_with("budget: expected more than the "), "{error}");
                }
            },
            Step::SaveAndLoad => {
                let mut checkpoint = Checkpoint::new();
                tables.export(&mut checkpoint, "c").unwrap();
                let budget = tables.budget();
                tables = build(ctx, when_full, shares, 3);
                tables.import(&checkpoint, "c").unwrap();
                assert_eq!(tables.budget(), budget, "{what}");
                for (table, (name, ..)) in model.tables.iter_mut().zip(TABLES) {
                    // directories that may grow have the rows that are needed; statistics are not saved
                    table.capacity = tables.directory(name).unwrap().capacity();
                    table.evicted = 0;
                }
            }
        }
        if let Some(budget) = tables.budget() {
            let bytes = tables.bytes().instead_of_dense();
            assert!(bytes <= budget, "{what}: {bytes} bytes of {budget}");
        }
        slots.push(check(&tables, &model, &seen, &what));
    }
    slots
}

fn check_output(ctx: &Context, tables: &ChunkedTables, batch: &ChunkedBatch, model: &Model, ids: &[u64]) {
    let pooled = |(&(table, bag), ids): (&(usize, usize), Vec<u64>)| {
        let values = |ids: &[u64]| {
            let rows = ids.iter().map(|&id| model.tables[table].values(id));
            rows.reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect()).unwrap_or_default()
        };
        ids.chunks(bag).flat_map(values).collect::<Vec<f32>>()
    };
    let expected: Vec<Vec<f32>> = FEATURES.iter().zip(of_features(ids)).map(pooled).collect();
    assert_eq!(tables.forward(batch).unwrap().to_vec(ctx).unwrap(), side_by_side(ids.len(), &expected));
}

/// Holds everything against the model, and gives all slots.
fn check(tables: &ChunkedTables, model: &Model, seen: &BTreeSet<u64>, what: &str) -> Vec<Option<u32>> {
    assert_eq!(tables.free_slots().unwrap() as usize, model.free(), "{what}");
    let (mut owners, mut all) = (HashMap::new(), Vec::new());
    for (t, ((name, chunks, _), of)) in TABLES.into_iter().zip(&model.tables).enumerate() {
        let usage = tables.directory(name).unwrap().usage().unwrap();
        assert_eq!((usage.rows, usage.refused), (of.index.len(), of.refused), "{what}");
        assert_eq!(tables.stats(name).unwrap().evicted, of.evicted, "{what}");
        for &id in seen {
            let (got, expected) = (tables.row(name, id).unwrap(), of.of(id));
            assert_eq!(got.is_some(), expected.is_some(), "{what}: id {id}");
            let Some((got, expected)) = got.zip(expected) else { continue };
            let resident: Vec<bool> = got.slots.iter().map(Option::is_some).collect();
            let chunks: Vec<bool> = expected.chunks.iter().map(Option::is_some).collect();
            assert_eq!(resident, chunks, "{what}: id {id}");
            assert_eq!(got.values, of.values(id), "{what}: id {id}");
            assert_eq!(got.utility, expected.utility, "{what}: id {id}");
            assert_eq!(got.stamp, expected.stamp, "{what}: id {id}");
            for slot in got.slots.iter().flatten() {
                // ids that collide have one row
                let owner = owners.insert(*slot, (t, expected.id));
                let own = owner.is_none_or(|owner| owner == (t, expected.id));
                assert!((*slot as usize) < model.slots && own, "{what}: slot {slot}");
            }
            all.extend(got.slots);
        }
        let mut histogram = vec![0; chunks + 1];
        for row in of.rows.iter().flatten() {
            histogram[row.chunks.iter().flatten().count()] += 1;
        }
        assert_eq!(tables.resident_chunks(name).unwrap(), histogram, "{what}");
    }
    all
}

fn ids() -> impl Strategy<Value = Vec<u64>> {
    // 90 are more than a directory holds; two of them share a virtual id
    proptest::collection::vec(0u64..90, 1..14).prop_map(|ids| {
        ids.iter().map(|&id| if id == 0 { collision() } else { id * 0x1234_5678_9abc }).collect()
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
        6 => (ids(), any::<u32>()).prop_map(|(ids, seed)| Step::Train { ids, seed: Some(seed) }),
        2 => ids().prop_map(|ids| Step::Train { ids, seed: None }),
        1 => ids().prop_map(|ids| Step::Find { ids }),
        3 => (0u32..14, 0u32..3).prop_map(|(tenths, more)| Step::Adjust {
            // all slots used as often as not
            pruned: f64::from(tenths.saturating_sub(4)) / 10.0,
            margin: 1.0 + more as f32 / 2.0,
        }),
        1 => (1u32..200).prop_map(Step::Slots),
        // from too few bytes for anything to enough for all
        1 => (3000u64..8000).prop_map(Step::Budget),
        1 => Just(Step::SaveAndLoad),
    ]
}

fn when_full() -> impl Strategy<Value = WhenFull> {
    prop_oneof![
        Just(WhenFull::Evict(Eviction::Utility)),
        Just(WhenFull::Evict(Eviction::Lfu)),
        Just(WhenFull::Evict(Eviction::Lru)),
        Just(WhenFull::Evict(Eviction::DistanceLfu { power: 0.0 })),
        Just(WhenFull::Evict(Eviction::Age)),
        Just(WhenFull::Grow),
        Just(WhenFull::Refuse),
        Just(WhenFull::Error),
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
        let devices = common::exact(common::devices());
        let slots: Vec<Slots> =
            devices.iter().map(|ctx| run(ctx, when_full, shares, &steps)).collect();
        prop_assert!(slots.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
