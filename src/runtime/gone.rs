//! Whoever asked and waits no more: a program closed its connection, or its call ended otherwise.
//!
//! The driver looks before each event that it hands to the node. So nothing is done for somebody who has gone that only an event could bring about, the
//! grant of a program's texts to another device among it.

use crate::base::id::ReplyId;
use crate::node::input::Input;
use crate::node::output::Response;
use smol::channel::Sender;
use std::collections::BTreeMap;

/// Takes the replies that nobody waits for out of these, and gives what the node is told of each.
pub(super) fn gone(replies: &mut BTreeMap<ReplyId, Sender<Response>>) -> Vec<Input> {
    replies.extract_if(.., |_, reply| reply.is_closed()).map(|(id, _)| Input::Gone(id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::channel::bounded;

    #[test]
    fn who_waits_no_more_is_told_once_and_who_waits_is_kept() {
        let ((first, waits), (second, left)) = (bounded(1), bounded(1));
        let mut replies = BTreeMap::from([(ReplyId(1), first), (ReplyId(2), second)]);
        assert_eq!(gone(&mut replies), []);
        drop(left);
        assert_eq!(gone(&mut replies), [Input::Gone(ReplyId(2))]);
        assert_eq!(gone(&mut replies), []);
        assert!(replies.contains_key(&ReplyId(1)));
        drop(waits);
        assert_eq!(gone(&mut replies), [Input::Gone(ReplyId(1))]);
    }
}
