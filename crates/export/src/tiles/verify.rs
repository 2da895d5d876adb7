//! Verifying a published log: tree, entries, seals, and what the verifier brought.

use super::check::TreeCheck;
use super::read::{Bundle, hash_tile, unreadable};
use super::survey::Survey;
use super::{PublishedLog, TileFiles, TileKind, TileName, TilesError};
use ai_audit_core::{GoodSignature, LeafHash, UnverifiedReceipt};
use ai_audit_readahead::SignaturePool;
use ai_audit_verify::{Depth, LogVerifier, Observed, Observer, Report, TreeVerifier, TrustPolicy};

/// How many failures behind the first one are told one by one; the others are counted.
const MAX_ALSO: u64 = 20;

/// Verifies a published log under a trust policy. `progress` is told the receipts gone through, and
/// their number as the checkpoint claims it.
///
/// With entries and seals the verdict is that of the log. With hashes alone, integrity and
/// attribution stay unverified. Whatever is wrong is in the report; it never stops with an error
/// or panics.
///
/// ```
/// use ai_audit_export::tiles::{MemoryFiles, verify_tiles};
/// use ai_audit_verify::TrustPolicy;
/// let report = verify_tiles(&MemoryFiles::new(), &TrustPolicy::new(), |_, _| {});
/// assert!(report.verdict.integrity.is_failed(), "there is no checkpoint");
/// ```
pub fn verify_tiles<F: TileFiles>(
    files: &F,
    policy: &TrustPolicy,
    mut progress: impl FnMut(u64, u64),
) -> Report {
    observe_tiles(files, policy, &mut progress)
}

/// [`verify_tiles`], with somebody looking on. Where only hashes are here no receipt is verified.
pub fn observe_tiles<F: TileFiles>(
    files: &F,
    policy: &TrustPolicy,
    observer: &mut dyn Observer,
) -> Report {
    let opened = PublishedLog::open(files).and_then(|log| {
        let size = log.checkpoint().size;
        let survey = Survey::of(files, size).map_err(|error| unreadable("names", &error))?;
        Ok((log, survey))
    });
    let (log, survey) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let mut verifier = LogVerifier::new(policy);
            verifier.fail_integrity(format!("published log: {error}"));
            return verifier.finish();
        }
    };
    // Where nobody looks at signatures none is verified ahead.
    let threads = match policy.asked_depth() {
        Depth::Full => policy.thread_count(),
        Depth::Tree => 0,
    };
    let mut run = Run {
        files,
        engine: Engine::new(policy, &log, &survey),
        pool: SignaturePool::new(threads, policy.bare_keys()),
        log,
        entries: survey.entries,
        seals: survey.entries && survey.seals,
        failed: false,
        also: 0,
    };
    run.tiles(observer);
    run.around(survey);
    run.count_others();
    run.engine.finish()
}

/// A receipt's place and hash, as the tiles have them.
struct Leaf {
    seq: u64,
    /// Its place in the tile.
    place: usize,
    tile: TileName,
    hash: LeafHash,
}

/// What is here of it, and its signature where that is known to be good.
struct Held<'t> {
    entries: Option<&'t Bundle>,
    seals: Option<&'t Bundle>,
    sealed: Vec<u8>,
    good: Option<GoodSignature>,
}

struct Run<'f, 'p, F> {
    files: &'f F,
    log: PublishedLog<'f, F>,
    engine: Engine<'p>,
    pool: SignaturePool,
    entries: bool,
    seals: bool,
    failed: bool,
    /// Failures behind the first.
    also: u64,
}

impl<F: TileFiles> Run<'_, '_, F> {
    /// Tile by tile from the first on, as far as they are there.
    fn tiles(&mut self, observer: &mut dyn Observer) {
        let size = self.log.checkpoint().size;
        let mut check = TreeCheck::new(self.files, size);
        let mut done = 0;
        for index in 0.. {
            let name = |kind| TileName::of_size(kind, index, size);
            let Some(tile) = name(TileKind::Hashes(0)) else {
                break;
            };
            let hashes = match hash_tile(self.files, tile) {
                Ok(hashes) => hashes,
                // Without it nothing behind it can be placed.
                Err(error) => return self.cut_off(&error),
            };
            if tile.is_full()
                && let Err(error) = check.push(&hashes)
            {
                self.fail(&error);
            }
            let bundle = |there: bool, kind| match name(kind) {
                Some(name) if there => Bundle::read(self.files, name).map(Some),
                _ => Ok(None),
            };
            let entries = bundle(self.entries, TileKind::Entries);
            let seals = bundle(self.seals, TileKind::Seals);
            let (entries, seals) = match (entries, seals) {
                (Ok(entries), Ok(seals)) => (entries, seals),
                (Err(error), _) | (_, Err(error)) => return self.cut_off(&error),
            };
            let mut sealed = sealed(hashes.len(), entries.as_ref(), seals.as_ref());
            let good = self.pool.verify(sealed.iter().map(Vec::as_slice));
            // Where only hashes are here, or not all of the rest, there is none.
            sealed.resize(hashes.len(), Vec::new());
            let mut good = good.into_iter();
            for ((place, hash), sealed) in hashes.iter().enumerate().zip(sealed) {
                let leaf = Leaf {
                    seq: done,
                    place,
                    tile,
                    hash: LeafHash::from_bytes(*hash.as_bytes()),
                };
                let held = Held {
                    entries: entries.as_ref(),
                    seals: seals.as_ref(),
                    sealed,
                    good: good.next().flatten(),
                };
                self.receipt(leaf, &held, observer);
                done += 1;
                observer.progress(done, size.as_u64());
            }
        }
        if let Err(error) = check.finish() {
            self.fail(&error);
        }
    }

    /// One receipt: its payload against the tile, then to the engine.
    fn receipt(&mut self, leaf: Leaf, held: &Held<'_>, observer: &mut dyn Observer) {
        let Leaf {
            seq,
            place,
            tile,
            hash,
        } = leaf;
        if let Some(entries) = held.entries {
            let (payload, offset) = entries.item(place);
            let wrong = |expected: String| TilesError::Contents {
                name: entries.name().to_string(),
                offset: offset as u64,
                expected,
            };
            if payload.is_empty() {
                self.fail(&wrong(format!(
                    "the payload of receipt {seq}, it is deleted"
                )));
            } else if LeafHash::of(payload) != hash {
                let at = 32 * place;
                let expected =
                    format!("the payload of receipt {seq}, whose hash {tile} has at byte {at}");
                self.fail(&wrong(expected));
            }
        }
        match (&mut self.engine, held.entries, held.seals) {
            (Engine::Tree(verifier), entries, _) => {
                if entries.is_some() {
                    verifier.hashed();
                }
                verifier.push(hash);
                let hash = Some(hash);
                observer.observe(Observed::Unverified { seq, hash });
            }
            (Engine::Log(_), Some(entries), Some(seals)) => {
                let payload = entries.item(place).0;
                let offset = seals.item(place).1;
                let wrong = match UnverifiedReceipt::parse(&held.sealed) {
                    // The seal's length is said twice: here and by the header's mode.
                    Ok(receipt) if receipt.payload().len() == payload.len() => None,
                    Ok(_) => Some(TilesError::Contents {
                        name: seals.name().to_string(),
                        offset: offset as u64,
                        expected: format!("the seal that the header of receipt {seq} calls for"),
                    }),
                    Err(error) => Some(TilesError::Read {
                        name: entries.name().to_string(),
                        reason: format!("receipt {seq}: {error}"),
                    }),
                };
                if let Some(error) = wrong {
                    self.fail(&error);
                }
                if let Engine::Log(verifier) = &mut self.engine {
                    verifier.push_observed(&held.sealed, held.good.as_ref(), observer);
                }
            }
            (Engine::Log(_), ..) => {}
        }
    }

    /// What lies beside the tiles.
    fn around(&mut self, survey: Survey) {
        for error in &survey.problems {
            self.fail(error);
        }
        if survey.seals && !survey.entries {
            let name = "tile/seals";
            self.fail(&TilesError::Read {
                name: name.into(),
                reason: "there are signatures, and no entries that they are of".into(),
            });
        }
        if let Some(one) = survey.one_beyond {
            let count = survey.beyond;
            self.engine.remark(format!(
                "{count} files are not covered by the checkpoint and were not judged, such as {one}"
            ));
        }
        if survey.others > 0 {
            let count = survey.others;
            self.engine.remark(format!(
                "{count} other files are in the folder and were not looked at"
            ));
        }
    }

    /// The rest cannot be gone through: who signed it cannot be told.
    fn cut_off(&mut self, error: &TilesError) {
        if let Engine::Log(verifier) = &mut self.engine {
            verifier.cut_off(error.to_string());
        }
        self.fail(error);
    }

    /// The first failure is the answer, further ones are remarks, as many as somebody reads.
    fn fail(&mut self, error: &TilesError) {
        if !self.failed {
            self.failed = true;
            self.engine.fail(error.to_string());
            return;
        }
        self.also += 1;
        if self.also <= MAX_ALSO {
            self.engine.remark(format!("also: {error}"));
        }
    }

    /// Tells how many failures were not told one by one.
    fn count_others(&mut self) {
        let more = self.also.saturating_sub(MAX_ALSO);
        if more > 0 {
            self.engine
                .remark(format!("also: {more} more that do not hold"));
        }
    }
}

/// The sealed bytes of a tile's receipts, where payloads and seals are here.
fn sealed(count: usize, entries: Option<&Bundle>, seals: Option<&Bundle>) -> Vec<Vec<u8>> {
    let (Some(entries), Some(seals)) = (entries, seals) else {
        return Vec::new();
    };
    (0..count)
        .map(|place| [entries.item(place).0, seals.item(place).0].concat())
        .collect()
}

enum Engine<'p> {
    Log(Box<LogVerifier<'p>>),
    Tree(Box<TreeVerifier<'p>>),
}

impl<'p> Engine<'p> {
    fn new<F: TileFiles>(
        policy: &'p TrustPolicy,
        log: &PublishedLog<'_, F>,
        survey: &Survey,
    ) -> Self {
        let deep = policy.asked_depth() == Depth::Full;
        if deep && survey.entries && survey.seals {
            let mut verifier = LogVerifier::new(policy);
            // It was read as one already.
            if let Err(error) = verifier.evidence_checkpoint(log.note().to_string().as_bytes()) {
                verifier.fail_integrity(error.to_string());
            }
            return Self::Log(Box::new(verifier));
        }
        let (note, checkpoint) = (log.note().clone(), log.checkpoint().clone());
        if !deep && survey.entries {
            return Self::Tree(Box::new(TreeVerifier::of_receipts(
                policy, note, checkpoint,
            )));
        }
        let verifier = TreeVerifier::new(policy, note, checkpoint);
        Self::Tree(Box::new(if survey.entries {
            verifier.holding("payloads fit the tree, but the receipts' signatures are not here")
        } else {
            verifier
        }))
    }

    fn fail(&mut self, reason: String) {
        match self {
            Self::Log(verifier) => verifier.fail_integrity(reason),
            Self::Tree(verifier) => verifier.fail_integrity(reason),
        }
    }

    fn remark(&mut self, remark: String) {
        match self {
            Self::Log(verifier) => verifier.remark(remark),
            Self::Tree(verifier) => verifier.remark(remark),
        }
    }

    fn finish(self) -> Report {
        match self {
            Self::Log(verifier) => verifier.finish(),
            Self::Tree(verifier) => verifier.finish(),
        }
    }
}
