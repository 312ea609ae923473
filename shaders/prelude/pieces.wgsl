// The gradient of a row is summed in a tree: its terms in pieces of PIECE, counted from the row's own first
// term, the pieces in groups of GROUP terms, and the groups in order. Its bits depend on the row's own terms
// alone. Where pieces were summed ahead, the sum of a group lies in the place of its first piece's.
override PIECE: u32;
override GROUP: u32;
