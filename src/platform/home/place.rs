//! Whether an agent's home can be at a place at all.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Why no agent can live at this absolute path: a file is there or on the way, or this user may not look into it. `None`: nothing is known to be
/// in the way, whether the folder is there or not.
#[must_use]
pub fn in_the_way(home: &Path) -> Option<String> {
    let name = home.display();
    let found = home.ancestors().find_map(|place| match fs::metadata(place) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        found => Some((place, found)),
    });
    match found? {
        (place, Ok(meta)) if !meta.is_dir() => Some(if place == home {
            format!("The agent's home {name} is a file and no folder. Choose a folder with --home.")
        } else {
            format!(
                "The agent's home {name} cannot be there: {} is a file and no folder. Choose a folder with --home.",
                place.display()
            )
        }),
        (_, Err(error)) => Some(unreadable(home, &error)),
        (place, Ok(_)) if place == home => fs::read_dir(home).err().map(|error| unreadable(home, &error)),
        _ => None,
    }
}

fn unreadable(home: &Path, error: &std::io::Error) -> String {
    format!("The agent's home {} cannot be read: {error}. Choose another with --home.", home.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::home::Home;

    #[test]
    fn a_home_that_is_a_file_or_below_one_is_called_so_and_a_folder_that_is_there_or_not_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let why = in_the_way(&file).unwrap();
        assert!(why.ends_with("file is a file and no folder. Choose a folder with --home."), "{why}");
        assert_eq!(Home::open(&file).unwrap_err(), why);
        let below = file.join("deep/home");
        let why = in_the_way(&below).unwrap();
        assert!(why.contains("deep/home cannot be there: ") && why.contains("/file is a file and no folder."), "{why}");
        assert_eq!(Home::open(&below).unwrap_err(), why);
        assert_eq!((in_the_way(folder.path()), in_the_way(&folder.path().join("new/home"))), (None, None));
    }
}
