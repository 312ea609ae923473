//! What is compared: tables with their placements, and how they are trained.

use embag::optim::{Adagrad, Adam, Optimizer, RowwiseAdagrad, Sgd};
use embag::sharded::{Exchange, Placement, Plan};
use embag::{Pooling, Precision, Table};

/// Names, rows and columns.
pub const TABLES: [(&str, usize, usize); 4] =
    [("user", 500, 16), ("movie", 900, 8), ("word", 700, 12), ("genre", 20, 4)];

/// How the tables lie and learn.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub optimizer: Optimizer,
    pub precision: Precision,
    pub placements: [Placement; 4],
    pub poolings: [Pooling; 4],
    /// Whether each id has a weight.
    pub weighted: bool,
    /// Whether later ranks have more batches than earlier ones.
    pub uneven: bool,
}

/// All cases for a number of ranks; the first is that in which a rank may fail.
pub fn cases(ranks: usize) -> [Case; 4] {
    let last = Placement::TableWise(ranks - 1);
    let (rows, sums) = (Placement::RowWise(Exchange::Rows), Placement::RowWise(Exchange::Sums));
    [
        Case {
            optimizer: Adagrad::new(0.1).into(),
            precision: Precision::F32,
            placements: [rows, Placement::ColumnWise(2), sums, last],
            poolings: [Pooling::Mean, Pooling::Max, Pooling::Mean, Pooling::Mean],
            weighted: false,
            uneven: false,
        },
        Case {
            optimizer: RowwiseAdagrad::new(0.1).into(),
            // its steps are rounded at random
            precision: Precision::F16,
            placements: [Placement::TableWise(0), rows, last, rows],
            poolings: [Pooling::Max, Pooling::Sum, Pooling::Mean, Pooling::Mean],
            weighted: false,
            uneven: true,
        },
        Case {
            optimizer: Adam::new(0.01).into(),
            precision: Precision::F32,
            placements: [Placement::ColumnWise(3), Placement::ColumnWise(ranks), rows, sums],
            poolings: [Pooling::Sum, Pooling::Mean, Pooling::Mean, Pooling::Sum],
            weighted: true,
            uneven: true,
        },
        Case {
            optimizer: Sgd::new(0.1).into(),
            precision: Precision::Bf16,
            placements: [sums, Placement::TableWise(0), Placement::ColumnWise(2), Placement::TableWise(0)],
            poolings: [Pooling::Sum, Pooling::Max, Pooling::Max, Pooling::Sum],
            weighted: false,
            uneven: false,
        },
    ]
}

impl Case {
    pub fn plan(&self) -> Plan {
        let tables = TABLES.iter().zip(self.placements);
        tables.fold(Plan::new(), |plan, ((name, ..), placement)| plan.table(name, placement))
    }

    /// The tables with their features' poolings.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, Table, Pooling)> {
        let precision = self.precision;
        TABLES.into_iter().zip(self.poolings).map(move |((name, rows, dim), pooling)| {
            (name, Table::rows(rows).dim(dim).precision(precision), pooling)
        })
    }

    /// Whether forwards of a table have the bits of one process.
    pub fn pools_exactly(&self, table: usize) -> bool {
        self.placements[table] != Placement::RowWise(Exchange::Sums)
    }
}
