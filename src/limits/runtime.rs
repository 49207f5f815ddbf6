//! The driver and its channels.

/// Inputs that wait for the driver; beyond, threads wait, and datagrams and decisions of the governor are dropped.
pub const INPUTS_MAX: usize = 256;

/// Events of all links that wait for the driver; beyond, links stop reading.
pub const LINK_EVENTS_MAX: usize = 64;

/// Requests of people under way in the driver.
pub const REPLIES_MAX: usize = 64;

/// Requests of people between the HTTP tasks and the driver; beyond, they are told to try again.
pub const CALLS_MAX: usize = 64;
