//! Objects as files of a local folder: synced before they are named, replaced under a lock.

use crate::codec::digest;
use crate::objects::{Listed, Objects, Since, Tag, most, too_long};
use ai_audit_core::LeafHash;
use ai_audit_store::StoreError;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

/// Held while an object is replaced.
const LOCK: &str = "lock";
/// What is about to become the root, and how the names of files end that are about to become objects. A file is new each
/// time: after a sync that failed a second one of the same file may say that all is well.
const NEW: &str = "new";

/// Bytes that are written to see whether there is room.
const PROBE: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    shown: String,
    /// Folders that are surely there after a crash. One that is there may have been made a moment ago, by somebody who
    /// has not come to sync what it is in.
    known: Mutex<HashSet<PathBuf>>,
}

impl Folder {
    /// Takes a folder; makes it, where it may.
    pub(crate) fn open(root: &Path, create: bool) -> Result<Self, StoreError> {
        let folder = Self {
            root: root.to_path_buf(),
            shown: format!("folder {}", root.display()),
            known: Mutex::default(),
        };
        if create && !root.is_dir() {
            make_folder(root)?;
        }
        if !root.is_dir() {
            return Err(StoreError::NotAStore {
                what: format!("{}: there is no such folder", root.display()),
            });
        }
        Ok(folder)
    }

    /// Sees to it that a folder below the root is there, after a crash too.
    fn have(&self, folder: &Path) -> Result<(), StoreError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if folder == self.root || known().contains(folder) && folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.have(above)?;
        }
        make_folder(folder)?;
        known().insert(folder.to_path_buf());
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn create(&self, name: &str, content: &[u8]) -> Result<PathBuf, StoreError> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.root).to_path_buf();
        self.have(&folder)?;
        // Never by what is there: what a sync failed for is read back from memory, and may not be on the disk.
        let new = path.with_extension(NEW);
        remove(&new)?;
        write(&new, content)?;
        fs::rename(&new, &path).map_err(|error| failed("renaming to", &path, &error))?;
        Ok(folder)
    }

    fn list_into(&self, folder: &Path, out: &mut Vec<Listed>) -> Result<(), StoreError> {
        let failed = |error: &std::io::Error| failed("listing", folder, error);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| failed(&error))?.path();
            if path.is_dir() {
                self.list_into(&path, out)?;
                continue;
            }
            let name = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            // Somebody may have deleted it meanwhile.
            let (Some(name), Ok(metadata)) = (name, fs::metadata(&path)) else {
                continue;
            };
            let written = metadata.modified().ok();
            let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            out.push(Listed {
                name: name.replace(std::path::MAIN_SEPARATOR, "/"),
                written: written.map_or(u64::MAX, |since| {
                    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
                }),
            });
        }
        Ok(())
    }
}

impl Objects for Folder {
    fn place(&self) -> &str {
        &self.shown
    }

    fn get(&self, name: &str) -> Result<Option<(Vec<u8>, Tag)>, StoreError> {
        let path = self.path(name);
        let mut content = Vec::new();
        let most = u64::try_from(most(name)).unwrap_or(u64::MAX);
        let read = |file: File| file.take(most.saturating_add(1)).read_to_end(&mut content);
        // A pipe would never answer, and the folder may be an enemy's.
        let plain = |found: fs::Metadata| match found.is_file() {
            true => File::open(&path),
            false => Err(std::io::Error::other("expected a plain file")),
        };
        match fs::metadata(&path).and_then(plain).and_then(read) {
            Ok(len) if u64::try_from(len).is_ok_and(|len| len > most) => Err(too_long(name)),
            Ok(_) => {
                let tag = tag_of(&content);
                Ok(Some((content, tag)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("reading", &path, &error)),
        }
    }

    /// By the content: times of files are too coarse to tell one from the next.
    fn since(&self, name: &str, tag: &Tag) -> Result<Since, StoreError> {
        Ok(match self.get(name)? {
            None => Since::Gone,
            Some((_, found)) if found == *tag => Since::Same,
            Some((content, found)) => Since::New(content, found),
        })
    }

    fn create_all(&self, objects: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        let mut folders = Vec::new();
        for (name, content) in objects {
            let folder = self.create(&name, &content)?;
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    fn swap(
        &self,
        name: &str,
        expected: Option<&Tag>,
        content: Vec<u8>,
    ) -> Result<Option<Tag>, StoreError> {
        let (lock, path) = (self.path(LOCK), self.path(name));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(|error| failed("opening", &lock, &error))?;
        file.lock()
            .map_err(|error| failed("locking", &lock, &error))?;
        // The lock goes with the file.
        let found = self.get(name)?.map(|(_, tag)| tag);
        if found.as_ref() != expected {
            return Ok(None);
        }
        let folder = path.parent().unwrap_or(&self.root);
        self.have(folder)?;
        let new = self.path(NEW);
        remove(&new)?;
        write(&new, &content)?;
        fs::rename(&new, &path).map_err(|error| failed("renaming to", &path, &error))?;
        sync_folder(folder)?;
        Ok(Some(tag_of(&content)))
    }

    fn delete_all(&self, names: &[String]) -> Result<(), StoreError> {
        let mut folders = Vec::new();
        for name in names {
            let path = self.path(name);
            // Where it is gone the call before may have ended before it synced.
            remove(&path)?;
            if let Some(folder) = path.parent()
                && folder.is_dir()
                && !folders.contains(&folder.to_path_buf())
            {
                folders.push(folder.to_path_buf());
            }
        }
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut out = Vec::new();
        self.list_into(&self.path(prefix.trim_end_matches('/')), &mut out)?;
        Ok(out)
    }

    fn first(&self, prefix: &str, most: usize) -> Result<Vec<String>, StoreError> {
        let folder = self.path(prefix.trim_end_matches('/'));
        let failed = |error: &std::io::Error| failed("listing", &folder, error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| failed(&error))?.file_name();
            names.extend(name.to_str().map(|name| format!("{prefix}{name}")));
        }
        names.sort_unstable();
        names.truncate(most);
        Ok(names)
    }

    /// Rights of a folder, a disk that is only read or full: nobody knows them all but by a file that is written. The first one,
    /// of the whole, says whether there is room.
    fn may_change(&self, prefix: &str) -> Result<(), StoreError> {
        let folder = self.path(prefix.trim_end_matches('/'));
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("listing", &folder, &error)),
        };
        let probe = folder.join("may-change").with_extension(NEW);
        remove(&probe)?;
        // Nothing is followed to where a link leads: the folder may be an enemy's. What is written anew needs room, once.
        let content: &[u8] = if prefix.is_empty() { &[0; PROBE] } else { &[] };
        let written = File::create_new(&probe).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
        let gone = remove(&probe);
        written.map_err(|error| failed("writing", &probe, &error))?;
        gone?;
        for entry in entries {
            let failed = |error| failed("listing", &folder, &error);
            let below = entry.map_err(failed)?;
            if !prefix.is_empty() && below.file_type().map_err(failed)?.is_dir() {
                let name = below.file_name();
                self.may_change(&format!("{prefix}{}/", name.to_string_lossy()))?;
            }
        }
        Ok(())
    }

    fn keeps_versions(&self) -> bool {
        false
    }
}

fn tag_of(content: &[u8]) -> Tag {
    Tag {
        e_tag: Some(LeafHash::from_bytes(digest(content)).to_string()),
        version: None,
    }
}

fn failed(tried: &str, path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::from_io(&format!("{tried} {}", path.display()), error)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("deleting", path, &error)),
        _ => Ok(()),
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|error| failed("writing", path, &error))
}

fn sync_file(path: &Path) -> Result<(), StoreError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| failed("syncing", path, &error))
}

/// Where a folder cannot be synced by itself its entries are durable without.
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        return sync_file(folder);
    }
    Ok(())
}

/// Makes a folder and those above it, so that they are there after a crash too.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let above = folder.parent().filter(|above| above != &Path::new(""));
    if let Some(above) = above
        && !above.is_dir()
    {
        make_folder(above)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed("making", folder, &error)),
    }
    sync_folder(above.unwrap_or(Path::new(".")))
}
