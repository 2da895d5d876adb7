//! Where files may be read, and nowhere else.

use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};

/// The most bytes of a file, or of a folder's files together.
pub const MAX_BYTES: u64 = 1 << 30;
/// The most files and folders below a folder.
const MAX_ENTRIES: usize = 1 << 16;
/// The deepest folder below one that is named.
const MAX_LEVELS: usize = 12;
/// The longest path, in bytes.
const MAX_PATH: usize = 4096;

/// Folders in which files may be read.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<PathBuf>);

/// Why a path is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// A root is no folder.
    #[error("{}: {error}", .path.display())]
    Root {
        /// The root.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no root.
    #[error("path: this server was started without --root, and reads no files")]
    NoRoots,
    /// It leads elsewhere.
    #[error("path: expected one below a root, without `..`")]
    Outside,
    /// A link could lead elsewhere.
    #[error("path: it goes over a link, which is not followed")]
    Link,
    /// There is nothing.
    #[error("path: there is no such file or folder below the roots")]
    Missing,
    /// It is neither a file nor a folder.
    #[error("path: expected a file or a folder")]
    Special,
    /// It holds more than is looked at.
    #[error("path: expected at most {MAX_BYTES} bytes in {MAX_ENTRIES} files, 12 levels deep")]
    TooLarge,
}

impl Roots {
    /// Takes folders that are there. Links on the way to them are followed once, now.
    ///
    /// # Errors
    ///
    /// [`RootError::Root`].
    pub fn new<'p>(folders: impl IntoIterator<Item = &'p Path>) -> Result<Self, RootError> {
        let folders = folders.into_iter().map(|path| {
            let failed = |error| RootError::Root {
                path: path.into(),
                error,
            };
            let folder = path.canonicalize().map_err(failed)?;
            match folder.is_dir() {
                true => Ok(folder),
                false => Err(failed(std::io::ErrorKind::NotADirectory.into())),
            }
        });
        Ok(Self(folders.collect::<Result<_, _>>()?))
    }

    /// The file or folder that a path names: relative to a root, or absolute inside of one.
    ///
    /// # Errors
    ///
    /// Why it is not read. What stands outside of the roots is never looked at, so that nothing is said
    /// of it.
    pub fn find(&self, text: &str) -> Result<PathBuf, RootError> {
        if self.0.is_empty() {
            return Err(RootError::NoRoots);
        }
        if text.is_empty() || text.len() > MAX_PATH || text.contains('\0') {
            return Err(RootError::Outside);
        }
        let path = Path::new(text);
        let mut last = RootError::Outside;
        for root in &self.0 {
            let below = match path.is_absolute() {
                false => path,
                true => match path.strip_prefix(root) {
                    Ok(below) => below,
                    Err(_) => continue,
                },
            };
            match descend(root, below) {
                Err(RootError::Missing) => last = RootError::Missing,
                found => return found,
            }
        }
        Err(last)
    }
}

/// Goes down from a root, a component at a time, and over no link.
fn descend(root: &Path, below: &Path) -> Result<PathBuf, RootError> {
    let mut place = root.to_owned();
    for component in below.components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::CurDir => continue,
            _ => return Err(RootError::Outside),
        }
        let found = fs::symlink_metadata(&place).map_err(|_| RootError::Missing)?;
        check(&found)?;
    }
    let found = fs::symlink_metadata(&place).map_err(|_| RootError::Missing)?;
    let mut size = Size::default();
    match found.is_dir() {
        true => size.add_folder(&place, 0)?,
        false => size.add(&found)?,
    }
    Ok(place)
}

fn check(found: &Metadata) -> Result<(), RootError> {
    if found.is_symlink() {
        return Err(RootError::Link);
    }
    match found.is_file() || found.is_dir() {
        true => Ok(()),
        false => Err(RootError::Special),
    }
}

/// What is below a folder.
#[derive(Debug, Default)]
struct Size {
    bytes: u64,
    entries: usize,
}

impl Size {
    fn add(&mut self, found: &Metadata) -> Result<(), RootError> {
        check(found)?;
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(found.len());
        match self.bytes > MAX_BYTES || self.entries > MAX_ENTRIES {
            true => Err(RootError::TooLarge),
            false => Ok(()),
        }
    }

    /// Whatever opens a folder opens files in it: a link among them would lead out.
    fn add_folder(&mut self, folder: &Path, level: usize) -> Result<(), RootError> {
        if level > MAX_LEVELS {
            return Err(RootError::TooLarge);
        }
        let entries = fs::read_dir(folder).map_err(|_| RootError::Missing)?;
        for entry in entries {
            let place = entry.map_err(|_| RootError::Missing)?.path();
            let Ok(found) = fs::symlink_metadata(&place) else {
                // Gone again: a writer works beside us.
                continue;
            };
            self.add(&found)?;
            if found.is_dir() {
                self.add_folder(&place, level + 1)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(roots: &Roots, path: &str) -> String {
        roots.find(path).unwrap_err().to_string()
    }

    #[test]
    fn paths_stay_below_their_roots() {
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("root"), folder.path().join("other"));
        for path in [&root, &other] {
            fs::create_dir_all(path.join("deep")).unwrap();
            fs::write(path.join("deep/file"), "x").unwrap();
        }
        let roots = Roots::new([root.as_path()]).unwrap();
        let real = root.canonicalize().unwrap();
        assert_eq!(roots.find("deep/file").unwrap(), real.join("deep/file"));
        assert_eq!(roots.find("./deep").unwrap(), real.join("deep"));
        let absolute = real.join("deep/file");
        assert_eq!(roots.find(absolute.to_str().unwrap()).unwrap(), absolute);
        for path in [
            "../other/deep/file",
            "deep/../../other",
            "",
            "/",
            "/etc/passwd",
            "a\0b",
        ] {
            assert!(why(&roots, path).contains("below a root"), "{path}");
        }
        let outside = other.join("deep/file");
        assert!(why(&roots, outside.to_str().unwrap()).contains("below a root"));
        assert!(why(&roots, "none").contains("no such file"));
        assert!(matches!(
            Roots::default().find("x"),
            Err(RootError::NoRoots)
        ));
        assert!(Roots::new([root.join("deep/file").as_path()]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_are_not_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (root, secret) = (folder.path().join("root"), folder.path().join("secret"));
        fs::create_dir_all(root.join("log")).unwrap();
        fs::write(&secret, "x").unwrap();
        symlink(&secret, root.join("file")).unwrap();
        symlink(folder.path(), root.join("up")).unwrap();
        let roots = Roots::new([root.as_path()]).unwrap();
        assert!(why(&roots, "file").contains("link"));
        assert!(why(&roots, "up/secret").contains("link"));
        assert!(roots.find("log").is_ok());
        symlink(&secret, root.join("log/database")).unwrap();
        assert!(why(&roots, "log").contains("link"), "a link in a folder");
        let socket = std::os::unix::net::UnixListener::bind(root.join("socket"));
        assert!(socket.is_err() || why(&roots, "socket").contains("a file or a folder"));
    }
}
