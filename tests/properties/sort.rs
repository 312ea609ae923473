//! Radix sort and prefix sum on every device, against the standard library.

use embag::sort::{prefix_sum, select, sort_by_key};
use embag::{Buffer, Context, ContextOptions, Recorder};
use proptest::prelude::*;

use crate::common;
use crate::random::Random;

fn devices() -> Vec<Context> {
    std::iter::once(Context::cpu()).chain(common::gpu_shapes().iter().cloned()).collect()
}

/// Sorted keys and where each came from.
fn sort(ctx: &Context, keys: &[u32], bits: u32) -> (Vec<u32>, Vec<u32>) {
    let buffer = Buffer::from_slice(ctx, keys).unwrap();
    let mut rec = Recorder::new(ctx);
    let sorted = sort_by_key(&mut rec, &buffer, u32::try_from(keys.len()).unwrap(), bits).unwrap();
    let found = (rec.readback(&sorted.keys), rec.readback(&sorted.positions));
    rec.run().unwrap();
    assert!(buffer.read::<u32>(ctx).unwrap() == keys, "the keys were changed");
    (found.0.wait().unwrap(), found.1.wait().unwrap())
}

/// What is wrong with a result, if anything: not ascending in the lowest bits, not stable, or not a
/// permutation.
fn fault(before: &[u32], bits: u32, (keys, positions): &(Vec<u32>, Vec<u32>)) -> Option<String> {
    if keys.len() != before.len() || positions.len() != before.len() {
        return Some(format!("{} keys and {} positions of {}", keys.len(), positions.len(), before.len()));
    }
    let digit = |key: u32| u64::from(key) & ((1u64 << bits) - 1);
    let mut seen = vec![false; before.len()];
    for (i, (&key, &position)) in keys.iter().zip(positions).enumerate() {
        let at = position as usize;
        if before.get(at) != Some(&key) {
            return Some(format!("place {i}: key {key} does not come from {at}"));
        }
        if std::mem::replace(&mut seen[at], true) {
            return Some(format!("place {i}: position {at} twice"));
        }
        if i > 0 && (digit(keys[i - 1]), positions[i - 1]) >= (digit(key), position) {
            return Some(format!("place {i}: not in order behind its neighbour"));
        }
    }
    None
}

#[track_caller]
fn check(ctx: &Context, what: &str, keys: &[u32], bits: u32) {
    let found = fault(keys, bits, &sort(ctx, keys, bits));
    assert_eq!(found, None, "{what}, {} keys, {bits} bits on {}", keys.len(), common::name_of(ctx));
}

#[test]
fn the_checker_finds_planted_faults() {
    let before = [5, 3, 5, 1];
    let right = (vec![1, 3, 5, 5], vec![3, 1, 0, 2]);
    assert_eq!(fault(&before, 3, &right), None);
    for (keys, positions) in [
        (vec![1, 3, 5, 5], vec![3, 1, 2, 0]), // not stable
        (vec![3, 1, 5, 5], vec![1, 3, 0, 2]), // not sorted
        (vec![1, 3, 5, 5], vec![3, 1, 0, 0]), // a position twice
        (vec![1, 3, 5, 6], vec![3, 1, 0, 2]), // a key from nowhere
        (vec![1, 3, 5, 5], vec![3, 1, 0, 9]), // a position beyond
        (vec![1, 3, 5], vec![3, 1, 0]),       // one lost
    ] {
        assert!(fault(&before, 3, &(keys, positions)).is_some());
    }
    // one bit alone: 5 3 5 1 are all odd
    assert!(fault(&before, 1, &right).is_some());
    assert_eq!(fault(&before, 1, &(before.to_vec(), vec![0, 1, 2, 3])), None);
}

#[test]
fn lengths_around_powers_of_two() {
    let mut random = Random::new(1);
    let keys: Vec<u32> = (0..(1 << 17) + 1).map(|_| random.word() >> 12).collect();
    for ctx in devices() {
        for k in 0..=17 {
            for len in [(1usize << k) - 1, 1 << k, (1 << k) + 1] {
                check(&ctx, "random", &keys[..len], 20);
            }
        }
    }
}

#[test]
fn tiles_stay_within_the_loops_of_software_adapters() {
    // 64 tiles of 78,125 keys each would not
    let mut random = Random::new(8);
    let keys: Vec<u32> = (0..5_000_000).map(|_| random.word()).collect();
    for ctx in devices() {
        check(&ctx, "random", &keys, 9);
    }
}

#[test]
fn kinds_of_keys() {
    let mut random = Random::new(2);
    for len in [2u32, 700, 2049, 20_000] {
        let kinds: [(&str, Vec<u32>); 6] = [
            ("all zero", vec![0; len as usize]),
            ("all ones", vec![u32::MAX; len as usize]),
            ("sorted", (0..len).collect()),
            ("reversed", (0..len).rev().collect()),
            ("few values", (0..len).map(|_| random.below(3)).collect()),
            ("two halves", (0..len).map(|i| if i < len / 2 { u32::MAX - i } else { i }).collect()),
        ];
        for ctx in devices() {
            for (what, keys) in &kinds {
                check(&ctx, what, keys, 32);
                check(&ctx, what, keys, 16);
            }
        }
    }
}

#[test]
fn every_number_of_bits() {
    // all 32 bits are random: those above must not matter
    let mut random = Random::new(3);
    let keys: Vec<u32> = (0..5000).map(|_| random.word()).collect();
    for ctx in devices() {
        for bits in 1..=32 {
            check(&ctx, "random", &keys, bits);
        }
    }
}

#[test]
fn a_part_of_a_buffer() {
    let mut random = Random::new(4);
    let keys: Vec<u32> = (0..1000).map(|_| random.word()).collect();
    for ctx in devices() {
        let buffer = Buffer::from_slice(&ctx, &keys).unwrap();
        let part = buffer.slice(1024, 2976).unwrap();
        let mut rec = Recorder::new(&ctx);
        let sorted = sort_by_key(&mut rec, &part, 500, 32).unwrap();
        let found = (rec.readback(&sorted.keys), rec.readback(&sorted.positions));
        rec.run().unwrap();
        let found = (found.0.wait().unwrap(), found.1.wait().unwrap());
        assert_eq!(fault(&keys[256..756], 32, &found), None, "{}", common::name_of(&ctx));

        let mut rec = Recorder::new(&ctx);
        sort_by_key(&mut rec, &buffer.slice(4, 400).unwrap(), 100, 32).unwrap();
        let error = rec.run().unwrap_err().to_string();
        let start = "sort_count.keys: expected memory at a multiple of ";
        assert!(error.starts_with(start) && error.ends_with("got an offset of 4 bytes"), "{error}");
    }
}

#[test]
fn tiny_bindings() {
    let options = ContextOptions::new().max_binding(1024).max_buffer(1024);
    let mut random = Random::new(5);
    let keys: Vec<u32> = (0..256).map(|_| random.word()).collect();
    let cpu = Context::cpu_with(&options).unwrap();
    for ctx in std::iter::once(cpu).chain(common::gpu_shapes_with(&options)) {
        check(&ctx, "tiny", &keys, 32);
    }
}

fn scan(ctx: &Context, values: &[u32]) -> Vec<u32> {
    let buffer = Buffer::from_slice(ctx, values).unwrap();
    let mut rec = Recorder::new(ctx);
    prefix_sum(&mut rec, &buffer, u32::try_from(values.len()).unwrap()).unwrap();
    rec.run().unwrap();
    buffer.read(ctx).unwrap()
}

fn sums(values: &[u32]) -> Vec<u32> {
    let before = |sum: &mut u32, &value: &u32| {
        let before = *sum;
        *sum = sum.wrapping_add(value);
        Some(before)
    };
    values.iter().scan(0, before).collect()
}

#[test]
fn prefix_sums() {
    let mut random = Random::new(6);
    let values: Vec<u32> = (0..(1 << 17) + 1).map(|_| random.word()).collect();
    for ctx in devices() {
        for k in 0..=17 {
            for len in [(1usize << k) - 1, 1 << k, (1 << k) + 1] {
                let found = scan(&ctx, &values[..len]);
                assert!(found == sums(&values[..len]), "{len} values on {}", common::name_of(&ctx));
            }
        }
        // values behind the length are left alone
        let buffer = Buffer::from_slice(&ctx, &[7u32; 10]).unwrap();
        let mut rec = Recorder::new(&ctx);
        prefix_sum(&mut rec, &buffer, 4).unwrap();
        rec.run().unwrap();
        assert_eq!(buffer.read::<u32>(&ctx).unwrap(), [0, 7, 14, 21, 7, 7, 7, 7, 7, 7]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24 * common::case_factor(),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_keys(
        keys in prop::collection::vec(prop_oneof![any::<u32>(), 0u32..5, 0u32..1000], 0..6000),
        bits in 1u32..=32,
    ) {
        for ctx in devices() {
            let found = fault(&keys, bits, &sort(&ctx, &keys, bits));
            prop_assert_eq!(found, None, "{} bits on {}", bits, common::name_of(&ctx));
        }
    }

    #[test]
    fn any_values(values in prop::collection::vec(any::<u32>(), 0..10_000)) {
        for ctx in devices() {
            prop_assert!(scan(&ctx, &values) == sums(&values), "{}", common::name_of(&ctx));
        }
    }
}

#[test]
fn twenty_million_keys() {
    if std::env::var_os("EMBAG_LARGE").is_none() {
        return;
    }
    let mut random = Random::new(7);
    let keys: Vec<u32> = (0..20_000_000).map(|_| random.word()).collect();
    for ctx in devices() {
        let begin = std::time::Instant::now();
        check(&ctx, "random", &keys, 32);
        println!("20 million keys on {}: {:.2?} with transfers", common::name_of(&ctx), begin.elapsed());
        let begin = std::time::Instant::now();
        assert!(scan(&ctx, &keys) == sums(&keys));
        println!("20 million values scanned: {:.2?} with transfers", begin.elapsed());
    }
}

fn selected(ctx: &Context, keys: &[u32], rank: usize) -> u32 {
    let buffer = Buffer::from_slice(ctx, keys).unwrap();
    let out = ctx.allocate("key", 4).unwrap();
    let mut rec = Recorder::new(ctx);
    let narrow = |n: usize| u32::try_from(n).unwrap();
    select(&mut rec, &buffer, narrow(keys.len()), narrow(rank), &out).unwrap();
    rec.run().unwrap();
    out.read::<u32>(ctx).unwrap()[0]
}

#[test]
fn the_key_of_a_rank() {
    for ctx in devices() {
        for len in [1usize, 2, 63, 4097, 300_000] {
            let mut random = Random::new(len as u64);
            let wide: Vec<u32> = (0..len).map(|_| random.word()).collect();
            // many equal ones, as utilities that are still 0
            let floats: Vec<u32> = (0..len)
                .map(|_| if random.below(3) == 0 { 0.0 } else { random.float().abs() * 1e-3 }.to_bits())
                .collect();
            for keys in [wide, floats, vec![7; len], vec![u32::MAX; len]] {
                let mut sorted = keys.clone();
                sorted.sort_unstable();
                for rank in [0, len / 4, len / 2, len - 1] {
                    let name = common::name_of(&ctx);
                    assert_eq!(
                        selected(&ctx, &keys, rank),
                        sorted[rank],
                        "{len} keys, rank {rank} on {name}"
                    );
                }
            }
        }
        let (keys, out) = (Buffer::from_slice(&ctx, &[1u32, 2]).unwrap(), ctx.allocate("key", 4).unwrap());
        let mut rec = Recorder::new(&ctx);
        let says = |error: embag::Error, text: &str| assert_eq!(error.to_string(), text);
        says(select(&mut rec, &keys, 2, 2, &out).unwrap_err(), "rank: expected less than the 2 keys, got 2");
        says(select(&mut rec, &keys, 3, 0, &out).unwrap_err(), "keys: expected 12 bytes for 3 keys, got 8");
        says(select(&mut rec, &keys, 2, 0, &keys).unwrap_err(), "out: expected 4 bytes, got 8");
    }
}
