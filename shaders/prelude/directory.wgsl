// A directory of virtual ids: buckets of eight places, each of sixteen words: eight virtual ids, 0 where a
// place is free, and then their rows. The places of a bucket fill in order; an id that finds all of them
// taken goes on to another bucket, by double hashing. The number of buckets is a prime, so that every step
// visits all of them.
const NONE: u32 = 0xffffffffu;
// The row of a raw id that is the padding id.
const PADDED: u32 = 0xfffffffeu;
const PLACES: u32 = 8u;
const BUCKET: u32 = 16u;
// Buckets that a search probes: at a load of 0.9 the chance that all of them are full is negligible.
const PROBES: u32 = 512u;

// The virtual id of a raw one, of two words. Raw ids that agree in their upper words have different virtual
// ids, but that none is 0 or NONE: the neighbours of these stand for them too.
fn virtual_id(low: u32, high: u32) -> u32 {
    return clamp(mix(mix(low) ^ high), 1u, NONE - 1u);
}

// The upper word of a product: a number below `n`, which ascends with `id`.
fn scaled(id: u32, n: u32) -> u32 {
    let low = id & 0xffffu;
    let high = id >> 16u;
    let middle = high * (n & 0xffffu) + ((low * (n & 0xffffu)) >> 16u);
    return high * (n >> 16u) + (middle >> 16u) + ((low * (n >> 16u) + (middle & 0xffffu)) >> 16u);
}

// The bucket that a virtual id begins in, from the first to the last as ids ascend.
fn first_bucket(id: u32, buckets: u32) -> u32 {
    return scaled(id, buckets);
}

// The bucket that is probed after another one, without a sum beyond 32 bits.
fn next_bucket(bucket: u32, id: u32, buckets: u32) -> u32 {
    let step = 1u + scaled(mix(id), buckets - 1u);
    return select(bucket + step, bucket - (buckets - step), bucket >= buckets - step);
}
