//! The files of MovieLens.

use std::collections::HashMap;
use std::path::Path;

use super::super::DataError;
use super::super::table::Table;

/// A rating of at least this many stars is a like.
const LIKED_STARS: f32 = 4.0;
/// What users and movies have.
const ID: &str = "an id below 2^32";

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    pub user: u32,
    pub movie: u32,
    pub liked: bool,
    pub timestamp: i64,
    /// Whether it belongs to the test set.
    pub held_out: bool,
}

/// What movies.csv says of a movie.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Movie {
    pub year: Option<f64>,
    pub genres: Vec<String>,
}

/// Adds the ratings of a file to `ratings`.
pub fn read_ratings(path: &Path, held_out: bool, ratings: &mut Vec<Rating>) -> Result<(), DataError> {
    let mut table = Table::open(path, &["userId", "movieId", "rating", "timestamp"])?;
    while let Some(row) = table.next_row()? {
        let id = |column| row.read(column, ID, |text| text.parse().ok());
        let stars: f32 = row.read(2, "a number of stars from 0.5 to 5", |text| {
            text.parse().ok().filter(|stars| (0.5..=5.0).contains(stars))
        })?;
        ratings.push(Rating {
            user: id(0)?,
            movie: id(1)?,
            liked: stars >= LIKED_STARS,
            timestamp: row.read(3, "a time in whole seconds of 64 bits", |text| text.parse().ok())?,
            held_out,
        });
    }
    Ok(())
}

/// Adds the movies of a file to those that are known already.
pub fn read_movies(path: &Path, movies: &mut HashMap<u32, Movie>) -> Result<(), DataError> {
    let mut table = Table::open(path, &["movieId", "title", "genres"])?;
    while let Some(row) = table.next_row()? {
        let id = row.read(0, ID, |text| text.parse().ok())?;
        movies.entry(id).or_insert_with(|| Movie {
            year: release_year(row.text(1)),
            genres: (row.text(2).split('|')).filter(|genre| !genre.is_empty()).map(str::to_owned).collect(),
        });
    }
    Ok(())
}

/// The year at the end of a title like `Toy Story (1995)` or `Fawlty Towers (1975-1979)`.
fn release_year(title: &str) -> Option<f64> {
    let (_, end) = title.rsplit_once('(')?;
    let year: u16 = end.get(..4)?.parse().ok()?;
    Some(f64::from(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_year_ends_the_title() {
        let cases = [
            ("Toy Story (1995)", Some(1995.0)),
            ("City of Lost Children, The (Cite des enfants perdus, La) (1995)", Some(1995.0)),
            ("Fawlty Towers (1975-1979)", Some(1975.0)),
            ("Babylon 5", None),
            ("Paterson (é)", None),
            ("", None),
        ];
        for (title, year) in cases {
            assert_eq!(release_year(title), year, "{title}");
        }
    }
}
