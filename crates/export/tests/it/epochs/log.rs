//! A log in memory with epochs, and with receipts that have no bytes.

use ai_audit_core::{
    Body, Decision, Digest, Draft, Gap, Genesis, Head, Kind, LeafHash, MAX_SEALED_LEN, Next,
    PolicyEntry, ReceiptId, ReceiptSource, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_epochs::{Deletion, EpochSeal, EpochTracker};
use ai_audit_export::{
    ExportError, LogEvidence, PackageOptions, Places, ReceiptsWriter, Selection, Written,
    write_package,
};
use ai_audit_merkle::MemoryTree;
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{Pin, TrustPolicy};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Cursor;

/// A log in memory with a keeper who knows its keys, and the receipts that have no bytes.
pub(crate) struct EpochLog {
    key: SigningKey,
    pub(crate) checkpoint_key: SigningKey,
    origin: String,
    pub(crate) head: Head,
    tracker: EpochTracker,
    tree: MemoryTree,
    pub(crate) sealed: Vec<Vec<u8>>,
    pub(crate) gone: BTreeSet<u64>,
    /// Hashes that stand in the place of the true ones.
    pub(crate) lies: Vec<(u64, LeafHash)>,
    /// Whether it can be asked where a selection stands.
    pub(crate) picks: bool,
    seals: Vec<EpochSeal>,
}

impl EpochLog {
    /// Two sealed epochs, 0 to 5 and 6 to 11, with a gap at 8, and two receipts more.
    pub(crate) fn new(days: &'static str) -> Self {
        let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[60 + n; 32]));
        let public = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
        let mut genesis = Genesis::new(
            "example.org/epochs",
            "acme",
            &public[0],
            &public[1],
            &public[2],
            [9; 16],
        );
        genesis.policy = vec![PolicyEntry {
            name: "retention-days".into(),
            value: days.into(),
        }]
        .into();
        let [key, checkpoint_key, _] = keys;
        let mut log = Self {
            key,
            checkpoint_key,
            origin: genesis.origin().unwrap().to_string(),
            head: Head::EMPTY,
            tracker: EpochTracker::new(),
            tree: MemoryTree::new(),
            sealed: Vec::new(),
            gone: BTreeSet::new(),
            lies: Vec::new(),
            picks: false,
            seals: Vec::new(),
        };
        log.add(&genesis);
        log.decide(4);
        log.seal(|_| {});
        log.decide(2);
        log.add(&Gap {
            from: log.now(),
            to: log.now(),
            lost: None,
            reason: "outage".into(),
        });
        log.decide(2);
        log.seal(|_| {});
        log.decide(2);
        log
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000 + self.head.size())
    }

    pub(crate) fn add(&mut self, body: &impl Body) {
        self.add_at(body, self.now());
    }

    pub(crate) fn add_at<B: Body>(&mut self, body: &B, time: Timestamp) {
        let mut buf = vec![0; MAX_SEALED_LEN];
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.head.size().to_be_bytes());
        let sealed = Draft::new(ReceiptId::from_parts(time, random), time)
            .session("s")
            .seal(body, &self.head, &self.key, &mut buf)
            .unwrap();
        self.head = sealed.head();
        self.tracker.push(B::KIND, sealed.hash(), time);
        self.tree.push(sealed.hash()).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    pub(crate) fn decide(&mut self, count: u64) {
        for _ in 0..count {
            self.add(&Decision {
                model: "m".into(),
                ..Decision::new()
            });
        }
    }

    pub(crate) fn seal(&mut self, change: impl FnOnce(&mut EpochSeal)) {
        let mut seal = self.tracker.next_seal(self.tree.root());
        change(&mut seal);
        self.add(&seal);
        self.seals.push(seal);
    }

    /// Writes a deletion receipt, changed or not, so much later.
    pub(crate) fn declare(
        &mut self,
        epoch: usize,
        later: u64,
        change: impl FnOnce(&mut Deletion<'static>),
    ) {
        let seal = self.seals[epoch];
        let mut deletion = Deletion {
            epoch: seal.number,
            first: seal.first,
            last: seal.size,
            count: seal.count - seal.control,
            archive: Some(Digest::of(b"archive")),
            reason: "retention".into(),
        };
        change(&mut deletion);
        let time = Timestamp::from_micros(self.now().as_micros() + later);
        self.add_at(&deletion, time);
    }

    /// Deletes the bytes of an epoch, as the store does.
    pub(crate) fn delete(&mut self, epoch: usize) {
        let seal = self.seals[epoch];
        let gone = (seal.first..=seal.size).filter(|seq| !self.kind(*seq).is_control());
        self.gone = self.gone.iter().copied().chain(gone).collect();
    }

    pub(crate) fn kind(&self, seq: u64) -> Kind {
        let sealed = &self.sealed[usize::try_from(seq).unwrap()];
        UnverifiedReceipt::parse(sealed).unwrap().header().kind
    }

    pub(crate) fn checkpoint(&self) -> SignedNote {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
            extensions: vec![],
        };
        checkpoint.sign(&self.checkpoint_key).unwrap()
    }

    pub(crate) fn key_line(&self) -> String {
        let line = VKey::ed25519(&self.origin, self.checkpoint_key.verifying_key());
        line.unwrap().to_string()
    }

    pub(crate) fn policy(&self) -> TrustPolicy {
        TrustPolicy::new()
            .pin(Pin::parse(&self.key_line()).unwrap())
            .checkpoint(self.checkpoint().to_string().as_bytes())
            .unwrap()
    }

    pub(crate) fn write(
        &self,
        selection: Selection,
        json_view: bool,
    ) -> Result<(Vec<u8>, Written), ExportError> {
        let mut out = Cursor::new(Vec::new());
        let options = PackageOptions {
            selection,
            json_view,
            ciphertexts: false,
            timestamp: None,
            reports: None,
        };
        let (note, key) = (self.checkpoint(), &self.checkpoint_key);
        let written = write_package(&mut out, self, &note, &[], key, &options, |_, _| {})?;
        Ok((out.into_inner(), written))
    }

    /// The receipts file as a keeper writes it who checks nothing.
    pub(crate) fn receipts_file(&self) -> Vec<u8> {
        let mut writer = ReceiptsWriter::new(Vec::new()).unwrap();
        let mut source = self.receipts().unwrap();
        let mut buf = vec![0; MAX_SEALED_LEN];
        while let Some(next) = source.read_next(&mut buf).unwrap() {
            match next {
                Next::Sealed(len) => writer
                    .write(&UnverifiedReceipt::parse(&buf[..len]).unwrap())
                    .unwrap(),
                Next::Deleted(hash) => writer.write_deleted(&hash).unwrap(),
            }
        }
        writer.into_inner()
    }
}

pub(crate) struct Source<'a> {
    log: &'a EpochLog,
    places: std::vec::IntoIter<u64>,
}

impl ReceiptSource for Source<'_> {
    type Error = Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Infallible> {
        let Some(seq) = self.places.next() else {
            return Ok(None);
        };
        let sealed = &self.log.sealed[usize::try_from(seq).unwrap()];
        if self.log.gone.contains(&seq) {
            let lie = self.log.lies.iter().find(|(place, _)| *place == seq);
            let hash = UnverifiedReceipt::parse(sealed).unwrap().hash();
            return Ok(Some(Next::Deleted(lie.map_or(hash, |(_, hash)| *hash))));
        }
        buf[..sealed.len()].copy_from_slice(sealed);
        Ok(Some(Next::Sealed(sealed.len())))
    }
}

impl LogEvidence for EpochLog {
    type Error = Infallible;
    type Receipts<'s> = Source<'s>;
    type NodeError = ai_audit_merkle::MissingNode;
    type Nodes<'s> = MemoryTree;

    fn receipts(&self) -> Result<Source<'_>, Infallible> {
        let places: Vec<u64> = (0..self.head.size()).collect();
        Ok(Source {
            log: self,
            places: places.into_iter(),
        })
    }

    fn nodes(&self) -> MemoryTree {
        self.tree.clone()
    }

    fn places(&self, selection: &Selection, size: u64) -> Result<Option<Places>, Infallible> {
        if !self.picks || selection.is_all() {
            return Ok(None);
        }
        // As stores do it: what is deleted is found by its place, and by its names no more.
        let by_place = matches!(selection, Selection::Range { .. });
        let ranges = (0..size)
            .filter(|seq| by_place || !self.gone.contains(seq))
            .filter(|seq| {
                let sealed = &self.sealed[usize::try_from(*seq).unwrap()];
                selection.contains(UnverifiedReceipt::parse(sealed).unwrap().header())
            })
            .map(|seq| seq..seq + 1);
        let deleted = match by_place {
            true => 0,
            false => self.gone.range(..size).count() as u64,
        };
        Ok(Some(Places {
            ranges: ranges.collect(),
            deleted,
        }))
    }
}
