//! Two advertisers and the users they bid for. A day has three auctions; in each either side bids low or
//! high. Who bids high is more likely to be out of pocket in the next auction, where its bids count for less.

use std::collections::HashMap;
use std::path::Path;

use crate::args::Args;
use crate::data::DataError;
use crate::data::movielens::{self, files};
use crate::data::random::{Pcg64, fraction, generator};
use crate::decisions::likes::Like;

/// Auctions of a day.
pub const AUCTIONS: usize = 3;
/// In pocket, and out of it.
pub const POCKETS: usize = 2;
/// Low, and high.
pub const BIDS: usize = 2;
/// States of the layers that auctions lie between: a day begins in pocket.
pub const STATES: [usize; AUCTIONS + 1] = [1, POCKETS, POCKETS, 1];
/// Pairs of state and bid.
pub const PAIRS: usize = (1 + 2 * POCKETS) * BIDS;

/// What a bid counts for, by pocket and bid.
const STRENGTH: [[f64; BIDS]; POCKETS] = [[1.0, 2.5], [0.5, 1.0]];

/// One auction house of two advertisers.
#[derive(Debug, Clone)]
pub struct Auction {
    /// For each side: how likely it is out of pocket after a low bid and after a high one.
    pub out: [[f64; BIDS]; 2],
    /// For each auction of the day, how much users like what either side sells.
    pub tastes: [[f64; 2]; AUCTIONS],
}

/// All of them.
#[derive(Debug)]
pub struct Problem {
    pub auctions: Vec<Auction>,
    pub days: usize,
    pub budget: f64,
}

/// The first pair of an auction.
pub const fn first_pair(auction: usize) -> usize {
    if auction == 0 { 0 } else { (1 + (auction - 1) * POCKETS) * BIDS }
}

/// Pairs of either side that can meet in an auction, and the auction.
pub fn meetings() -> impl Iterator<Item = (usize, usize, usize)> {
    (0..AUCTIONS).flat_map(|auction| {
        let pairs = STATES[auction] * BIDS;
        (0..pairs * pairs).map(move |at| (auction, at / pairs, at % pairs))
    })
}

impl Auction {
    fn new(random: &mut Pcg64, tastes: [[f64; 2]; AUCTIONS]) -> Self {
        let mut out = || [0.1 + 0.2 * fraction(random), 0.5 + 0.4 * fraction(random)];
        Self { out: [out(), out()], tastes }
    }

    /// How likely a side's next states are after a pair of an auction.
    pub fn moves(&self, side: usize, auction: usize, pair: usize) -> Vec<f64> {
        match STATES[auction + 1] {
            1 => vec![1.0],
            _ => {
                let out = self.out[side][pair % BIDS];
                vec![1.0 - out, out]
            }
        }
    }

    /// What the first side wins of the users when these pairs meet: by what bids count for, and what users
    /// like.
    pub fn reward(&self, auction: usize, own: usize, rival: usize) -> f64 {
        let [first, second] = [own, rival].map(|pair| STRENGTH[pair / BIDS][pair % BIDS]);
        let [liked, other] = self.tastes[auction];
        first * liked / (first * liked + second * other)
    }

    /// How often a side has each pair in a day.
    pub fn flow(&self, side: usize, policy: impl Fn(usize) -> f64) -> [f64; PAIRS] {
        let mut flow = [0.0; PAIRS];
        let mut reach = vec![1.0];
        for auction in 0..AUCTIONS {
            let mut next = vec![0.0; STATES[auction + 1]];
            for pair in 0..STATES[auction] * BIDS {
                let at = first_pair(auction) + pair;
                flow[at] = reach[pair / BIDS] * policy(at);
                let moves = self.moves(side, auction, pair);
                next.iter_mut().zip(moves).for_each(|(next, likely)| *next += flow[at] * likely);
            }
            reach = next;
        }
        flow
    }

    /// The most that a side can have of what pairs are worth.
    pub fn best(&self, side: usize, worth: &[f64; PAIRS]) -> f64 {
        let mut later = vec![0.0];
        for auction in (0..AUCTIONS).rev() {
            let value = |pair: usize| {
                let moves = self.moves(side, auction, pair);
                let after: f64 = moves.iter().zip(&later).map(|(likely, later)| likely * later).sum();
                worth[first_pair(auction) + pair] + after
            };
            let states = (0..STATES[auction]).map(|state| value(state * BIDS).max(value(state * BIDS + 1)));
            later = states.collect();
        }
        later[0]
    }

    /// What each pair of either side is worth to it against these flows of the other: the second side pays
    /// what the first wins. High bids cost a price.
    pub fn worth(&self, flows: &[[f64; PAIRS]; 2], price: f64) -> [[f64; PAIRS]; 2] {
        let mut worth = [[0.0; PAIRS]; 2];
        worth.iter_mut().flatten().skip(1).step_by(2).for_each(|worth| *worth = -price);
        for (auction, own, rival) in meetings() {
            let reward = self.reward(auction, own, rival);
            let [own, rival] = [own, rival].map(|pair| first_pair(auction) + pair);
            worth[0][own] += reward * flows[1][rival];
            worth[1][rival] -= reward * flows[0][own];
        }
        worth
    }

    /// What both sides together could still win by their best policies against these flows.
    pub fn gap(&self, flows: &[[f64; PAIRS]; 2], price: f64) -> f64 {
        let worth = self.worth(flows, price);
        let of = |side: usize| {
            let has: f64 = worth[side].iter().zip(&flows[side]).map(|(worth, flow)| worth * flow).sum();
            self.best(side, &worth[side]) - has
        };
        of(0) + of(1)
    }
}

impl Problem {
    /// Users whose tastes differ, and change over the day.
    pub fn made_up(args: &Args) -> Self {
        let (games, days) = args.size(1024);
        let mut random = generator(args.seed, 0);
        let auctions = (0..games).map(|_| {
            let tastes = std::array::from_fn(|_| {
                [0.2 + 0.6 * fraction(&mut random), 0.2 + 0.6 * fraction(&mut random)]
            });
            Auction::new(&mut random, tastes)
        });
        Self { auctions: auctions.collect(), days, budget: args.budget }
    }

    /// MovieLens: groups of users by their numbers, and thirds of the ratings in the order of time for the
    /// auctions of a day; comedies bid against dramas, by what part of their ratings are likes.
    pub fn movielens(folder: &Path, mut likes: Vec<Like>, args: &Args) -> Result<Self, DataError> {
        let (games, days) = args.size(16);
        let mut movies = HashMap::new();
        files::read_movies(&folder.join(movielens::MOVIES), &mut movies)?;
        likes.sort_by_key(|rating| (rating.timestamp, rating.user, rating.movie));
        // as if each had been rated twice before, and liked once
        let mut counts = vec![[[[1.0, 2.0]; 2]; AUCTIONS]; games];
        let mut seen = 0;
        let all = likes.len().max(1);
        for (at, rating) in likes.iter().enumerate() {
            let genres = movies.get(&rating.movie).map_or(&[][..], |movie| &movie.genres);
            for (side, genre) in ["Comedy", "Drama"].iter().enumerate() {
                if genres.iter().any(|own| own == genre) {
                    let count = &mut counts[rating.user as usize % games][at * AUCTIONS / all][side];
                    count[0] += rating.like;
                    count[1] += 1.0;
                    seen += 1;
                }
            }
        }
        if seen == 0 {
            let path = folder.join(movielens::RATINGS);
            return Err(DataError::Empty { path, expected: "rating of a comedy or a drama" });
        }
        let mut random = generator(args.seed, 1);
        let auctions = counts.into_iter().map(|counts| {
            Auction::new(&mut random, counts.map(|sides| sides.map(|[liked, all]| liked / all)))
        });
        Ok(Self { auctions: auctions.collect(), days, budget: args.budget })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_answer_is_one_of_all_policies() {
        let mut random = generator(5, 0);
        let auction = Auction::new(&mut random, [[0.3, 0.7], [0.5, 0.5], [0.8, 0.2]]);
        // a policy says for each of five states whether the bid is high
        let flow = |side: usize, policy: usize| {
            auction.flow(side, |at| f64::from(u8::from(policy >> (at / BIDS) & 1 == at % BIDS)))
        };
        let flows = [flow(0, 9), flow(1, 22)];
        let worth = auction.worth(&flows, 0.1);
        for side in 0..2 {
            let has = |policy: usize| -> f64 {
                flow(side, policy).iter().zip(&worth[side]).map(|(flow, worth)| flow * worth).sum()
            };
            let most = (0..32).map(has).fold(f64::MIN, f64::max);
            assert!((auction.best(side, &worth[side]) - most).abs() < 1e-12);
        }
        assert!(auction.gap(&flows, 0.1) > 0.0);
        assert_eq!(meetings().count(), 4 + 16 + 16);
    }
}
