//! `wattle token`: tokens for programs and people, each with a role, which can be revoked alone; the sessions of browsers are listed and revoked with them.

use super::args::TokenCommand;
use super::output::{Stop, pretty, print, print_as_is, show_done};
use super::text::{columns, one_line};
use crate::base::finding::quoted;
use crate::base::span;
use crate::http::client::Client;
use crate::http::dto::{NamedToken, NewToken, Role};
use crate::platform::clock;
use serde_json::json;
use std::fmt::Write;

/// Runs one of the commands.
pub(super) async fn token(client: &Client, what: TokenCommand, as_json: bool) -> Result<(), Stop> {
    match what {
        TokenCommand::Create { name, role } => {
            let new = client.create_token(&name, role.into()).await?;
            if as_json { print_as_is(&pretty(&json!(new))) } else { print(&made(&new)) }
        }
        TokenCommand::List => {
            let list = client.tokens().await?;
            if as_json { print_as_is(&pretty(&json!(list))) } else { print(&table(&list.tokens, clock::shown())) }
        }
        TokenCommand::Revoke { name } => {
            let done = client.revoke_token(&name).await?;
            show_done(as_json, json!({ "name": name }), &(done.trim_end().to_owned() + "\n"))
        }
    }
}

fn made(NewToken { name, role, token }: &NewToken) -> String {
    let may = match role {
        Role::Read => "ask and look, and change nothing",
        Role::Write => "ask, change what is indexed, and say when work is done",
        Role::Admin => "do everything that you may, also remove devices and make tokens",
    };
    format!(
        "{token}\n\nThe token {name} may {may}. It is shown this once: give it to the program as `Authorization: Bearer TOKEN`, or as its API key. \
         `wattle token revoke {}` makes it void.\n",
        quoted(name)
    )
}

fn table(tokens: &[NamedToken], now: i64) -> String {
    if tokens.is_empty() {
        return "There is no token but the agent's own. `wattle token create NAME` makes one for a program.\n"
            .to_owned();
    }
    let ago = |then: i64| span::ago(u64::try_from(now - then).unwrap_or(0));
    let width = tokens.iter().map(|token| columns(&one_line(&token.name))).chain([4]).max().unwrap_or(4);
    let mut text = format!("{:<width$}  KIND     ROLE   MADE            LAST USED\n", "NAME");
    for NamedToken { name, role, kind, created, used, .. } in tokens {
        let name = one_line(name);
        let blanks = " ".repeat(width - columns(&name));
        let used = used.map_or_else(|| "not since the agent started".to_owned(), ago);
        let _ = writeln!(
            text,
            "{name}{blanks}  {:<7}  {:<5}  {:<14}  {used}",
            kind.to_string(),
            role.to_string(),
            ago(*created)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::dto::TokenKind;

    #[test]
    fn the_list_says_what_each_allows_and_when_it_was_used_and_a_new_one_what_it_is_for() {
        let token = |name: &str, role, used| NamedToken {
            name: name.to_owned(),
            role,
            kind: TokenKind::Token,
            created: 1_000,
            used,
            expires: None,
        };
        let session =
            NamedToken { kind: TokenKind::Session, expires: Some(9_000), ..token("firefox", Role::Admin, Some(8_200)) };
        let list = [token("grafana", Role::Read, Some(4_600)), token("büro\u{1b}", Role::Admin, None), session];
        assert_eq!(
            table(&list, 8_200),
            "NAME     KIND     ROLE   MADE            LAST USED\n\
             grafana  token    read   2 hours ago     60 minutes ago\n\
             büro\u{fffd}    token    admin  2 hours ago     not since the agent started\n\
             firefox  session  admin  2 hours ago     just now\n"
        );
        assert!(table(&[], 0).contains("`wattle token create NAME`"));
        let made = made(&NewToken { name: "ha".to_owned(), role: Role::Write, token: "00ff".to_owned() });
        assert!(made.starts_with("00ff\n") && made.contains("`wattle token revoke ha`"), "{made}");
    }
}
