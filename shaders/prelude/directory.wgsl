// A directory of virtual ids, open addressing with double hashing: place p holds a virtual id, or NONE, and its row in
// two words. The number of places is a prime, so that every step visits all of them.
const NONE: u32 = 0xffffffffu;
// Places that are looked at: at a load of 0.9 the chance that so many are full is nought.
const PROBES: u32 = 4096u;

// The virtual id of a raw one, of two words. Raw ids that agree in their upper words have different ones, but that
// NONE's neighbour stands for NONE too.
fn virtual_id(low: u32, high: u32) -> u32 {
    return min(mix(mix(low) ^ high), NONE - 1u);
}

// From place to place.
fn probe_step(id: u32, places: u32) -> u32 {
    return 1u + mix(id) % (places - 1u);
}

// The next place, without a sum beyond 32 bits.
fn next_place(place: u32, step: u32, places: u32) -> u32 {
    return select(place + step, place - (places - step), place >= places - step);
}
