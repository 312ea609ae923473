// The step as long as the row times lr.
fn trust(weight: Norm, step: Norm) -> f32 {
    // a row or a step of zeros has no direction: the ratio is one
    let given = weight.root > 0.0 && step.root > 0.0;
    return params.lr * select(1.0, weight.root / step.root * (step.times / weight.times), given);
}
