// Puts an id that is not there into the directory: only the place that it takes depends on who comes first.
fn insert(id: u32, row: u32, buckets: u32) {
    var bucket = first_bucket(id, buckets);
    for (var probe = 0u; probe < min(PROBES, buckets); probe++) {
        var place = bucket * BUCKET;
        let end = place + PLACES;
        while (place < end) {
            let old = atomicCompareExchangeWeak(&places[place], 0u, id);
            if (old.exchanged) {
                atomicStore(&places[place + PLACES], row);
                return;
            }
            // an exchange may fail although no other thread took the place: then it is tried again
            place += u32(old.old_value != 0u);
        }
        bucket = next_bucket(bucket, id, buckets);
    }
}
