//! What a record of the module holds of the tables: their shapes and number of steps, so that tables that
//! were left behind are noticed.

use std::sync::{Arc, Mutex};

use burn::module::{Param, ParamId};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use embag::Result;

use crate::kind::Kind;
use crate::memory::invalid;
use crate::tables::{Tables, lock};

/// The number of the last step, then rows and columns of each table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stamp(Vec<i64>);

impl Stamp {
    pub(crate) fn of<T: Kind>(tables: &T) -> Self {
        let sizes = tables.shapes().into_iter().flatten();
        #[allow(clippy::cast_possible_wrap, reason = "sizes of tables")]
        Self([i64::from(tables.last_step())].into_iter().chain(sizes.map(|size| size as i64)).collect())
    }

    /// As a tensor that modules may have. It lies on the host, where it is read without waiting for a device.
    pub(crate) fn param(&self, id: ParamId) -> Param<Tensor<1, Int>> {
        let data = TensorData::new(self.0.clone(), [self.0.len()]);
        Param::initialized(id, Tensor::from_data(data, (&Device::flex(), DType::I64)))
    }

    pub(crate) fn read(param: &Param<Tensor<1, Int>>) -> Self {
        let values = param.val().into_data().convert::<i64>();
        Self(values.try_to_vec().unwrap_or_default())
    }

    fn steps(&self) -> i64 {
        self.0.first().copied().unwrap_or_default()
    }
}

impl<T: Kind> Tables<T> {
    /// Uses the tables as they are, although the record that was loaded is of others: of another step, such
    /// as tables that were trained further under layers of before.
    pub fn accept_tables(&self) {
        *lock(&self.awaited) = None;
    }

    /// An error if a record was loaded and these are not its tables.
    pub(crate) fn check_awaited(&self) -> Result<()> {
        let mut awaited = lock(&self.awaited);
        let Some(record) = &*awaited else { return Ok(()) };
        let here = self.with(|tables| Stamp::of(tables));
        if here == *record {
            *awaited = None;
            return Ok(());
        }
        let tables = |stamp: &Stamp| {
            format!("of step {} with sizes {:?}", stamp.steps(), &stamp.0[1.min(stamp.0.len())..])
        };
        let expected = format!(
            "those {}, of the record that was loaded (`load_tables`, or `accept_tables`)",
            tables(record)
        );
        Err(invalid("tables", expected, format!("those {}", tables(&here))))
    }

    /// What records and mappers see: while the tables of a record are awaited, that record's.
    pub(crate) fn stamp(&self) -> Param<Tensor<1, Int>> {
        let awaited = lock(&self.awaited).clone();
        awaited.unwrap_or_else(|| self.with(|tables| Stamp::of(tables))).param(self.stamp)
    }

    /// Takes what a mapper made of the stamp.
    pub(crate) fn stamped(mut self, param: &Param<Tensor<1, Int>>) -> Self {
        self.stamp = param.id;
        if T::TRAINS {
            let record = Stamp::read(param);
            let here = self.with(|tables| Stamp::of(tables));
            // of this module: the record may be refused, and then a clone goes on
            self.awaited = Arc::new(Mutex::new((record != here).then_some(record)));
        }
        self
    }
}
