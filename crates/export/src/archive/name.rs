//! Which names an entry may have, alone and beside the others.

use std::collections::BTreeMap;

use thiserror::Error;

/// Rules for names. A name that keeps them means one and the same file below the folder it is
/// unpacked to, on Unix, macOS and Windows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameRule {
    /// No name at all.
    #[error("the name is empty")]
    Empty,
    /// Too long.
    #[error("the name has {len} bytes, at most {max} are allowed")]
    TooLong {
        /// Length in bytes.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A byte above 126.
    #[error("the name has a byte that is not printable ASCII at position {0}")]
    NotPrintableAscii(usize),
    /// `\`, which Windows takes for a separator.
    #[error("the name has a backslash")]
    Backslash,
    /// Starts with `/`.
    #[error("the name is an absolute path")]
    Absolute,
    /// A letter and a colon.
    #[error("the name starts with a drive letter")]
    DriveLetter,
    /// Ends with `/`.
    #[error("it is a directory; only files are allowed")]
    Directory,
    /// `//`.
    #[error("the name has an empty path component")]
    EmptyComponent,
    /// `.` or `..`.
    #[error("the name has a path component \"{0}\"")]
    DotComponent(&'static str),
    /// A character that some file system gives a meaning to or cannot store.
    #[error("the name has the character {0:?}")]
    Character(char),
    /// Windows drops a space or dot at the end, some tools a space at the start.
    #[error("a path component starts or ends with a space, or ends with a dot")]
    Edge,
    /// A name that Windows reserves for devices.
    #[error("a path component is a device name on Windows")]
    Device,
    /// The very same name again.
    #[error("the name occurs twice")]
    Duplicate,
    /// The same name in other letters.
    #[error("the name differs only by case from \"{0}\"")]
    Case(String),
    /// A file where another entry's path needs a folder.
    #[error("\"{0}\" is both a file and a folder")]
    FileAndFolder(String),
}

/// Longest name of a file in bytes, as file systems have it.
const MAX_PLAIN: usize = 255;

/// Checks a name alone.
///
/// # Errors
///
/// The first rule that the name breaks.
pub(super) fn check(name: &[u8], max: usize) -> Result<&str, NameRule> {
    if name.is_empty() {
        return Err(NameRule::Empty);
    }
    if name.len() > max {
        return Err(NameRule::TooLong {
            len: name.len(),
            max,
        });
    }
    if let Some(at) = name.iter().position(|b| !(0x20..0x7f).contains(b)) {
        return Err(NameRule::NotPrintableAscii(at));
    }
    // Cannot fail after the check above.
    let text =
        core::str::from_utf8(name).map_err(|e| NameRule::NotPrintableAscii(e.valid_up_to()))?;
    if text.contains('\\') {
        return Err(NameRule::Backslash);
    }
    if text.starts_with('/') {
        return Err(NameRule::Absolute);
    }
    if let [letter, b':', ..] = name
        && letter.is_ascii_alphabetic()
    {
        return Err(NameRule::DriveLetter);
    }
    if let Some(found) = text.chars().find(|c| ":*?\"<>|".contains(*c)) {
        return Err(NameRule::Character(found));
    }
    if text.ends_with('/') {
        return Err(NameRule::Directory);
    }
    text.split('/').try_for_each(check_component)?;
    Ok(text)
}

/// Checks the name of a file that is to lie in the same folder: a name as in an archive, and no path.
///
/// # Errors
///
/// The first rule that the name breaks.
pub(crate) fn plain_name(name: &str) -> Result<(), NameRule> {
    check(name.as_bytes(), MAX_PLAIN)?;
    match name.contains('/') {
        true => Err(NameRule::Character('/')),
        false => Ok(()),
    }
}

fn check_component(part: &str) -> Result<(), NameRule> {
    match part {
        "" => return Err(NameRule::EmptyComponent),
        "." => return Err(NameRule::DotComponent(".")),
        ".." => return Err(NameRule::DotComponent("..")),
        _ => {}
    }
    if part.starts_with(' ') || part.ends_with([' ', '.']) {
        return Err(NameRule::Edge);
    }
    // Windows looks only at what stands before the first dot, without the spaces at its end.
    let stem = part
        .split('.')
        .next()
        .unwrap_or(part)
        .trim_end()
        .to_ascii_uppercase();
    let numbered = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    let numbered =
        numbered.is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit());
    if numbered
        || matches!(
            stem.as_str(),
            "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
        )
    {
        return Err(NameRule::Device);
    }
    Ok(())
}

/// The names of an archive so far, with the folders that they imply.
#[derive(Debug, Default)]
pub(super) struct NameSet {
    /// By path in lower case: the path as it was spelled, and whether it is a file.
    paths: BTreeMap<String, (String, bool)>,
}

impl NameSet {
    /// Takes the name of one more file.
    ///
    /// # Errors
    ///
    /// A rule of [`NameRule`] about several names; the set is then of no more use.
    pub(super) fn insert(&mut self, name: &str) -> Result<(), NameRule> {
        for (at, _) in name.match_indices('/') {
            self.insert_path(&name[..at], false)?;
        }
        self.insert_path(name, true)
    }

    fn insert_path(&mut self, path: &str, is_file: bool) -> Result<(), NameRule> {
        let Some((known, known_file)) = self.paths.get(&path.to_ascii_lowercase()) else {
            self.paths
                .insert(path.to_ascii_lowercase(), (path.to_owned(), is_file));
            return Ok(());
        };
        match (known == path, *known_file, is_file) {
            (false, ..) => Err(NameRule::Case(known.clone())),
            (true, true, true) => Err(NameRule::Duplicate),
            (true, false, false) => Ok(()),
            (true, ..) => Err(NameRule::FileAndFolder(known.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_pass() {
        for name in [
            "receipts.bin",
            "proofs/0.json",
            "README.md",
            "a b/c-d_e.f",
            ".hidden",
            "com",
            "console",
            "..a",
            "lpt10",
            "v1..2",
        ] {
            assert_eq!(check(name.as_bytes(), 255), Ok(name), "{name}");
        }
    }

    #[test]
    fn device_names_and_edges_are_refused() {
        for name in ["con", "a/NUL", "lpt1.txt", "Aux .x"] {
            assert_eq!(check(name.as_bytes(), 255), Err(NameRule::Device), "{name}");
        }
        for name in [" a", "a ", "a.", "a/b./c", "..."] {
            assert_eq!(check(name.as_bytes(), 255), Err(NameRule::Edge), "{name}");
        }
    }

    #[test]
    fn folders_clash_like_files() {
        let mut set = NameSet::default();
        assert_eq!(set.insert("a/b"), Ok(()));
        assert_eq!(set.insert("a/c/d"), Ok(()));
        assert_eq!(set.insert("A/e"), Err(NameRule::Case("a".into())));
        assert_eq!(
            set.insert("a/b/x"),
            Err(NameRule::FileAndFolder("a/b".into()))
        );
        assert_eq!(
            set.insert("a/c"),
            Err(NameRule::FileAndFolder("a/c".into()))
        );
        assert_eq!(set.insert("a/b"), Err(NameRule::Duplicate));
    }
}
