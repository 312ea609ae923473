// Of an adjustment: chunks leave that are worth less than the threshold, then those that yield to others;
// chunks come that are worth more than it, then those worth as much.
const LEAVE = 0u;
const YIELD = 1u;
const COME = 2u;
const FOLLOW = 3u;

fn is_coming(stage: u32) -> bool {
    return stage >= COME;
}
