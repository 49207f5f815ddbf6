//! The status of a call that changed nothing of the home: 400 for what can never be, 409 for what does not go with what there is, 507 for a full disk, 503
//! where the system has no room just now, and 500 for the rest.

use crate::http::answer::refused;
use crate::platform::unchanged::Unchanged;
use trillium::{Conn, Status};

/// The answer where nothing was changed.
pub(super) fn not_changed(conn: Conn, unchanged: &Unchanged) -> Conn {
    refused(conn, status_unchanged(unchanged), unchanged.why())
}

/// Its status.
pub(super) const fn status_unchanged(unchanged: &Unchanged) -> Status {
    match unchanged {
        Unchanged::Unfit(_) => Status::BadRequest,
        Unchanged::Conflict(_) => Status::Conflict,
        Unchanged::DiskFull(_) => Status::InsufficientStorage,
        Unchanged::Busy(_) => Status::ServiceUnavailable,
        Unchanged::Broken(_) => Status::InternalServerError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_changed_has_one_status_for_each_reason() {
        let reasons = [
            Unchanged::Unfit,
            Unchanged::Conflict,
            Unchanged::DiskFull,
            Unchanged::Busy,
            Unchanged::Broken as fn(String) -> Unchanged,
        ];
        let statuses = reasons.map(|of| status_unchanged(&of("No.".to_owned())) as u16);
        assert_eq!(statuses, [400, 409, 507, 503, 500]);
    }
}
