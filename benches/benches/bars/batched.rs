//! A batch sealed in memory: one signature for many receipts.

use ai_audit_benches::compare::{Row, Runner};
use ai_audit_benches::{ACTOR, decision};
use ai_audit_core::{
    BatchSeal, Draft, Genesis, Head, LeafHash, MAX_SEALED_LEN, PolicyEntry, ReceiptId, SigningKey,
    Timestamp, UnverifiedReceipt,
};
use ai_audit_merkle::Frontier;
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

const GROUP: &str = "Appending";
const WORK: &str = "batch of 1,024";
/// Receipts that share a signature.
const BATCH: u64 = 1024;

/// A log that permits batches, and what its next receipts are made of.
pub(crate) struct Batching {
    key: SigningKey,
    draft: Draft<'static>,
    head: Head,
    first: LeafHash,
    buf: Vec<u8>,
}

impl Batching {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
        let public = keys.each_ref().map(SigningKey::verifying_key);
        let permission = [PolicyEntry {
            name: BatchSeal::POLICY.into(),
            value: BatchSeal::PERMITTED.into(),
        }];
        let genesis = Genesis {
            policy: (&permission[..]).into(),
            ..Genesis::new(
                "example.org",
                "",
                &public[0],
                &public[1],
                &public[2],
                [7; 16],
            )
        };
        let mut buf = vec![0; MAX_SEALED_LEN];
        let draft = Draft::new(ReceiptId::from_parts(now, [0; 10]), now);
        let sealed = draft
            .seal(&genesis, &Head::EMPTY, &keys[0], &mut buf)
            .unwrap();
        let (head, first) = (sealed.head(), sealed.hash());
        let [key, ..] = keys;
        let draft = draft
            .trace("4bf92f3577b34da6a3ce929d0e0e4736")
            .session("session-42")
            .actor(ACTOR);
        Self {
            key,
            draft,
            head,
            first,
            buf,
        }
    }

    /// Seals so many decisions and their batch seal; `made` says whether each decision is made anew.
    pub(crate) fn seal(&mut self, count: u64, made: bool) -> LeafHash {
        let id = self.key.verifying_key().id();
        let ready = decision();
        let mut frontier = Frontier::new();
        frontier.push(self.first).unwrap();
        let mut at = self.head;
        for _ in 0..count {
            let own = made.then(decision);
            let body = black_box(own.as_ref().unwrap_or(&ready));
            let sealed = self
                .draft
                .seal_batched(body, &at, id, &mut self.buf)
                .unwrap();
            frontier.push(sealed.hash()).unwrap();
            at = sealed.head();
        }
        let seal = BatchSeal {
            from: 1,
            count,
            root: frontier.root(),
        };
        let sealed = self
            .draft
            .seal(&seal, &at, &self.key, &mut self.buf)
            .unwrap();
        sealed.hash()
    }
}

pub(crate) fn rows(runner: &Runner) {
    if !runner.wants(GROUP, WORK) {
        return;
    }
    let mut batching = Batching::new();
    let body = decision();
    let id = batching.key.verifying_key().id();
    let mut buf = vec![0; MAX_SEALED_LEN];
    let one = batching
        .draft
        .seal_batched(&body, &batching.head, id, &mut buf)
        .unwrap();
    let one = one.as_bytes().to_vec();
    let header = *UnverifiedReceipt::parse(&one).unwrap().header();
    runner.pair(
        Row::new(GROUP, WORK).beside("encode, SHA-256").most(1.6),
        BATCH,
        || batching.seal(BATCH, false),
        || {
            for _ in 0..BATCH {
                let head = postcard::to_slice(black_box(&header), &mut buf)
                    .unwrap()
                    .len();
                let rest = postcard::to_slice(black_box(&body), &mut buf[head..]);
                let len = head + rest.unwrap().len();
                black_box(Sha256::digest(&buf[..len]));
            }
        },
    );
}
