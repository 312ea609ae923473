//! Twin of `prelude/key_range.wgsl`.

/// Words whose order is that of the floats, infinities and NaN at the ends.
#[inline(always)]
pub(crate) fn float_key(value: f32) -> u32 {
    let bits = value.to_bits();
    // all bits of a negative number, the sign of another
    bits ^ ((bits.cast_signed() >> 31).cast_unsigned() | 0x8000_0000)
}

pub(crate) fn keyed_float(key: u32) -> f32 {
    f32::from_bits(if key >= 0x8000_0000 { key & 0x7fff_ffff } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_order_of_the_floats() {
        let ascending =
            [-f32::NAN, f32::NEG_INFINITY, -1.5, -1e-45, -0.0, 0.0, 1e-45, 2.0, f32::INFINITY, f32::NAN];
        for pair in ascending.windows(2) {
            assert!(float_key(pair[0]) < float_key(pair[1]), "{pair:?}");
        }
        for value in ascending {
            assert_eq!(keyed_float(float_key(value)).to_bits(), value.to_bits());
        }
    }
}
