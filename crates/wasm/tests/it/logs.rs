//! Packages of a log in memory.

use ai_audit_core::{
    DecodeBody as _, Genesis, Next, ReceiptSource, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_export::{LogEvidence, PackageOptions, Selection, write_package};
use ai_audit_merkle::{MemoryTree, MissingNode};
use ai_audit_note::{Checkpoint, VKey};
use ai_audit_testkit::TestLog;
use ai_audit_wasm::Trust;
use std::convert::Infallible;
use std::io::Cursor;
use std::slice::Iter;

pub(crate) struct Log {
    sealed: Vec<Vec<u8>>,
    tree: MemoryTree,
    origin: String,
    checkpoint_key: SigningKey,
}

impl Log {
    /// Genesis, start, then decisions.
    pub(crate) fn of(receipts: u64) -> Self {
        let mut log = TestLog::new(1);
        let all = log.seal(receipts);
        let mut tree = MemoryTree::new();
        let mut sealed = Vec::new();
        for one in &all {
            let parsed = UnverifiedReceipt::parse(one.as_bytes()).unwrap();
            tree.push(parsed.hash()).unwrap();
            sealed.push(one.as_bytes().to_vec());
        }
        let genesis = UnverifiedReceipt::parse(&sealed[0]).unwrap();
        let genesis = Genesis::decode(&genesis);
        let origin = genesis.unwrap().origin().unwrap().to_string();
        let [_, checkpoint_key, _] = TestLog::keys(1);
        Self {
            sealed,
            tree,
            origin,
            checkpoint_key,
        }
    }

    pub(crate) fn package(&self, selection: Selection) -> Vec<u8> {
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
            extensions: vec![],
        };
        let note = checkpoint.sign(&self.checkpoint_key).unwrap();
        let options = PackageOptions {
            selection,
            json_view: true,
            ciphertexts: false,
            timestamp: None,
            reports: None,
        };
        let mut out = Cursor::new(Vec::new());
        let key = &self.checkpoint_key;
        write_package(&mut out, self, &note, &[], key, &options, |_, _| {}).unwrap();
        out.into_inner()
    }

    /// The log's key line.
    pub(crate) fn line(&self) -> String {
        let key = self.checkpoint_key.verifying_key();
        VKey::ed25519(&self.origin, key).unwrap().to_string()
    }

    /// Trust in it.
    pub(crate) fn trust(&self) -> Trust {
        let line = self.line();
        let mut trust = Trust::new(Timestamp::from_micros(0), None).unwrap();
        trust.keys(&format!("\n{line}\n")).unwrap();
        trust
    }
}

pub(crate) struct Receipts<'a>(Iter<'a, Vec<u8>>);

impl ReceiptSource for Receipts<'_> {
    type Error = Infallible;

    fn read_next(&mut self, buf: &mut [u8]) -> Result<Option<Next>, Infallible> {
        Ok(self.0.next().map(|sealed| {
            buf[..sealed.len()].copy_from_slice(sealed);
            Next::Sealed(sealed.len())
        }))
    }
}

impl LogEvidence for Log {
    type Error = Infallible;
    type Receipts<'s> = Receipts<'s>;
    type NodeError = MissingNode;
    type Nodes<'s> = MemoryTree;

    fn receipts(&self) -> Result<Receipts<'_>, Infallible> {
        Ok(Receipts(self.sealed.iter()))
    }

    fn nodes(&self) -> MemoryTree {
        self.tree.clone()
    }
}
