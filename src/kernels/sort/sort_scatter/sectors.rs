//! How much memory a pass of the wide variant moves to write a key: on real GPUs threads of one instruction
//! write whole sectors, however little of one they have.

use std::collections::HashSet;

use crate::kernels::random::Random;
use crate::kernels::sort_count::{SHARE, WIDE};

/// Threads of an instruction, and words of a sector.
const THREADS: usize = 32;
const SECTOR: usize = 8;
const TILE: usize = (WIDE * SHARE) as usize;

/// Where every key goes in a stable pass.
fn places(keys: &[u32], digit: impl Fn(u32) -> u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&i| digit(keys[i]));
    let mut places = vec![0; keys.len()];
    order.into_iter().enumerate().for_each(|(place, i)| places[i] = place);
    places
}

/// Sectors written for each key, if the keys of a tile are written in this order.
fn sectors(places: &[usize], tile: usize, order: impl Fn(&[usize]) -> Vec<usize>) -> f64 {
    let written: usize = places
        .chunks(tile)
        .flat_map(|tile| order(tile).chunks(THREADS).map(<[usize]>::to_vec).collect::<Vec<_>>())
        .map(|places| places.iter().map(|place| place / SECTOR).collect::<HashSet<_>>().len())
        .sum();
    written as f64 / places.len() as f64
}

#[test]
fn staged_tiles_write_runs() {
    let mut random = Random::new(3);
    let keys: Vec<u32> = (0..8 * 2048 * 20).map(|_| random.below(8 * 200_000)).collect();
    // sorted by digit, and then place by place: what the shader stages
    let staged = |tile: &[usize]| {
        let mut tile = tile.to_vec();
        tile.sort_unstable();
        tile
    };
    // the tile as it comes, eight keys a thread: what it would be without
    let plain = |tile: &[usize]| {
        let threads: Vec<&[usize]> = tile.chunks(8).collect();
        let step = |warp: &[&[usize]], k: usize| -> Vec<usize> {
            warp.iter().filter_map(|keys| keys.get(k).copied()).collect()
        };
        threads
            .chunks(THREADS)
            .flat_map(|warp| (0..8).flat_map(|k| step(warp, k)).collect::<Vec<_>>())
            .collect()
    };
    for shift in [0, 7, 14] {
        let wide = places(&keys, |key| key >> shift & 127);
        let narrow = places(&keys, |key| key >> shift & 15);
        let (after, before) = (sectors(&wide, TILE, staged), sectors(&narrow, 2048, plain));
        println!(
            "shift {shift}: {after:.3} sectors a key and pass; {before:.3} with digits of 4 bits, not staged"
        );
        assert!(after < 0.2 && before > 3.0 * after, "{after} {before}");
    }
}
