//! Panics: a defect of the program ends one task, never a thread or its slot.
//!
//! Every thread runs its work within [`guard`], which turns a panic into a reason. The hook of [`install`], which the
//! command line sets first, counts every panic of the process, also those of tasks on the executor, and logs one
//! bounded line instead of the standard message: that may print a whole text (slicing a string at a wrong place does),
//! and texts of documents do not belong in logs.

use super::unended;
use crate::limits::PANIC_TEXT_BYTES_MAX;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The hook's description of the last panic of this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether this thread is in [`guard_library`].
    static IN_LIBRARY: Cell<bool> = const { Cell::new(false) };
}

/// Sets the hook. A second call changes nothing.
pub fn install() {
    set_hook(Box::new(|info| {
        let text = describe(info);
        if IN_LIBRARY.get() {
            log::warn!("A library gave up on what it was given: {text}");
        } else {
            COUNT.fetch_add(1, Ordering::Relaxed);
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("(unnamed)");
            log::error!("A defect of the program: the thread {name} panicked at {text}");
        }
        unended::note_panic();
        LAST.set(Some(text));
    }));
}

/// Panics of this process so far, where the hook is installed.
#[must_use]
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Does the work; a panic in it becomes a reason: the place, and the start of its message. State that the work was
/// changing stays half changed, so that the caller must not rely on it.
///
/// # Errors
/// The reason, at most `PANIC_TEXT_BYTES_MAX` bytes.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    LAST.set(None);
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|payload| LAST.take().unwrap_or_else(|| bounded(message(payload.as_ref()))))
}

/// The same for a call of a library that panics on damaged data: that is no defect of the program, and is not counted.
///
/// # Errors
/// Those of [`guard`].
pub fn guard_library<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = IN_LIBRARY.replace(true);
    let done = guard(work);
    IN_LIBRARY.set(outer);
    done
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map(|at| format!("{}:{}: ", at.file(), at.line())).unwrap_or_default();
    bounded(&format!("{place}{}", message(info.payload())))
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The start of the text, on one line.
fn bounded(text: &str) -> String {
    let mut start = String::new();
    for sign in text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }) {
        if start.len() + sign.len_utf8() > PANIC_TEXT_BYTES_MAX {
            break;
        }
        start.push(sign);
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_short_reason_and_later_work_runs() {
        let secret = "a private diary ".repeat(1000);
        let why = guard(|| panic!("cannot cut {secret:?}\nthere")).map(|()| 0).unwrap_err();
        assert!(why.contains("cannot cut") && why.len() <= PANIC_TEXT_BYTES_MAX, "{why}");
        assert!(!why.contains('\n'));
        assert_eq!(guard(|| 7), Ok(7));
    }

    #[test]
    fn the_hook_counts_and_names_the_place() {
        install();
        let before = count();
        let why = guard(|| panic!("here")).map(|()| 0).unwrap_err();
        assert!(why.contains("panics.rs") && why.contains("here"), "{why}");
        assert!(count() > before);
        let before = count();
        let why = guard_library(|| panic!("damaged")).map(|()| 0).unwrap_err();
        assert!(why.contains("damaged") && !IN_LIBRARY.get());
        // Other tests of this process may panic on purpose at the same time, but not a hundred times.
        for _ in 0..100 {
            let _ = guard_library(|| panic!("damaged"));
        }
        assert!(count() < before + 100);
    }
}
