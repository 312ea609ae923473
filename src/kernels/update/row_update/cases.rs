//! The cases of `row_update`: every optimizer with every setting.

use crate::cpu::types::packed;
use crate::kernel::elements::{self, TYPE_BF16, TYPE_F16, TYPE_F32};
use crate::kernel::{Case, CaseBinding, Holds, Shape};
use crate::kernels::part::lanes_for;
use crate::kernels::random::Random;
use crate::kernels::row_update::{Bindings, Choice, groups};
use crate::kernels::segment_partials;
use crate::kernels::update_inputs::UpdateInputs;
use crate::optim::{
    ADJUST_COUNTER_SGD, ADJUST_DECREASE, ADJUST_INCREASE, ADJUST_NOT, COUNT_DECAYED, COUNT_PRESENCE,
    COUNT_UPDATES, FREQUENCY_GIVEN, FREQUENCY_OCCURRENCES, FREQUENCY_STEPS, OptimizerKernel, OptimizerKind,
    Params,
};

/// What a case adds to the optimizer's formula.
struct Setting {
    name: &'static str,
    table_type: u32,
    state_type: u32,
    hyper: Params,
    values: Values,
}

/// What rows and gradients are made of.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    Ordinary,
    /// Half of the rows and of the gradients are so large that their squares are infinite.
    Huge,
    /// Here and there in the gradient there is a NaN.
    Nan,
}

impl Values {
    fn change(self, inputs: &mut UpdateInputs) {
        match self {
            Self::Ordinary => {}
            Self::Huge => {
                for values in [&mut inputs.table, &mut inputs.grad] {
                    values.chunks_mut(96).step_by(2).flatten().for_each(|value| *value *= 1e25);
                }
            }
            Self::Nan => inputs.grad.iter_mut().step_by(50).for_each(|value| *value = f32::NAN),
        }
    }
}

impl Setting {
    /// Whether the variants for any type, with the extras, are the only ones that can run it.
    fn any(&self) -> bool {
        let p = &self.hyper;
        let extras = [p.clip_value, p.clip_norm, p.cow_ratio, p.max_norm].iter().any(|&limit| limit > 0.0);
        self.table_type != TYPE_F32 || self.state_type != TYPE_F32 || extras || p.by_frequency == 1
    }
}

/// Hyper-parameters that every optimizer finds its own among.
fn base() -> Params {
    Params {
        lr: 0.1,
        eps: 1e-3,
        keep: 1.0,
        decay: 0.02,
        beta1: 0.9,
        one_minus_beta1: 0.1,
        beta2: 0.99,
        one_minus_beta2: 0.01,
        correction1: 3.7,
        correction2: 5.8,
        by_row: FREQUENCY_OCCURRENCES,
        momentum: 0.9,
        eta: 0.01,
        steps: 9,
        horizon: 40.0,
        cap: 0.2,
        counting: COUNT_DECAYED,
        forget: 0.75,
        adjusting: ADJUST_DECREASE,
        tail: 1.5,
        exponent: 0.4,
        most: 12.0,
        // what most states of the cases are above
        l1: 0.3,
        ..Params::default()
    }
}

/// Settings for all optimizers, and those of single ones.
fn settings(optimizer: &str) -> Vec<Setting> {
    let of =
        |name, values, hyper| Setting { name, table_type: TYPE_F32, state_type: TYPE_F32, hyper, values };
    let plain = |name, hyper| of(name, Values::Ordinary, hyper);
    let mut all = vec![
        plain("", base()),
        plain(" l2", Params { l2: 0.05, ..base() }),
        plain(" decoupled", Params { keep: 0.99, ..base() }),
        plain(" clipped values", Params { clip_value: 0.3, ..base() }),
        plain(" clipped norm", Params { clip_norm: 0.5, ..base() }),
        plain(" cowclip", Params { cow_ratio: 0.2, cow_floor: 0.01, by_frequency: 1, l2: 0.05, ..base() }),
        plain(" max norm", Params { max_norm: 1.0, ..base() }),
        of(" clipped NaN", Values::Nan, Params { clip_value: 0.3, ..base() }),
        of(" clipped norm of the huge", Values::Huge, Params { clip_norm: 0.5, ..base() }),
        of(" cowclip of the huge", Values::Huge, Params { cow_ratio: 0.2, cow_floor: 0.01, ..base() }),
        of(" max norm of the huge", Values::Huge, Params { max_norm: 1.0, ..base() }),
    ];
    for (name, table_type, state_type, stochastic) in [
        (" f16", TYPE_F16, TYPE_F32, 0),
        (" bf16", TYPE_BF16, TYPE_F16, 0),
        (" f16 at random", TYPE_F16, TYPE_F16, 1),
        (" bf16 at random", TYPE_BF16, TYPE_F32, 1),
        (" state f16", TYPE_F32, TYPE_F16, 0),
    ] {
        let hyper = Params { stochastic, ..base() };
        all.push(Setting { name, table_type, state_type, hyper, values: Values::Ordinary });
    }
    match optimizer {
        "adam" | "adam_by_row" => {
            all.push(plain(" uncorrected eps", Params { uncorrected_eps: 1, ..base() }));
        }
        "frequency_sgd" => {
            all.push(plain(" given", Params { by_row: FREQUENCY_GIVEN, ..base() }));
            all.push(plain(" steps", Params { by_row: FREQUENCY_STEPS, ..base() }));
        }
        "rowwise_adagrad_counter" => {
            for (name, counting, adjusting) in [
                (" presence", COUNT_PRESENCE, ADJUST_NOT),
                (" increase", COUNT_UPDATES, ADJUST_INCREASE),
                (" counter sgd", COUNT_UPDATES, ADJUST_COUNTER_SGD),
            ] {
                all.push(plain(name, Params { counting, adjusting, ..base() }));
            }
        }
        // whose norms of rows are asked for in any case
        "lamb" | "partial_rowwise_lamb" | "lars_sgd" => all.push(of(" of the huge", Values::Huge, base())),
        _ => {}
    }
    all
}

pub(crate) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let shapes = [
        ("single", &[4][..], 1, 1),
        ("short", &[8, 16, 4, 64], 12, 5),
        ("odd dims", &[1, 3, 63, 65], 10, 5),
        ("wide dims", &[128, 256, 260], 6, 4),
        ("odd wide dims", &[257, 2047], 4, 3),
        ("very wide", &[2048], 3, 3),
        ("long", &[64, 8], 9, 150),
        ("hot", &[4], 1, 5000),
        ("sixteens", &[16, 64], 9, 5),
        ("many", &[64], 40_000, 2),
    ];
    for &kind in OptimizerKind::ALL {
        let optimizer = kind.kernel();
        for setting in settings(optimizer.name) {
            for &(name, dims, rows, longest) in &shapes {
                // all shapes for the formula itself, a few for the rest; large tables for the common ones
                let wanted = match name {
                    "short" | "odd dims" | "wide dims" => true,
                    "many" => made_often(optimizer.name, setting.name),
                    _ => setting.name.is_empty(),
                };
                if !wanted {
                    continue;
                }
                let lengths = |_, random: &mut Random| random.below(longest + 1);
                let made = Made { kind, setting: &setting, dims, rows, name };
                all.extend(made.cases(&made.inputs(5, lengths), |_, _| ()));
            }
            // sums of pieces that were made before, by the twin of `segment_partials`
            if matches!(setting.name, "" | " clipped values") {
                for dims in [&[64, 8][..], &[48, 16], &[5]] {
                    let made = Made { kind, setting: &setting, dims, rows: 6, name: "split" };
                    // the first has groups too
                    let inputs =
                        made.inputs(9, |row, random| if row == 0 { 2500 } else { random.below(200) });
                    all.extend(made.cases(&inputs, |params, bindings| split(params, bindings, &inputs)));
                }
            }
            // rows whose terms were summed before, where the number of occurrences counts
            if matches!(setting.name, "" | " cowclip") {
                for dims in [&[64, 8][..], &[5]] {
                    let made = Made { kind, setting: &setting, dims, rows: 40, name: "counted" };
                    let inputs = made.inputs(13, |_, random| random.below(2));
                    all.extend(made.cases(&inputs, counted));
                }
            }
        }
    }
    all
}

/// What benches time.
fn made_often(optimizer: &str, setting: &str) -> bool {
    match setting {
        "" => matches!(optimizer, "sgd" | "rowwise_adagrad" | "adagrad" | "adam"),
        " f16" => optimizer == "rowwise_adagrad",
        _ => false,
    }
}

/// A case before its variants are known.
struct Made<'a> {
    kind: OptimizerKind,
    setting: &'a Setting,
    dims: &'a [u32],
    rows: u32,
    name: &'a str,
}

impl Made<'_> {
    fn inputs(&self, seed: u64, lengths: impl FnMut(u32, &mut Random) -> u32) -> UpdateInputs {
        let Setting { table_type, state_type, .. } = *self.setting;
        let strides =
            |dim| (elements::stride(dim, table_type), self.kind.kernel().state_words(dim, state_type));
        let mut inputs = UpdateInputs::with_layout(self.dims, self.rows, strides, seed, lengths);
        self.setting.values.change(&mut inputs);
        inputs
    }

    /// For every variant that can run it, with a change of their parameters and bindings.
    fn cases(
        &self,
        inputs: &UpdateInputs,
        change: impl Fn(&mut Params, &mut Bindings<CaseBinding>),
    ) -> Vec<Case> {
        let fours = self.dims.iter().all(|dim| dim % 4 == 0);
        let whole = self.dims.iter().all(|dim| dim % 16 == 0);
        let mut all = Vec::new();
        for any in [false, true] {
            // the plain setting is run by the variants of any type too
            if self.setting.any() && !any || any && !self.setting.any() && self.name != "short" {
                continue;
            }
            for vec4 in [true, false] {
                for shape in [Shape::Wide, Shape::Serial] {
                    if vec4 && !fours {
                        continue;
                    }
                    let choice = Choice { optimizer: self.kind, vec4, whole, any };
                    all.push(self.case(inputs, choice.variant(shape), shape, &change));
                }
            }
        }
        all
    }

    fn case(
        &self,
        inputs: &UpdateInputs,
        variant: usize,
        shape: Shape,
        change: impl Fn(&mut Params, &mut Bindings<CaseBinding>),
    ) -> Case {
        let Setting { table_type, state_type, hyper, .. } = *self.setting;
        let optimizer = &self.kind.kernel();
        let lanes = inputs.parts.iter().map(|part| lanes_for(part.dim)).max().unwrap_or(1);
        // the window ends before the last row: its keys must be left alone
        let mut params = Params {
            len: inputs.len(),
            parts: inputs.part_count(),
            key_begin: u32::from(inputs.rows > 2),
            key_end: inputs.rows.max(3) - 1 - u32::from(inputs.rows < 3),
            lanes,
            stride: inputs.stride(),
            table_type,
            state_type,
            ..hyper
        };
        let table = match table_type {
            TYPE_F32 => CaseBinding::floats(&inputs.table),
            _ => CaseBinding::mixed(&packed(&inputs.table, table_type)),
        };
        let state = state_words(optimizer, inputs, &hyper, state_type);
        let state = match state_type {
            TYPE_F32 => CaseBinding { words: state, holds: Holds::Floats },
            _ => CaseBinding::mixed(&state),
        };
        let mut bindings = Bindings {
            parts: CaseBinding::ints(&inputs.parts),
            keys: CaseBinding::ints(&inputs.keys),
            terms: CaseBinding::ints(&inputs.terms),
            grad: CaseBinding::floats(&inputs.grad),
            partials: CaseBinding::poisoned(4),
            table,
            state,
        };
        change(&mut params, &mut bindings);
        let groups = groups(shape, inputs.len(), lanes);
        let name = format!("{}{} {} D={:?}", optimizer.name, self.setting.name, self.name, self.dims);
        let case = Case::new(name, [variant], &params, bindings, groups);
        if self.name != "many" {
            return case;
        }
        let columns = inputs.columns();
        let rows = inputs.keys.chunk_by(|a, b| a == b).count() as u64;
        let part = inputs.parts[0];
        let row_words = if table_type == TYPE_F32 { part.stride } else { part.stride / 2 };
        let bytes =
            columns * 4 + rows * 8 * u64::from(row_words + part.state_stride) + inputs.keys.len() as u64 * 12;
        case.bench(bytes, columns * 2 + rows * u64::from(part.dim) * 4)
    }
}

/// State that the optimizer could have left: blocks of positive values, then the row's own words.
fn state_words(
    optimizer: &OptimizerKernel,
    inputs: &UpdateInputs,
    hyper: &Params,
    state_type: u32,
) -> Vec<u32> {
    let mut words = Vec::new();
    for part in &inputs.parts {
        for row in 0..part.rows {
            let begin = words.len();
            for block in 0..optimizer.element_values {
                let values: Vec<f32> =
                    (0..part.dim).map(|column| ((row + column + block) % 7) as f32 * 0.25).collect();
                words.extend(packed(&values, state_type));
            }
            let value = ((row % 5) as f32 * 0.5).to_bits();
            let row_words = match optimizer.name {
                // now and then a counter that is full
                "adam_by_row" => [if row % 5 == 4 { u32::MAX } else { row % 9 }, 0, 0],
                "frequency_sgd" if hyper.by_row != FREQUENCY_GIVEN => {
                    [if row % 5 == 4 { u32::MAX - 1 } else { row % 9 }, 0, 0]
                }
                // now and then a row that was never updated
                _ => [value, ((row % 4) as f32).to_bits(), row % 6],
            };
            words.extend(&row_words[..optimizer.row_values as usize]);
            words.resize(begin + part.state_stride as usize, 0);
        }
    }
    if words.is_empty() { vec![0] } else { words }
}

/// Pieces that are summed ahead.
fn split(params: &mut Params, bindings: &mut Bindings<CaseBinding>, inputs: &UpdateInputs) {
    params.split = 1;
    let pieces = segment_partials::Params::of(inputs, 1, params.clip_value);
    bindings.partials = CaseBinding::floats(&segment_partials::cases::partials(inputs, pieces));
}

/// Numbers of occurrences behind the keys, of which each has a single term.
fn counted(params: &mut Params, bindings: &mut Bindings<CaseBinding>) {
    params.counted = 1;
    bindings.keys.words.extend((0..params.len).map(|i| i % 7 + 1));
}
