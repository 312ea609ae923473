//! Takes embedding tables from a safetensors file that torch wrote, makes one step of SGD on them, and writes
//! them to a file that torch reads.
//!
//! `scripts/torch_round_trip.py` does the same in torch and compares.
//!
//! ```text
//! cargo run --example torch_tables -- IN.safetensors OUT.safetensors
//! ```

use std::path::PathBuf;

use clap::Parser;
use embag::optim::Sgd;
use embag::{Checkpoint, Context, EmbeddingBags, Pooling, Table};

/// The end of a weight's name in torch, behind the name of its module.
const WEIGHT: &str = ".weight";

/// Takes embedding tables from torch, makes one step of SGD on them, and gives them back
#[derive(Parser)]
struct Args {
    /// What `safetensors.torch.save_file(model.state_dict(), …)` wrote; its matrices are the tables
    input: PathBuf,
    /// Where the tables go, by the same names
    output: PathBuf,
    /// The learning rate
    #[arg(long, default_value_t = 0.5)]
    lr: f32,
}

fn main() -> embag::Result<()> {
    let args = Args::parse();
    let given = Checkpoint::read_foreign(&args.input)?;

    let ctx = Context::auto()?;
    let mut builder = EmbeddingBags::builder(&ctx);
    let mut tables = Vec::new();
    for name in given.names() {
        let (Some(table), Some(&[rows, dim])) = (name.strip_suffix(WEIGHT), given.shape(name)) else {
            println!("{name}: no table");
            continue;
        };
        println!("{table}: {rows} rows x {dim} columns");
        builder = builder.table(table, Table::rows(rows).dim(dim)).feature(table, table, Pooling::Mean);
        tables.push((table, rows));
    }
    let mut bags = builder.optimizer(Sgd::new(args.lr)).build()?;
    bags.import_weights(&given, |table| format!("{table}{WEIGHT}"))?;

    // two bags a table: the first and the last row, and the last row alone
    let mut batch = bags.batch();
    for &(table, rows) in &tables {
        batch = batch.offsets(table, &[0, rows as u64 - 1, rows as u64 - 1], &[0i64, 2, 3]);
    }
    let batch = batch.build()?;
    // the gradient of the sum of all squares / 2 is the output itself
    let pooled = bags.forward(&batch)?;
    bags.backward(&batch, &pooled)?;

    let mut trained = Checkpoint::new();
    bags.export_weights(&mut trained, |table| format!("{table}{WEIGHT}"))?;
    trained.save(&args.output)
}
