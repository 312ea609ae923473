//! FTRL-proximal against the paper's formulas in `f64`, and the zeros that it is chosen for.

use embag::optim::Ftrl;
use embag::{Context, EmbeddingBags, Init, Matrix, Pooling, Table};

use crate::common;

/// A row as the paper's Algorithm 1 has it.
#[derive(Clone)]
struct Oracle {
    w: Vec<f64>,
    z: Vec<f64>,
    n: Vec<f64>,
}

impl Oracle {
    fn new(w: &[f32]) -> Self {
        Self { w: w.iter().map(|&w| w.into()).collect(), z: vec![0.0; w.len()], n: vec![0.0; w.len()] }
    }

    fn step(&mut self, ftrl: &Ftrl, gradient: &[f32]) {
        let [alpha, beta, l1, l2] = [ftrl.lr, ftrl.beta, ftrl.l1, ftrl.l2].map(f64::from);
        for (i, &g) in gradient.iter().enumerate() {
            let g = f64::from(g);
            let sigma = ((self.n[i] + g * g).sqrt() - self.n[i].sqrt()) / alpha;
            self.z[i] += g - sigma * self.w[i];
            self.n[i] += g * g;
            self.w[i] = match self.z[i].abs() <= l1 {
                true => 0.0,
                false => -(self.z[i] - self.z[i].signum() * l1) / ((beta + self.n[i].sqrt()) / alpha + l2),
            };
        }
    }
}

fn bags(ctx: &Context, dim: usize, ftrl: Ftrl, init: Init) -> EmbeddingBags {
    EmbeddingBags::builder(ctx)
        .table("t", Table::rows(5).dim(dim).init(init))
        .feature("f", "t", Pooling::Sum)
        .optimizer(ftrl)
        .seed(3)
        .build()
        .unwrap()
}

/// Values between -1 and 1, and now and then a zero.
fn gradient(dim: usize, step: usize, row: usize) -> Vec<f32> {
    let value = |column: usize| match (column * 7 + step * 13 + row * 5) % 11 {
        0 => 0.0,
        hash => (hash as f32 - 5.5) / 6.0,
    };
    (0..dim).map(value).collect()
}

#[test]
fn rows_and_state_are_the_paper_s() {
    for ctx in common::devices() {
        for dim in [1, 3, 4, 16, 65, 128] {
            for (l1, l2, init) in
                [(0.0, 0.0, Init::Zero), (0.4, 0.1, Init::Zero), (0.2, 0.0, Init::Uniform(0.5))]
            {
                let ftrl = Ftrl { lr: 0.3, beta: 0.5, l1, l2 };
                let mut bags = bags(&ctx, dim, ftrl, init);
                let mut rows: Vec<Oracle> =
                    (0..5).map(|row| Oracle::new(&bags.read_row("t", row).unwrap())).collect();
                for step in 0..12 {
                    // row 1 in every step, twice; the others now and then
                    let others = [2u32, 3, 4][step % 3];
                    let ids = [1, others, 1];
                    let grads = [0, 1, 2].map(|example| gradient(dim, step, example));
                    let batch = bags.batch().feature("f", &ids).build().unwrap();
                    bags.backward(&batch, &Matrix::from_slice(&ctx, &grads.concat(), 3, dim).unwrap())
                        .unwrap();
                    let twice: Vec<f32> = grads[0].iter().zip(&grads[2]).map(|(a, b)| a + b).collect();
                    rows[1].step(&ftrl, &twice);
                    rows[others as usize].step(&ftrl, &grads[1]);
                }
                let what = format!("dim {dim}, l1 {l1} on {}", common::name_of(&ctx));
                let [z, n] = ["z", "n"].map(|state| bags.download_state("t", state).unwrap());
                for (row, oracle) in rows.iter().enumerate() {
                    let of_row = row * dim..(row + 1) * dim;
                    common::assert_close(&format!("{what}: n"), &n[of_row.clone()], &oracle.n, 2e-6);
                    common::assert_close_at(10.0, &format!("{what}: z"), &z[of_row], &oracle.z, 2e-6);
                    common::assert_close(&what, &bags.read_row("t", row as u64).unwrap(), &oracle.w, 2e-6);
                }
            }
        }
    }
}

/// A weight whose gradients cancel out stays, or becomes, zero; the sign of zero aside.
#[test]
fn l1_keeps_exact_zeros() {
    for ctx in common::devices() {
        let mut bags = bags(&ctx, 4, Ftrl { lr: 0.5, beta: 1.0, l1: 1.0, l2: 0.0 }, Init::Zero);
        let batch = bags.batch().feature("f", &[2u32]).build().unwrap();
        for sign in [1.0, -1.0, 1.0, -1.0, 1.0] {
            // the first columns cancel out, the last two add up
            let values = [0.3 * sign, -0.9 * sign, 0.6, -0.7];
            bags.backward(&batch, &Matrix::from_slice(&ctx, &values, 1, 4).unwrap()).unwrap();
        }
        let row = bags.read_row("t", 2).unwrap();
        assert_eq!(row[..2], [0.0, 0.0], "{row:?}");
        assert!(row[2] < 0.0 && row[3] > 0.0, "{row:?}");
        // without it nothing is zero
        let mut without = self::bags(&ctx, 4, Ftrl { lr: 0.5, ..Default::default() }, Init::Zero);
        let batch = without.batch().feature("f", &[2u32]).build().unwrap();
        without.backward(&batch, &Matrix::from_slice(&ctx, &[1e-3; 4], 1, 4).unwrap()).unwrap();
        assert!(without.read_row("t", 2).unwrap().iter().all(|w| *w < 0.0));
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let ctx = Context::cpu();
    let refused = |ftrl: Ftrl| {
        let described =
            EmbeddingBags::builder(&ctx).table("t", Table::rows(5)).feature("f", "t", Pooling::Sum);
        described.optimizer(ftrl).build().unwrap_err().to_string()
    };
    assert_eq!(refused(Ftrl { lr: 0.0, ..Default::default() }), "ftrl lr: expected more than 0, got 0");
    assert_eq!(
        refused(Ftrl { l1: -1.0, ..Default::default() }),
        "ftrl l1: expected a finite number of at least 0, got -1"
    );
    assert_eq!(
        refused(Ftrl { beta: f32::NAN, ..Default::default() }),
        "ftrl beta: expected a finite number of at least 0, got NaN"
    );
}
