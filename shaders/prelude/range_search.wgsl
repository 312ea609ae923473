// Bins that the search cuts a row's range into, how many of them it keeps at least, and its most steps.
const BINS: f32 = 200.0;
const KEPT_BINS: f32 = 168.0;
const STEPS: u32 = 40u;
