//! What is known when a rating is made: the movie, and the user's past.

use std::collections::{HashMap, VecDeque};

use super::super::vocabulary::Scale;
use super::super::{Examples, Keys, Schema};
use super::files::{Movie, Rating};

/// The numeric columns.
pub const NUMERIC: [&str; 3] = ["release_year", "movie_ratings", "user_like_rate"];
/// The likes that a user's history remembers.
const HISTORY: usize = 20;

/// What an example reads of its movie.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    id: u64,
    genres: Vec<u64>,
    year: Option<f64>,
    /// ln(1 + n) of the movie's n training ratings.
    popularity: f64,
}

/// The movies that were rated.
pub struct Catalogue(HashMap<u32, Entry>);

impl Catalogue {
    /// Looks up the ids of every movie in `ratings`, whose training part is counted.
    pub fn new(ratings: &[Rating], movies: &HashMap<u32, Movie>, keys: &[Keys<'_>]) -> Self {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for rating in ratings {
            *counts.entry(rating.movie).or_default() += u32::from(!rating.held_out);
        }
        let entry = |(id, count): (u32, u32)| {
            let movie = movies.get(&id).cloned().unwrap_or_default();
            let entry = Entry {
                id: keys[1].id(&id.to_string()),
                genres: movie.genres.iter().map(|genre| keys[2].id(genre)).collect(),
                year: movie.year,
                popularity: f64::from(count).ln_1p(),
            };
            (id, entry)
        };
        Self(counts.into_iter().map(entry).collect())
    }
}

/// What a user has done so far.
#[derive(Default)]
struct History {
    /// The ids of the last movies liked.
    liked: VecDeque<u64>,
    ratings: u32,
    likes: u32,
}

impl History {
    fn add(&mut self, movie: u64, liked: bool) {
        self.ratings += 1;
        if liked {
            self.likes += 1;
            if self.liked.len() == HISTORY {
                self.liked.pop_front();
            }
            self.liked.push_back(movie);
        }
    }

    /// The share of likes, drawn towards a half where there are few ratings.
    fn like_rate(&self) -> f64 {
        f64::from(self.likes + 1) / f64::from(self.ratings + 2)
    }
}

/// Examples before the standardisation of their numbers.
pub struct Unscaled {
    pub examples: Examples,
    numbers: Vec<[Option<f64>; NUMERIC.len()]>,
}

/// Follows each user through time over `ratings` and makes an example of each rating whose
/// `held_out` is as given.
pub fn walk<'a>(
    ratings: impl Iterator<Item = &'a Rating>,
    catalogue: &Catalogue,
    keys: &[Keys<'_>],
    schema: &Schema,
    held_out: bool,
) -> Unscaled {
    let mut unscaled = Unscaled { examples: Examples::empty(schema), numbers: Vec::new() };
    let mut user = None;
    let mut user_id = 0;
    let mut history = History::default();
    for rating in ratings {
        if user != Some(rating.user) {
            user = Some(rating.user);
            user_id = keys[0].id(&rating.user.to_string());
            history = History::default();
        }
        let movie = &catalogue.0[&rating.movie];
        if rating.held_out == held_out {
            unscaled.push(user_id, movie, &history, rating.liked);
        }
        history.add(movie.id, rating.liked);
    }
    unscaled
}

impl Unscaled {
    fn push(&mut self, user: u64, movie: &Entry, history: &History, liked: bool) {
        self.examples.labels.push(f32::from(u8::from(liked)));
        self.numbers.push([movie.year, Some(movie.popularity), Some(history.like_rate())]);
        if let [users, movies, genres, likes] = self.examples.features.as_mut_slice() {
            users.push([user]);
            movies.push([movie.id]);
            genres.push(movie.genres.iter().copied());
            likes.push(history.liked.iter().copied());
        }
    }

    /// A scale per column, from the values that are there.
    pub fn scales(&self) -> Vec<Scale> {
        let column = |i: usize| self.numbers.iter().filter_map(move |row| row[i]);
        (0..NUMERIC.len()).map(|i| Scale::of(column(i))).collect()
    }

    /// Fills in the examples' numbers; a missing one becomes 0, the mean.
    pub fn standardise(&mut self, scales: &[Scale]) {
        let scaled = |(value, scale): (&Option<f64>, &Scale)| value.map_or(0.0, |x| scale.apply(x));
        let rows = self.numbers.iter();
        self.examples.numeric = rows.flat_map(|row| row.iter().zip(scales).map(scaled)).collect();
    }
}
