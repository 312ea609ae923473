// Moves what lies at `source` to `place`: the key, and its value, or the term that its value is the number of.
fn move_to(place: u32, source: u32) {
    keys_out[place] = keys_in[source];
    var value = source;
    if (params.first == 0u) {
        value = values_in[source];
    }
    if (params.gather == 1u) {
        terms_out[place] = terms[value];
    } else {
        values_out[place] = value;
    }
}
