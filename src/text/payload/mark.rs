//! The one character that stands for payload.

/// What stands for payload that was left out.
pub const MARK: char = '\u{2026}';
