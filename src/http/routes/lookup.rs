//! Which row of the table of calls answers a request.

use super::row::Route;
use trillium::Method;

/// The result of a lookup in the table.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A row, with the parameter.
    Route(&'a Route, String),
    /// The path exists, but for these rows' methods only.
    OtherMethods(Vec<&'a Route>),
    /// No row has this path.
    Nothing,
}

/// The row that answers this request.
pub(super) fn find<'a>(table: impl IntoIterator<Item = &'a Route>, method: Method, path: &str) -> Found<'a> {
    let mut others = Vec::new();
    for route in table {
        let Some(parameter) = parameter(route.path, path) else { continue };
        if answers(route, method) {
            return Found::Route(route, parameter.to_owned());
        }
        others.push(route);
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

/// The segment of `path` at the parameter of `pattern`, empty where that has none; `None` where they do not match.
fn parameter<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    let mut found = "";
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return Some(found),
            (Some(pattern), Some(part)) if pattern.starts_with('{') && !part.is_empty() => found = part,
            (Some(pattern), Some(part)) if pattern == part => {}
            _ => return None,
        }
    }
}

/// The number of the row that `find` finds.
pub(super) fn position<'a>(table: impl IntoIterator<Item = &'a Route>, method: Method, path: &str) -> Option<usize> {
    table.into_iter().position(|route| answers(route, method) && parameter(route.path, path).is_some())
}

/// Whether the row is of this method: HEAD is GET without a body.
fn answers(route: &Route, method: Method) -> bool {
    route.method == method || (route.method == Method::Get && method == Method::Head)
}

/// The value of `Allow`.
pub(super) fn allowed(routes: &[&Route]) -> String {
    let methods = routes.iter().flat_map(|route| {
        let head = (route.method == Method::Get).then_some("HEAD");
        [Some(route.method.as_str()), head].into_iter().flatten()
    });
    methods.collect::<Vec<_>>().join(", ")
}
