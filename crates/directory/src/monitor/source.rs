//! Where consistency proofs come from: a log directory, a published log, a package.

use super::WatchedLog;
use crate::{DirectoryError, Layout, LogDirectory, Settings, TileFolder};
use ai_audit_core::NodeHash;
use ai_audit_export::archive::is_zip;
use ai_audit_export::package_tree;
use ai_audit_export::tiles::PublishedLog;
use ai_audit_merkle::{MemoryTree, NodeReader, Tiled, TreeSize};
use ai_audit_note::{Checkpoint, SignedNote};
use ai_audit_store::StoreTiles;
use std::fmt::Display;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Something that has a log's tree. It need not be trusted: what it leads to is held against
/// checkpoints that the log signed.
#[derive(Debug)]
pub struct MonitorSource {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Directory(Box<LogDirectory>),
    Tiles(TileFolder),
    Package(Box<SignedNote>, Box<MemoryTree>),
}

/// What a source showed of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// How many receipts it has; `None` if it has none of this log.
    pub size: Option<u64>,
    /// Sizes of checkpoints whose root it does not have.
    pub not_matching: Vec<u64>,
    /// Sizes of checkpoints that lie beyond its end.
    pub beyond: Vec<u64>,
    /// What could not be used of it.
    pub warnings: Vec<String>,
}

impl MonitorSource {
    /// Opens what is at a path.
    ///
    /// # Errors
    ///
    /// When it is nothing that has a log's tree, or cannot be read.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, DirectoryError> {
        let not_a_source = |what: String| DirectoryError::NotASource {
            path: path.into(),
            what,
        };
        let kind = if Layout::is_log_directory(path) {
            Kind::Directory(Box::new(LogDirectory::open(path, settings)?))
        } else if TileFolder::is_published_log(path) {
            Kind::Tiles(TileFolder::open(path))
        } else {
            let unreadable = |error: std::io::Error| not_a_source(error.to_string());
            let mut start = Vec::new();
            let file = File::open(path).map_err(unreadable)?;
            // A folder opens here, and does not read.
            let read = file.take(64).read_to_end(&mut start);
            if read.is_err() || !is_zip(&start) {
                let what = "expected a log directory, a published log or a package";
                return Err(not_a_source(what.into()));
            }
            let file = File::open(path).map_err(unreadable)?;
            let (note, tree) =
                package_tree(file).map_err(|error| not_a_source(error.to_string()))?;
            Kind::Package(Box::new(note), Box::new(tree))
        };
        Ok(Self {
            path: path.into(),
            kind,
        })
    }

    /// Compares what was seen of a log with this source's tree, and keeps what that shows. Its own
    /// newest checkpoint, signed by the log, is one more that was seen.
    ///
    /// # Errors
    ///
    /// When the source cannot be read, or something cannot be written.
    pub fn check(&mut self, log: &mut WatchedLog) -> Result<SourceReport, DirectoryError> {
        let origin = log.origin().to_owned();
        let path = self.path.clone();
        let unreadable = |error: &dyn Display| DirectoryError::Damaged {
            path: path.clone(),
            what: error.to_string(),
        };
        match &mut self.kind {
            Kind::Directory(directory) => {
                for name in directory.logs()? {
                    let own = directory.key_line(&name);
                    if !own.is_ok_and(|line| line.name() == origin) {
                        continue;
                    }
                    let size = directory.head(&name)?.size();
                    let newest = directory.store().latest_checkpoint(&name)?;
                    let nodes = Tiled::new(StoreTiles::new(directory.store(), &name));
                    let newest = newest.map(|stored| stored.note);
                    return log.compare(nodes, TreeSize::new(size), newest, &path);
                }
            }
            Kind::Tiles(folder) => {
                let published = PublishedLog::open(folder).map_err(|error| unreadable(&error))?;
                let checkpoint = published.checkpoint();
                if checkpoint.origin == origin {
                    let note = published.note().to_string();
                    return log.compare(published.nodes(), checkpoint.size, Some(note), &path);
                }
            }
            Kind::Package(note, tree) => {
                let own = Checkpoint::parse(note.text()).map_err(|error| unreadable(&error))?;
                if own.origin == origin {
                    let (note, size) = (note.to_string(), tree.size());
                    return log.compare(&mut **tree, size, Some(note), &path);
                }
            }
        }
        let mut report = SourceReport::default();
        report
            .warnings
            .push(format!("{} has nothing of this log", path.display()));
        Ok(report)
    }
}

impl WatchedLog {
    /// Compares with a tree, after the checkpoint that came with it was seen.
    fn compare<R>(
        &mut self,
        nodes: R,
        size: TreeSize,
        newest: Option<String>,
        path: &Path,
    ) -> Result<SourceReport, DirectoryError>
    where
        R: NodeReader,
        R::Error: Display,
    {
        let mut report = SourceReport {
            size: Some(size.as_u64()),
            ..SourceReport::default()
        };
        if let Some(note) = newest {
            match self.see(note.as_bytes(), path) {
                Ok(_) => {}
                // Its nodes may be right all the same.
                Err(DirectoryError::Damaged { what, .. }) => {
                    let path = path.display();
                    report
                        .warnings
                        .push(format!("{path}, own checkpoint: {what}"));
                }
                Err(error) => return Err(error),
            }
        }
        let findings = self
            .monitor
            .check(&mut Told(nodes), size)
            .map_err(|error| DirectoryError::Damaged {
                path: path.into(),
                what: error.to_string(),
            })?;
        for proof in &findings.links {
            self.keep_link(proof)?;
        }
        for proof in findings.equivocations {
            self.convict(proof)?;
        }
        let sizes = |sizes: Vec<TreeSize>| sizes.into_iter().map(TreeSize::as_u64).collect();
        report.not_matching = sizes(findings.not_matching);
        report.beyond = sizes(findings.beyond);
        Ok(report)
    }
}

/// Any node reader, its errors as texts.
struct Told<R>(R);

impl<R> NodeReader for Told<R>
where
    R: NodeReader,
    R::Error: Display,
{
    type Error = String;

    fn node(&mut self, level: u32, index: u64) -> Result<NodeHash, String> {
        self.0.node(level, index).map_err(|error| error.to_string())
    }
}
