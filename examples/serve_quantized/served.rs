//! The model in few bits: how it is made, kept in a file and computed.

use std::path::Path;
use std::rc::Rc;

use embag::dense::{Interaction, Mlp};
use embag::quant::{InputQuant, QuantizedBags, QuantizedLayer, QuantizedMlp, RangeSearch, RowFormat};
use embag::{Checkpoint, Context, JaggedBatch, Matrix, Recorder, Result};

use crate::data::{DataState, Examples, Schema};
use crate::layers::Layers;
use crate::trained::{Trained, interaction};

/// How each part of a model is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Formats {
    /// Of the tables, in their order.
    pub tables: Vec<RowFormat>,
    /// Of the layers of the bottom MLP, and of the top MLP.
    pub bottom: Vec<LayerFormat>,
    pub top: Vec<LayerFormat>,
}

/// How a layer is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LayerFormat {
    F32,
    F16,
    /// Weights and inputs of 8 bits.
    Int8(InputQuant),
}

impl Formats {
    /// Everything as it was trained.
    pub fn of(trained: &Trained) -> Self {
        let precision = |table: &String| trained.bags.precision(table).unwrap_or_default().into();
        let layers = |mlp: &Mlp| vec![LayerFormat::F32; mlp.layers().len()];
        Self {
            tables: trained.bags.tables().iter().map(precision).collect::<Vec<RowFormat>>(),
            bottom: layers(&trained.bottom),
            top: layers(&trained.top),
        }
    }
}

impl LayerFormat {
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8(_) => "int8",
        }
    }
}

/// A model to serve: DLRM, as `common/ctr/model.rs` describes it.
#[derive(Debug)]
pub struct Served {
    ctx: Context,
    schema: Schema,
    bags: Rc<QuantizedBags>,
    bottom: QuantizedMlp,
    top: QuantizedMlp,
    interaction: Interaction,
    /// The vectors of an example side by side, and their products.
    vectors: Matrix,
    products: Matrix,
    /// The bottom MLP's input where there are no numeric columns.
    ones: Matrix,
}

/// Examples on the device.
#[derive(Debug)]
pub struct Batch {
    bags: JaggedBatch,
    numeric: Matrix,
}

impl Served {
    /// Quantises a model.
    pub fn of(trained: &Trained, layers: &Layers, formats: &Formats) -> Result<Self> {
        let mut next = formats.tables.iter();
        // tables are asked for in their order
        let bags = QuantizedBags::of(&trained.bags, |_| {
            let format = next.next().copied().unwrap_or_default();
            // it costs time, and is worth it where codes are few
            let search = if format == RowFormat::Int4 { RangeSearch::Greedy } else { RangeSearch::MinMax };
            (format, search)
        })?;
        Self::with_bags(trained, Rc::new(bags), layers, formats)
    }

    /// The same tables with other layers.
    pub fn with_layers(&self, trained: &Trained, layers: &Layers, formats: &Formats) -> Result<Self> {
        Self::with_bags(trained, self.bags.clone(), layers, formats)
    }

    fn with_bags(
        trained: &Trained,
        bags: Rc<QuantizedBags>,
        layers: &Layers,
        formats: &Formats,
    ) -> Result<Self> {
        let (ctx, most) = (bags.context(), trained.max_batch);
        let bottom = layers.bottom.quantised(ctx, &formats.bottom, most)?;
        let top = layers.top.quantised(ctx, &formats.top, most)?;
        Self::new(bags, bottom, top, trained.data.schema.clone(), trained.interaction)
    }

    fn new(
        bags: Rc<QuantizedBags>,
        bottom: QuantizedMlp,
        top: QuantizedMlp,
        schema: Schema,
        interaction: Interaction,
    ) -> Result<Self> {
        let (ctx, rows) = (bags.context().clone(), top.max_batch());
        Ok(Self {
            vectors: Matrix::padded(&ctx, rows, interaction.in_cols())?,
            products: Matrix::padded(&ctx, rows, interaction.out_cols())?,
            ones: Matrix::from_slice(&ctx, &vec![1.0; rows], rows, 1)?,
            ctx,
            schema,
            bags,
            bottom,
            top,
            interaction,
        })
    }

    pub fn context(&self) -> &Context {
        &self.ctx
    }

    pub fn bags(&self) -> &QuantizedBags {
        &self.bags
    }

    pub fn bottom(&self) -> &QuantizedMlp {
        &self.bottom
    }

    pub fn top(&self) -> &QuantizedMlp {
        &self.top
    }

    /// Bytes of each table, then of each layer.
    pub fn part_bytes(&self) -> Vec<u64> {
        let table = |name: &String| {
            let (rows, dim) = self.bags.table_shape(name).unwrap_or_default();
            (rows * self.bags.format(name).unwrap_or_default().row_bytes(dim)) as u64
        };
        let layers = self.bottom.layers().iter().chain(self.top.layers()).map(QuantizedLayer::bytes);
        self.bags.tables().iter().map(table).chain(layers).collect()
    }

    /// Checks examples and brings them to the device.
    pub fn batch(&self, examples: &Examples) -> Result<Batch> {
        let mut builder = self.bags.batch();
        for (feature, bags) in self.schema.features.iter().zip(&examples.features) {
            builder = builder.bags(&feature.name, &bags.values, &bags.lengths);
            if let Some(weights) = &bags.weights {
                builder = builder.weights(&feature.name, weights);
            }
        }
        let numeric = match self.schema.numeric.len() {
            0 => self.ones.row_range(0, examples.len())?,
            columns => Matrix::from_slice(&self.ctx, &examples.numeric, examples.len(), columns)?,
        };
        Ok(Batch { bags: builder.build()?, numeric })
    }

    /// Records the log odds of a batch into `[batch, 1]`.
    pub fn record_forward(&self, rec: &mut Recorder, batch: &Batch, logits: &Matrix) -> Result<()> {
        let products = self.products(rec, batch)?;
        self.top.record_forward(rec, &products, logits)
    }

    /// Records what the top MLP reads.
    pub fn products(&self, rec: &mut Recorder, batch: &Batch) -> Result<Matrix> {
        let (rows, dim) = (batch.bags.len(), self.interaction.dim);
        let (vectors, products) = (self.vectors.row_range(0, rows)?, self.products.row_range(0, rows)?);
        self.bottom.record_forward(rec, &batch.numeric, &vectors.columns(0, dim)?)?;
        self.bags.record_forward(rec, &batch.bags, &vectors.columns(dim, self.bags.output_cols())?)?;
        self.interaction.record_forward(rec, &vectors, &products)?;
        Ok(products)
    }

    /// The numeric columns of a batch.
    pub fn numeric<'a>(&self, batch: &'a Batch) -> &'a Matrix {
        &batch.numeric
    }

    /// Writes the model into a file, with what turns raw examples into its inputs.
    pub fn save(&self, trained: &Trained, path: &Path) -> Result<()> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set_json("data", &trained.data)?;
        checkpoint.set_json("dim", &self.interaction.dim)?;
        checkpoint.set_json("max_batch", &self.top.max_batch())?;
        self.bags.export(&mut checkpoint, "bags")?;
        self.bottom.export(&self.ctx, &mut checkpoint, "bottom")?;
        self.top.export(&self.ctx, &mut checkpoint, "top")?;
        checkpoint.save(path)
    }

    /// Reads a model that [`Served::save`] wrote.
    pub fn load(ctx: &Context, path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::load(path)?;
        let data: DataState = checkpoint.json("data")?;
        let max_batch: usize = checkpoint.json("max_batch")?;
        let interaction = interaction(data.schema.features.len(), checkpoint.json("dim")?);
        let bags = QuantizedBags::from_checkpoint(ctx, &checkpoint, "bags")?;
        let mlp = |prefix| QuantizedMlp::from_checkpoint(ctx, &checkpoint, prefix, max_batch);
        Self::new(Rc::new(bags), mlp("bottom")?, mlp("top")?, data.schema, interaction)
    }
}
