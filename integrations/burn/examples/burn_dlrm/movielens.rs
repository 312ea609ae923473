//! MovieLens: will a user give a movie four stars or more? The last fifth of the ratings, by time, is the
//! test.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use serde::Deserialize;

use crate::clicks::{Clicks, Examples, Feature};

const LIKED: f32 = 4.0;

#[derive(Deserialize)]
struct Rating {
    #[serde(rename = "userId")]
    user: u64,
    #[serde(rename = "movieId")]
    movie: u64,
    rating: f32,
    timestamp: i64,
}

#[derive(Deserialize)]
struct Movie {
    #[serde(rename = "movieId")]
    movie: u64,
    title: String,
    genres: String,
}

/// Numbers from 0 for whatever comes, in the order of its coming; 0 itself is for what is not known.
#[derive(Default)]
struct Numbers<K>(HashMap<K, u32>);

impl<K: std::hash::Hash + Eq> Numbers<K> {
    fn add(&mut self, key: K) -> u32 {
        let next = self.0.len() as u32 + 1;
        *self.0.entry(key).or_insert(next)
    }

    fn rows(&self) -> usize {
        self.0.len() + 1
    }
}

/// The rows of a CSV file with a header.
fn rows<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, Box<dyn Error>> {
    let said = |error: csv::Error| format!("{}: {error}", path.display());
    let mut reader = csv::Reader::from_path(path).map_err(said)?;
    Ok(reader.deserialize().collect::<Result<_, _>>().map_err(said)?)
}

pub(crate) fn read(folder: &Path) -> Result<Clicks, Box<dyn Error>> {
    let mut ratings: Vec<Rating> = rows(&folder.join("ratings.csv"))?;
    ratings.sort_by_key(|rating| rating.timestamp);
    let mut genres: Numbers<String> = Numbers::default();
    let mut movies = HashMap::new();
    for movie in rows::<Movie>(&folder.join("movies.csv"))? {
        let of_movie: Vec<u32> = movie.genres.split('|').map(|genre| genres.add(genre.to_owned())).collect();
        movies.insert(movie.movie, (year(&movie.title), of_movie));
    }
    let split = ratings.len() - ratings.len() / 5;
    let (mut users, mut titles) = (Numbers::default(), Numbers::default());
    let mut parts = [Examples::new(3), Examples::new(3)];
    for (k, rating) in ratings.iter().enumerate() {
        let in_training = k < split;
        // what training has not seen has no row of its own
        let [user, title] = [(&mut users, rating.user), (&mut titles, rating.movie)].map(|(numbers, id)| {
            if in_training { numbers.add(id) } else { numbers.0.get(&id).copied().unwrap_or(0) }
        });
        let unknown = (None, Vec::new());
        let (year, of_movie) = movies.get(&rating.movie).unwrap_or(&unknown);
        let examples = &mut parts[usize::from(!in_training)];
        examples.bags[0].push([user]);
        examples.bags[1].push([title]);
        examples.bags[2].push(of_movie.iter().copied());
        examples.numbers.push(year.map_or(0.0, |year| (year - 1990.0) / 20.0));
        examples.labels.push(f32::from(rating.rating >= LIKED));
    }
    let features = [("user", users.rows()), ("movie", titles.rows()), ("genres", genres.rows())]
        .map(|(name, rows)| Feature { name: name.to_owned(), rows });
    let [train, test] = parts;
    if test.len() == 0 {
        return Err(format!("{}: expected at least 5 ratings, got {}", folder.display(), train.len()).into());
    }
    Ok(Clicks { features: features.into(), numbers: 1, train, test })
}

/// The year at the end of a title like `Toy Story (1995)`.
fn year(title: &str) -> Option<f32> {
    title.rsplit_once('(')?.1.get(..4)?.parse::<u16>().ok().map(f32::from)
}
