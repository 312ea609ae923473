// The length of a row.
fn squares(place: Lane, source: u32, times: f32) -> f32 {
    var sum = vec4<f32>();
    for (var column = place.lane * 4u; column < place.cols; column += LANES * 4u) {
        let value = load_input(source + column, place.cols - column) * times;
        sum += value * value;
    }
    return lanes_sum(place, sum);
}

fn row_norm(place: Lane, source: u32) -> Norm {
    let sum = squares(place, source, 1.0);
    // all threads keep step: another row of the group may need the second sum
    let small_sum = squares(place, source, SMALL);
    let huge = is_infinite(sum);
    return Norm(sqrt(select(sum, small_sum, huge)), select(1.0, SMALL, huge));
}
