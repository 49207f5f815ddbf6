//! A change of a collection: the node makes it, and config.toml says so.

use super::collection::Models;
use super::{Api, NO_ANSWER, Refused, status_of};
use crate::base::collection_name::tidy;
use crate::base::fluency::Fluency;
use crate::base::id::{Fingerprint, Ring};
use crate::config::{Folder, Setting};
use crate::http::answer::json;
use crate::http::dto::Regrouped;
use crate::node::input::Request;
use crate::node::output::Response;
use crate::runtime::unfinished::Command;
use crate::scheduler::regroup::{NewGroup, Regroup};
use crate::store::record::{NamedModel, Source};
use trillium::{Conn, Status};

impl Api {
    /// The models that a collection may have, as people choose among them.
    pub(in crate::http) async fn models_here(&self, conn: Conn) -> Conn {
        json(conn, Status::Ok, &self.models().await.listed())
    }

    /// The models that a collection may have.
    pub(super) async fn models(&self) -> Models {
        let status = self.node.status().await;
        let home = status.map(|status| status.model.clone());
        let (found, folder) = self.node.models().await;
        let home = home.unwrap_or_else(|| NamedModel { name: String::new(), fingerprint: Fingerprint::default() });
        let knows_many = |(model, fluency): &(NamedModel, Fluency)| {
            matches!(fluency, Fluency::Many { .. }).then(|| model.name.clone())
        };
        let many = found.iter().filter_map(knows_many).collect();
        Models { home, others: found.into_iter().map(|(model, _)| model).collect(), many, folder }
    }

    /// Has the node change a collection, and config.toml say so.
    pub(super) async fn regroup(&self, regroup: Regroup) -> Result<Regrouped, Refused> {
        // The node says which spelling the collection has; the note of the command does with any.
        let typed = match &regroup.to {
            NewGroup::Name(name) => name,
            NewGroup::Ring(_) | NewGroup::NewPrivate | NewGroup::Model(_) => &regroup.collection,
        };
        let ring = match &regroup.to {
            NewGroup::Ring(ring) => Some(*ring),
            NewGroup::NewPrivate => Some(Ring::Private),
            NewGroup::Name(_) | NewGroup::Model(_) => None,
        };
        let command = self.node.begin(Command::Regroup(tidy(typed))).await;
        let answer = self.node.request(Request::Regroup(regroup)).await;
        self.end_refused(command, &answer).await;
        let name = match answer {
            Response::Regrouped(name) => name,
            Response::Refused(problem, why) => return Err((status_of(problem), why)),
            _ => return Err((Status::InternalServerError, NO_ANSWER.to_owned())),
        };
        // The change is on the disk, whether the agent stops now or not. The next start finishes the command in config.toml.
        let Some(status) = self.node.status().await else {
            return Ok(Regrouped { name, ring, places: None, forgotten: None });
        };
        let places: Vec<&Source> = status.sources.iter().filter(|source| source.collection == name).collect();
        let settings = places.iter().filter_map(|source| Folder::of(source)).map(Setting::AddFolder).collect();
        let forgotten = self.remember(command, settings).await;
        let ring = places.first().map(|source| source.ring).filter(|ring| places.iter().all(|one| one.ring == *ring));
        Ok(Regrouped { name, ring, places: Some(places.len()), forgotten })
    }
}
