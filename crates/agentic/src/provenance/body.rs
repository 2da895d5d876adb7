//! The body of a provenance receipt: sources, and the Merkle root that commits to each of them.

use super::{Source, Trust};
use crate::tracegraph::check_parents;
use ai_audit_core::{Body, BodyError, Kind, LeafHash, List, NodeHash, Timestamp};
use ai_audit_merkle::root_of;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The most sources of a receipt.
pub const MAX_SOURCES: usize = 4096;

/// Which sources went into a decision.
///
/// Seal it before the decision, and name it among the decision's parents: then the decision commits
/// to every source.
///
/// ```
/// use ai_audit_agentic::{Provenance, Source, SourceOrigin, Trust};
/// use ai_audit_core::Body as _;
/// let page = Source {
///     uri: "https://example.org/offer".into(),
///     ..Source::new(SourceOrigin::Document, Trust::new(20)?, "web page")
/// };
/// let prompt = Source::new(SourceOrigin::System, Trust::FULL, "prompt");
/// let provenance = Provenance::of_sources(vec![prompt, page.clone()]);
/// assert!(provenance.check().is_ok());
/// assert_eq!(provenance.lowest, Trust::new(20)?);
/// // One source is shown without the others.
/// let proof = provenance.prove(1).ok_or("there are two")?;
/// let kept_elsewhere = provenance.without_sources();
/// assert!(proof.verify(&page, &kept_elsewhere).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Provenance<'a> {
    /// When it was so, if that is not when it was sealed.
    pub occurred_at: Option<Timestamp>,
    /// The receipt that the sources went into, where that was sealed before this one.
    pub of: Option<LeafHash>,
    /// Number of sources; 1 to [`MAX_SOURCES`].
    pub size: u64,
    /// Root of the RFC 6962 tree over the sources' hashes.
    pub root: NodeHash,
    /// The least trust among the sources.
    pub lowest: Trust,
    /// All sources in their order; or none, where they are kept elsewhere.
    pub sources: List<'a, Source<'a>>,
    /// Hashes of the receipts that this one follows from; at most 1,024, none twice.
    pub parents: List<'a, LeafHash>,
}

impl<'a> Provenance<'a> {
    /// The provenance of these sources, which are in it.
    #[must_use]
    pub fn of_sources(sources: Vec<Source<'a>>) -> Self {
        let (size, root, lowest) = committed(&sources);
        Self {
            occurred_at: None,
            of: None,
            size,
            root,
            lowest,
            sources: sources.into(),
            parents: List::EMPTY,
        }
    }

    /// The same with the sources kept elsewhere: the commitment alone.
    #[must_use]
    pub fn without_sources(self) -> Self {
        Self {
            sources: List::EMPTY,
            ..self
        }
    }
}

/// Number, root and least trust of sources.
fn committed(sources: &[Source<'_>]) -> (u64, NodeHash, Trust) {
    let hashes: Vec<LeafHash> = sources.iter().map(Source::hash).collect();
    let lowest = sources.iter().map(|source| source.trust).min();
    (
        hashes.len() as u64,
        root_of(&hashes),
        lowest.unwrap_or(Trust::NONE),
    )
}

impl Body for Provenance<'_> {
    const KIND: Kind = Kind::PROVENANCE;

    fn check(&self) -> Result<(), BodyError> {
        let refused = |field, expected| Err(BodyError { field, expected });
        if self.size == 0 || self.size > MAX_SOURCES as u64 {
            return refused("size", "1 to 4096 sources");
        }
        if !self.sources.iter().all(Source::is_bounded) {
            return refused(
                "sources",
                "names of at most 256 bytes and URIs of at most 2048",
            );
        }
        if !self.sources.is_empty() {
            let (size, root, lowest) = committed(&self.sources);
            if size != self.size {
                return refused("size", "the number of the sources");
            }
            if root != self.root {
                return refused("root", "the root of the tree over the sources");
            }
            if lowest != self.lowest {
                return refused("lowest", "the least trust among the sources");
            }
        }
        check_parents(&self.parents)
    }
}
