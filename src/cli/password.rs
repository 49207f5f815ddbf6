//! `wattle password`: the password of the agent's page. It is typed, or read from standard input; never an argument, which the shell would keep and every
//! user of the machine could read.

use super::args::PasswordCommand;
use super::output::{Stop, show_done};
use super::text::one_line;
use crate::http::client::Client;
use crate::platform::typed_secret;
use serde_json::json;
use zeroize::Zeroizing;

/// Runs one of the commands.
pub(super) async fn password(client: &Client, what: PasswordCommand, as_json: bool) -> Result<(), Stop> {
    let is_set = matches!(what, PasswordCommand::Set);
    let done = match what {
        PasswordCommand::Set => client.set_password(&chosen()?).await?,
        PasswordCommand::Remove => client.remove_password().await?,
    };
    show_done(as_json, json!({ "set": is_set }), &format!("{}\n", one_line(&done)))
}

/// A new password: on a terminal typed twice, as nobody sees what is typed.
fn chosen() -> Result<Zeroizing<String>, String> {
    let typed = typed_secret::read("The page's new password:")?;
    if typed_secret::is_terminal() && *typed_secret::read("Once more:")? != *typed {
        return Err("The two differ. Nothing was changed.".to_owned());
    }
    Ok(typed)
}
