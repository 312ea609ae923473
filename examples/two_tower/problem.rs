//! What is to be learnt: who liked which movies, and which one each will like next.

use std::collections::HashMap;
use std::path::Path;

use embag::IdDirectory;

use crate::args::Ids;
use crate::data::DataError;
use crate::data::movielens::{self, files};
use crate::data::random::{Pcg64, below, fraction, generator, mix};

/// Movies and the users who liked them, each numbered from 0 on: in the order in which a directory gives rows
/// to all of them at once, so that models of rows and of raw ids begin with the same values.
#[derive(Debug)]
pub struct Problem {
    /// The raw id of each movie.
    pub movie_ids: Vec<u64>,
    /// The genres of each movie.
    pub genres: Vec<Vec<u32>>,
    pub genre_count: u32,
    pub users: Vec<User>,
}

/// The name of each user and each movie.
pub struct Names {
    pub users: Vec<u64>,
    pub movies: Vec<u64>,
}

/// A user's likes, the earliest first.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub id: u64,
    /// All but the last, each once.
    pub liked: Vec<u32>,
    /// The last one, which is to be found.
    pub next: u32,
}

/// Likes a user must have: one to learn from, one to find.
const LEAST: usize = 2;

impl Problem {
    /// MovieLens' ratings.csv and movies.csv: four stars or more are a like.
    pub fn movielens(folder: &Path) -> Result<Self, DataError> {
        let mut listed = HashMap::new();
        files::read_movies(&folder.join(movielens::MOVIES), &mut listed)?;
        let mut ratings = Vec::new();
        let path = folder.join(movielens::RATINGS);
        files::read_ratings(&path, false, &mut ratings)?;
        ratings.sort_by_key(|rating| (rating.user, rating.timestamp));
        for rating in &ratings {
            listed.entry(rating.movie).or_default();
        }
        let mut movies: Vec<_> = listed.into_iter().collect();
        movies.sort_unstable_by_key(|&(id, _)| (IdDirectory::virtual_id(id.into()), id));
        let numbers: HashMap<u32, u32> = movies.iter().map(|&(id, _)| id).zip(0..).collect();
        let mut names: Vec<&str> =
            movies.iter().flat_map(|(_, movie)| &movie.genres).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let of_name: HashMap<&str, u32> = names.iter().copied().zip(0..).collect();
        let mut users = Vec::new();
        for of_user in ratings.chunk_by(|a, b| a.user == b.user) {
            let liked = of_user.iter().filter(|rating| rating.liked).map(|rating| numbers[&rating.movie]);
            users.extend(User::new(of_user[0].user.into(), liked.collect()));
        }
        users.sort_by_key(User::order);
        if users.is_empty() {
            return Err(DataError::Empty { path, expected: "user with two likes" });
        }
        Ok(Self {
            movie_ids: movies.iter().map(|&(id, _)| id.into()).collect(),
            genres: (movies.iter())
                .map(|(_, movie)| movie.genres.iter().map(|name| of_name[name.as_str()]).collect())
                .collect(),
            genre_count: u32::try_from(names.len()).unwrap_or(u32::MAX),
            users,
        })
    }

    /// Movies of a few kinds, popular ones among them, and users who mostly like some of the kinds. The ids
    /// are numbers of 64 bits that mean nothing.
    pub fn made_up(seed: u64) -> Self {
        const MOVIES: u32 = 2000;
        const USERS: u64 = 600;
        const KINDS: u32 = 25;
        const GENRES: u32 = 12;
        let mut random = generator(seed, 0);
        let kind_of: Vec<u32> = (0..MOVIES).map(|_| index(&mut random, KINDS)).collect();
        let genres = kind_of.iter().map(|&kind| {
            let mut genres = vec![kind % GENRES];
            if fraction(&mut random) < 0.5 {
                genres.push((kind + 1 + index(&mut random, 3)) % GENRES);
            }
            genres
        });
        let genres = genres.collect();
        let of_kind = |kind: u32| -> Vec<u32> {
            (0..MOVIES).zip(&kind_of).filter(|&(_, &of)| of == kind).map(|(movie, _)| movie).collect()
        };
        let kinds: Vec<Vec<u32>> = (0..KINDS).map(of_kind).collect();
        let all: Vec<u32> = (0..MOVIES).collect();
        let users = (0..USERS).filter_map(|user| {
            let favourites = [(); 2].map(|()| index(&mut random, KINDS) as usize);
            let count = 8 + index(&mut random, 60);
            let likes = (0..count).map(|_| {
                let from = match fraction(&mut random) {
                    share if share < 0.45 => &kinds[favourites[0]],
                    share if share < 0.8 => &kinds[favourites[1]],
                    _ => &all,
                };
                popular(&mut random, from)
            });
            User::new(mix(user), likes.collect())
        });
        let mut users: Vec<User> = users.collect();
        users.sort_by_key(User::order);
        let mut movie_ids: Vec<u64> = (0..u64::from(MOVIES)).map(|movie| mix(movie + (1 << 40))).collect();
        movie_ids.sort_by_key(|&id| IdDirectory::virtual_id(id));
        Self { movie_ids, genres, genre_count: GENRES, users }
    }

    pub fn movies(&self) -> usize {
        self.genres.len()
    }

    /// What the tables are given for users and movies.
    pub fn names(&self, ids: Ids) -> Names {
        match ids {
            Ids::Rows => Names {
                users: (0..).take(self.users.len()).collect(),
                movies: (0..).take(self.movies()).collect(),
            },
            Ids::Raw => Names {
                users: self.users.iter().map(|user| user.id).collect(),
                movies: self.movie_ids.clone(),
            },
        }
    }

    /// How often each movie was liked, the likes that are to be found aside.
    pub fn popularity(&self) -> Vec<u32> {
        let mut counts = vec![0; self.movies()];
        for &movie in self.users.iter().flat_map(|user| &user.liked) {
            counts[movie as usize] += 1;
        }
        counts
    }
}

impl User {
    fn order(&self) -> u32 {
        IdDirectory::virtual_id(self.id)
    }

    fn new(id: u64, likes: Vec<u32>) -> Option<Self> {
        let mut liked: Vec<u32> = Vec::new();
        for movie in likes {
            if !liked.contains(&movie) {
                liked.push(movie);
            }
        }
        if liked.len() < LEAST {
            return None;
        }
        liked.pop().map(|next| Self { id, liked, next })
    }
}

fn index(random: &mut Pcg64, n: u32) -> u32 {
    below(random, n as usize).try_into().unwrap_or(0)
}

/// One of `movies`, the first ones more often.
fn popular(random: &mut Pcg64, movies: &[u32]) -> u32 {
    let share = fraction(random).powi(3);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of their number")]
    let at = (share * movies.len() as f64) as usize;
    movies.get(at).or(movies.first()).copied().unwrap_or(0)
}
