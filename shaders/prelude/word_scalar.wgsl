// Words as they are.
alias Elem = u32;
