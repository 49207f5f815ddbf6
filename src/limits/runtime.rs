//! The driver and its channels.

/// Inputs that wait for the driver; beyond, threads wait, and datagrams and decisions of the governor are dropped.
pub const INPUTS_MAX: usize = 256;

/// Events of all links that wait for the driver; beyond, links stop reading.
pub const LINK_EVENTS_MAX: usize = 64;

/// Requests of the API under way in the driver; and additions that wait for one save of the watched sources.
pub const REPLIES_MAX: usize = 64;

/// Requests of the API between the HTTP tasks and the driver; beyond, they are refused as busy.
pub const CALLS_MAX: usize = 64;
