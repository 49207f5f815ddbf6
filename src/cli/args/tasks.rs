//! The arguments of `wattle tasks`.

use clap::{Args, Subcommand};

/// The arguments of `wattle tasks`.
#[derive(Clone, Copy, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TasksArgs {
    /// Go on and show it anew each second, until Ctrl-C; where it is written into a file or a pipe, one line whenever it changes; with
    /// --json one line each second.
    #[arg(long)]
    pub watch: bool,

    /// One of the commands below instead.
    #[command(subcommand)]
    pub what: Option<TasksCommand>,
}

/// The commands of `wattle tasks`, about parked tasks: those that failed again and again.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum TasksCommand {
    /// Have a parked task tried again, or all of them.
    Retry {
        /// The number of the task in `wattle tasks`, or all.
        #[arg(value_name = "ID|all", value_parser = parse_which)]
        which: Which,
    },
    /// Give a parked task up, or all of them, until their files change.
    Drop {
        /// The number of the task in `wattle tasks`, or all.
        #[arg(value_name = "ID|all", value_parser = parse_which)]
        which: Which,
    },
}

/// Which parked tasks are meant; `None`: all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which(pub Option<u64>);

fn parse_which(text: &str) -> Result<Which, String> {
    if text == "all" {
        return Ok(Which(None));
    }
    let id = text.parse().map_err(|_| "it is the number of a task in `wattle tasks`, or all".to_owned())?;
    Ok(Which(Some(id)))
}
