//! Some values of a vector, as ranks send them; without any, a message is empty.
//!
//! | words | |
//! |---|---|
//! | 1 | how places are written; where values have 16 bits, their scale: the power of two, plus 127, from bit 8 on |
//! | 1 | entries |
//! | | values: a word each, or two of 16 bits in a word |
//! | | places, in their order |

use half::f16;

use super::Traffic;
use super::ranks::Reader;
use crate::device::{Buffer, Dispatch, Recorder};
use crate::kernels::index_write::{CODING_BITS, CODING_GAPS};
use crate::kernels::{index_count, index_place, scatter_add};
use crate::numbers::narrow;
use crate::sort::prefix_sum;
use crate::{Error, Result};

/// How places are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Not at all: all values are there.
    All = 0,
    /// A bit for each place.
    Bits = CODING_BITS as isize,
    /// Bytes of the gaps between them.
    Gaps = CODING_GAPS as isize,
    /// A word each.
    Words = 3,
}

impl Coding {
    const EACH: [Self; 4] = [Self::All, Self::Bits, Self::Gaps, Self::Words];
}

/// In the place of a code: what follows is why there are no values.
const FAILED: u32 = 255;

/// The message of values with a code of their places; `half` is the scale of values that travel as 16 bits.
pub(super) fn write(coding: Coding, half: Option<f32>, values: &[f32], places: &[u32]) -> Vec<u32> {
    // a power of two has no other bits
    let exponent = half.map_or(0, |scale| scale.to_bits() >> 23);
    let mut message = vec![coding as u32 | exponent << 8, narrow(values.len())];
    match half {
        None => message.extend::<&[u32]>(bytemuck::cast_slice(values)),
        Some(scale) => message.extend(values.chunks(2).map(|pair| {
            let bits = |value: &f32| u32::from(f16::from_f32(value * scale).to_bits());
            bits(&pair[0]) | pair.get(1).map_or(0, bits) << 16
        })),
    }
    message.extend(places);
    message
}

/// The message of a rank that has no values for others.
pub(super) fn failed(error: &Error) -> Vec<u32> {
    let text = error.to_string();
    let mut message = vec![FAILED, narrow(text.len())];
    message.extend(text.bytes().map(u32::from));
    message
}

/// The halves of a word, the low one first.
fn pair(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

/// What a message says.
#[derive(Debug)]
pub(super) struct Message<'a> {
    coding: Coding,
    values: Vec<f32>,
    places: &'a [u32],
}

impl<'a> Message<'a> {
    /// Reads the message of a rank.
    pub(super) fn read(rank: usize, words: &'a [u32]) -> Result<Self> {
        if words.is_empty() {
            return Ok(Self { coding: Coding::Words, values: Vec::new(), places: &[] });
        }
        let mut reader = Reader { rank, what: Traffic::Dense, rest: words };
        let header = reader.take(2)?;
        let (code, exponent, count) = (header[0] & 255, header[0] >> 8 & 255, header[1] as usize);
        if code == FAILED {
            let bytes: Vec<u8> = reader.rest.iter().map(|word| word.to_le_bytes()[0]).collect();
            return Err(Error::on_rank(rank, String::from_utf8_lossy(&bytes)));
        }
        let Some(coding) = Coding::EACH.into_iter().find(|coding| *coding as u32 == code) else {
            return Err(Error::on_rank(rank, format!("a vector's message: a code {code}")));
        };
        let values = match exponent {
            0 => bytemuck::cast_slice(reader.take(count)?).to_vec(),
            _ => {
                let inverse = f32::from_bits(exponent << 23).recip();
                let pairs = reader.take(count.div_ceil(2))?.iter();
                let halves = pairs.flat_map(|word| pair(*word));
                halves.take(count).map(|bits| f16::from_bits(bits).to_f32() * inverse).collect()
            }
        };
        let places = reader.rest;
        let ascending = || places.windows(2).all(|pair| pair[0] < pair[1]);
        let fits = match coding {
            Coding::All => places.is_empty(),
            Coding::Words => places.len() == count && ascending(),
            Coding::Bits => places.iter().map(|word| word.count_ones() as usize).sum::<usize>() == count,
            Coding::Gaps => {
                let bytes = places.iter().flat_map(|word| word.to_le_bytes());
                bytes.filter(|byte| *byte != 0).count() == count
            }
        };
        if !fits {
            return Err(Error::on_rank(rank, "a vector's message: places that do not go with its values"));
        }
        Ok(Self { coding, values, places })
    }

    /// Records that its values are added to the `places` values of `out` from `first` on.
    pub(super) fn record_add(&self, rec: &mut Recorder, out: &Buffer, first: u32, places: u32) -> Result<()> {
        let len = narrow(self.values.len());
        if len == 0 {
            return Ok(());
        }
        let indices = match self.coding {
            Coding::All => rec.scratch_from("embag.places", &(0..len).collect::<Vec<u32>>())?,
            Coding::Words => rec.scratch_from("embag.places", self.places)?,
            Coding::Bits | Coding::Gaps => self.record_places(rec, len)?,
        };
        let values = rec.scratch_from("embag.values", &self.values)?;
        let params = scatter_add::Params { len, entry: 0, first, places };
        let bindings = scatter_add::Bindings { indices, values, out: out.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, len));
        Ok(())
    }

    fn record_places(&self, rec: &mut Recorder, len: u32) -> Result<Buffer> {
        let count = narrow(self.places.len());
        let (coding, bytes) = (self.coding as u32, u64::from(count) * 4);
        let words = rec.scratch_from("embag.code", self.places)?;
        let (entries, places) =
            (rec.scratch("embag.code_entries", bytes)?, rec.scratch("embag.code_places", bytes)?);
        let params = index_count::Params { words: count, coding };
        let bindings =
            index_count::Bindings { words: words.clone(), entries: entries.clone(), places: places.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, count));
        prefix_sum(rec, &entries, count)?;
        prefix_sum(rec, &places, count)?;
        let indices = rec.scratch("embag.places", u64::from(len) * 4)?;
        let params = index_place::Params { words: count, len, coding };
        let bindings = index_place::Bindings { words, entries, places, indices: indices.clone() };
        rec.dispatch(Dispatch::threads(0, &params, bindings, count));
        Ok(indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;

    #[test]
    fn messages_come_back_as_they_were() -> Result<()> {
        let ctx = Context::cpu();
        let values = [0.5, -1.5, 3.0f32];
        for half in [None, Some(4.0)] {
            for (coding, code, expected) in [
                (Coding::Words, vec![1, 2, 6], [0.0, 0.5, -1.5, 0.0, 0.0, 0.0, 3.0, 0.0]),
                (Coding::Bits, vec![0b100_0110], [0.0, 0.5, -1.5, 0.0, 0.0, 0.0, 3.0, 0.0]),
                (Coding::Gaps, vec![2 | 1 << 8 | 4 << 16], [0.0, 0.5, -1.5, 0.0, 0.0, 0.0, 3.0, 0.0]),
                (Coding::All, vec![], [0.5, -1.5, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ] {
                let message = write(coding, half, &values, &code);
                let values_words = if half.is_some() { 2 } else { 3 };
                assert_eq!(message.len(), 2 + values_words + code.len());
                let out = ctx.allocate("out", 40)?;
                let mut rec = Recorder::new(&ctx);
                Message::read(0, &message)?.record_add(&mut rec, &out, 2, 8)?;
                let found = rec.readback::<f32>(&out);
                rec.run()?;
                assert_eq!(found.wait()?, [&[0.0, 0.0], &expected[..]].concat(), "{coding:?} {half:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn messages_that_cannot_be_are_refused() {
        let good = write(Coding::Words, None, &[1.0, 2.0], &[0, 5]);
        let error = |words: &[u32]| Message::read(3, words).err().map(|error| error.to_string());
        assert_eq!(error(&good), None);
        assert_eq!(error(&[]), None);
        assert_eq!(
            error(&good[..3]).as_deref(),
            Some("rank 3: gradients of layers: expected 2 more words, got 1")
        );
        let told = failed(&Error::invalid("share", "more", 0));
        assert_eq!(error(&told).as_deref(), Some("rank 3: share: expected more, got 0"));
        let mut other = good.clone();
        other[0] = 9;
        assert_eq!(error(&other).as_deref(), Some("rank 3: a vector's message: a code 9"));
        other[0] = 3;
        other.push(0);
        assert_eq!(
            error(&other).as_deref(),
            Some("rank 3: a vector's message: places that do not go with its values")
        );
        // codes of fewer places than values, and a place that comes twice
        for (coding, places) in
            [(Coding::Bits, vec![1]), (Coding::Gaps, vec![5]), (Coding::Words, vec![5, 5])]
        {
            let error = error(&write(coding, None, &[1.0, 2.0], &places));
            assert!(error.is_some_and(|error| error.contains("do not go with its values")), "{coding:?}");
        }
    }
}
