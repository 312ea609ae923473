//! What the ids of a line are grouped by: each group is a feature, pooled by itself.

use super::super::{FeatureSpec, Schema};
use super::entry::{Entry, Kind};

/// The most slots: each becomes a feature of its own.
pub const MAX_SLOTS: usize = 1024;

/// The features of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slots {
    /// One bag of all ids of a line.
    Bag,
    /// The columns of [`Columns`], by the first id of each.
    Columns(Vec<u32>),
    /// libffm's fields.
    Fields(usize),
    /// Places in the line, of which an id is a part.
    Positions(usize),
}

const BAG: &str = "ids";
const COLUMN: &str = "index";
const FIELD: &str = "field";
const POSITION: &str = "position";

impl Slots {
    /// How the entries of such a file are written.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Fields(_) => Kind::Libffm,
            _ => Kind::Libsvm,
        }
    }

    /// The slot of an entry, at a 0-based `position` of its line. There may be fewer.
    pub fn slot(&self, position: usize, entry: &Entry) -> usize {
        match self {
            Self::Bag => 0,
            // an id below all that were seen is one of the first column
            Self::Columns(firsts) => firsts.partition_point(|&first| first <= entry.id).saturating_sub(1),
            Self::Fields(_) => entry.field,
            Self::Positions(_) => position,
        }
    }

    /// The features, all of one shared table with `rows` rows; `None` for raw ids.
    pub fn schema(&self, rows: Option<u32>) -> Schema {
        let numbered = |name: &str, slots: usize| (0..slots).map(|slot| format!("{name}_{slot}")).collect();
        let names: Vec<String> = match self {
            Self::Bag => vec![BAG.to_owned()],
            Self::Columns(firsts) => firsts.iter().map(|first| format!("{COLUMN}_{first}")).collect(),
            Self::Fields(slots) => numbered(FIELD, *slots),
            Self::Positions(slots) => numbered(POSITION, *slots),
        };
        let feature = |name| FeatureSpec {
            name,
            table: "ids".to_owned(),
            rows: rows.unwrap_or(0),
            mean: false,
            weighted: rows.is_some(),
        };
        Schema { numeric: Vec::new(), features: names.into_iter().map(feature).collect() }
    }

    /// The slots that a checkpoint's schema is of, if [`Self::schema`] made it.
    pub fn of(schema: &Schema) -> Option<Self> {
        let first = &schema.features.first()?.name;
        let slots = schema.features.len();
        Some(match first.split_once('_').map_or(&**first, |(name, _)| name) {
            BAG => Self::Bag,
            COLUMN => {
                let number = |feature: &FeatureSpec| feature.name.split_once('_')?.1.parse().ok();
                Self::Columns(schema.features.iter().map(number).collect::<Option<_>>()?)
            }
            FIELD => Self::Fields(slots),
            POSITION => Self::Positions(slots),
            _ => return None,
        })
    }

    /// For people.
    pub fn describe(&self) -> String {
        match self {
            Self::Bag => "one bag of all ids of a line".to_owned(),
            Self::Columns(firsts) => {
                format!("{} slots, as every line has one id of each of these columns", firsts.len())
            }
            Self::Fields(slots) => format!("{slots} slots, libffm's fields"),
            Self::Positions(slots) => format!("{slots} slots, the places in the line"),
        }
    }
}

/// Finds out whether a file has columns: all lines are equally long, ids ascend in each, and those of one
/// place all lie below those of the next. So are dense files, and one-hot ones without a gap.
#[derive(Debug, Default)]
pub struct Columns {
    /// The least and the greatest id of each place.
    ranges: Vec<[u32; 2]>,
    lines: u64,
    refuted: bool,
}

impl Columns {
    /// Adds the ids of a line.
    pub fn add(&mut self, ids: &[u32]) {
        if self.lines == 0 {
            self.ranges = ids.iter().map(|&id| [id; 2]).collect();
        }
        self.lines += 1;
        self.refuted |= ids.len() != self.ranges.len() || !ids.is_sorted_by(|a, b| a < b);
        for ([least, greatest], &id) in self.ranges.iter_mut().zip(ids) {
            *least = id.min(*least);
            *greatest = id.max(*greatest);
        }
    }

    /// The slots of the lines so far.
    pub fn slots(&self) -> Slots {
        let apart = self.ranges.is_sorted_by(|[_, greatest], [least, _]| greatest < least);
        // a single column is a bag
        match !self.refuted && apart && (2..=MAX_SLOTS).contains(&self.ranges.len()) {
            true => Slots::Columns(self.ranges.iter().map(|&[least, _]| least).collect()),
            false => Slots::Bag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(lines: &[&[u32]]) -> Slots {
        let mut columns = Columns::default();
        lines.iter().for_each(|line| columns.add(line));
        columns.slots()
    }

    #[test]
    fn dense_and_one_hot_files_have_columns() {
        assert_eq!(slots(&[&[1, 2, 9], &[1, 2, 9]]), Slots::Columns(vec![1, 2, 9]));
        assert_eq!(slots(&[&[3, 10], &[1, 11], &[2, 19]]), Slots::Columns(vec![1, 10]));
    }

    #[test]
    fn gaps_other_orders_ids_of_two_places_and_single_ids_make_a_bag() {
        let long: Vec<u32> = (0..).take(MAX_SLOTS + 1).collect();
        let cases: [&[&[u32]]; 8] = [
            &[&[1, 2], &[1]],
            &[&[1], &[1, 2]],
            &[&[1, 2], &[]],
            &[&[2, 1], &[2, 1]],
            &[&[1, 5], &[5, 6]],
            &[&[1, 1]],
            &[&[1], &[2]],
            &[&long],
        ];
        for lines in cases {
            assert_eq!(slots(lines), Slots::Bag, "{lines:?}");
        }
        assert_eq!(slots(&[]), Slots::Bag);
    }

    #[test]
    fn every_id_is_of_the_column_that_begins_last_before_it() {
        let slots = Slots::Columns(vec![5, 10]);
        let slot = |id| slots.slot(7, &Entry { field: 0, id, value: 1.0 });
        assert_eq!([0, 5, 9, 10, u32::MAX].map(slot), [0, 0, 0, 1, 1]);
    }

    #[test]
    fn slots_are_known_again_by_their_schema() {
        for slots in [Slots::Bag, Slots::Columns(vec![3, 90]), Slots::Fields(2), Slots::Positions(3)] {
            for rows in [None, Some(50)] {
                assert_eq!(Slots::of(&slots.schema(rows)), Some(slots.clone()));
            }
        }
        let other = Schema { numeric: Vec::new(), features: Vec::new() };
        assert_eq!(Slots::of(&other), None);
    }
}
