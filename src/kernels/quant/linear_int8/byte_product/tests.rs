//! All ways give the same.

use super::*;
use crate::kernels::random::Random;

#[test]
fn every_path_gives_the_exact_sums() {
    let mut random = Random::new(3);
    for (rows, panels, words) in
        [(1, 1, 4), (2, 4, 8), (6, 2, 600), (6, 4, 12), (5, 3, 4), (4, 2, 256), (3, 4, 20), (199, 1, 130)]
    {
        // half of the bytes are the extremes, which saturate where pairs are summed in 16 bits
        let mut bytes = |low: u8, high: u8| {
            let mut byte = || match random.below(4) {
                0 => low,
                1 => high,
                _ => u8::try_from(random.below(256)).unwrap_or(0),
            };
            u32::from_le_bytes([(); 4].map(|()| byte()))
        };
        let all_codes: Vec<u32> = (0..rows * words).map(|_| bytes(255, 254)).collect();
        let weights: Vec<u32> = (0..panels * words * PANEL).map(|_| bytes(127, 128)).collect();
        // those of seven bits have a way of their own
        for codes in [all_codes.clone(), all_codes.iter().map(|code| code & 0x7f7f_7f7f).collect()] {
            check(&codes, &weights, (rows, panels, words));
        }
    }
}

fn check(codes: &[u32], weights: &[u32], (rows, panels, words): (usize, usize, usize)) {
    let expected = |row: usize, n: usize| -> i32 {
        let weight = |k: usize| weights[(n / PANEL * words + k) * PANEL + n % PANEL].to_le_bytes();
        let pairs = |k: usize| codes[row * words + k].to_le_bytes().into_iter().zip(weight(k));
        (0..words).flat_map(pairs).map(|(a, b)| i32::from(a) * i32::from(b.cast_signed())).sum()
    };
    for path in Path::available() {
        let mut next = 0;
        products(path, codes, words, weights, |row, sums| {
            assert_eq!(row, next);
            next += 1;
            for (n, &sum) in sums.iter().enumerate().take(panels * PANEL) {
                assert_eq!(sum, expected(row, n), "{path:?} {rows}x{panels}x{words}: {row}, {n}");
            }
        });
        assert_eq!(next, rows);
    }
}
