//! MovieLens: will a user give a movie four stars or more?
//!
//! Every feature of a rating is known before it is made. Of what other ratings say, an example
//! sees the user's strictly earlier ones, and how often (not how well) training rated the movie.
//! The mean rating of a user or a movie over the whole training set would leak the very label
//! that is to be predicted, and is not used.

pub mod files;
mod past;

use std::collections::HashMap;
use std::path::Path;

use self::files::{Movie, Rating, read_movies, read_ratings};
use self::past::{Catalogue, NUMERIC, walk};
use super::memory::MemoryData;
use super::vocabulary::Vocabulary;
use super::{DataError, DataState, FeatureSpec, Format, Ids, Schema};

pub const MOVIES: &str = "movies.csv";
pub const RATINGS: &str = "ratings.csv";
/// The files of a folder that are read.
pub const FILES: [&str; 2] = [MOVIES, RATINGS];

/// Without `--test` each user's last 1 / `HELD_OUT` of the ratings, rounded up, is the test set.
const HELD_OUT: usize = 5;
/// A movie rated once can teach its row nothing that would help another rating. Such movies share
/// the unknown row, which thereby learns what to make of a movie that training has not seen. Raw ids
/// are not counted.
const MOVIE_MIN_RATINGS: usize = 2;

/// The tables, in the order of the vocabularies of a state.
const TABLES: [&str; 3] = ["user", "movie", "genre"];

/// Reads the ratings and movies of the folder `train`. The test set is that of the folder `test`,
/// or else each user's last fifth.
pub fn open(
    train: &Path,
    test: Option<&Path>,
    ids: Ids,
    state: Option<&DataState>,
) -> Result<MemoryData, DataError> {
    let mut movies = HashMap::new();
    read_movies(&train.join(MOVIES), &mut movies)?;
    let ratings = match test {
        None => ratings_of(train)?,
        Some(test) => {
            let mut ratings = Vec::new();
            read_ratings(&train.join(RATINGS), false, &mut ratings)?;
            read_ratings(&test.join(RATINGS), true, &mut ratings)?;
            let listed = test.join(MOVIES);
            if listed.exists() {
                read_movies(&listed, &mut movies)?;
            }
            sort(&mut ratings);
            ratings
        }
    };
    if ratings.iter().all(|rating| rating.held_out) {
        return Err(DataError::Empty { path: train.join(RATINGS), expected: "training rating" });
    }
    encode(&ratings, &movies, ids, state)
}

/// The ratings of a folder by user and time, each user's last fifth held out. Test examples come in this
/// order.
pub fn ratings_of(folder: &Path) -> Result<Vec<Rating>, DataError> {
    let mut ratings = Vec::new();
    read_ratings(&folder.join(RATINGS), false, &mut ratings)?;
    sort(&mut ratings);
    hold_out_last(&mut ratings);
    Ok(ratings)
}

/// A stable sort: of two ratings in the same second the file's first stays first.
fn sort(ratings: &mut [Rating]) {
    ratings.sort_by_key(|rating| (rating.user, rating.timestamp));
}

/// Marks each user's last ratings. The ratings are sorted by user and time.
fn hold_out_last(ratings: &mut [Rating]) {
    for user in ratings.chunk_by_mut(|a, b| a.user == b.user) {
        let last = user.len().div_ceil(HELD_OUT);
        for rating in user.iter_mut().rev().take(last) {
            rating.held_out = true;
        }
    }
}

/// Vocabularies of the training ratings.
fn learn(ratings: &[Rating], movies: &HashMap<u32, Movie>) -> Vec<Vocabulary> {
    let train = || ratings.iter().filter(|rating| !rating.held_out);
    let genres = train().filter_map(|rating| movies.get(&rating.movie));
    vec![
        Vocabulary::new(train().map(|rating| rating.user.to_string()), 1),
        Vocabulary::new(train().map(|rating| rating.movie.to_string()), MOVIE_MIN_RATINGS),
        Vocabulary::new(genres.flat_map(|movie| &movie.genres), 1),
    ]
}

/// The columns; `vocabularies` are those of [`learn`].
fn schema(vocabularies: &[Vocabulary]) -> Schema {
    let features = [("user", 0, false), ("movie", 1, false), ("genres", 2, true), ("liked", 1, true)];
    let rows = |at: usize| vocabularies.get(at).map_or(0, Vocabulary::table_rows);
    Schema {
        numeric: NUMERIC.map(str::to_owned).to_vec(),
        features: (features.into_iter())
            .map(|(name, table, mean)| FeatureSpec {
                name: name.to_owned(),
                table: TABLES[table].to_owned(),
                rows: rows(table),
                mean,
                weighted: false,
            })
            .collect(),
    }
}

/// Turns ratings, sorted by user and time, into examples.
fn encode(
    ratings: &[Rating],
    movies: &HashMap<u32, Movie>,
    ids: Ids,
    state: Option<&DataState>,
) -> Result<MemoryData, DataError> {
    let mut new = match state {
        Some(state) => {
            state.verify(TABLES.len(), NUMERIC.len(), schema)?;
            state.clone()
        }
        None => {
            let vocabularies = if ids == Ids::Raw { Vec::new() } else { learn(ratings, movies) };
            let state = DataState::new(Format::MovieLens, schema(&vocabularies), ids);
            DataState { vocabularies, ..state }
        }
    };
    let keys = new.keys(&TABLES);
    let catalogue = Catalogue::new(ratings, movies, &keys);
    // A training example must not see a test rating, not even an earlier one; a test example may
    // see all that its user did before.
    let known = ratings.iter().filter(|rating| !rating.held_out);
    let mut train = walk(known, &catalogue, &keys, &new.schema, false);
    let mut test = walk(ratings.iter(), &catalogue, &keys, &new.schema, true);
    if state.is_none() {
        new.scales = train.scales();
    }
    train.standardise(&new.scales);
    test.standardise(&new.scales);
    Ok(MemoryData::new(new, train.examples, test.examples))
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::num::NonZeroUsize;

    use tempfile::TempDir;

    use super::super::{Batches, Dataset, Examples, Keys};
    use super::*;

    const LIST: &str = "movieId,title,genres\n\
        10,\"Ten, The (1990)\",Comedy|Drama\n11,Eleven (2000),Drama\n\
        12,Twelve,(no genres listed)\n13,Thirteen (2010),War\n";

    fn folder(ratings: &str, movies: Option<&str>) -> std::io::Result<TempDir> {
        let folder = tempfile::tempdir()?;
        let header = "userId,movieId,rating,timestamp\n";
        std::fs::write(folder.path().join("ratings.csv"), header.to_owned() + ratings)?;
        if let Some(movies) = movies {
            std::fs::write(folder.path().join("movies.csv"), movies)?;
        }
        Ok(folder)
    }

    fn load(ratings: &str) -> Result<MemoryData, Box<dyn Error>> {
        Ok(open(folder(ratings, Some(LIST))?.path(), None, Ids::Rows, None)?)
    }

    fn all(mut batches: Batches<'_>) -> Result<Examples, Box<dyn Error>> {
        Ok(batches.next().ok_or("no examples")??)
    }

    fn test_set(data: &MemoryData) -> Result<Examples, Box<dyn Error>> {
        all(data.test(NonZeroUsize::MAX))
    }

    /// The examples' (user, movie) rows with the bags of `liked`, sorted.
    fn histories(examples: &Examples) -> Vec<((u64, u64), Vec<u64>)> {
        let [users, movies, _, liked] = examples.features.as_slice() else {
            return Vec::new();
        };
        let mut values = liked.values.iter().copied();
        let bags = liked.lengths.iter().map(|&n| values.by_ref().take(n as usize).collect());
        let keys = users.values.iter().copied().zip(movies.values.iter().copied());
        let mut histories: Vec<_> = keys.zip(bags).collect();
        histories.sort();
        histories
    }

    /// User 1 likes 10 and 11 (in the same second, in this order), then not 12, then 13; user 2
    /// rates all four so that every movie has two training ratings.
    const HISTORY: &str = "1,12,3.5,200\n1,10,4.0,100\n1,11,5.0,100\n1,13,4.5,300\n1,13,4,400\n\
        2,10,1,1\n2,11,1,2\n2,12,1,3\n2,13,1,4\n2,10,1,5\n";

    #[test]
    fn a_history_is_strictly_earlier_in_time_and_then_in_the_file() -> Result<(), Box<dyn Error>> {
        let data = load(HISTORY)?;
        // Rows follow the first occurrence in a user's time: movies 10, 11, 12, 13 are 1 to 4.
        let train = all(data.train(1, 0, NonZeroUsize::MAX))?;
        assert_eq!(
            histories(&train)[..4],
            [((1, 1), vec![]), ((1, 2), vec![1]), ((1, 3), vec![1, 2]), ((1, 4), vec![1, 2]),]
        );
        let test = test_set(&data)?;
        assert_eq!(histories(&test), [((1, 4), vec![1, 2, 4]), ((2, 1), vec![])]);
        assert_eq!(test.labels, [1.0, 0.0]);
        Ok(())
    }

    #[test]
    fn the_last_fifth_rounded_up_is_held_out() -> Result<(), Box<dyn Error>> {
        let of = |n: usize| -> String { (0..n).map(|t| format!("{n},10,4,{t}\n")).collect() };
        let data = load(&(of(1) + &of(5) + &of(6)))?;
        assert_eq!((data.train_len(), data.test_len()), (Some(4 + 4), Some(1 + 1 + 2)));
        let test = test_set(&data)?;
        assert_eq!(test.features[0].values, [0, 1, 2, 2], "user 1 has no training rating");
        Ok(())
    }

    #[test]
    fn later_test_ratings_see_earlier_ones_and_histories_are_bounded() -> Result<(), Box<dyn Error>> {
        let ratings: String = (0..100).map(|t| format!("1,10,5,{t}\n")).collect();
        let data = load(&ratings)?;
        let lengths = &test_set(&data)?.features[3].lengths;
        assert_eq!((lengths.len(), lengths.iter().max()), (20, Some(&20)));
        let ratings: String = (0..10).map(|t| format!("1,10,5,{t}\n")).collect();
        assert_eq!(test_set(&load(&ratings)?)?.features[3].lengths, [8, 9]);
        Ok(())
    }

    #[test]
    fn a_test_folder_is_all_test_and_training_sees_none_of_it() -> Result<(), Box<dyn Error>> {
        let train = folder("1,10,5,10\n1,10,5,30\n", Some(LIST))?;
        let test = folder("1,10,5,20\n1,99,5,40\n", Some("movieId,title,genres\n99,N (2020),War\n"))?;
        let data = open(train.path(), Some(test.path()), Ids::Rows, None)?;
        let examples = all(data.train(1, 0, NonZeroUsize::MAX))?;
        assert_eq!(histories(&examples), [((1, 1), vec![]), ((1, 1), vec![1])]);
        let examples = test_set(&data)?;
        // Movie 99 and its genre are not in the training set.
        assert_eq!(histories(&examples), [((1, 0), vec![1, 1, 1]), ((1, 1), vec![1])]);
        assert_eq!(examples.features[2].values, [1, 2, 0]);
        Ok(())
    }

    #[test]
    fn rare_movies_are_unknown_and_a_missing_year_is_the_mean() -> Result<(), Box<dyn Error>> {
        let data = load("1,11,4,1\n1,12,4,2\n1,12,4,3\n1,10,4,4\n1,12,4,5\n")?;
        let test = test_set(&data)?;
        assert_eq!(data.schema().features[1].rows, 2, "only movie 12 is rated twice");
        assert_eq!(test.features[3].values, [0, 1, 1, 0]);
        assert_eq!(test.numeric[0], 0.0);
        assert_eq!(data.schema().features[1].table, data.schema().features[3].table);
        Ok(())
    }

    #[test]
    fn a_resumed_run_keeps_rows_and_scales() -> Result<(), Box<dyn Error>> {
        let first = load(HISTORY)?;
        let other = folder("7,13,4,1\n1,12,4,1\n7,13,4,2\n1,12,4,2\n", Some(LIST))?;
        let resumed = open(other.path(), None, Ids::Rows, Some(first.state()))?;
        assert_eq!(resumed.state(), first.state());
        assert_eq!(histories(&test_set(&resumed)?), [((0, 4), vec![4]), ((1, 3), vec![3])]);
        Ok(())
    }

    #[test]
    fn raw_ids_are_those_of_their_table_however_rare() -> Result<(), Box<dyn Error>> {
        let folder = folder("1,11,4,1\n1,12,4,2\n1,10,4,3\n", Some(LIST))?;
        let data = open(folder.path(), None, Ids::Raw, None)?;
        let movie = |id: &str| Keys::Raw("movie").id(id);
        let liked = vec![movie("11"), movie("12")];
        assert_eq!(histories(&test_set(&data)?), [((Keys::Raw("user").id("1"), movie("10")), liked)]);
        assert!(data.state().vocabularies.is_empty());
        Ok(())
    }

    #[test]
    fn bad_fields_are_named() {
        let cases = [
            (
                "1,10,4,1.5\n",
                ":2: field `timestamp`: expected a time in whole seconds of 64 bits, found `1.5`",
            ),
            ("1,10,x,1\n", ":2: field `rating`: expected a number of stars from 0.5 to 5, found `x`"),
            ("1,10,nan,1\n", ":2: field `rating`: expected a number of stars from 0.5 to 5, found `nan`"),
            (
                "1,10,4,1\n1,10,0,1\n",
                ":3: field `rating`: expected a number of stars from 0.5 to 5, found `0`",
            ),
            ("1,10,5.5,1\n", ":2: field `rating`: expected a number of stars from 0.5 to 5, found `5.5`"),
            ("1,10,-1,1\n", ":2: field `rating`: expected a number of stars from 0.5 to 5, found `-1`"),
            ("1,ten,4,1\n", ":2: field `movieId`: expected an id below 2^32, found `ten`"),
            ("1,5000000000,4,1\n", ":2: field `movieId`: expected an id below 2^32, found `5000000000`"),
            ("-1,10,4,1\n", ":2: field `userId`: expected an id below 2^32, found `-1`"),
            ("1,10,4,1\n", "expected at least one training rating, found none"),
        ];
        for (ratings, expected) in cases {
            let error = load(ratings).err().map_or_else(String::new, |error| error.to_string());
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn a_folder_without_movies_is_named() -> Result<(), Box<dyn Error>> {
        let folder = folder("1,10,4,1\n", None)?;
        let error = open(folder.path(), None, Ids::Rows, None).err();
        assert!(error.is_some_and(|error| error.to_string().contains("movies.csv`: ")));
        Ok(())
    }
}
