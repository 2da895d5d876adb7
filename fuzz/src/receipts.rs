//! Sealed receipts, their bodies, and the files that hold them.

use crate::made::{Log, draft};
use ai_audit_agentic as agentic;
use ai_audit_core::{
    BatchSeal, Body, BulkVerifier, ClockAnomaly, Decision, Draft, Gap, Genesis, Head, Imported,
    KeyRevocation, KeyRotation, Kind, MAX_SEALED_LEN, Next, PolicyChange, ReceiptSource as _,
    SealMode, Start, Stop, UnverifiedReceipt, decode_body, encode_body,
};
use ai_audit_epochs::{Deletion, EpochSeal};
use ai_audit_export::{
    CIPHERTEXTS_MAGIC, CiphertextsReader, RECEIPTS_MAGIC, ReceiptsReader, ReceiptsWriter,
    json_view, said_value,
};
use ai_audit_note::{Anchor, FleetRoster, MemberCheckpoint};
use ai_audit_shredding::{Access, ErasureCompleted, ErasureRequested};
use serde::{Deserialize, Serialize};

/// Holds what was decoded against its encoding.
fn same<'a, T: Body + Deserialize<'a>>(bytes: &'a [u8]) {
    if let Ok(body) = decode_body::<T>(bytes) {
        let again = encode_body(&body).expect("what was decoded can be encoded");
        assert_eq!(again, bytes, "another encoding of the same body was taken");
        shown(&body);
    }
}

fn shown(body: &impl Serialize) {
    serde_json::to_string(body).expect("a body has a JSON view");
}

macro_rules! bodies {
    ($($body:ty),* $(,)?) => {
        /// The kinds whose bodies are read, in an order that seeds rely on.
        pub const KINDS: &[Kind] = &[$(<$body as Body>::KIND),*];

        fn any_body(kind: Kind, bytes: &[u8]) {
            $(if kind == <$body as Body>::KIND {
                same::<$body>(bytes);
            })*
        }
    };
}

bodies!(
    Genesis<'_>,
    Start<'_>,
    Stop<'_>,
    Gap<'_>,
    ClockAnomaly,
    Decision<'_>,
    Imported<'_>,
    KeyRotation<'_>,
    KeyRevocation<'_>,
    PolicyChange<'_>,
    Anchor<'_>,
    BatchSeal,
    EpochSeal,
    Deletion<'_>,
    Access<'_>,
    ErasureRequested<'_>,
    ErasureCompleted<'_>,
    agentic::Incident<'_>,
    agentic::ToolIntent<'_>,
    agentic::ToolOutcome<'_>,
    agentic::HumanReview<'_>,
    agentic::TraceNode<'_>,
    agentic::Provenance<'_>,
    agentic::ContractActivation<'_>,
    agentic::ContractState<'_>,
    FleetRoster<'_>,
    MemberCheckpoint<'_>,
);

/// Any bytes as a body; the first byte says of which kind.
pub fn body(data: &[u8]) {
    if let Some((kind, bytes)) = data.split_first() {
        any_body(KINDS[usize::from(*kind) % KINDS.len()], bytes);
        same::<agentic::Attestation<'_>>(bytes);
        let _ = KeyRevocation::from_body_bytes(bytes);
        let _ = agentic::HumanReview::from_body_bytes(bytes);
    }
}

/// Any bytes as a sealed receipt.
pub fn receipt(data: &[u8]) {
    let Ok(receipt) = UnverifiedReceipt::parse(data) else {
        return;
    };
    let header = *receipt.header();
    any_body(header.kind, receipt.body());
    let view = json_view(&receipt);
    assert!(!view.trim_end().contains('\n'));
    serde_json::from_str::<serde_json::Value>(&view).expect("the view is JSON");
    let _ = (receipt.said(), said_value(&receipt));
    let [key, ..] = Log::keys(1);
    let public = key.verifying_key();
    let alone = receipt.verify_signature(&public);
    let bulk = receipt.verify_signature_in_bulk(&public, &mut BulkVerifier::in_little_memory());
    assert_eq!(alone, bulk);
    // Sealed again from what was read: the same payload.
    let head = Head::from_parts(header.log_id, header.seq, header.prev, header.sealed_at);
    let draft = Draft::new(header.id, header.sealed_at)
        .trace(header.trace_id)
        .session(header.session_id)
        .actor(header.actor_id);
    let mut buf = vec![0; MAX_SEALED_LEN];
    if header.mode == SealMode::Batched {
        let (kind, id) = (header.kind, header.key_id);
        let again = draft.seal_batched_encoded(kind, receipt.body(), &head, id, &mut buf);
        assert!(
            kind.is_control() != again.is_ok_and(|again| again.as_bytes() == data)
                || header.seq == 0
        );
        assert!(alone.is_err());
    } else if header.key_id == public.id() {
        if let Ok(again) = draft.seal_encoded(header.kind, receipt.body(), &head, &key, &mut buf) {
            let again =
                UnverifiedReceipt::parse(again.as_bytes()).expect("what was sealed is read");
            assert_eq!(again.payload(), receipt.payload());
            assert_eq!(alone.is_ok(), again.signature() == receipt.signature());
        }
    } else {
        assert!(alone.is_err());
    }
}

/// Any bytes as a receipts file.
pub fn receipts_file(data: &[u8]) {
    let Ok(mut reader) = ReceiptsReader::new(data) else {
        return;
    };
    let mut writer = ReceiptsWriter::new(Vec::new()).expect("memory takes it");
    let mut buf = vec![0; MAX_SEALED_LEN];
    loop {
        match reader.read_next(&mut buf) {
            Ok(Some(Next::Sealed(len))) => {
                let receipt = UnverifiedReceipt::parse(&buf[..len]);
                match receipt {
                    Ok(receipt) => writer.write(&receipt).expect("memory takes it"),
                    // Framed like one; whoever verifies it finds out.
                    Err(_) => return,
                }
            }
            Ok(Some(Next::Deleted(hash))) => writer.write_deleted(&hash).expect("memory takes it"),
            Ok(None) => break,
            Err(error) => {
                assert!(!error.to_string().is_empty() && reader.offset() <= data.len() as u64 + 64);
                return;
            }
        }
    }
    assert_eq!(
        writer.into_inner(),
        data,
        "another file of the same receipts was taken"
    );
}

/// Any bytes as a file of ciphertexts: read to its end, it is what would be written.
pub fn ciphertexts_file(data: &[u8]) {
    let Ok(mut reader) = CiphertextsReader::new(data) else {
        return;
    };
    let mut written = CIPHERTEXTS_MAGIC.to_vec();
    loop {
        let ahead = reader.peek();
        match reader.read_next() {
            Ok(Some((seq, bytes))) => {
                assert_eq!(ahead.ok(), Some(Some(seq)));
                let len = u32::try_from(bytes.len()).expect("a ciphertext has a limit");
                written.extend_from_slice(&seq.to_be_bytes());
                written.extend_from_slice(&len.to_be_bytes());
                written.extend_from_slice(&bytes);
                assert!(data.starts_with(&written));
            }
            Ok(None) => break,
            Err(_) => return,
        }
    }
    assert_eq!(written, data);
}

/// Seeds: receipts of a log and of every kind.
pub fn receipt_seeds() -> Vec<Vec<u8>> {
    let log = Log::of(1, 6);
    let mut seeds = log.sealed.clone();
    let [key, ..] = Log::keys(1);
    for kind in KINDS {
        let head = Head::from_parts(log.head.log_id(), 7, log.head.hash(), log.head.sealed_at());
        let mut buf = vec![0; MAX_SEALED_LEN];
        if let Ok(sealed) = draft(7, "s").seal_encoded(*kind, &[0; 40], &head, &key, &mut buf) {
            seeds.push(sealed.as_bytes().to_vec());
        }
    }
    seeds
}

/// Seeds: the bodies of those receipts, and zeros of every kind.
pub fn body_seeds() -> Vec<Vec<u8>> {
    let numbered = |kind: Kind, body: &[u8]| {
        let place = KINDS.iter().position(|known| *known == kind)?;
        Some([&[u8::try_from(place).ok()?], body].concat())
    };
    let sealed = Log::of(1, 6).sealed;
    let bodies = sealed.iter().filter_map(|sealed| {
        let receipt = UnverifiedReceipt::parse(sealed).ok()?;
        numbered(receipt.header().kind, receipt.body())
    });
    bodies
        .chain(KINDS.iter().filter_map(|kind| numbered(*kind, &[0; 200])))
        .collect()
}

/// Seeds: a whole file, and one with a deleted receipt.
pub fn receipts_file_seeds() -> Vec<Vec<u8>> {
    let log = Log::of(1, 5);
    let file = |deleted: usize| {
        let mut writer = ReceiptsWriter::new(Vec::new()).ok()?;
        for (place, sealed) in log.sealed.iter().enumerate() {
            let receipt = UnverifiedReceipt::parse(sealed).ok()?;
            match place == deleted {
                true => writer.write_deleted(&receipt.hash()).ok()?,
                false => writer.write(&receipt).ok()?,
            }
        }
        Some(writer.into_inner())
    };
    [file(9), file(3), Some(RECEIPTS_MAGIC.to_vec())]
        .into_iter()
        .flatten()
        .collect()
}

/// Seeds: frames of a sequence number, a length and bytes.
pub fn ciphertexts_file_seeds() -> Vec<Vec<u8>> {
    let frame = |seq: u64, len: u32| {
        [
            &seq.to_be_bytes()[..],
            &len.to_be_bytes(),
            &vec![7; len as usize],
        ]
        .concat()
    };
    vec![
        [
            CIPHERTEXTS_MAGIC,
            &frame(1, 20),
            &frame(1, 17),
            &frame(3, 40),
        ]
        .concat(),
    ]
}
