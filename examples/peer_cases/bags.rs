//! E1, E2, E3 and B1, B2, B2b: lookups and fused steps.

use embag::optim::{Adagrad, Adam, EpsPlace, Optimizer, RowwiseAdagrad, Sgd};
use embag::{Context, EmbeddingBags, Init, JaggedBatch, Matrix, Pooling, Precision, Recorder, Result, Table};

use crate::inputs::{fnv1a, hashed, zipf};
use crate::measure::{Measure, Work, checksum};

pub(crate) const TABLES: usize = 8;
pub(crate) const ROWS: u32 = 200_000;
pub(crate) const BATCH: usize = 2048;

/// `TABLES` tables of one dim, `length` ids for each of `BATCH` examples and table.
struct Bags {
    rows: u32,
    bags: EmbeddingBags,
    batch: JaggedBatch,
    dim: usize,
    ids: usize,
    distinct: usize,
}

impl Bags {
    fn new(
        ctx: &Context,
        rows: u32,
        dim: usize,
        precision: Precision,
        ids: Vec<u32>,
        optimizer: Option<Optimizer>,
    ) -> Result<Self> {
        let length = ids.len() / (TABLES * BATCH);
        let mut builder = EmbeddingBags::builder(ctx);
        for t in 0..TABLES {
            let name = t.to_string();
            let table = Table::rows(rows as usize).dim(dim).precision(precision).init(Init::Zero);
            builder = builder.table(&name, table).feature(&name, &name, Pooling::Sum);
        }
        if let Some(optimizer) = optimizer {
            builder = builder.optimizer(optimizer);
        }
        let bags = builder.build()?;
        let lengths = vec![length as u32; TABLES * BATCH];
        let batch = bags.batch_from_lengths(&ids, &lengths, None)?;
        let per_table = BATCH * length;
        let mut distinct = 0;
        for table in ids.chunks(per_table) {
            let mut table = table.to_vec();
            table.sort_unstable();
            table.dedup();
            distinct += table.len();
        }
        eprintln!("{} ids, fnv1a {:016x}, {distinct} distinct rows", ids.len(), fnv1a(&ids));
        let mut this = Self { rows, bags, batch, dim, ids: ids.len(), distinct };
        this.fill()?;
        Ok(this)
    }

    fn fill(&mut self) -> Result<()> {
        for t in 0..TABLES {
            self.bags.upload(&t.to_string(), &hashed(self.rows as usize * self.dim, t as u32))?;
        }
        Ok(())
    }

    fn output(&self, ctx: &Context) -> Result<Matrix> {
        Matrix::zeros(ctx, BATCH, TABLES * self.dim)
    }

    /// Bytes of a forward, with ids of 4 bytes.
    fn forward_bytes(&self, bytes_of_output: usize) -> u64 {
        let row = self.bags.bytes() as usize / (TABLES * self.rows as usize);
        (self.ids * (4 + row) + BATCH * TABLES * self.dim * bytes_of_output) as u64
    }

    fn measure_forward(&self, ctx: &Context, measure: &Measure, case: &str) -> Result<()> {
        let out = self.output(ctx)?;
        let run = || {
            let mut rec = Recorder::new(ctx);
            self.bags.record_forward(&mut rec, &self.batch, &out)?;
            Ok(rec)
        };
        run()?.run()?;
        let sums = checksum(&out.to_vec(ctx)?);
        let work = Work { bytes: self.forward_bytes(4), flops: 0 };
        measure.case(case, "one call, one [batch, 8 x dim] matrix, ids of 4 bytes, checked", work, sums, run)
    }

    fn measure_forward_half(&self, ctx: &Context, measure: &Measure, case: &str) -> Result<()> {
        let out = Matrix::zeros_of(Precision::F16, ctx, BATCH, TABLES * self.dim)?;
        let run = || {
            let mut rec = Recorder::new(ctx);
            self.bags.record_forward(&mut rec, &self.batch, &out)?;
            Ok(rec)
        };
        run()?.run()?;
        let sums = checksum(&out.to_vec(ctx)?);
        let work = Work { bytes: self.forward_bytes(2), flops: 0 };
        measure.case(case, "one call, one matrix of 16 bits, ids of 4 bytes, checked", work, sums, run)
    }

    fn weights_checksum(&self) -> Result<(f64, f64)> {
        let mut sums = (0.0, 0.0);
        for t in 0..TABLES {
            let (sum, abs) = checksum(&self.bags.download(&t.to_string())?);
            sums = (sums.0 + sum, sums.1 + abs);
        }
        Ok(sums)
    }
}

pub(crate) fn forward(
    ctx: &Context,
    measure: &Measure,
    tag: &str,
    rows: u32,
    dim: usize,
    length: usize,
) -> Result<()> {
    let bags = Bags::new(ctx, rows, dim, Precision::F32, zipf(TABLES * BATCH * length, rows), None)?;
    bags.measure_forward(ctx, measure, &format!("{tag}_fwd_fp32_T{TABLES}_R{rows}_D{dim}_B{BATCH}_L{length}"))
}

/// Tables of 16-bit floats, with outputs of `f32` and of 16 bits.
pub(crate) fn forward_half(ctx: &Context, measure: &Measure) -> Result<()> {
    let bags = Bags::new(ctx, ROWS, 64, Precision::F16, zipf(TABLES * BATCH * 20, ROWS), None)?;
    let shape = format!("T{TABLES}_R{ROWS}_D64_B{BATCH}_L20");
    bags.measure_forward(ctx, measure, &format!("E4_fwd_fp16_{shape}"))?;
    bags.measure_forward_half(ctx, measure, &format!("E4_fwd_fp16_out16_{shape}"))
}

pub(crate) fn step(ctx: &Context, measure: &Measure, name: &str) -> Result<()> {
    let case = format!("E3_step_{name}_T{TABLES}_R{ROWS}_D64_B{BATCH}_L20");
    step_of(ctx, measure, name, &case, zipf(TABLES * BATCH * 20, ROWS))
}

/// As many ids as in the step, all the same: one hot row a table.
pub(crate) fn hot_step(ctx: &Context, measure: &Measure, name: &str) -> Result<()> {
    let case = format!("H_step_{name}_all_equal_T{TABLES}_R{ROWS}_D64_B{BATCH}_L20");
    step_of(ctx, measure, name, &case, vec![ROWS / 2; TABLES * BATCH * 20])
}

fn step_of(ctx: &Context, measure: &Measure, name: &str, case: &str, ids: Vec<u32>) -> Result<()> {
    let dim = 64;
    let (lr, eps) = (0.01, 1e-8);
    let (optimizer, state): (Optimizer, usize) = match name {
        "rowwise_adagrad" => (RowwiseAdagrad { lr, eps, ..Default::default() }.into(), 4),
        "adagrad" => (Adagrad { lr, eps, ..Default::default() }.into(), 4 * dim),
        // as torch's SparseAdam
        "adam" => (Adam { lr, eps_place: EpsPlace::Uncorrected, ..Default::default() }.into(), 8 * dim),
        _ => (Sgd::new(lr).into(), 0),
    };
    let mut bags = Bags::new(ctx, ROWS, dim, Precision::F32, ids, Some(optimizer))?;
    let out = bags.output(ctx)?;
    let grad = Matrix::from_slice(ctx, &hashed(BATCH * TABLES * dim, 1000), BATCH, TABLES * dim)?;
    let run = |bags: &mut Bags| {
        let mut rec = Recorder::new(ctx);
        bags.bags.record_forward(&mut rec, &bags.batch, &out)?;
        bags.bags.record_backward(&mut rec, &bags.batch, &grad)?;
        Ok(rec)
    };
    run(&mut bags)?.run()?;
    let sums = bags.weights_checksum()?;
    let moved = bags.forward_bytes(4) + (bags.ids * 4 * dim + bags.distinct * (8 * dim + 2 * state)) as u64;
    let note =
        format!("forward, backward and update; checksum of all weights after step 1, U={}", bags.distinct);
    measure.case(case, &note, Work { bytes: moved, flops: 0 }, sums, || run(&mut bags))
}

const ROWS_OF_B: usize = 40_960;
const DIM_OF_B: usize = 64;

/// One table, one id an example.
fn single(ctx: &Context, fill: bool, optimizer: Option<Optimizer>) -> Result<(EmbeddingBags, JaggedBatch)> {
    let table = Table::rows(ROWS as usize).dim(DIM_OF_B).init(Init::Zero);
    let mut builder = EmbeddingBags::builder(ctx).table("t", table).feature("f", "t", Pooling::Sum);
    if let Some(optimizer) = optimizer {
        builder = builder.optimizer(optimizer);
    }
    let mut bags = builder.build()?;
    if fill {
        bags.upload("t", &hashed(ROWS as usize * DIM_OF_B, 0))?;
    }
    let batch = bags.batch().feature("f", &zipf(ROWS_OF_B, ROWS)).build()?;
    Ok((bags, batch))
}

pub(crate) fn gather(ctx: &Context, measure: &Measure) -> Result<()> {
    let (bags, batch) = single(ctx, true, None)?;
    let out = Matrix::zeros(ctx, ROWS_OF_B, DIM_OF_B)?;
    let run = || {
        let mut rec = Recorder::new(ctx);
        bags.record_forward(&mut rec, &batch, &out)?;
        Ok(rec)
    };
    run()?.run()?;
    let sums = checksum(&out.to_vec(ctx)?);
    let work = Work { bytes: (ROWS_OF_B * (4 + 8 * DIM_OF_B)) as u64, flops: 0 };
    measure.case(
        "B1_gather_200kx64_40960",
        "bags of one id; bytes = id 4 + row read + row write",
        work,
        sums,
        run,
    )
}

/// Gradients into an accumulator, without (B2) or with (B2b) the lookup before: SGD with a learning rate of
/// -1 adds them, so that a table of zeros becomes the dense gradient.
pub(crate) fn scatter(ctx: &Context, measure: &Measure, with_forward: bool) -> Result<()> {
    let optimizer = Sgd { lr: -1.0, ..Default::default() }.into();
    let (mut bags, batch) = single(ctx, false, Some(optimizer))?;
    let out = Matrix::zeros(ctx, ROWS_OF_B, DIM_OF_B)?;
    let grad = Matrix::from_slice(ctx, &hashed(ROWS_OF_B * DIM_OF_B, 1000), ROWS_OF_B, DIM_OF_B)?;
    let run = |bags: &mut EmbeddingBags| {
        let mut rec = Recorder::new(ctx);
        if with_forward {
            bags.record_forward(&mut rec, &batch, &out)?;
        }
        bags.record_backward(&mut rec, &batch, &grad)?;
        Ok(rec)
    };
    run(&mut bags)?.run()?;
    let sums = checksum(&bags.download("t")?);
    let gather = if with_forward { 8 + 8 * DIM_OF_B } else { 0 };
    let work = Work { bytes: (ROWS_OF_B * (8 + 12 * DIM_OF_B + gather)) as u64, flops: 0 };
    let (case, note) = if with_forward {
        ("B2b_embedding_fwd_bwd_dense_grad", "fused: lookup, sort, SGD update with lr = -1")
    } else {
        ("B2_scatter_add_200kx64_40960", "sort and SGD update with lr = -1")
    };
    measure.case(case, note, work, sums, || run(&mut bags))
}

/// How the forward grows with the ids, and with the rows.
pub(crate) fn scaling(ctx: &Context, measure: &Measure) -> Result<()> {
    for length in [5, 10, 20, 40, 80] {
        forward(ctx, measure, "S_ids", ROWS, 64, length)?;
    }
    for rows in [25_000, 50_000, 100_000, 200_000, 400_000] {
        forward(ctx, measure, "S_rows", rows, 64, 20)?;
    }
    Ok(())
}
