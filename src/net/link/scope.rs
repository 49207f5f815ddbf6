//! The tasks that belong to one link and end with it.

use super::shared::Shared;
use super::table::Link;
use smol::channel::{Receiver, Sender};
use smol::future::or;
use std::sync::Arc;

/// Spawns the tasks of a link, or of a guest's connection; they end with it.
pub(super) struct TaskScope<T = Link> {
    pub(super) shared: Arc<Shared>,
    pub(super) link: T,
    /// Closed when the link ends; nothing is ever sent.
    over: Receiver<()>,
    /// Each task holds a clone: its channel closes when the last one has ended.
    running: Sender<()>,
}

/// Ends the tasks of a scope.
pub(super) struct ScopeEnd {
    over: Sender<()>,
    running: Receiver<()>,
}

impl<T> TaskScope<T> {
    pub(super) fn new(shared: Arc<Shared>, link: T) -> (Self, ScopeEnd) {
        let (end, over) = smol::channel::bounded(1);
        let (running, ended) = smol::channel::bounded(1);
        (Self { shared, link, over, running }, ScopeEnd { over: end, running: ended })
    }

    /// Runs `work` until it is done or the link ends.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let (over, running) = (self.over.clone(), self.running.clone());
        let ended = async move {
            let _ = over.recv().await;
        };
        smol::spawn(async move {
            or(work, ended).await;
            drop(running);
        })
        .detach();
    }
}

impl ScopeEnd {
    /// Ends every task of `scope` and waits until the last one has ended.
    pub(super) async fn end<T>(self, scope: TaskScope<T>) {
        drop((self.over, scope));
        let _ = self.running.recv().await;
    }
}
