//! Users' ratings as a process: what is known before each, whether it was a like, and what followed.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::args::Args;
use crate::data::DataError;
use crate::data::movielens::{self, files};
use crate::data::random::{below, fraction, generator};
use crate::decisions::likes::Like;

/// What a like is worth a rating earlier.
pub const DISCOUNT: f64 = 0.9;
/// Genres that the features tell apart.
pub const GENRES: usize = 20;
/// A constant, the mean and the fading mean of a user's likes so far, the movie's genres, and these times the
/// fading mean.
pub const FEATURES: usize = 3 + 2 * GENRES;
/// Ratings that must follow, so that what comes after them weighs little (.9^30 = .04).
const FOLLOWING: usize = 30;
/// How much of the fading mean stays at a rating.
const FADING: f64 = 0.97;
/// One of so many users is held out.
const HELD_OUT: u32 = 5;

/// A rating with enough to follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    pub features: [f32; FEATURES],
    /// Those of the user's next rating.
    pub next: [f32; FEATURES],
    /// 1 for a like, or how likely it is one.
    pub reward: f32,
    /// The discounted sum of this and all that follow.
    pub value: f64,
}

/// Moments of all users.
#[derive(Debug, Default)]
pub struct Problem {
    pub training: Vec<Moment>,
    pub held_out: Vec<Moment>,
}

/// A rating: genres of the movie, and how much it was liked, from 0 to 1.
type Rated = ([bool; GENRES], f64);

impl Problem {
    /// Users who like genres to different degrees, and whose mood drifts.
    pub fn made_up(args: &Args) -> Result<Self, DataError> {
        let users = if args.quick { 100 } else { 1_000 };
        let mut random = generator(args.seed, 0);
        let mut problem = Self::default();
        for user in 0..users {
            let tastes: [f64; GENRES] = std::array::from_fn(|_| 0.6 * fraction(&mut random) - 0.3);
            let mut mood = 0.3 + 0.4 * fraction(&mut random);
            let rated = (0..FOLLOWING + 70).map(|_| {
                mood += 0.1 * (fraction(&mut random) - 0.5) + 0.02 * (0.5 - mood);
                let mut genres = [false; GENRES];
                let mut chance = mood;
                for _ in 0..2 {
                    let genre = below(&mut random, GENRES);
                    genres[genre] = true;
                    chance += 0.5 * tastes[genre];
                }
                (genres, f64::from(u8::from(fraction(&mut random) < chance)))
            });
            problem.add(user, &rated.collect::<Vec<_>>());
        }
        Ok(problem)
    }

    /// MovieLens: each user's ratings in the order of time; a like is a rating of four stars or more.
    pub fn movielens(folder: &Path, likes: &[Like]) -> Result<Self, DataError> {
        let mut movies = HashMap::new();
        files::read_movies(&folder.join(movielens::MOVIES), &mut movies)?;
        let names: BTreeSet<&String> = movies.values().flat_map(|movie| &movie.genres).collect();
        let names: HashMap<&String, usize> = names.into_iter().zip(0..).collect();
        if names.len() > GENRES {
            let got = format!("{} of them", names.len());
            return Err(DataError::argument("--train", format!("movies of at most {GENRES} genres"), got));
        }
        let mut problem = Self::default();
        for ratings in likes.chunk_by(|a, b| a.user == b.user) {
            let rated = ratings.iter().map(|rating| {
                let mut genres = [false; GENRES];
                let of = movies.get(&rating.movie).map_or(&[][..], |movie| &movie.genres);
                of.iter().for_each(|name| genres[names[name]] = true);
                (genres, rating.like)
            });
            problem.add(ratings[0].user, &rated.collect::<Vec<_>>());
        }
        if problem.training.is_empty() || problem.held_out.is_empty() {
            let path = folder.join(movielens::RATINGS);
            return Err(DataError::Empty { path, expected: "user of each fifth with more than 30 ratings" });
        }
        Ok(problem)
    }

    /// Adds a user's ratings, in the order of time.
    #[allow(clippy::cast_possible_truncation, reason = "rewards are rounded")]
    fn add(&mut self, user: u32, rated: &[Rated]) {
        // as if there had been five ratings before, half of them likes
        let (mut likes, mut count, mut fading) = (2.5, 5.0, 0.5);
        let features: Vec<[f32; FEATURES]> = rated
            .iter()
            .map(|(genres, liked)| {
                let features = features_of(likes / count, fading, genres);
                let reward = *liked;
                (likes, count) = (likes + reward, count + 1.0);
                fading = FADING * fading + (1.0 - FADING) * reward;
                features
            })
            .collect();
        let mut value = 0.0;
        let mut moments = Vec::new();
        for (at, (_, liked)) in rated.iter().enumerate().rev() {
            value = liked + DISCOUNT * value;
            if at + FOLLOWING < rated.len() {
                let (reward, next) = (*liked as f32, features[at + 1]);
                moments.push(Moment { features: features[at], next, reward, value });
            }
        }
        moments.reverse();
        let held_out = user.is_multiple_of(HELD_OUT);
        if held_out { &mut self.held_out } else { &mut self.training }.extend(moments);
    }

    /// The mean squared difference to what followed, of users that were held out, over that of the mean of
    /// the others.
    pub fn error(&self, value: impl Fn(&[f32; FEATURES]) -> f64) -> f64 {
        let mean = self.training.iter().map(|moment| moment.value).sum::<f64>() / self.training.len() as f64;
        let of = |value: &dyn Fn(&[f32; FEATURES]) -> f64| -> f64 {
            self.held_out.iter().map(|moment| (value(&moment.features) - moment.value).powi(2)).sum()
        };
        of(&value) / of(&|_| mean)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "features are rounded")]
fn features_of(mean: f64, fading: f64, genres: &[bool; GENRES]) -> [f32; FEATURES] {
    let mut features = [0.0; FEATURES];
    features[..3].copy_from_slice(&[1.0, mean as f32, fading as f32]);
    for (genre, _) in genres.iter().enumerate().filter(|(_, is_one)| **is_one) {
        features[3 + genre] = 1.0;
        features[3 + GENRES + genre] = fading as f32;
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_knows_only_what_was_before() {
        let mut problem = Problem::default();
        let mut genres = [false; GENRES];
        genres[4] = true;
        // a like, then none
        let rated: Vec<Rated> = (0..32).map(|at| (genres, f64::from(u8::from(at == 0)))).collect();
        problem.add(3, &rated);
        assert_eq!(problem.training.len(), 2);
        let [first, second] = [&problem.training[0], &problem.training[1]];
        assert_eq!(first.features[..3], [1.0, 0.5, 0.5]);
        assert_eq!((first.features[7], first.features[3 + GENRES + 4]), (1.0, 0.5));
        assert_eq!((first.reward, first.value), (1.0, 1.0));
        assert_eq!(first.next, second.features);
        assert!((second.features[2] - 0.515).abs() < 1e-6 && second.value == 0.0);
        problem.add(10, &rated);
        assert_eq!(problem.held_out, problem.training);
        // the mean of the training users is a half; what is always right has no error
        let mean = problem.error(|_| 0.5);
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(problem.error(|features| f64::from(u8::from(features[2] == 0.5))), 0.0);
    }
}
