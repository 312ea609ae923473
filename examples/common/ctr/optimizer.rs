//! The embeddings' optimizer and precision, from the settings.

use embag::Precision;
use embag::optim::{
    Adagrad, Adam, Adjustment, FrequencySgd, Ftrl, Lamb, LarsSgd, Optimizer, PartialRowwiseAdam,
    PartialRowwiseLamb, Rounding, RowwiseAdagrad, RowwiseAdagradCounter, Sgd, UpdateRules,
};

use super::settings::{self, Settings};

/// Steps that frequency-aware SGD is planned for.
const FREQUENCY_HORIZON: u32 = 10_000;
/// Its largest rate, a few times plain SGD's.
const FREQUENCY_CAP: f32 = 30.0;
/// The count from which on the counter leaves a row's rate as it is: above the most frequent rows' of small
/// data.
const COUNTER_MOST: f32 = 1000.0;

/// The optimizer with its hyper-parameters.
pub fn of(settings: &Settings) -> Optimizer {
    let lr = settings.lr;
    let batch = settings.batch.get() as f32;
    let eps = settings.eps / batch;
    match settings.optimizer {
        settings::Optimizer::Sgd => Sgd::new(lr).into(),
        settings::Optimizer::Adagrad => Adagrad { lr, eps, ..Default::default() }.into(),
        settings::Optimizer::RowwiseAdagrad => RowwiseAdagrad { lr, eps, ..Default::default() }.into(),
        settings::Optimizer::RowwiseAdagradCounter => RowwiseAdagradCounter {
            lr,
            eps,
            adjustment: Adjustment::TailDecrease { exponent: 0.1, most: COUNTER_MOST },
            ..Default::default()
        }
        .into(),
        settings::Optimizer::Adam => Adam::new(lr).into(),
        settings::Optimizer::PartialRowwiseAdam => PartialRowwiseAdam { lr, ..Default::default() }.into(),
        settings::Optimizer::Lamb => Lamb { lr, ..Default::default() }.into(),
        settings::Optimizer::PartialRowwiseLamb => PartialRowwiseLamb { lr, ..Default::default() }.into(),
        settings::Optimizer::LarsSgd => LarsSgd { lr, ..Default::default() }.into(),
        settings::Optimizer::FrequencySgd => {
            FrequencySgd { lr, horizon: FREQUENCY_HORIZON, cap: FREQUENCY_CAP, ..Default::default() }.into()
        }
        settings::Optimizer::Ftrl => Ftrl { lr, beta: eps, l1: settings.l1 / batch, l2: 0.0 }.into(),
    }
}

/// What the tables are kept in.
pub fn precision(settings: &Settings) -> Precision {
    match settings.precision {
        settings::Precision::F32 => Precision::F32,
        settings::Precision::F16 => Precision::F16,
        settings::Precision::Bf16 => Precision::Bf16,
    }
}

/// How they are updated: how values of 16 bits are rounded.
pub fn rules(settings: &Settings) -> UpdateRules {
    let rounding = match settings.rounding {
        settings::Rounding::Stochastic => Rounding::Stochastic,
        settings::Rounding::Nearest => Rounding::Nearest,
    };
    UpdateRules { rounding, ..Default::default() }
}
