//! What each part costs in each format, and the choice within the budget.

use embag::quant::accuracy::{Candidate, PairedNe, Part, Selection, select};
use embag::quant::{InputQuant, QuantizedMlp, RowFormat};

use crate::calibration::Inputs;
use crate::data::Examples;
use crate::error::RunError;
use crate::evaluation::{labels, logits};
use crate::layers::Layers;
use crate::served::{Formats, LayerFormat, Served};
use crate::trained::Trained;

/// How a table may be kept.
const TABLES: [RowFormat; 3] = [RowFormat::F16, RowFormat::Int8, RowFormat::Int4];

/// How a layer may be kept.
fn layer_formats(input: InputQuant) -> [LayerFormat; 3] {
    [LayerFormat::F32, LayerFormat::F16, LayerFormat::Int8(input)]
}

/// What was found out and chosen.
#[derive(Debug)]
pub struct Outcome {
    pub parts: Vec<Part>,
    pub selection: Selection,
    pub formats: Formats,
}

/// One of the two stacks of layers: where its formats are, and where it is in a model.
struct Stack {
    name: &'static str,
    formats: fn(&mut Formats) -> &mut Vec<LayerFormat>,
    layers: fn(&Served) -> &QuantizedMlp,
    inputs: fn(&Inputs) -> &[InputQuant],
}

const STACKS: [Stack; 2] = [
    Stack {
        name: "bottom",
        formats: |formats| &mut formats.bottom,
        layers: Served::bottom,
        inputs: |inputs| &inputs.bottom,
    },
    Stack {
        name: "top",
        formats: |formats| &mut formats.top,
        layers: Served::top,
        inputs: |inputs| &inputs.top,
    },
];

/// Measures every part alone in every format, then chooses the fewest bytes that hold the budget together.
pub fn choose(
    trained: &Trained,
    layers: &Layers,
    reference: &Served,
    inputs: &Inputs,
    batches: &[Examples],
    budget: f64,
) -> Result<Outcome, RunError> {
    let labels = labels(batches);
    let expected = logits(reference, batches)?;
    let measure = |model: &Served| -> embag::Result<PairedNe> {
        let mut pair = PairedNe::default();
        pair.add_logits(&expected, &logits(model, batches)?, &labels)?;
        Ok(pair)
    };
    let mut parts = Vec::new();
    for (k, name) in trained.bags.tables().iter().enumerate() {
        let candidates = TABLES.map(|format| {
            let mut formats = Formats::of(trained);
            formats.tables[k] = format;
            let model = Served::of(trained, layers, &formats)?;
            let (rows, dim) = trained.bags.table_shape(name)?;
            let percent = measure(&model)?.difference()?.percent;
            Ok(Candidate {
                format: table_name(format),
                bytes: (rows * format.row_bytes(dim)) as u64,
                percent,
            })
        });
        parts.push(part(format!("table {name}"), candidates)?);
    }
    for Stack { name, formats: of, layers: of_model, inputs: of_inputs } in STACKS {
        for (k, &input) in of_inputs(inputs).iter().enumerate() {
            let candidates = layer_formats(input).map(|format| {
                let mut formats = Formats::of(trained);
                of(&mut formats)[k] = format;
                let model = reference.with_layers(trained, layers, &formats)?;
                let percent = measure(&model)?.difference()?.percent;
                let bytes = of_model(&model).layers()[k].bytes();
                Ok(Candidate { format: format.name().to_owned(), bytes, percent })
            });
            parts.push(part(format!("{name}.{k}"), candidates)?);
        }
    }
    let plain = Formats::of(trained);
    let joint = select(&parts, budget, |choice| {
        measure(&Served::of(trained, layers, &picked(&plain, inputs, &choice.picks))?)
    })?;
    let selection = joint.ok_or(RunError::Budget { budget })?;
    let formats = picked(&plain, inputs, &selection.choice.picks);
    Ok(Outcome { parts, selection, formats })
}

/// A part of which all candidates could be measured, with a line of output.
fn part(name: String, candidates: [embag::Result<Candidate>; 3]) -> Result<Part, RunError> {
    let candidates = candidates.into_iter().collect::<embag::Result<Vec<_>>>()?;
    let costs: Vec<String> = candidates
        .iter()
        .map(|candidate| format!("{} {:+.4} %", candidate.format, candidate.percent))
        .collect();
    eprintln!("{name}: {}", costs.join(", "));
    Ok(Part { name, candidates })
}

fn table_name(format: RowFormat) -> String {
    format!("{format:?}").to_lowercase()
}

/// The formats of a choice: of all tables, then of the layers.
fn picked(plain: &Formats, inputs: &Inputs, picks: &[usize]) -> Formats {
    let (tables, layers) = picks.split_at(plain.tables.len());
    let (bottom, top) = layers.split_at(plain.bottom.len());
    let layers = |picks: &[usize], inputs: &[InputQuant]| {
        picks.iter().zip(inputs).map(|(&pick, &input)| layer_formats(input)[pick]).collect()
    };
    Formats {
        tables: tables.iter().map(|&pick| TABLES[pick]).collect(),
        bottom: layers(bottom, &inputs.bottom),
        top: layers(top, &inputs.top),
    }
}
