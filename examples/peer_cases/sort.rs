//! P1: keys with the positions that they came from, as the backward of a lookup sorts them.

use embag::sort::sort_by_key;
use embag::{Buffer, Context, Recorder, Result};

use crate::measure::{Measure, Work};

/// Bits of the keys: of the rows of a few large tables.
const BITS: u32 = 21;

/// Sorts `len` hashed keys.
pub(crate) fn pairs(ctx: &Context, measure: &Measure, len: u32) -> Result<()> {
    let keys: Vec<u32> = (0..len).map(|i| i.wrapping_mul(2_654_435_761) >> (32 - BITS)).collect();
    let buffer = Buffer::from_slice(ctx, &keys)?;
    let mut rec = Recorder::new(ctx);
    let sorted = sort_by_key(&mut rec, &buffer, len, BITS)?;
    let [keys, positions] = [&sorted.keys, &sorted.positions].map(|buffer| rec.readback::<u32>(buffer));
    rec.run()?;
    // of an order, and exact in f64
    let weighed = |values: Vec<u32>| -> f64 {
        values.iter().zip(1..).map(|(&value, place)| f64::from(value) * f64::from(place % 16)).sum()
    };
    let checksum = (weighed(keys.wait()?), weighed(positions.wait()?));
    let (case, note) = (format!("P1_sort_pairs_{len}"), format!("{BITS} bits"));
    // a key and its position, read and written once
    let work = Work { bytes: u64::from(len) * 12, ..Work::default() };
    measure.case(&case, &note, work, checksum, || {
        let mut rec = Recorder::new(ctx);
        sort_by_key(&mut rec, &buffer, len, BITS)?;
        Ok(rec)
    })
}
