// Rows of any dimension. Columns are still taken four at a time, so that sums have the same order.
alias Elem = f32;
