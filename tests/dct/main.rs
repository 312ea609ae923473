//! Gradients that are thresholded: what travels, what stays behind, and what a model loses by it.

mod boundaries;
mod cuts;
mod learning;
mod residuals;

use embag::sharded::Threads;

pub(crate) fn on_ranks<T: Send>(ranks: usize, act: impl Fn(Threads) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            Threads::group(ranks).into_iter().map(|group| scope.spawn(|| act(group))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Numbers that look random: splitmix64 (Steele et al., 2014) of a counter.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: [u64; 3]) -> Self {
        let mut this = Self(0x5851_f42d_4c95_7f2d);
        for part in seed {
            this.0 ^= part;
            this.0 = this.word();
        }
        this
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.word() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f32 {
        let (radius, angle) = (self.unit().max(1e-7), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
    }
}
