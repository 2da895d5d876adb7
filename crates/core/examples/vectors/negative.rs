//! Logs that are wrong in one way each, with the place and the stage at which they are refused.

mod values;

use crate::log::{Log, at, decision, genesis};
use ai_audit_core::{
    Body, Chain, Check, ClockAnomaly, Decision, DecodeBody, Gap, Genesis, Header, Kind, LeafHash,
    PolicyEntry, ReceiptId, SigningKey, Start, Stop, UnverifiedReceipt, VerifyingKey,
};

/// The stages of checking one receipt, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Header,
    Chain,
    Signature,
    Body,
}

pub(crate) struct Case {
    pub(crate) name: String,
    /// Sealed bytes, in the order in which they are fed.
    pub(crate) receipts: Vec<Vec<u8>>,
    pub(crate) place: usize,
    pub(crate) stage: Stage,
}

impl Stage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Chain => "chain",
            Self::Signature => "signature",
            Self::Body => "body",
        }
    }
}

/// Where the library refuses a log.
pub(crate) fn first_failure(receipts: &[Vec<u8>], key: &VerifyingKey) -> Option<(usize, Stage)> {
    let mut chain = Chain::new();
    let check = |chain: &mut Chain, sealed: &[u8]| {
        let receipt = UnverifiedReceipt::parse(sealed).map_err(|_| Stage::Header)?;
        chain.push(&receipt).map_err(|_| Stage::Chain)?;
        receipt
            .verify_signature(key)
            .map_err(|_| Stage::Signature)?;
        match receipt.header().kind {
            Kind::GENESIS => Genesis::decode(&receipt).map(drop),
            Kind::DECISION => Decision::decode(&receipt).map(drop),
            Kind::START => Start::decode(&receipt).map(drop),
            Kind::STOP => Stop::decode(&receipt).map(drop),
            Kind::GAP => Gap::decode(&receipt).map(drop),
            Kind::CLOCK_ANOMALY => ClockAnomaly::decode(&receipt).map(drop),
            _ => Ok(()),
        }
        .map_err(|_| Stage::Body)
    };
    receipts
        .iter()
        .enumerate()
        .find_map(|(place, sealed)| check(&mut chain, sealed).err().map(|stage| (place, stage)))
}

/// Signs a payload as the specification says.
fn sign(payload: &[u8], key: &SigningKey) -> Vec<u8> {
    let mut message = b"ai-audit/receipt/v1\0".to_vec();
    message.extend_from_slice(LeafHash::of(payload).as_bytes());
    [payload, key.sign(&message).as_bytes()].concat()
}

struct Maker<'l> {
    log: &'l Log,
    sealed: Vec<Vec<u8>>,
    cases: Vec<Case>,
}

impl Maker<'_> {
    fn payload(&self, place: usize) -> Vec<u8> {
        self.sealed[place][..self.sealed[place].len() - 64].to_vec()
    }

    /// The log up to `place`, whose receipt becomes `sealed`.
    fn replaced(&mut self, name: &str, stage: Stage, place: usize, sealed: Vec<u8>) {
        let mut receipts = self.sealed[..place].to_vec();
        receipts.push(sealed);
        self.cases.push(Case {
            name: name.into(),
            receipts,
            place,
            stage,
        });
    }

    /// Another payload in the place of a receipt's, signed with the true key.
    fn signed(
        &mut self,
        name: &str,
        stage: Stage,
        place: usize,
        change: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut payload = self.payload(place);
        change(&mut payload);
        let sealed = sign(&payload, &self.log.key);
        self.replaced(name, stage, place, sealed);
    }

    /// Another header, signed with `key`.
    fn header(
        &mut self,
        name: &str,
        stage: Stage,
        place: usize,
        key: &SigningKey,
        change: impl FnOnce(&mut Header<'_>),
    ) {
        let sealed = {
            let receipt = UnverifiedReceipt::parse(&self.sealed[place]).unwrap();
            let mut header = *receipt.header();
            change(&mut header);
            let mut payload = postcard::to_allocvec(&header).unwrap();
            payload.extend_from_slice(receipt.body());
            sign(&payload, key)
        };
        self.replaced(name, stage, place, sealed);
    }

    /// Another body of the same kind, whether it may be sealed or not.
    fn body<B: Body>(&mut self, name: &str, place: usize, body: &B) {
        let body = postcard::to_allocvec(body).unwrap();
        let start = self.body_offset(place);
        self.signed(name, Stage::Body, place, |payload| {
            payload.truncate(start);
            payload.extend_from_slice(&body);
        });
    }

    fn body_offset(&self, place: usize) -> usize {
        UnverifiedReceipt::parse(&self.sealed[place])
            .unwrap()
            .body_offset()
    }

    /// Receipts in an order of their own.
    fn order(&mut self, name: &str, place: usize, order: &[usize]) {
        let receipts = order.iter().map(|n| self.sealed[*n].clone()).collect();
        self.cases.push(Case {
            name: name.into(),
            receipts,
            place,
            stage: Stage::Chain,
        });
    }
}

/// Gives the varint at `at` one byte more than it needs.
fn lengthen(payload: &mut Vec<u8>, at: usize) {
    let last = at
        + payload[at..]
            .iter()
            .position(|byte| byte & 0x80 == 0)
            .unwrap();
    payload[last] |= 0x80;
    payload.insert(last + 1, 0);
}

pub(crate) fn cases(log: &Log) -> Vec<Case> {
    let sealed = log
        .sealed
        .iter()
        .map(|(_, sealed, _)| sealed.clone())
        .collect();
    let mut maker = Maker {
        log,
        sealed,
        cases: Vec::new(),
    };
    bits(&mut maker);
    encodings(&mut maker);
    orders(&mut maker);
    signatures(&mut maker);
    values::values(&mut maker);
    maker.cases
}

/// One bit each, in every field of the header, in the body and in the signature of receipt 2.
fn bits(maker: &mut Maker<'_>) {
    let len = maker.sealed[2].len();
    // The offsets are those of the header of receipt 2: see the annotated dump in receipt.md.
    for (name, byte, bit, stage) in [
        ("version", 0, 1, Stage::Header),
        ("log_id", 1, 0, Stage::Chain),
        ("seq", 33, 0, Stage::Chain),
        ("prev", 34, 7, Stage::Chain),
        ("sealed_at", 66, 0, Stage::Signature),
        ("id", 74, 3, Stage::Signature),
        ("key_id", 90, 0, Stage::Signature),
        ("mode", 98, 0, Stage::Signature),
        ("kind", 99, 0, Stage::Signature),
        ("trace_id", 101, 1, Stage::Signature),
        ("session_id", 134, 1, Stage::Signature),
        ("body", len - 70, 2, Stage::Signature),
        ("signature's R", len - 64, 4, Stage::Signature),
        ("signature's S", len - 1, 0, Stage::Signature),
    ] {
        let mut changed = maker.sealed[2].clone();
        changed[byte] ^= 1 << bit;
        maker.replaced(&format!("one bit changed: {name}"), stage, 2, changed);
    }
}

fn encodings(maker: &mut Maker<'_>) {
    for (name, at) in [
        ("seq", 33),
        ("sealed_at", 66),
        ("kind", 99),
        ("length of trace_id", 100),
        ("length of session_id", 133),
        ("length of actor_id", 143),
    ] {
        let name = format!("overlong varint: {name}");
        maker.signed(&name, Stage::Header, 2, |payload| lengthen(payload, at));
    }
    let (full, empty) = (maker.body_offset(2), maker.body_offset(3));
    for (name, place, at) in [
        ("time in a body", 2, full + 1),
        ("length in a body", 3, empty + 1),
        ("count in a body", 3, empty + 6),
        ("variant in a body", 3, empty + 7),
    ] {
        let name = format!("overlong varint: {name}");
        maker.signed(&name, Stage::Body, place, |payload| lengthen(payload, at));
    }
    maker.signed("seq is 2^64 - 1", Stage::Header, 2, |payload| {
        payload.splice(33..34, [[0xff; 9].as_slice(), &[1]].concat());
    });
    maker.signed("seq has more than 64 bits", Stage::Header, 2, |payload| {
        payload.splice(33..34, [[0xff; 9].as_slice(), &[2]].concat());
    });
    maker.signed(
        "sealed_at is in the year 10000",
        Stage::Header,
        2,
        |payload| {
            payload.splice(
                66..74,
                [0x80, 0xc0, 0xcd, 0xe3, 0xcc, 0x81, 0x91, 0xc2, 0x03],
            );
        },
    );
    maker.signed("mode 2", Stage::Header, 2, |payload| payload[98] = 2);
    maker.signed("trace_id is no UTF-8", Stage::Header, 2, |payload| {
        payload[101] = 0xff
    });
    maker.signed(
        "trace_id is longer than the receipt",
        Stage::Header,
        2,
        |payload| {
            payload.splice(100..101, [0xff, 0x7f]);
        },
    );
    maker.signed("log_id and seq change places", Stage::Chain, 2, |payload| {
        let seq = payload.remove(33);
        payload.insert(1, seq);
    });
    maker.signed("a byte after the body", Stage::Body, 2, |payload| {
        payload.push(0)
    });
    maker.signed(
        "the body's last byte is missing",
        Stage::Body,
        2,
        |payload| {
            payload.pop();
        },
    );
    let whole = maker.sealed[2].clone();
    let mut longer = whole.clone();
    longer.push(0);
    maker.replaced("a byte after the signature", Stage::Signature, 2, longer);
    maker.replaced(
        "the signature's last byte is missing",
        Stage::Signature,
        2,
        whole[..whole.len() - 1].to_vec(),
    );
    maker.replaced("the header is cut", Stage::Header, 2, whole[..90].to_vec());
    maker.replaced(
        "no signature",
        Stage::Header,
        2,
        whole[..full + 63].to_vec(),
    );
    maker.replaced("no bytes", Stage::Header, 2, Vec::new());
}

fn orders(maker: &mut Maker<'_>) {
    maker.order("receipt 3 is missing", 3, &[0, 1, 2, 4, 5]);
    maker.order("the genesis is missing", 0, &[1, 2, 3]);
    maker.order("receipts 2 and 3 are swapped", 2, &[0, 1, 3, 2, 4]);
    maker.order("receipt 2 is replayed", 4, &[0, 1, 2, 3, 2]);
    maker.order("the genesis is replayed", 2, &[0, 1, 0]);
    let key = SigningKey::from_bytes(&[1; 32]);
    maker.header("prev is another hash", Stage::Chain, 3, &key, |header| {
        header.prev = LeafHash::of(b"another");
    });
    maker.header("receipt of another log", Stage::Chain, 3, &key, |header| {
        header.log_id = LeafHash::of(b"another log").to_log_id();
    });
    maker.header(
        "sealed before the receipt before",
        Stage::Chain,
        3,
        &key,
        |header| {
            header.sealed_at = at(1_999_999);
        },
    );
    maker.header("a second genesis", Stage::Chain, 3, &key, |header| {
        header.kind = Kind::GENESIS;
    });
    maker.header(
        "the first receipt is no genesis",
        Stage::Chain,
        0,
        &key,
        |header| {
            header.kind = Kind::DECISION;
        },
    );
    maker.header("the genesis names a log", Stage::Chain, 0, &key, |header| {
        header.log_id = LeafHash::of(b"some log").to_log_id();
    });
    maker.header(
        "the genesis has a predecessor",
        Stage::Chain,
        0,
        &key,
        |header| {
            header.prev = LeafHash::of(b"before the beginning");
        },
    );
}

fn signatures(maker: &mut Maker<'_>) {
    let thief = SigningKey::from_bytes(&[66; 32]);
    maker.header(
        "signed by another key under the log's key id",
        Stage::Signature,
        2,
        &thief,
        |_| {},
    );
    maker.header(
        "signed by another key under its own id",
        Stage::Signature,
        2,
        &thief,
        |header| {
            header.key_id = SigningKey::from_bytes(&[66; 32]).verifying_key().id();
        },
    );
    let payload = maker.payload(2);
    let hash = LeafHash::of(&payload);
    let bare = maker.log.key.sign(hash.as_bytes());
    let sealed = [&payload, &bare.as_bytes()[..]].concat();
    maker.replaced("signed without the label", Stage::Signature, 2, sealed);
    // S + L, little-endian; the sum stays below 2^256.
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10_u8,
    ];
    let mut sealed = maker.sealed[2].clone();
    let start = sealed.len() - 32;
    let mut carry = 0;
    for (byte, order) in sealed[start..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    maker.replaced(
        "S is not below the group order",
        Stage::Signature,
        2,
        sealed,
    );
    for (name, r) in [
        ("R is the neutral point", [&[1][..], &[0; 31]].concat()),
        (
            "R is a non-canonical encoding",
            [&[0xee][..], &[0xff; 30], &[0x7f]].concat(),
        ),
        ("R is no point", [&[2][..], &[0; 31]].concat()),
    ] {
        let mut sealed = maker.sealed[2].clone();
        let start = sealed.len() - 64;
        sealed[start..start + 32].copy_from_slice(&r);
        maker.replaced(name, Stage::Signature, 2, sealed);
    }
}
