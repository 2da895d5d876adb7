//! `batches.json`: a log with batched receipts, what can be shown of it, and what somebody may do to it.

use crate::json::hex;
use crate::log::{Log, SALT, at};
use crate::note;
use ai_audit_core::{
    BatchSeal, Body, Decision, Draft, Genesis, Head, KeyRotation, Kind, NodeHash, PolicyEntry,
    ReceiptId, SealedReceipt, SigningKey, UnverifiedReceipt,
};
use std::fmt::Write;

/// What comes out for who signed the receipts, and at which one it fails.
type Answer = (&'static str, Option<u64>);

const VERIFIED: Answer = ("verified", None);
const UNVERIFIED: Answer = ("unverified", None);

/// A log that is written on, perhaps wrongly.
#[derive(Clone)]
struct Batched {
    head: Head,
    key: u8,
    sealed: Vec<Vec<u8>>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn decision(model: &'static str) -> Decision<'static> {
    Decision {
        model: model.into(),
        ..Decision::new()
    }
}

impl Batched {
    /// The log of the other vectors, with the permission in its genesis.
    fn new(permission: &'static str) -> Self {
        let [receipt, checkpoint, recovery] = [1, 2, 3].map(|seed| key(seed).verifying_key());
        let entry = PolicyEntry {
            name: BatchSeal::POLICY.into(),
            value: permission.into(),
        };
        let mut log = Self {
            head: Head::EMPTY,
            key: 1,
            sealed: Vec::new(),
        };
        log.sign(&Genesis {
            policy: vec![entry].into(),
            ..Genesis::new(
                "example.org/support",
                "acme",
                &receipt,
                &checkpoint,
                &recovery,
                SALT,
            )
        });
        log
    }

    fn draft(&self) -> Draft<'static> {
        let seq = self.head.size();
        let now = at(seq * 1_000_000);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&seq.to_be_bytes());
        Draft::new(ReceiptId::from_parts(now, random), now)
    }

    fn put(&mut self, sealed: SealedReceipt<'_>) {
        self.head = sealed.head();
        self.sealed.push(sealed.as_bytes().to_vec());
    }

    fn sign(&mut self, body: &impl Body) {
        let mut buf = [0; 1024];
        let sealed = self
            .draft()
            .seal(body, &self.head, &key(self.key), &mut buf);
        self.put(sealed.unwrap());
    }

    fn batch(&mut self, models: &[&'static str]) {
        for model in models {
            let mut buf = [0; 1024];
            let id = key(self.key).verifying_key().id();
            let sealed = self
                .draft()
                .seal_batched(&decision(model), &self.head, id, &mut buf);
            self.put(sealed.unwrap());
        }
    }

    fn leaves(&self) -> Vec<NodeHash> {
        let hash = |sealed: &Vec<u8>| UnverifiedReceipt::parse(sealed).unwrap().hash();
        self.sealed
            .iter()
            .map(hash)
            .map(NodeHash::from_leaf)
            .collect()
    }

    fn seal(&mut self, from: u64, count: u64) {
        let root = note::root(&self.leaves());
        self.sign(&BatchSeal { from, count, root });
    }

    fn rotate(&mut self, to: u8) {
        let old = key(self.key).verifying_key();
        let (log, seq) = (self.head.log_id(), self.head.size());
        self.sign(&KeyRotation::new(&log, &old, seq, &key(to), "").unwrap());
        self.key = to;
    }

    /// Receipt 0 to 11: two batches around a signed receipt, a third one under another key.
    fn full() -> Self {
        let mut log = Self::new(BatchSeal::PERMITTED);
        log.batch(&["a", "b", "c"]); // 1 to 3
        log.seal(1, 3); // 4
        log.sign(&decision("signed")); // 5
        log.batch(&["d"]); // 6
        log.seal(6, 1); // 7
        log.rotate(4); // 8
        log.batch(&["e", "f"]); // 9, 10
        log.seal(9, 2); // 11
        log
    }

    /// The same up to a receipt.
    fn up_to(size: usize) -> Self {
        let mut log = Self::full();
        log.sealed.truncate(size);
        let last = UnverifiedReceipt::parse(&log.sealed[size - 1]).unwrap();
        let seq = last.header().seq + 1;
        log.head = Head::from_parts(log.head.log_id(), seq, last.hash(), last.header().sealed_at);
        log.key = if size > 8 { 4 } else { 1 };
        log
    }
}

/// Logs that go on from the full one or leave it, and what comes out.
fn logs() -> Vec<(&'static str, Batched, Answer)> {
    let mut all = vec![("the log", Batched::full(), VERIFIED)];
    let mut add = |name, mut log: Batched, answer, change: &dyn Fn(&mut Batched)| {
        change(&mut log);
        all.push((name, log, answer));
    };
    let failed = |seq| ("failed", Some(seq));
    add("no batch seal yet", Batched::up_to(11), UNVERIFIED, &|_| {});
    add(
        "batched receipts at the end",
        Batched::full(),
        UNVERIFIED,
        &|log| log.batch(&["x"]),
    );
    for (name, permission) in [
        ("nothing permits it", ""),
        ("another word permits it", "Batched"),
    ] {
        add(name, Batched::new(permission), failed(1), &|log| {
            log.batch(&["a"]);
            log.seal(1, 1);
        });
    }
    add(
        "a seal where nothing permits it",
        Batched::new(""),
        failed(2),
        &|log| {
            log.sign(&decision("signed"));
            log.seal(1, 1);
        },
    );
    for (name, from, count) in [
        ("a seal that leaves the first out", 2, 2),
        ("a seal that begins with the genesis's place after it", 4, 1),
        ("a seal that ends too early", 1, 2),
        ("a seal that ends behind itself", 1, 4),
    ] {
        add(name, Batched::up_to(4), failed(4), &|log| {
            log.seal(from, count)
        });
    }
    add(
        "a seal over a signed receipt",
        Batched::up_to(7),
        failed(7),
        &|log| log.seal(5, 2),
    );
    add(
        "the same receipts sealed twice",
        Batched::up_to(8),
        failed(8),
        &|log| log.seal(6, 2),
    );
    add(
        "a seal over nothing but the seal before",
        Batched::full(),
        failed(12),
        &|log| {
            log.seal(11, 1);
        },
    );
    add(
        "a seal with a foreign root",
        Batched::up_to(4),
        failed(4),
        &|log| {
            let root = NodeHash::EMPTY;
            log.sign(&BatchSeal {
                from: 1,
                count: 3,
                root,
            });
        },
    );
    add(
        "a seal over the batch alone",
        Batched::up_to(4),
        failed(4),
        &|log| {
            let root = note::root(&log.leaves()[1..]);
            log.sign(&BatchSeal {
                from: 1,
                count: 3,
                root,
            });
        },
    );
    add(
        "a signed receipt before the seal",
        Batched::up_to(4),
        failed(4),
        &|log| {
            log.sign(&decision("signed"));
            log.seal(1, 4);
        },
    );
    add(
        "a rotation before the seal",
        Batched::up_to(4),
        failed(4),
        &|log| {
            log.rotate(4);
            log.seal(1, 4);
        },
    );
    add(
        "batched under a key that is not valid",
        Batched::up_to(9),
        failed(9),
        &|log| {
            log.key = 1;
            log.batch(&["e"]);
            log.key = 4;
            log.seal(9, 1);
        },
    );
    add(
        "sealed by the key before",
        Batched::up_to(11),
        failed(11),
        &|log| {
            log.key = 1;
            log.seal(9, 2);
        },
    );
    add(
        "a control receipt batched",
        Batched::up_to(5),
        failed(5),
        &|log| {
            let mut buf = [0; 1024];
            let draft = log.draft();
            let sealed = draft.seal_encoded(Kind::STOP, b"\0\x05", &log.head, &key(1), &mut buf);
            let receipt = sealed.unwrap();
            let receipt = UnverifiedReceipt::parse(receipt.as_bytes()).unwrap();
            let mut bytes = receipt.payload().to_vec();
            // The mode stands before kind and three empty texts.
            bytes[receipt.body_offset() - 5] = 1;
            log.sealed.push(bytes);
        },
    );
    add(
        "one batched receipt swapped, the chain rebuilt",
        Batched::up_to(1),
        failed(4),
        &|log| {
            log.batch(&["a", "swapped", "c"]);
            log.sealed.push(Batched::full().sealed[4].clone());
        },
    );
    add(
        "one batched receipt swapped",
        Batched::full(),
        UNVERIFIED,
        &|log| {
            log.sealed.truncate(5);
            let mut other = Batched::up_to(2);
            other.batch(&["swapped"]);
            log.sealed[2] = other.sealed.remove(2);
        },
    );
    all
}

/// Receipts of the full log by place, and what comes out where they are all that is shown.
const SELECTIONS: [(&str, &[usize], Answer); 7] = [
    ("control receipts alone", &[0, 4, 7, 8, 11], VERIFIED),
    (
        "one receipt of each batch",
        &[0, 2, 4, 6, 7, 8, 10, 11],
        VERIFIED,
    ),
    ("a range", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 11], VERIFIED),
    (
        "the last batch without its seal",
        &[0, 4, 7, 8, 9, 10],
        UNVERIFIED,
    ),
    ("one receipt alone", &[0, 2], UNVERIFIED),
    ("one receipt with its seal", &[0, 2, 4], VERIFIED),
    (
        "one receipt with the seal of another batch",
        &[0, 2, 7],
        ("failed", Some(7)),
    ),
];

/// The inclusion proof, by the recursive definition of RFC 9162 section 2.1.3.1.
fn path(leaves: &[NodeHash], index: usize) -> Vec<NodeHash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut below, sibling) = match index.checked_sub(left.len()) {
        Some(index) => (path(right, index), left),
        None => (path(left, index), right),
    };
    below.push(note::root(sibling));
    below
}

pub(crate) fn write(log: &Log) -> String {
    let full = Batched::full();
    let list = |items: Vec<String>| items.join(", ");
    let quoted = |bytes: &[u8]| format!("\"{}\"", hex(bytes));
    let answer = |(status, receipt): Answer| {
        let at = receipt.map_or_else(|| "null".into(), |seq| seq.to_string());
        format!("\"attribution\": [\"{status}\", {at}]")
    };
    // Name, keys and salt are those of the other vectors, and so is the origin.
    let note = note::checkpoint_of(log, &full.leaves());
    let mut out = String::from("{\n\"format\": \"ai-audit batch seal vectors, version 1\",\n");
    let _ = writeln!(out, "\"log_pub\": \"{}\",", note::key_line(log));
    let note = serde_json::to_string(&note).unwrap();
    let _ = writeln!(out, "\"checkpoint\": {note},\n\"receipts\": [");
    let sealed: Vec<String> = full.sealed.iter().map(|sealed| quoted(sealed)).collect();
    let _ = writeln!(out, " {}\n],\n\"logs\": [", sealed.join(",\n "));
    let logs: Vec<String> = logs()
        .iter()
        .map(|(name, log, expected)| {
            let receipts = log.sealed.iter().enumerate();
            let items = receipts.map(|(place, sealed)| match full.sealed.get(place) {
                Some(same) if same == sealed => place.to_string(),
                _ => quoted(sealed),
            });
            let (items, answer) = (list(items.collect()), answer(*expected));
            format!("{{\"name\": \"{name}\", {answer},\n \"receipts\": [{items}]}}")
        })
        .collect();
    let _ = writeln!(out, "{}\n],\n\"selections\": [", logs.join(",\n"));
    let leaves = full.leaves();
    let selections: Vec<String> = SELECTIONS
        .iter()
        .map(|(name, places, expected)| {
            let items = places.iter().map(|place| {
                let path = path(&leaves, *place);
                let path = path.iter().map(|node| quoted(node.as_bytes())).collect();
                format!("[{place}, [{}]]", list(path))
            });
            let (items, answer) = (items.collect::<Vec<_>>().join(",\n  "), answer(*expected));
            format!("{{\"name\": \"{name}\", {answer},\n \"receipts\": [{items}]}}")
        })
        .collect();
    let _ = writeln!(out, "{}\n]\n}}", selections.join(",\n"));
    out
}
