//! Lookups, and access to rows from the host.

use std::ops::Range;

use super::{QuantizedBagsBuilder, RowLayout};
use crate::bag::{BatchBuilder, Batches, Offset};
use crate::delta::Followed;
use crate::directory::DeviceIds;
use crate::quant::RangeSearch;
use crate::table::{RowFormat, Shape};
use crate::{
    Context, DeviceBatch, EmbeddingBags, Error, Id, IdDirectory, JaggedBatch, Matrix, Outputs, Precision,
    Recorder, Result,
};

/// Embedding bags whose rows are kept in few bits, to look up: what is pooled is read straight from them.
///
/// Batches, outputs and errors are those of [`EmbeddingBags`]; sums are of `f32`, in the order of the ids.
/// The id 2^32 - 1 (-1 of signed ids) is a pruned row, as in FBGEMM: it is not looked up and counts as a row
/// of zeros. (Bags with tables of [raw ids](crate::Table::raw_ids) have no such id.)
///
/// ```
/// use embag::quant::{QuantizedBags, RangeSearch, RowFormat};
/// use embag::{Context, EmbeddingBags, Pooling, Table};
///
/// let ctx = Context::cpu();
/// let bags = EmbeddingBags::builder(&ctx)
///     .table("movie", Table::rows(1_000).dim(64))
///     .feature("liked", "movie", Pooling::Mean)
///     .build()?; // and trained
/// let mut served = QuantizedBags::of(&bags, |_table| (RowFormat::Int4, RangeSearch::Greedy))?;
/// assert_eq!((bags.bytes(), served.bytes()), (256_000, 36_000));
///
/// let batch = served.batch().bags("liked", &[7i64, -1, 8], &[2, 1]).build()?;
/// let pooled = served.forward(&batch)?; // [2, 64]
/// # assert_eq!((pooled.rows(), pooled.cols()), (2, 64));
/// served.write_row("movie", 8, &[0.5; 64], RangeSearch::MinMax)?; // while it serves
/// # Ok::<(), embag::Error>(())
/// ```
#[derive(Debug)]
pub struct QuantizedBags {
    pub(super) bags: EmbeddingBags,
    /// The model that the rows are of, if they follow one.
    pub(super) followed: Option<Followed>,
}

impl QuantizedBags {
    /// Begins the description of tables and features.
    #[must_use]
    pub fn builder(ctx: &Context) -> QuantizedBagsBuilder {
        QuantizedBagsBuilder::new(ctx)
    }

    pub(super) fn new(bags: EmbeddingBags) -> Self {
        Self { bags, followed: None }
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.bags.context()
    }

    /// The names of the tables, in the order they were added.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        self.bags.tables()
    }

    /// The names of the features, in the order they were added.
    pub fn features(&self) -> impl ExactSizeIterator<Item = &str> {
        self.bags.features()
    }

    /// As [`EmbeddingBags::columns_of`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::columns_of`].
    pub fn columns_of(&self, feature: &str) -> Result<Range<usize>> {
        self.bags.columns_of(feature)
    }

    /// Makes a batch of raw ids, as [`EmbeddingBags::find`]: those without a row give zeros. Waits until it is
    /// done.
    ///
    /// # Errors
    /// As [`EmbeddingBags::find`].
    pub fn find(&self, batch: BatchBuilder) -> Result<JaggedBatch> {
        self.bags.find(batch)
    }

    /// As [`EmbeddingBags::find_from_lengths`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::find_from_lengths`].
    pub fn find_from_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.bags.find_from_lengths(values, lengths, weights)
    }

    /// As [`EmbeddingBags::record_find`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::record_find`].
    pub fn record_find(&self, rec: &mut Recorder, batch: BatchBuilder) -> Result<JaggedBatch> {
        self.bags.record_find(rec, batch)
    }

    /// As [`EmbeddingBags::record_find_from_device`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::record_find_from_device`].
    pub fn record_find_from_device(&self, rec: &mut Recorder, ids: DeviceIds) -> Result<JaggedBatch> {
        self.bags.record_find_from_device(rec, ids)
    }

    /// As [`EmbeddingBags::directory`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::directory`].
    pub fn directory(&self, table: &str) -> Result<&IdDirectory> {
        self.bags.directory(table)
    }

    /// Rows and columns of a table.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn table_shape(&self, table: &str) -> Result<(usize, usize)> {
        self.bags.table_shape(table)
    }

    /// How a table's rows are kept.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn format(&self, table: &str) -> Result<RowFormat> {
        Ok(self.table(table)?.1.format)
    }

    /// Bytes of all tables.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bags.bytes()
    }

    /// Columns of the matrix that [`QuantizedBags::forward`] makes: the sum of the features' dims.
    #[must_use]
    pub fn output_cols(&self) -> usize {
        self.bags.output_cols()
    }

    /// The type of the outputs' values.
    #[must_use]
    pub fn output_precision(&self) -> Precision {
        self.bags.output_precision()
    }

    /// Begins a batch from host data, feature by feature.
    #[must_use]
    pub fn batch(&self) -> BatchBuilder {
        self.bags.batch()
    }

    /// What makes batches for these bags, for other threads.
    #[must_use]
    pub fn batches(&self) -> Batches {
        self.bags.batches()
    }

    /// As [`EmbeddingBags::batch_from_lengths`].
    ///
    /// # Errors
    /// As [`BatchBuilder::build`].
    pub fn batch_from_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.bags.batch_from_lengths(values, lengths, weights)
    }

    /// As [`EmbeddingBags::batch_from_variable_lengths`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::batch_from_variable_lengths`].
    pub fn batch_from_variable_lengths<I: Id>(
        &self,
        values: &[I],
        lengths: &[u32],
        examples: &[usize],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.bags.batch_from_variable_lengths(values, lengths, examples, weights)
    }

    /// As [`EmbeddingBags::batch_from_offsets`].
    ///
    /// # Errors
    /// As [`BatchBuilder::build`], and [`Error::Offsets`].
    pub fn batch_from_offsets<I: Id, O: Offset>(
        &self,
        values: &[I],
        offsets: &[O],
        weights: Option<&[f32]>,
    ) -> Result<JaggedBatch> {
        self.bags.batch_from_offsets(values, offsets, weights)
    }

    /// As [`EmbeddingBags::batch_from_device`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::batch_from_device`].
    pub fn batch_from_device(&self, rec: &mut Recorder, batch: DeviceBatch) -> Result<JaggedBatch> {
        self.bags.batch_from_device(rec, batch)
    }

    /// As [`EmbeddingBags::forward`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward`].
    pub fn forward(&self, batch: &JaggedBatch) -> Result<Matrix> {
        self.bags.forward(batch)
    }

    /// As [`EmbeddingBags::forward_features`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::forward_features`].
    pub fn forward_features(&self, batch: &JaggedBatch) -> Result<Vec<Matrix>> {
        self.bags.forward_features(batch)
    }

    /// As [`EmbeddingBags::record_forward`].
    ///
    /// # Errors
    /// As [`EmbeddingBags::record_forward`].
    pub fn record_forward<'a>(
        &self,
        rec: &mut Recorder,
        batch: &JaggedBatch,
        out: impl Into<Outputs<'a>>,
    ) -> Result<()> {
        self.bags.record_forward(rec, batch, out)
    }

    /// The values of all rows of a table, row after row; blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table.
    pub fn download(&self, table: &str) -> Result<Vec<f32>> {
        self.bags.download(table)
    }

    /// The values of one row; blocks.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`], or [`Error::InvalidArgument`] if there is no such table.
    pub fn read_row(&self, table: &str, row: u64) -> Result<Vec<f32>> {
        self.bags.read_row(table, row)
    }

    /// Quantises all rows of a table from host values, row after row. Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, the number of values is not rows times dim, or a
    /// row has a value that its format cannot keep: one that is not finite, or beyond 65,504 for int4, int2
    /// and f16.
    pub fn upload(&mut self, table: &str, values: &[f32], search: RangeSearch) -> Result<()> {
        let (index, shape) = self.table(table)?;
        let (rows, dim) = (shape.rows as usize, shape.dim as usize);
        if values.len() != rows * dim {
            return Err(Error::invalid(
                format!("values of table \"{table}\""),
                format!("{rows} rows x {dim} = {} values", rows * dim),
                values.len(),
            ));
        }
        self.check_values(table, shape, 0, values)?;
        for (first, count) in self.bags.store().tables().steps_of_rows(index) {
            let step = &values[first as usize * dim..(first + count) as usize * dim];
            let words = shape.format.pack_with(step, dim, search == RangeSearch::Greedy);
            self.bags.store().tables().write_row_words(index, first, count, &words).run()?;
        }
        Ok(())
    }

    /// Quantises one row, after everything submitted so far: lookups submitted before it see the old row,
    /// later ones the new, from whatever thread; none sees a part of it.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`]; as [`QuantizedBags::upload`].
    pub fn write_row(&self, table: &str, row: u64, values: &[f32], search: RangeSearch) -> Result<()> {
        let (index, shape) = self.table(table)?;
        let row = checked_row(table, row, shape)?;
        if values.len() != shape.dim as usize {
            let argument = format!("row of table \"{table}\"");
            return Err(Error::invalid(argument, format!("{} values", shape.dim), values.len()));
        }
        self.check_values(table, shape, row, values)?;
        let words = shape.format.pack_with(values, shape.dim as usize, search == RangeSearch::Greedy);
        self.bags.store().tables().write_row_words(index, row, 1, &words).submit().map(drop)
    }

    /// The rows of a table as bytes, row after row; blocks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, for an alignment that is out of range, or if an
    /// int8 row has a scale or bias that its layout cannot express.
    pub fn download_bytes(&self, table: &str, layout: RowLayout) -> Result<Vec<u8>> {
        let (index, shape) = self.table(table)?;
        let (dim, format) = (shape.dim as usize, shape.format);
        let row_bytes = layout.row_bytes(format, dim)?;
        let mut all = vec![0; row_bytes * shape.rows as usize];
        let mut rest = all.chunks_mut(row_bytes).enumerate();
        for (first, count) in self.bags.store().tables().steps_of_rows(index) {
            let words = self.bags.store().tables().read_row_words(index, first, count)?;
            for (words, (row, out)) in words.chunks(format.row_bytes(dim) / 4).zip(&mut rest) {
                if layout.bytes(format, dim, words, out).is_none() {
                    let argument = format!("row {row} of table \"{table}\"");
                    let [scale, bias] = [words[0], words[1]].map(f32::from_bits);
                    let got = format!("scale {scale}, bias {bias}");
                    return Err(Error::invalid(argument, "a scale and a bias within 16 bits", got));
                }
            }
        }
        Ok(all)
    }

    /// Takes the rows of a table from bytes, row after row, such as FBGEMM, TorchRec and PyTorch export them.
    /// Waits until it is done.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such table, for an alignment that is out of range or another
    /// number of bytes than the rows have, or if a row has a value, a scale or a bias that is not finite.
    pub fn upload_bytes(&mut self, table: &str, bytes: &[u8], layout: RowLayout) -> Result<()> {
        let (index, shape) = self.table(table)?;
        self.check_bytes(table, shape, 0..shape.rows, bytes, layout)?;
        let row_bytes = layout.row_bytes(shape.format, shape.dim as usize)?;
        for (first, count) in self.bags.store().tables().steps_of_rows(index) {
            let step = &bytes[first as usize * row_bytes..(first + count) as usize * row_bytes];
            let words = row_words(shape, step, row_bytes, layout);
            self.bags.store().tables().write_row_words(index, first, count, &words).run()?;
        }
        Ok(())
    }

    /// [`QuantizedBags::write_row`] with the bytes of a row.
    ///
    /// # Errors
    /// [`Error::RowOutOfRange`]; as [`QuantizedBags::upload_bytes`].
    pub fn write_row_bytes(&self, table: &str, row: u64, bytes: &[u8], layout: RowLayout) -> Result<()> {
        let (index, shape) = self.table(table)?;
        let row = checked_row(table, row, shape)?;
        self.check_bytes(table, shape, row..row + 1, bytes, layout)?;
        let row_bytes = layout.row_bytes(shape.format, shape.dim as usize)?;
        let words = row_words(shape, bytes, row_bytes, layout);
        self.bags.store().tables().write_row_words(index, row, 1, &words).submit().map(drop)
    }

    pub(super) fn table(&self, table: &str) -> Result<(usize, Shape)> {
        let index = self.bags.store().tables().find(table)?;
        Ok((index, self.bags.store().tables().shape(index)))
    }

    /// Whether rows, of which the first is `first`, can be kept.
    fn check_values(&self, table: &str, shape: Shape, first: u32, values: &[f32]) -> Result<()> {
        match values.iter().enumerate().find(|(_, value)| !shape.format.keeps(**value)) {
            Some((at, &value)) => {
                let row = u64::from(first) + (at / shape.dim as usize) as u64;
                Err(cannot_keep(table, row, shape.format, value))
            }
            None => Ok(()),
        }
    }

    fn check_bytes(
        &self,
        table: &str,
        shape: Shape,
        rows: Range<u32>,
        bytes: &[u8],
        layout: RowLayout,
    ) -> Result<()> {
        let (dim, format) = (shape.dim as usize, shape.format);
        let row_bytes = layout.row_bytes(format, dim)?;
        if bytes.len() != rows.len() * row_bytes {
            let expected = format!("{} rows x {row_bytes} = {} bytes", rows.len(), rows.len() * row_bytes);
            return Err(Error::invalid(format!("bytes of table \"{table}\""), expected, bytes.len()));
        }
        let mut words = vec![0; format.row_bytes(dim) / 4];
        for (row, bytes) in rows.zip(bytes.chunks(row_bytes)) {
            layout.words(format, dim, bytes, &mut words);
            if let Some(bad) = format.not_finite(&words, dim) {
                let argument = format!("row {row} of table \"{table}\"");
                return Err(Error::invalid(argument, "finite values, scale and bias", bad));
            }
        }
        Ok(())
    }
}

fn row_words(shape: Shape, bytes: &[u8], row_bytes: usize, layout: RowLayout) -> Vec<u32> {
    let (dim, format) = (shape.dim as usize, shape.format);
    let row_words = format.row_bytes(dim) / 4;
    let mut words = vec![0; bytes.len() / row_bytes * row_words];
    for (bytes, words) in bytes.chunks(row_bytes).zip(words.chunks_mut(row_words)) {
        layout.words(format, dim, bytes, words);
    }
    words
}

fn checked_row(table: &str, row: u64, shape: Shape) -> Result<u32> {
    u32::try_from(row).ok().filter(|&row| row < shape.rows).ok_or_else(|| Error::RowOutOfRange {
        table: table.to_owned(),
        row,
        rows: shape.rows.into(),
    })
}

/// The error for a row of which a format cannot keep all values; `value` is the first of them.
pub(super) fn cannot_keep(table: &str, row: u64, format: RowFormat, value: f32) -> Error {
    let expected = format!("finite values of at most {:e} in size, for {format:?}", format.largest());
    Error::invalid(format!("row {row} of table \"{table}\""), expected, value)
}
