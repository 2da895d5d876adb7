//! A published log in a folder: plain files below it, and nothing that leads out of it.

use crate::durable::{make_folder, remove, sync_folder};
use crate::error::io_at;
use crate::{DirectoryError, Layout};
use ai_audit_export::tiles::{
    FileBytes, PUBLISH_LOCK, PUBLISH_PART, TILES_CHECKPOINT, TILES_FOLDER, TileFiles, TileStore,
};
use ai_audit_store::WriterLock;
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Files that are written before they are made durable, which is the faster the more there are.
const MAX_UNSYNCED: usize = 4096;
/// No file of a published log lies deeper.
const MAX_DEPTH: usize = 12;

/// A folder that holds a published log, or will.
#[derive(Debug)]
pub struct TileFolder {
    root: PathBuf,
    /// Held while it is written to.
    lock: Option<WriterLock>,
    unsynced: Vec<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl TileFolder {
    /// A folder to read. It may be a symbolic link; below it none is followed.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self {
            root: path.into(),
            lock: None,
            unsynced: Vec::new(),
            folders: BTreeSet::new(),
        }
    }

    /// A folder to publish into, which is made if it is not there. Nobody else publishes into it
    /// as long as this lives.
    ///
    /// # Errors
    ///
    /// When it holds something else, somebody else is publishing into it, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, DirectoryError> {
        if let Some(name) = foreign(path).map_err(io_at(path))? {
            return Err(DirectoryError::NotForTiles {
                path: path.into(),
                name,
            });
        }
        make_folder(path)?;
        let lock = WriterLock::acquire(&path.join(PUBLISH_LOCK))?;
        Ok(Self {
            lock: Some(lock),
            ..Self::open(path)
        })
    }

    /// Whether a folder looks like a published log.
    #[must_use]
    pub fn is_published_log(path: &Path) -> bool {
        !Layout::is_log_directory(path)
            && (path.join(TILES_FOLDER).is_dir() || path.join(TILES_CHECKPOINT).is_file())
    }

    /// The path of a name and what is there, if anything. A symbolic link on the way is refused.
    ///
    /// Whoever can write into the folder while it is read could put one there in between; all he
    /// gains is that something else than a tile is compared with a hash.
    fn place(&self, name: &str) -> io::Result<(PathBuf, Option<Metadata>)> {
        let mut path = self.root.clone();
        let mut found = None;
        for part in name.split('/') {
            if part.is_empty() || part == "." || part == ".." || part.contains(['\\', ':', '\0']) {
                return Err(io::Error::other("not a name of a file in a published log"));
            }
            path.push(part);
            found = match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => {
                    let shown = path.strip_prefix(&self.root).unwrap_or(&path).display();
                    let what = format!("{shown} is a symbolic link, which is not followed");
                    return Err(io::Error::other(what));
                }
                Ok(metadata) => Some(metadata),
                Err(error) if absent(&error) => None,
                Err(error) => return Err(error),
            };
        }
        Ok((path, found))
    }

    /// A plain file's path and length.
    fn file(&self, name: &str) -> io::Result<Option<(PathBuf, u64)>> {
        match self.place(name)? {
            (_, None) => Ok(None),
            // A pipe or a device would be read for ever, or never answer.
            (_, Some(metadata)) if !metadata.is_file() => Err(io::Error::other("no plain file")),
            (path, Some(metadata)) => Ok(Some((path, metadata.len()))),
        }
    }

    /// The folders above a name, made where they are not there.
    fn make_folders(&mut self, name: &str) -> io::Result<()> {
        for (end, _) in name.match_indices('/') {
            let (path, found) = self.place(&name[..end])?;
            if found.is_none() {
                fs::create_dir(&path)?;
                self.touch(&path);
            }
        }
        Ok(())
    }

    /// Remembers that the folder above a path has to be made durable.
    fn touch(&mut self, path: &Path) {
        self.folders.extend(path.parent().map(Path::to_path_buf));
    }

    fn writable(&self) -> io::Result<()> {
        match self.lock {
            Some(_) => Ok(()),
            None => Err(io::Error::other("the folder was opened for reading")),
        }
    }
}

impl TileFiles for TileFolder {
    type Error = io::Error;

    fn read(&self, name: &str, max: u64) -> io::Result<Option<FileBytes>> {
        let Some((path, len)) = self.file(name)? else {
            return Ok(None);
        };
        if len > max {
            return Ok(Some(FileBytes::TooLong(len)));
        }
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut contents = Vec::new();
        // It may have grown since.
        file.take(max.saturating_add(1))
            .read_to_end(&mut contents)?;
        let found = contents.len() as u64;
        Ok(Some(if found > max {
            FileBytes::TooLong(found)
        } else {
            FileBytes::Whole(contents)
        }))
    }

    fn names(&self, visit: &mut dyn FnMut(&str)) -> io::Result<()> {
        let mut folders = vec![(self.root.clone(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = folders.pop() {
            let mut entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                // What is a link is not followed, what lies too deep is refused by its name.
                if entry.file_type()?.is_dir() && depth < MAX_DEPTH {
                    folders.push((entry.path(), format!("{name}/"), depth + 1));
                } else {
                    visit(&name);
                }
            }
        }
        Ok(())
    }
}

impl TileStore for TileFolder {
    fn write(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.writable()?;
        self.make_folders(name)?;
        let (path, found) = self.place(name)?;
        let part = self.root.join(PUBLISH_PART);
        remove(&part)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&part)?;
        file.write_all(contents)?;
        // What takes the place of a file must not do so before it is there itself. Others are
        // relied on only after `sync`.
        if found.is_some() || name == TILES_CHECKPOINT {
            file.sync_all()?;
        } else {
            self.unsynced.push(path.clone());
        }
        fs::rename(&part, &path)?;
        self.touch(&path);
        if self.unsynced.len() >= MAX_UNSYNCED {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        for path in std::mem::take(&mut self.unsynced) {
            File::open(&path)?.sync_all()?;
        }
        for folder in std::mem::take(&mut self.folders) {
            sync_folder(&folder)?;
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.writable()?;
        let (path, found) = self.place(name)?;
        if found.is_some() {
            remove(&path)?;
            self.unsynced.retain(|unsynced| *unsynced != path);
            self.touch(&path);
        }
        // The folders that it was the last file of go with it; one that is not empty stays.
        for (end, _) in name.rmatch_indices('/') {
            let (folder, found) = self.place(&name[..end])?;
            if found.is_none() || fs::remove_dir(&folder).is_err() {
                break;
            }
            self.folders.remove(&folder);
            self.touch(&folder);
        }
        Ok(())
    }
}

/// A name in a folder that shows that it holds something else than a published log.
fn foreign(path: &Path) -> io::Result<Option<String>> {
    if TileFolder::is_published_log(path) {
        return Ok(None);
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if ![PUBLISH_LOCK, PUBLISH_PART].contains(&name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Nothing is there, or what is above is no folder.
fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
