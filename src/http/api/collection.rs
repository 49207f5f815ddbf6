//! The body of `POST /v1/collection`.

use crate::base::id::Ring;
use crate::config::check_collection;
use crate::scheduler::regroup::{NewGroup, Regroup};
use serde::Deserialize;

/// What is to become of which collection.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collection {
    name: String,
    to: Option<String>,
    ring: Option<Ring>,
    #[serde(default)]
    new: bool,
}

impl Collection {
    /// The request.
    ///
    /// # Errors
    /// A sentence for people: the body says nothing that can be done.
    pub(super) fn regroup(self) -> Result<Regroup, String> {
        if self.new && self.ring != Some(Ring::Private) {
            return Err("Only a private collection can be there before its first folder.".to_owned());
        }
        let to = match (self.to, self.ring) {
            (Some(name), None) => check_collection(&name).map(|()| NewGroup::Name(name))?,
            (None, Some(Ring::Private)) if self.new => NewGroup::NewPrivate,
            (None, Some(ring @ (Ring::Private | Ring::Mesh))) => NewGroup::Ring(ring),
            (None, Some(Ring::Public)) => return Err("The ring is private or mesh.".to_owned()),
            _ => return Err("This call has \"to\", a new name, or \"ring\", and not both.".to_owned()),
        };
        Ok(Regroup { collection: self.name, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_one_thing_and_only_a_private_name_can_be_new() {
        let read = |body| serde_json::from_str::<Collection>(body).unwrap().regroup().map(|regroup| regroup.to);
        assert_eq!(read(r#"{"name":"a","ring":"private"}"#), Ok(NewGroup::Ring(Ring::Private)));
        assert_eq!(read(r#"{"name":"a","ring":"private","new":true}"#), Ok(NewGroup::NewPrivate));
        assert_eq!(read(r#"{"name":"a","to":"b"}"#), Ok(NewGroup::Name("b".to_owned())));
        for bad in [
            r#"{"name":"a","ring":"mesh","new":true}"#,
            r#"{"name":"a","to":"b","new":true}"#,
            r#"{"name":"a","to":"b","ring":"mesh"}"#,
            r#"{"name":"a","ring":"public"}"#,
            r#"{"name":"a"}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
