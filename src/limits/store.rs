//! The store of records.

/// Bytes of one path under a watched folder (Linux `PATH_MAX`).
pub const PATH_BYTES_MAX: usize = 4096;

/// Bytes of a collection's name.
pub const COLLECTION_BYTES_MAX: usize = 64;

/// Watched folders and files of one agent.
pub const SOURCES_MAX: usize = 64;

/// Private collections without a folder whose names are remembered. Where there are as many, no private collection loses its
/// last folder or its name until its owner gives one of them up. A collection of a new name is private then unless its owner
/// says otherwise: earlier versions left out names that did not fit.
pub const PRIVATE_NAMES_MAX: usize = 64;

/// Faults that are spelt out.
pub const FAULTS_MAX: usize = 20;

/// Refused documents that are named.
pub const REFUSED_LISTED_MAX: usize = 100;
