//! Defects that a test can inject, to prove that the simulation catches them.

use crate::node::output::Output;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedBug {
    /// One save in two is reported and never done. A look mends a part of them by itself.
    LostSave,
    /// Outputs are carried out in the order of a hash map.
    HashOrder,
    /// One reply in ten is dropped.
    DroppedReply,
}

/// The outputs in the order of a hash map.
#[expect(clippy::disallowed_types, clippy::iter_over_hash_type, reason = "the injected defect itself")]
pub(super) fn hash_order(outputs: Vec<Output>) -> Vec<Output> {
    let mut table = std::collections::HashMap::new();
    for (at, output) in outputs.into_iter().enumerate() {
        table.insert(at, output);
    }
    let mut shuffled = Vec::new();
    for (_, output) in table {
        shuffled.push(output);
    }
    shuffled
}
