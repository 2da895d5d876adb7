//! The stamp beside a built page: what it was built from. `cargo xtask page` writes it, and the build
//! script of the command line holds the sources against it.

use std::fs;
use std::io;
use std::path::Path;

/// What stands in the stamp of a page: the version, the page's own sum, then each source with its sum.
pub(crate) struct Stamp<'t> {
    version: &'t str,
    page: &'t str,
    sources: Vec<(&'t str, &'t str)>,
}

impl<'t> Stamp<'t> {
    /// Reads one; none where the text is none.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let mut lines = text.lines();
        let version = lines.next()?.strip_prefix("version ")?;
        let page = lines.next()?.strip_prefix("page ")?;
        let sources: Option<Vec<_>> = lines.map(|line| line.split_once(' ')).collect();
        Some(Self {
            version,
            page,
            sources: sources.filter(|sources| !sources.is_empty())?,
        })
    }

    /// Names of the sources, from the workspace's root.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'t str> {
        self.sources.iter().map(|(_, name)| *name)
    }

    /// Why `page` is not what the sources under `root` make in this version; none where it is.
    pub(crate) fn stale(&self, version: &str, page: &[u8], root: &Path) -> Option<String> {
        if self.version != version {
            return Some(format!(
                "it is of version {}, and this is {version}",
                self.version
            ));
        }
        if self.page != sum(page) {
            return Some("its stamp is of another page".into());
        }
        let changed = self.sources.iter().find(|(old, name)| {
            let now = fs::read(root.join(name));
            now.map(|bytes| sum(&bytes)).ok().as_deref() != Some(*old)
        });
        changed.map(|(_, name)| format!("{name} has changed since it was built"))
    }
}

/// Writes the stamp of `page`, built from `names` under `root`.
///
/// # Errors
///
/// When a source cannot be read.
#[allow(dead_code, reason = "the build script only reads")]
pub(crate) fn text(
    version: &str,
    page: &[u8],
    root: &Path,
    names: &[String],
) -> io::Result<String> {
    let mut text = format!("version {version}\npage {}\n", sum(page));
    for name in names {
        let source = fs::read(root.join(name))?;
        text += &format!("{} {name}\n", sum(&source));
    }
    Ok(text)
}

/// FNV-1a of 64 bits: it tells a file that was changed since, not one that was forged, which a build
/// could not tell at all.
fn sum(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{sum:016x}")
}
