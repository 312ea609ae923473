// The rows of the rates of mirror prox, of every instance.

// what the variation of the losses is taken to be at most
const GUESS: u32 = 0u;
// what it came to so far
const SEEN: u32 = 1u;
// the factor of the constraints (gamma)
const WEIGHT: u32 = 2u;
// how strongly a step is held back (alpha)
const PULL: u32 = 3u;
// the square of a bound of the constraints' gradients
const STEEP: u32 = 4u;
