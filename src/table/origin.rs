//! Where a table lies in a larger one of which it is a part: first values and noise are made of the numbers
//! of rows and columns there, so that they do not depend on how a table is cut.

/// The rows and columns of a larger table that a table has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The larger table's number among those of its bags.
    pub(crate) table: usize,
    /// The first row, and numbers from row to row.
    pub(crate) first_row: u32,
    pub(crate) row_step: u32,
    pub(crate) first_column: u32,
}

impl Origin {
    /// Of a table that is all of itself.
    pub(crate) fn whole(table: usize) -> Self {
        Self { table, first_row: 0, row_step: 1, first_column: 0 }
    }

    /// The number of a row in the larger table.
    pub(crate) fn row(&self, row: u32) -> u32 {
        self.first_row.wrapping_add(row.wrapping_mul(self.row_step))
    }
}

/// What a table's first values, and the noise that rounds its rows, are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Noise {
    pub(crate) seed: u32,
    pub(crate) origin: Origin,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::Sgd;
    use crate::{Context, EmbeddingBags, Init, Pooling, Precision, Table};

    /// Every third row from the second on, and columns 4 to 8, have the values and the noise that they have
    /// in the whole table.
    #[test]
    fn parts_have_the_values_of_the_whole() {
        let ctx = Context::cpu();
        for init in [Init::Uniform(0.5), Init::Normal { mean: 1.0, std: 0.5 }, Init::Constant(0.25)] {
            let table = |rows, dim| Table::rows(rows).dim(dim).init(init).precision(Precision::F16);
            let part = Origin { table: 1, first_row: 2, row_step: 3, first_column: 4 };
            let part = Table { origin: Some(part), ..table(5, 4) };
            let trained = |tables: [(&str, Table); 2], name: &str, ids: [u32; 3], cols: usize| {
                let mut bags = EmbeddingBags::builder(&ctx);
                for (name, table) in tables {
                    bags = bags.table(name, table);
                }
                let mut bags =
                    bags.feature("f", name, Pooling::Sum).optimizer(Sgd::new(0.001)).seed(9).build().unwrap();
                let batch = bags.batch().feature("f", &ids).build().unwrap();
                let grad = crate::Matrix::from_slice(&ctx, &vec![0.7; 3 * cols], 3, cols).unwrap();
                bags.backward(&batch, &grad).unwrap();
                bags.download(name).unwrap()
            };
            let whole = trained([("other", table(3, 8)), ("whole", table(17, 8))], "whole", [2, 8, 14], 8);
            let part = trained([("part", part), ("other", table(3, 8))], "part", [0, 2, 4], 4);
            for (row, got) in part.chunks(4).enumerate() {
                assert_eq!(got, &whole[(2 + 3 * row) * 8 + 4..][..4], "row {row} of {init:?}");
            }
        }
    }
}
