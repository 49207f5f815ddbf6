//! The store of records.

/// Bytes of one path under a watched folder (Linux `PATH_MAX`).
pub const PATH_BYTES_MAX: usize = 4096;

/// Bytes of a collection's name.
pub const COLLECTION_BYTES_MAX: usize = 64;

/// Watched folders and files of one agent.
pub const SOURCES_MAX: usize = 64;

/// Private collections without a folder whose names are remembered. Where there are as many, a collection of another name
/// is private too unless its owner says otherwise: which names would have been among those left out is not known.
pub const PRIVATE_NAMES_MAX: usize = 64;

/// Faults that are spelt out.
pub const FAULTS_MAX: usize = 20;

/// Refused documents that are named.
pub const REFUSED_LISTED_MAX: usize = 100;
