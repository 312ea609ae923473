//! Every operation over every kind of table: where the rows are the same, so are the outputs, the gradients of
//! weights, and the rows after a step, to the bit.

use embag::bag::BatchBuilder;
use embag::optim::{Adam, Optimizer, Rounding, Sgd, UpdateRules};
use embag::quant::{RangeSearch, RowFormat};
use embag::{
    Buffer, CachedBags, ChunkedTables, Context, EmbeddingBags, IdDirectory, Init, JaggedBatch, Matrix,
    Pooling, Precision, PrunedTables, QuantizedBags, Recorder, Result, Table, VariableRows,
};

use crate::common;
use crate::random::Random;

const DIM: usize = 12;
/// Ids are 0 to 39; 7 is the padding id of features that have one.
const IDS: u64 = 40;
const ROWS: usize = 40;
const PADDING: u32 = 7;
const FEATURES: [(&str, Pooling, bool); 5] = [
    ("sum", Pooling::Sum, false),
    ("mean", Pooling::Mean, true),
    ("max", Pooling::Max, false),
    ("padded_max", Pooling::Max, true),
    ("sequence", Pooling::None, true),
];

/// What a batch is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// All features, with a matrix for each.
    Whole,
    /// Those that are pooled, side by side.
    SideBySide,
    /// Sums, means and sequences, with per-sample weights of two of them.
    Weighted,
    /// Features of differing numbers of examples; one has none.
    Variable,
    /// Outputs of 16 bits.
    Halves,
}

/// The forms of features of which none is a maximum.
const SUMMED: [(&str, Pooling, bool); 3] = [FEATURES[0], FEATURES[1], FEATURES[4]];

const FORMS: [Form; 5] = [Form::Whole, Form::SideBySide, Form::Weighted, Form::Variable, Form::Halves];

impl Form {
    fn features(self) -> Vec<&'static str> {
        let wanted = |(_, pooling, _): &(&str, Pooling, bool)| match self {
            Self::SideBySide => *pooling != Pooling::None,
            Self::Weighted => *pooling != Pooling::Max,
            _ => true,
        };
        FEATURES.into_iter().filter(wanted).map(|(name, ..)| name).collect()
    }

    fn precision(self) -> Precision {
        if self == Self::Halves { Precision::Bf16 } else { Precision::F32 }
    }

    /// Fills a batch of any kind of table.
    fn fill<For>(self, batch: BatchBuilder<For>) -> BatchBuilder<For> {
        self.fill_some(batch, &self.features())
    }

    fn fill_some<For>(self, batch: BatchBuilder<For>, names: &[&str]) -> BatchBuilder<For> {
        let mut random = Random::new(5);
        let mut batch = batch.only(names);
        if self == Self::Variable {
            batch = batch.variable();
        }
        for (name, pooling, _) in FEATURES {
            let examples = match (self, name) {
                (Self::Variable, "mean") => continue,
                (Self::Variable, "sum") => 7,
                _ => 11,
            };
            // some bags are empty, some hold an id often
            let lengths: Vec<u32> = (0..examples).map(|_| random.below(7)).collect();
            let count: u32 = lengths.iter().sum();
            let ids: Vec<u64> = (0..count)
                .map(|_| if random.below(4) == 0 { 7 } else { u64::from(random.below(40)) })
                .collect();
            let weights: Vec<f32> = (0..count).map(|_| random.float()).collect();
            if !names.contains(&name) {
                continue;
            }
            batch = batch.bags(name, &ids, &lengths);
            if self == Self::Weighted && pooling != Pooling::Mean {
                batch = batch.weights(name, &weights);
            }
        }
        batch
    }
}

/// Rows of differing dimensions have no maxima.
struct Variable(VariableRows);

/// The same features of bags.
struct Summed(EmbeddingBags);

/// What each kind of table does, by its own methods.
trait Kind {
    /// Whether some features are maxima, whose weights have no gradient.
    const MAXIMA: bool = true;
    type Batch;
    fn ctx(&self) -> Context;
    fn filled(&mut self, form: Form) -> Result<Self::Batch>;
    fn features(&self, batch: &Self::Batch) -> Result<Vec<Matrix>>;
    fn side_by_side(&self, batch: &Self::Batch) -> Result<Matrix>;
    fn look_up(&self, rec: &mut Recorder, batch: &Self::Batch, out: &[Matrix]) -> Result<()>;
}

/// The kinds that are trained.
trait Trained: Kind {
    fn weight_grad(&self, batch: &Self::Batch, grad: &[Matrix]) -> Result<Buffer>;
    fn backward(&mut self, batch: &Self::Batch, grad: &[Matrix]) -> Result<()>;
    /// The rows of all ids.
    fn rows(&mut self) -> Vec<f32>;
}

macro_rules! kind {
    ($tables:ty, $batch:ty, |$this:ident, $given:ident| $find:expr) => {
        impl Kind for $tables {
            type Batch = $batch;

            fn ctx(&self) -> Context {
                self.context().clone()
            }

            fn filled(&mut self, form: Form) -> Result<$batch> {
                let $given = form.fill(self.batch());
                let $this = self;
                $find
            }

            fn features(&self, batch: &$batch) -> Result<Vec<Matrix>> {
                self.forward_features(batch)
            }

            fn side_by_side(&self, batch: &$batch) -> Result<Matrix> {
                self.forward(batch)
            }

            fn look_up(&self, rec: &mut Recorder, batch: &$batch, out: &[Matrix]) -> Result<()> {
                self.record_forward(rec, batch, out)
            }
        }
    };
}

macro_rules! trained {
    ($tables:ty, |$this:ident| $rows:expr) => {
        impl Trained for $tables {
            fn weight_grad(&self, batch: &Self::Batch, grad: &[Matrix]) -> Result<Buffer> {
                <$tables>::weight_grad(self, batch, grad)
            }

            fn backward(&mut self, batch: &Self::Batch, grad: &[Matrix]) -> Result<()> {
                <$tables>::backward(self, batch, grad)
            }

            fn rows(&mut self) -> Vec<f32> {
                let $this = self;
                $rows
            }
        }
    };
}

/// The rows of all ids: what a table's directory says, or the ids themselves if it has none.
fn rows_of_ids(directory: Result<&IdDirectory>) -> Vec<u64> {
    let ids: Vec<u64> = (0..IDS).collect();
    match directory {
        Ok(directory) => directory.find(&ids).unwrap().into_iter().map(u64::from).collect(),
        Err(_) => ids,
    }
}

kind!(EmbeddingBags, JaggedBatch, |this, given| this.find(given));
trained!(EmbeddingBags, |this| {
    let rows = rows_of_ids(this.directory("t"));
    rows.into_iter().flat_map(|row| this.read_row("t", row).unwrap()).collect()
});
kind!(CachedBags, embag::cached::CachedBatch, |this, given| this.place(given));
trained!(CachedBags, |this| {
    let rows = rows_of_ids(this.directory("t"));
    rows.into_iter().flat_map(|row| this.read_row("t", row).unwrap()).collect()
});
kind!(ChunkedTables, embag::chunked::ChunkedBatch, |this, given| this.find(given));
trained!(ChunkedTables, |this| {
    (0..IDS).flat_map(|id| this.row("t", id).unwrap().expect("it was admitted").values).collect()
});
kind!(PrunedTables, embag::chunked::ChunkedBatch, |this, given| this.find(given));
kind!(QuantizedBags, JaggedBatch, |this, given| this.find(given));

macro_rules! summed {
    ($tables:ty, $inner:ty, $batch:ty, |$this:ident| $rows:expr) => {
        impl Kind for $tables {
            const MAXIMA: bool = false;
            type Batch = $batch;

            fn ctx(&self) -> Context {
                self.0.context().clone()
            }

            fn filled(&mut self, form: Form) -> Result<$batch> {
                let names: Vec<&str> = SUMMED
                    .into_iter()
                    .filter(|(_, pooling, _)| form != Form::SideBySide || *pooling != Pooling::None)
                    .map(|(name, ..)| name)
                    .collect();
                self.0.find(form.fill_some(self.0.batch(), &names))
            }

            fn features(&self, batch: &$batch) -> Result<Vec<Matrix>> {
                self.0.forward_features(batch)
            }

            fn side_by_side(&self, batch: &$batch) -> Result<Matrix> {
                self.0.forward(batch)
            }

            fn look_up(&self, rec: &mut Recorder, batch: &$batch, out: &[Matrix]) -> Result<()> {
                self.0.record_forward(rec, batch, out)
            }
        }

        impl Trained for $tables {
            fn weight_grad(&self, batch: &Self::Batch, grad: &[Matrix]) -> Result<Buffer> {
                <$inner>::weight_grad(&self.0, batch, grad)
            }

            fn backward(&mut self, batch: &Self::Batch, grad: &[Matrix]) -> Result<()> {
                <$inner>::backward(&mut self.0, batch, grad)
            }

            fn rows(&mut self) -> Vec<f32> {
                let $this = self;
                $rows
            }
        }
    };
}

summed!(Variable, VariableRows, embag::variable::VariableBatch, |this| this.0.download().unwrap());
summed!(Summed, EmbeddingBags, JaggedBatch, |this| this.0.download("t").unwrap());

macro_rules! with_features {
    ($builder:expr) => {{
        let mut builder = $builder;
        for (name, pooling, padded) in FEATURES {
            builder = builder.feature(name, "t", pooling);
            if padded {
                builder = builder.padding(PADDING);
            }
        }
        builder
    }};
}

/// What is rounded at random is so by the places of rows, which differ.
fn to_nearest() -> UpdateRules {
    UpdateRules { rounding: Rounding::Nearest, ..UpdateRules::default() }
}

fn plain(ctx: &Context, table: Table, optimizer: &Optimizer) -> EmbeddingBags {
    let builder = EmbeddingBags::builder(ctx).table("t", table.dim(DIM));
    with_features!(builder).optimizer(*optimizer).update_rules(to_nearest()).seed(3).build().unwrap()
}

fn cached(ctx: &Context, table: Table, optimizer: &Optimizer) -> CachedBags {
    let builder = CachedBags::builder(ctx).table("t", table.dim(DIM), ROWS);
    with_features!(builder).optimizer(*optimizer).update_rules(to_nearest()).seed(3).build().unwrap()
}

/// Tables with all chunks of all ids; those in several windows if the context's bindings are small.
fn chunked(ctx: &Context, precision: Precision, optimizer: &Optimizer) -> ChunkedTables {
    let builder = ChunkedTables::builder(ctx).table("t", 100, DIM).chunk_width(4).slots(300).scale(0.5);
    let builder = builder.precision(precision);
    let mut tables =
        with_features!(builder).optimizer(*optimizer).update_rules(to_nearest()).seed(3).build().unwrap();
    let ids: Vec<u64> = (0..IDS).collect();
    tables.admit(tables.batch().only(&["sum"]).feature("sum", &ids)).unwrap();
    tables
}

/// What a batch of each form gives.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// A matrix for each feature, and side by side where they can be.
    outputs: Vec<Vec<u32>>,
    weight_grad: Vec<u32>,
    /// After two steps.
    rows: Vec<u32>,
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn outputs<K: Kind>(tables: &mut K, form: Form) -> (K::Batch, Vec<Matrix>, Vec<Vec<u32>>) {
    let ctx = tables.ctx();
    let batch = tables.filled(form).unwrap();
    let outputs = tables.features(&batch).unwrap();
    let mut found: Vec<Vec<u32>> = outputs.iter().map(|out| bits(&out.to_vec(&ctx).unwrap())).collect();
    assert!(found.iter().flatten().any(|&bits| bits != 0));
    if form == Form::SideBySide {
        found.push(bits(&tables.side_by_side(&batch).unwrap().to_vec(&ctx).unwrap()));
    }
    let other = |out: &Matrix| Matrix::zeros_of(form.precision(), &ctx, out.rows(), out.cols()).unwrap();
    let into: Vec<Matrix> = outputs.iter().map(other).collect();
    let mut rec = Recorder::new(&ctx);
    tables.look_up(&mut rec, &batch, &into).unwrap();
    rec.run().unwrap();
    found.extend(into.iter().map(|out| bits(&out.to_vec(&ctx).unwrap())));
    (batch, outputs, found)
}

fn outcome<K: Trained>(tables: &mut K, form: Form) -> Outcome {
    let ctx = tables.ctx();
    let (batch, outs, found) = outputs(tables, form);
    let mut random = Random::new(9);
    let grad = |out: &Matrix| {
        let values: Vec<f32> = (0..out.rows() * out.cols()).map(|_| random.float()).collect();
        Matrix::from_slice(&ctx, &values, out.rows(), out.cols()).unwrap()
    };
    let grads: Vec<Matrix> = outs.iter().map(grad).collect();
    let weight_grad = match tables.weight_grad(&batch, &grads) {
        Ok(grad) => bits(&grad.read::<f32>(&ctx).unwrap()),
        Err(error) => {
            let expected =
                "feature \"max\": expected a sum or mean, for a gradient of weights, got a maximum";
            assert_eq!(error.to_string(), expected);
            Vec::new()
        }
    };
    assert_eq!(weight_grad.is_empty(), K::MAXIMA && form != Form::Weighted, "{form:?}");
    for _ in 0..2 {
        tables.backward(&batch, &grads).unwrap();
    }
    Outcome { outputs: found, weight_grad, rows: bits(&tables.rows()) }
}

/// The rows of ids 0, 1, 2 and so on, in tables of rows and of raw ids.
fn fill_plain(tables: &mut EmbeddingBags, rows: &[f32]) {
    if tables.directory("t").is_ok() {
        let ids: Vec<u64> = (0..IDS).collect();
        tables.admit(tables.batch().only(&["sum"]).feature("sum", &ids)).unwrap();
    }
    let places = places_of(tables.directory("t").ok());
    for (row, values) in places.into_iter().zip(rows.chunks(DIM)) {
        tables.write_row("t", row, values).unwrap();
    }
}

fn fill_cached(tables: &mut CachedBags, rows: &[f32]) {
    if tables.directory("t").is_ok() {
        let ids: Vec<u64> = (0..IDS).collect();
        tables.admit(tables.batch().only(&["sum"]).feature("sum", &ids)).unwrap();
    }
    let places = places_of(tables.directory("t").ok());
    for (row, values) in places.into_iter().zip(rows.chunks(DIM)) {
        tables.write_row("t", row, values).unwrap();
    }
}

fn places_of(directory: Option<&embag::IdDirectory>) -> Vec<u64> {
    let ids: Vec<u64> = (0..IDS).collect();
    match directory {
        Some(directory) => directory.find(&ids).unwrap().into_iter().map(u64::from).collect(),
        None => ids,
    }
}

fn devices() -> Vec<Context> {
    common::exact(common::devices().into_iter().chain(common::gpu_shapes().iter().cloned()))
}

#[test]
fn every_kind_gives_the_bits_of_bags() {
    for ctx in devices() {
        let sgd = Optimizer::from(Sgd::new(0.1));
        for (precision, optimizer) in [
            (Precision::F32, sgd),
            (Precision::F32, Adam::new(0.02).into()),
            (Precision::F16, sgd),
            (Precision::Bf16, Adam::new(0.02).into()),
        ] {
            for form in FORMS {
                let what = |kind: &str| {
                    format!("{kind}, {form:?}, {precision:?}, {optimizer:?}, {}", common::name_of(&ctx))
                };
                let of_rows = Table::rows(ROWS).precision(precision);
                let of_raw = Table::raw_ids(60).precision(precision);
                let mut tables = chunked(&ctx, precision, &optimizer);
                let rows = tables.rows();
                let mut bags = plain(&ctx, of_rows.clone(), &optimizer);
                fill_plain(&mut bags, &rows);
                let expected = outcome(&mut bags, form);
                assert_ne!(expected.rows, bits(&rows));
                let check = |kind: &str, found: Outcome| {
                    for (part, found, expected) in [
                        ("outputs", &found.outputs.concat(), &expected.outputs.concat()),
                        ("gradient of weights", &found.weight_grad, &expected.weight_grad),
                        ("rows", &found.rows, &expected.rows),
                    ] {
                        let differ =
                            found.iter().zip(expected).position(|(found, expected)| found != expected);
                        assert!(found == expected, "{}: {part}, first {differ:?}", what(kind));
                    }
                };
                check("chunked", outcome(&mut tables, form));
                let mut raw = plain(&ctx, of_raw.clone(), &optimizer);
                fill_plain(&mut raw, &rows);
                check("raw ids", outcome(&mut raw, form));
                let mut cache = cached(&ctx, of_rows, &optimizer);
                fill_cached(&mut cache, &rows);
                check("cached", outcome(&mut cache, form));
                let mut raw_cache = cached(&ctx, of_raw, &optimizer);
                fill_cached(&mut raw_cache, &rows);
                check("cached raw ids", outcome(&mut raw_cache, form));
            }
        }
    }
}

/// Rows of one dimension are those of bags; rows of several those of wider bags with zeros behind them.
#[test]
fn rows_of_differing_dimensions_give_the_bits_of_bags() {
    for ctx in devices() {
        for (dims, precision, optimizer) in [
            (&[(40, 12)][..], Precision::F32, Optimizer::from(Adam::new(0.02))),
            (&[(9, 4), (6, 12), (5, 3), (20, 8)], Precision::F32, Sgd::new(0.1).into()),
            (&[(9, 4), (6, 12), (5, 2), (20, 8)], Precision::F16, Sgd::new(0.1).into()),
            (&[(30, 5), (10, 1)], Precision::F32, Sgd::new(0.1).into()),
        ] {
            let widest = dims.iter().map(|(_, dim)| *dim).max().unwrap();
            for form in FORMS {
                let what = format!("{dims:?}, {form:?}, {precision:?}, {}", common::name_of(&ctx));
                let builder = VariableRows::builder(&ctx).precision(precision).init(Init::Uniform(0.5));
                let builder = dims.iter().fold(builder, |builder, &(rows, dim)| builder.rows(rows, dim));
                let builder = SUMMED.into_iter().fold(builder, |builder, (name, pooling, padded)| {
                    let builder = builder.feature(name, pooling);
                    if padded { builder.padding(PADDING) } else { builder }
                });
                let rows = builder.optimizer(optimizer).update_rules(to_nearest()).build().unwrap();
                let table = Table::rows(ROWS).dim(widest).precision(precision);
                let builder = EmbeddingBags::builder(&ctx).table("t", table);
                let builder = SUMMED.into_iter().fold(builder, |builder, (name, pooling, padded)| {
                    let builder = builder.feature(name, "t", pooling);
                    if padded { builder.padding(PADDING) } else { builder }
                });
                let mut bags = builder.optimizer(optimizer).update_rules(to_nearest()).build().unwrap();
                let dim_of = |row: u64| rows.dim(row).unwrap();
                for row in 0..IDS {
                    let mut values = rows.read_row(row).unwrap();
                    values.resize(widest, 0.0);
                    bags.write_row("t", row, &values).unwrap();
                }
                let all: Vec<usize> = (0..IDS).map(dim_of).collect();
                let (mut rows, mut bags) = (Variable(rows), Summed(bags));
                let expected = outcome(&mut bags, form);
                let found = outcome(&mut rows, form);
                // of several dimensions the sums of each are added up; 16 bits may be rounded to a neighbour then
                let tolerance = match (dims.len(), form) {
                    (1, _) => 0.0,
                    (_, Form::Halves) => 1e-2,
                    _ => 1e-6,
                };
                let floats = |bits: &[u32]| bits.iter().map(|&bits| f32::from_bits(bits)).collect::<Vec<_>>();
                for (found, expected) in found.outputs.iter().zip(&expected.outputs) {
                    common::assert_close(&what, &floats(found), &floats(expected), tolerance);
                }
                assert!(dims.len() > 1 || found.outputs == expected.outputs, "{what}: outputs");
                assert!(found.weight_grad == expected.weight_grad, "{what}: gradient of weights");
                let mut rest = &found.rows[..];
                for (row, dim) in all.into_iter().enumerate() {
                    let (own, later) = rest.split_at(dim);
                    rest = later;
                    assert!(own == &expected.rows[row * widest..][..dim], "{what}: row {row}");
                }
            }
        }
    }
}

#[test]
fn what_serves_gives_the_bits_of_what_was_trained() {
    let optimizer = Optimizer::from(Sgd::new(0.1));
    let choose = |_: &str| (RowFormat::F32, RangeSearch::MinMax);
    for ctx in devices() {
        for (form, precision) in FORMS.into_iter().zip([Precision::F32, Precision::F16].into_iter().cycle()) {
            let what = |kind: &str| format!("{kind}, {form:?}, {precision:?}, {}", common::name_of(&ctx));
            let mut tables = chunked(&ctx, precision, &optimizer);
            assert_eq!(tables.precision(), precision);
            let rows = tables.rows();
            let (_, _, expected) = outputs(&mut tables, form);
            let check = |kind: &str, found: Vec<Vec<u32>>| assert!(found == expected, "{}", what(kind));
            let mut pruned = tables.pruned().unwrap();
            check("pruned", outputs(&mut pruned, form).2);
            let folder = tempfile::tempdir().unwrap();
            pruned.save(folder.path().join("pruned.safetensors")).unwrap();
            let mut loaded = PrunedTables::from_file(&ctx, folder.path().join("pruned.safetensors")).unwrap();
            assert_eq!(loaded.precision(), precision);
            check("loaded", outputs(&mut loaded, form).2);
            check("of chunked", outputs(&mut QuantizedBags::of(&tables, choose).unwrap(), form).2);
            check("of pruned", outputs(&mut QuantizedBags::of(&pruned, choose).unwrap(), form).2);
            for table in [Table::rows(ROWS).precision(precision), Table::raw_ids(60).precision(precision)] {
                let mut bags = plain(&ctx, table.clone(), &optimizer);
                fill_plain(&mut bags, &rows);
                check("of bags", outputs(&mut QuantizedBags::of(&bags, choose).unwrap(), form).2);
                let mut cache = cached(&ctx, table, &optimizer);
                fill_cached(&mut cache, &rows);
                let of_cache = QuantizedBags::of(&mut cache, choose);
                check("of cached", outputs(&mut of_cache.unwrap(), form).2);
            }
        }
    }
}
