// Words as they are, four at a time.
alias Elem = vec4<u32>;
