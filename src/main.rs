//! The program `wattle`: everything is in the library, this is its entry point.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    wattle::cli::main()
}
