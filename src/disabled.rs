//! What the environment turns off.

/// Whether `EMBAG_DISABLE`, names between commas, has this one.
pub(crate) fn disabled(name: &str) -> bool {
    let disabled = std::env::var("EMBAG_DISABLE").unwrap_or_default();
    disabled.split(',').any(|disabled| disabled.trim() == name)
}
