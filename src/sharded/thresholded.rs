//! Gradients of layers that are thresholded: what a rank keeps from step to step, and what travels.

use std::ops::Range;

use super::compressor::{Compressor, Counted, Segment};
use super::message::{self, Message};
use super::ranks::sum_of;
use super::{Dct, Downlink, Ranks, Traffic};
use crate::dense::{record_add, record_add_scaled, record_scale};
use crate::device::Buffer;
use crate::kernels::threshold_count::TILE;
use crate::numbers::narrow;
use crate::{Checkpoint, Context, Error, Matrix, Recorder, Result};

/// A gradient's place among all values: whole tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    name: String,
    tiles: Range<u32>,
    rows: usize,
    cols: usize,
}

/// What a rank keeps.
#[derive(Debug)]
pub(super) struct Thresholded {
    ctx: Context,
    dct: Dct,
    places: Vec<Place>,
    /// The tiles that each rank adds up.
    slices: Vec<Range<u32>>,
    own: Residual,
    /// Of the sums of the own slice.
    sums: Residual,
    /// Steps that were taken.
    step: u32,
    /// Whether thresholds are to be chosen at the next step, whichever it is.
    choose: bool,
    sent: u64,
}

/// What was not sent of a vector, and the thresholds by which the next is.
#[derive(Debug)]
struct Residual {
    compressor: Compressor,
    left: Buffer,
    /// The vector of a step, which becomes what is left of it.
    next: Buffer,
}

impl Residual {
    fn new(ctx: &Context, segments: Vec<Segment>, tiles: u32, half: bool) -> Result<Self> {
        let compressor = Compressor::new(ctx, segments, tiles, half)?;
        let bytes = u64::from(tiles) * u64::from(TILE) * 4;
        let room = || ctx.allocate("embag.residual", bytes);
        Ok(Self { compressor, left: room()?, next: room()? })
    }

    /// Takes what is left of the step, and its thresholds, if they are to stay.
    fn keep(&mut self, counted: Counted, left: bool) {
        if left {
            std::mem::swap(&mut self.left, &mut self.next);
        }
        self.compressor.thresholds = counted.thresholds();
    }
}

impl Thresholded {
    /// For gradients of these names and shapes.
    pub(super) fn new<'a>(
        ctx: &Context,
        ranks: &Ranks,
        dct: Dct,
        gradients: impl Iterator<Item = (String, &'a Matrix)>,
    ) -> Result<Self> {
        let mut tiles = 0;
        let places: Vec<Place> = gradients
            .map(|(name, gradient)| {
                let first = tiles;
                tiles += narrow((gradient.rows() * gradient.cols()).div_ceil(TILE as usize));
                Place { name, tiles: first..tiles, rows: gradient.rows(), cols: gradient.cols() }
            })
            .collect();
        let count = narrow(ranks.count());
        let bound = |rank: u32| tiles / count * rank + (tiles % count).min(rank);
        let slices: Vec<Range<u32>> = (0..count).map(|rank| bound(rank)..bound(rank + 1)).collect();
        let filled = |segment: &Segment| !segment.tiles.is_empty();
        let own = places.iter().map(|place| place.segment(&(0..tiles))).filter(filled).collect();
        let slice = &slices[ranks.rank()];
        let of_slice = places.iter().map(|place| place.segment(slice)).filter(filled);
        let sums = Residual::new(ctx, of_slice.collect(), narrow(slice.len()), dct.half())?;
        Ok(Self {
            own: Residual::new(ctx, own, tiles, dct.half())?,
            sums,
            ctx: ctx.clone(),
            dct,
            places,
            slices,
            step: 0,
            choose: false,
            sent: 0,
        })
    }

    /// Whether these are the gradients that it was made for.
    pub(super) fn is_for<'a>(&self, gradients: impl Iterator<Item = (String, &'a Matrix)>) -> bool {
        let found = gradients.map(|(name, gradient)| (name, gradient.rows(), gradient.cols()));
        found.eq(self.places.iter().map(|place| (place.name.clone(), place.rows, place.cols)))
    }

    /// Values that this rank has sent.
    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    /// Adds what was left to gradients, and replaces them by the sums of what all ranks send of them.
    pub(super) fn reduce(&mut self, ranks: &Ranks, gradients: &[&Matrix]) -> Result<()> {
        let share = (self.choose || self.dct.chooses_at(self.step + 1)).then_some(self.dct.share);
        let counted = self.counted(gradients, share);
        let (said, counted) = match counted.and_then(|counted| self.finite(counted)) {
            Ok(counted) => (Ok(sum_of(&(&self.places, &self.dct))), Some(counted)),
            Err(error) => (Err(error), None),
        };
        ranks.agree_on_layers(said)?;
        // an error was everyone's
        let Some(counted) = counted else { return Ok(()) };
        // from here on a rank that fails tells all others so where they expect its values
        let packed = self.own.compressor.pack(&counted, &self.own.next, &self.slices);
        let messages = packed.unwrap_or_else(|error| vec![message::failed(&error); ranks.count()]);
        let uplink: u64 = counted.values();
        let came = ranks.all_to_all(Traffic::Dense, messages)?;

        let summed = self.summed(ranks.rank(), &came, share);
        let (summed, down) = match summed.and_then(|summed| self.packed(ranks.rank(), summed)) {
            Ok((summed, down)) => (Some(summed), down),
            Err(error) => (None, message::failed(&error)),
        };
        let all = ranks.all_gather(Traffic::Dense, &down)?;
        self.write(&all, gradients)?;
        let Some(summed) = summed else { return Ok(()) };

        let feedback = self.dct.error_feedback;
        self.own.keep(counted, feedback);
        self.sums.keep(summed, feedback);
        self.step += 1;
        self.choose = false;
        self.sent += uplink;
        Ok(())
    }

    /// Gradients with what was left of them before, and what is to be sent of that.
    fn counted(&self, gradients: &[&Matrix], share: Option<f32>) -> Result<Counted> {
        let mut rec = Recorder::new(&self.ctx);
        for (place, gradient) in self.places.iter().zip(gradients) {
            let [left, next] = [&self.own.left, &self.own.next].map(|buffer| place.matrix(buffer));
            record_add(&mut rec, gradient, &left?, &next?)?;
        }
        rec.run()?;
        self.own.compressor.count(&self.own.next, share)
    }

    /// Refuses what has values that are not finite.
    fn finite(&self, counted: Counted) -> Result<Counted> {
        let Some(tile) = counted.not_finite() else { return Ok(counted) };
        let place = self.places.iter().find(|place| place.tiles.contains(&tile));
        let argument = format!("gradient of \"{}\"", place.map_or("", |place| &*place.name));
        Err(Error::invalid(argument, "finite numbers", "others"))
    }

    /// The sums of the own slice, rank after rank, and what is to be sent of them.
    fn summed(&self, rank: usize, came: &[Vec<u32>], share: Option<f32>) -> Result<Counted> {
        let slice = &self.slices[rank];
        let len = narrow(slice.len()) * TILE;
        let (next, left) = (&self.sums.next, &self.sums.left);
        let mut rec = Recorder::new(&self.ctx);
        rec.clear(next);
        for (rank, words) in came.iter().enumerate() {
            Message::read(rank, words)?.record_add(&mut rec, next, 0, len)?;
        }
        if len > 0 {
            let whole =
                |buffer: &Buffer| Matrix::new(buffer.clone(), slice.len(), TILE as usize, TILE as usize);
            record_add_scaled(&mut rec, &whole(left)?, 1.0, &whole(next)?)?;
        }
        rec.run()?;
        let share = share.filter(|_| self.dct.downlink == Downlink::Thresholded);
        let mut counted = self.sums.compressor.count(next, share)?;
        if let Some(tile) = counted.not_finite() {
            let tile = tile + slice.start;
            let place = self.places.iter().find(|place| place.tiles.contains(&tile));
            let argument = format!("sum of the gradients of \"{}\"", place.map_or("", |place| &*place.name));
            counted = Err(Error::invalid(argument, "finite numbers", "others"))?;
        }
        Ok(counted)
    }

    /// The message of the own sums.
    fn packed(&self, rank: usize, summed: Counted) -> Result<(Counted, Vec<u32>)> {
        let tiles = 0..narrow(self.slices[rank].len());
        let messages = self.sums.compressor.pack(&summed, &self.sums.next, std::slice::from_ref(&tiles))?;
        Ok((summed, messages.concat()))
    }

    /// Writes what each rank has summed into gradients.
    fn write(&self, all: &[Vec<u32>], gradients: &[&Matrix]) -> Result<()> {
        let tiles = self.slices.last().map_or(0, |slice| slice.end);
        let mut rec = Recorder::new(&self.ctx);
        let sums = rec.scratch("embag.sums", u64::from(tiles * TILE) * 4)?;
        rec.clear(&sums);
        for (rank, (words, slice)) in all.iter().zip(&self.slices).enumerate() {
            let places = narrow(slice.len()) * TILE;
            Message::read(rank, words)?.record_add(&mut rec, &sums, slice.start * TILE, places)?;
        }
        for (place, gradient) in self.places.iter().zip(gradients) {
            record_scale(&mut rec, &place.matrix(&sums)?, 1.0, gradient)?;
        }
        rec.run()
    }

    /// Names, rows and columns.
    fn layers(&self) -> Vec<(String, usize, usize)> {
        self.places.iter().map(|place| (place.name.clone(), place.rows, place.cols)).collect()
    }

    /// Adds what is left to a checkpoint.
    pub(super) fn export(&self, rank: usize, checkpoint: &mut Checkpoint, prefix: &str) -> Result<()> {
        let slice = &self.slices[rank];
        checkpoint.set_json(&format!("{prefix}.step"), &self.step)?;
        checkpoint.set_json(&format!("{prefix}.tiles"), slice)?;
        checkpoint.set_json(&format!("{prefix}.ranks"), &self.slices.len())?;
        checkpoint.set_json(&format!("{prefix}.layers"), &self.layers())?;
        for (name, buffer) in [
            ("left", &self.own.left),
            ("sums_left", &self.sums.left),
            ("thresholds", &self.own.compressor.thresholds),
            ("sums_thresholds", &self.sums.compressor.thresholds),
        ] {
            let mut rec = Recorder::new(&self.ctx);
            let words = rec.readback::<u32>(buffer);
            rec.run()?;
            let words = words.wait()?;
            checkpoint.insert(&format!("{prefix}.{name}"), &[words.len()], words)?;
        }
        Ok(())
    }

    /// Goes on from what the ranks of a group saved. With as many ranks all is as it was; others share what
    /// is left: rank r takes that of the ranks r, r + count and so on, and thresholds are chosen anew.
    pub(super) fn import(&mut self, ranks: &Ranks, saved: &[Checkpoint], prefix: &str) -> Result<()> {
        let tiles = self.slices.last().map_or(0, |slice| slice.end);
        let all = tiles as usize * TILE as usize;
        let (rank, count) = (ranks.rank(), ranks.count());
        let mut left = vec![0.0f32; all];
        let mut sums = vec![0.0f32; all];
        let mut step = 0;
        let saved_ranks = saved.len();
        for (number, saved) in saved.iter().enumerate() {
            let (layers, own): (Vec<(String, usize, usize)>, _) =
                (saved.json(&format!("{prefix}.layers"))?, self.layers());
            if layers != own {
                let (expected, got) = (format!("{own:?}"), format!("{layers:?}"));
                return Err(saved.mismatch(format!("{prefix}.layers"), expected, got));
            }
            let all_ranks: usize = saved.json(&format!("{prefix}.ranks"))?;
            if all_ranks != saved_ranks {
                let expected = format!("what {all_ranks} ranks have left");
                return Err(saved.mismatch(prefix, expected, format!("that of {saved_ranks}")));
            }
            step = saved.json(&format!("{prefix}.step"))?;
            let slice: Range<u32> = saved.json(&format!("{prefix}.tiles"))?;
            let slice = slice.start as usize * TILE as usize..slice.end as usize * TILE as usize;
            let own: &[u32] = saved.tensor(&format!("{prefix}.left"), &[all])?;
            let name = format!("{prefix}.sums_left");
            let own_sums: &[u32] = saved.tensor(&name, &[slice.len()])?;
            let Some(target) = sums.get_mut(slice) else {
                return Err(saved.mismatch(name, format!("a slice of {all} values"), "another"));
            };
            target.copy_from_slice(bytemuck::cast_slice(own_sums));
            if number % count == rank {
                left.iter_mut().zip(own).for_each(|(left, bits)| *left += f32::from_bits(*bits));
            }
        }
        let same = saved.len() == count;
        let thresholds = saved.get(rank).filter(|_| same).map(|saved| {
            let of = |name: &str, buffer: &Buffer| {
                let name = format!("{prefix}.{name}");
                saved.tensor::<u32>(&name, &[(buffer.size() / 4) as usize]).map(<[u32]>::to_vec)
            };
            let (own, sums) = (&self.own.compressor.thresholds, &self.sums.compressor.thresholds);
            Ok::<_, Error>((of("thresholds", own)?, of("sums_thresholds", sums)?))
        });
        let thresholds = thresholds.transpose()?;
        let slice = &self.slices[rank];
        let slice = slice.start as usize * TILE as usize..slice.end as usize * TILE as usize;
        if self.dct.error_feedback {
            self.own.left.write(&self.ctx, 0, &left)?;
            self.sums.left.write(&self.ctx, 0, &sums[slice])?;
        }
        if let Some((own, sums)) = thresholds {
            self.own.compressor.thresholds.write(&self.ctx, 0, &own)?;
            self.sums.compressor.thresholds.write(&self.ctx, 0, &sums)?;
        }
        self.choose = !same;
        self.step = step;
        Ok(())
    }
}

impl Place {
    /// What of it lies in a range of tiles, which begins at 0 there.
    fn segment(&self, within: &Range<u32>) -> Segment {
        let start = self.tiles.start.max(within.start);
        let end = self.tiles.end.min(within.end).max(start);
        // the last tile is not full
        let last = self.tiles.start * TILE + narrow(self.rows * self.cols);
        let values = (end * TILE).min(last) - (start * TILE).min(last);
        let [first, behind] = [start, end].map(|tile| tile.saturating_sub(within.start));
        Segment { tiles: first..behind, values }
    }

    /// Its values in a buffer of all.
    fn matrix(&self, buffer: &Buffer) -> Result<Matrix> {
        let bytes = (self.rows * self.cols) as u64 * 4;
        let first = u64::from(self.tiles.start) * u64::from(TILE) * 4;
        Matrix::new(buffer.slice(first, bytes)?, self.rows, self.cols, self.cols)
    }
}
