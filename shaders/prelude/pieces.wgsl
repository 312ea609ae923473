// The gradient of a row is the sum of its terms in pieces of PIECE, counted from the row's own first term, and the
// pieces summed in order: its bits depend on the row's own terms alone.
override PIECE: u32;
