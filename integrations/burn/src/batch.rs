//! Batches of tensors.

use burn::tensor::{Int, Tensor};
use embag::{DeviceBatch, JaggedBatch, Recorder, Result};

use crate::memory::{Numbers, invalid};
use crate::tables::Tables;

impl Tables<embag::EmbeddingBags> {
    /// A batch of ids that are a tensor, in the layout of a KeyedJaggedTensor: bag `f * examples + b` of
    /// feature `f` and example `b` has the ids from its offset to the next. There is one offset more than
    /// bags; the first is 0, the last the number of ids.
    ///
    /// Both are copied, on the device, where they are checked: bad ones are an error of a later
    /// [`forward`](Tables::forward), [`step`](Tables::step) or [`wait`](Tables::wait), and nothing is looked
    /// up or updated by them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](embag::Error::InvalidArgument) if the number of offsets is not one more
    /// than a multiple of the features, or values have neither 32 bits nor lie on the host; there, bad ids
    /// and offsets are errors at once.
    pub fn batch_from_tensors(&self, ids: Tensor<1, Int>, offsets: Tensor<1, Int>) -> Result<JaggedBatch> {
        let features = self.with(|bags| bags.features().len());
        let [given] = offsets.dims();
        if given == 0 || features == 0 || !(given - 1).is_multiple_of(features) {
            let expected = format!("one more than a multiple of the {features} features");
            return Err(invalid("offsets", expected, given));
        }
        let memory = &self.shared.memory;
        match (memory.numbers(ids, "ids")?, memory.numbers(offsets, "offsets")?) {
            (Numbers::Device(ids), Numbers::Device(offsets)) => {
                let mut rec = Recorder::new(memory.context());
                let batch = DeviceBatch::from_offsets((given - 1) / features, ids, offsets);
                let batch = self.with(|bags| bags.batch_from_device(&mut rec, batch))?;
                self.shared.pend(Some(rec.submit()?));
                Ok(batch)
            }
            (Numbers::Host(ids), Numbers::Host(offsets)) => {
                self.with(|bags| bags.batch_from_offsets(&ids, &offsets, None))
            }
            _ => unreachable!("both are of the tables' device"),
        }
    }
}
