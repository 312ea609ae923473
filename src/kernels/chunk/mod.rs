//! Tables of chunks.

pub(crate) mod chunk_effective;
pub(crate) mod chunk_forward;
pub(crate) mod chunk_lists;
pub(crate) mod chunk_marks;
pub(crate) mod chunk_move;
pub(crate) mod chunk_open;
pub(crate) mod chunk_opened;
pub(crate) mod chunk_pool;
pub(crate) mod chunk_positions;
pub(crate) mod chunk_reset;
pub(crate) mod chunk_room;
pub(crate) mod chunk_slots;
pub(crate) mod chunk_terms;
pub(crate) mod chunk_touch;
pub(crate) mod chunk_utility;
pub(crate) mod evict_chunks;
pub(crate) mod evict_credit;
pub(crate) mod evict_marks;
pub(crate) mod evict_protect;
