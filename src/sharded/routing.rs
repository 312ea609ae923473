//! Ids on their way to the ranks that have their rows.

use std::cell::RefCell;
use std::rc::Rc;

use super::batch::{Inner, ShardedBatch};
use super::held::Held;
use super::ranks::{Call, Reader, put_list};
use super::shards::{Role, Route};
use super::{ShardedBags, Traffic};
use crate::bag::{FeatureSpec, Flat, JaggedBatch, Pooling, Schema};
use crate::numbers::narrow;
use crate::{Error, Result};

/// The bags of a feature that a rank looks up in a shard, as they travel.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bags {
    /// One for each example.
    pub(super) lengths: Vec<u32>,
    /// The shard's numbers of rows.
    pub(super) ids: Vec<u32>,
    pub(super) weights: Option<Vec<f32>>,
}

/// A group's batch, with the ids of everyone where their rows are.
#[derive(Debug)]
pub(super) struct Routed {
    /// Of each rank.
    pub(super) examples: Vec<usize>,
    pub(super) roles: [RoleBatch; 2],
    /// Own bags of tables that every rank has.
    pub(super) replicas: Option<JaggedBatch>,
    /// Why one of the batches could not be made here; told to all ranks before it is looked up.
    mistake: Option<String>,
}

impl Routed {
    /// Whether the batch can be looked up here.
    pub(super) fn check(&self) -> Result<()> {
        match &self.mistake {
            Some(mistake) => Err(Error::invalid("batch", "one that this rank can take", mistake)),
            None => Ok(()),
        }
    }
}

/// The part of a group's batch that is looked up in shards of one role.
#[derive(Debug)]
pub(super) struct RoleBatch {
    /// Own bags: for each rank, and each of its routes.
    pub(super) sent: Vec<Vec<Bags>>,
    /// Bags of each rank: for each of the own routes.
    pub(super) received: Vec<Vec<Bags>>,
    /// Those of all ranks together.
    pub(super) batch: Option<JaggedBatch>,
}

impl ShardedBags {
    /// Sends the batch's ids to where their rows are, so that a later [`ShardedBags::forward`] need not:
    /// while a device works on another batch, say. All ranks call it together.
    ///
    /// # Errors
    /// [`Error::Rank`] on all ranks if one of them gave an id that is no row, or a batch of other bags;
    /// [`Error::Group`] if a rank is gone or late.
    pub fn prefetch(&mut self, batch: &ShardedBatch) -> Result<()> {
        self.routed(batch).map(drop)
    }

    /// The group's batch; its ids are exchanged if they were not before.
    pub(super) fn routed(&self, batch: &ShardedBatch) -> Result<Rc<Routed>> {
        if let Some(routed) = &*batch.inner.routed.borrow() {
            return Ok(routed.clone());
        }
        let examples = self.ranks.agree(Call::Exchange, self.checked(&batch.inner))?;
        let examples: Vec<usize> = examples.iter().map(|&examples| examples as usize).collect();
        let flat = &batch.inner.flat;
        let sent = Role::ALL.map(|role| {
            let of_rank =
                |routes: &Vec<Route>| routes.iter().map(|route| bags_of(&self.schema, flat, route)).collect();
            self.held(role).routes.iter().map(of_rank).collect::<Vec<Vec<Bags>>>()
        });
        let messages: Vec<Vec<u32>> = (0..self.ranks.count())
            .map(|to| {
                let mut message = Vec::new();
                sent.iter().flat_map(|of_ranks| &of_ranks[to]).for_each(|bags| bags.put(&mut message));
                message
            })
            .collect();
        let messages = self.ranks.all_to_all(Traffic::Ids, messages)?;
        let mut readers = Reader::each(Traffic::Ids, &messages);
        let [to_pool, to_send] = sent;
        let mut mistake = None;
        let mut made = |batch: Result<Option<JaggedBatch>>| {
            batch.unwrap_or_else(|error| {
                mistake.get_or_insert(error.to_string());
                None
            })
        };
        let pooling = self.role_batch(Role::Pool, to_pool, &examples, &mut readers, &mut made)?;
        let sending = self.role_batch(Role::Send, to_send, &examples, &mut readers, &mut made)?;
        let replicas = made(self.replica_batch(flat));
        let routed = Rc::new(Routed { examples, roles: [pooling, sending], replicas, mistake });
        *batch.inner.routed.borrow_mut() = Some(routed.clone());
        Ok(routed)
    }

    /// Reads the bags of everyone for the own shards of a role.
    fn role_batch(
        &self,
        role: Role,
        sent: Vec<Vec<Bags>>,
        examples: &[usize],
        readers: &mut [Reader<'_>],
        made: &mut impl FnMut(Result<Option<JaggedBatch>>) -> Option<JaggedBatch>,
    ) -> Result<RoleBatch> {
        let held = self.held(role);
        let own = &held.routes[self.ranks.rank()];
        let received = readers.iter_mut().zip(examples).map(|(reader, &examples)| {
            own.iter().map(|_| Bags::read(reader, examples)).collect::<Result<Vec<_>>>()
        });
        let received = received.collect::<Result<Vec<_>>>()?;
        let batch = made(self.joined(held, &received));
        Ok(RoleBatch { sent, received, batch })
    }

    /// The number of a batch's examples, if there is nothing wrong with it.
    fn checked(&self, batch: &Inner) -> Result<u32> {
        if !std::sync::Arc::ptr_eq(&batch.schema, &self.schema) {
            return Err(Error::invalid(
                "batch",
                "one that was begun by these bags",
                "one that was begun by others",
            ));
        }
        let mistake: &RefCell<Option<Error>> = &batch.mistake;
        match mistake.borrow().as_ref() {
            Some(error) => Err(Error::invalid("batch", "ids that are rows", error)),
            None => Ok(narrow(batch.flat.examples())),
        }
    }

    /// The bags of all ranks, in their order, as a batch of the own shards.
    fn joined(&self, held: &Held, received: &[Vec<Bags>]) -> Result<Option<JaggedBatch>> {
        let Some(bags) = &held.bags else { return Ok(None) };
        let mut batch = bags.batch();
        for (i, route) in held.routes[self.ranks.rank()].iter().enumerate() {
            let parts = || received.iter().map(|of_rank| &of_rank[i]);
            let ids: Vec<u32> = parts().flat_map(|bags| &bags.ids).copied().collect();
            let lengths: Vec<u32> = parts().flat_map(|bags| &bags.lengths).copied().collect();
            let name = route.name(&self.schema.features[route.feature]);
            batch = batch.bags(&name, &ids, &lengths);
            if parts().any(|bags| bags.weights.is_some()) {
                let weights = parts().flat_map(|bags| match &bags.weights {
                    Some(weights) => weights.clone(),
                    None => vec![1.0; bags.ids.len()],
                });
                batch = batch.weights(&name, &weights.collect::<Vec<f32>>());
            }
        }
        batch.build().map(Some)
    }

    fn replica_batch(&self, flat: &Flat) -> Result<Option<JaggedBatch>> {
        let Some((bags, features)) = &self.replicas else { return Ok(None) };
        let mut batch = bags.batch();
        for &feature in features {
            let name = &self.schema.features[feature].name;
            let Bags { lengths, ids, weights } = whole_bags(flat, feature);
            batch = batch.bags(name, &ids, &lengths);
            if let Some(weights) = weights {
                batch = batch.weights(name, &weights);
            }
        }
        batch.build().map(Some)
    }
}

impl Bags {
    /// Without what is no row: padding, and ids that are to be left out. They do not count for a mean.
    pub(super) fn rows_only(self, spec: &FeatureSpec) -> Self {
        let is_row = |id: u32| id < spec.shape.rows && id != spec.padding;
        if self.ids.iter().all(|&id| is_row(id)) {
            return self;
        }
        let mut out = Self { weights: self.weights.as_ref().map(|_| Vec::new()), ..Self::default() };
        let mut first = 0;
        for &length in &self.lengths {
            let before = out.ids.len();
            for place in first..first + length as usize {
                if is_row(self.ids[place]) {
                    out.ids.push(self.ids[place]);
                    if let (Some(weights), Some(given)) = (&mut out.weights, &self.weights) {
                        weights.push(given[place]);
                    }
                }
            }
            first += length as usize;
            out.lengths.push(narrow(out.ids.len() - before));
        }
        out
    }

    fn put(&self, message: &mut Vec<u32>) {
        message.push(u32::from(self.weights.is_some()));
        message.extend(&self.lengths);
        put_list(message, &self.ids);
        if let Some(weights) = &self.weights {
            message.extend::<&[u32]>(bytemuck::cast_slice(weights));
        }
    }

    fn read(reader: &mut Reader<'_>, examples: usize) -> Result<Self> {
        let weighted = reader.take(1)?[0] == 1;
        let lengths = reader.take(examples)?.to_vec();
        let ids = reader.list()?.to_vec();
        let weights = match weighted {
            true => Some(reader.take(ids.len())?.iter().map(|&bits| f32::from_bits(bits)).collect()),
            false => None,
        };
        Ok(Self { lengths, ids, weights })
    }
}

/// The bags of a feature as they were given; weights that are all one are left out.
pub(super) fn whole_bags(flat: &Flat, feature: usize) -> Bags {
    let offsets = flat.offsets_of(feature);
    let lengths = offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let range = offsets[0] as usize..offsets[offsets.len() - 1] as usize;
    #[allow(clippy::float_cmp, reason = "one is what stands for none")]
    let weighted = |weights: &&[f32]| weights.iter().any(|&weight| weight != 1.0);
    let weights = flat.weights_of(feature).filter(weighted).map(<[f32]>::to_vec);
    Bags { lengths, ids: flat.ids[range].to_vec(), weights }
}

/// What a rank is sent of a feature.
fn bags_of(schema: &Schema, flat: &Flat, route: &Route) -> Bags {
    let whole = whole_bags(flat, route.feature);
    if !route.by_row {
        return whole;
    }
    let spec = &schema.features[route.feature];
    let rows = whole.rows_only(spec);
    let mean = spec.pooling == Pooling::Mean;
    let mut out = Bags { weights: (mean || rows.weights.is_some()).then(Vec::new), ..Bags::default() };
    let mut first = 0;
    for &length in &rows.lengths {
        let before = out.ids.len();
        for place in first..first + length as usize {
            let Some(row) = route.shard.local(rows.ids[place]) else { continue };
            out.ids.push(row);
            if let Some(weights) = &mut out.weights {
                let weight = rows.weights.as_ref().map_or(1.0, |weights| weights[place]);
                weights.push(if mean { weight / length as f32 } else { weight });
            }
        }
        first += length as usize;
        out.lengths.push(narrow(out.ids.len() - before));
    }
    out
}
