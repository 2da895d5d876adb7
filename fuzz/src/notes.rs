//! Signed texts: notes, checkpoints, key lines, proofs, policies, statements, proofs of equivocation.

use crate::edits::{Edit, edit, long};
use crate::made::Log;
use ai_audit_agentic::ApprovalRules;
use ai_audit_core::{KeyRevocation, LogId, Origin, Timestamp, encode_body};
use ai_audit_epochs::Retention;
use ai_audit_export::{Manifest, ManifestFile, ReportStatement, Selection, verify_statement};
use ai_audit_merkle::{ConsistencyProof, LeafIndex, TreeSize, consistency_proof};
use ai_audit_note::{
    AddCheckpoint, Checkpoint, NoteSignature, Policy, SignedNote, TlogProof, VKey,
};
use ai_audit_verify::{
    DetachedRevocation, Equivocation, EquivocationNodes, EquivocationStatus, Monitor, Pin,
    ReceiptProof, TrustPolicy,
};
use arbitrary::Arbitrary;
use std::sync::LazyLock;

static LOG: LazyLock<Log> = LazyLock::new(|| Log::of(1, 9));

/// Any bytes as a note, a checkpoint, a key line, a proof, a request to a witness.
pub fn note(data: &[u8]) {
    for long in long(data) {
        let _ = (
            SignedNote::parse(&long),
            TlogProof::parse(&long),
            AddCheckpoint::parse(&long),
        );
    }
    let written = |text: String| assert_eq!(text.as_bytes(), data, "it would be written otherwise");
    if let Ok(note) = SignedNote::parse(data) {
        written(note.to_string());
        let key = LOG.key_line();
        if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
            assert_eq!(checkpoint.to_text(), note.text());
            // Nobody but the log signs as the log.
            if Checkpoint::open(data, &key).is_ok() {
                let genuine = LOG.checkpoint_at(checkpoint.size.as_u64().min(LOG.size()));
                assert_eq!(genuine.text(), note.text());
            }
        } else {
            assert!(Checkpoint::open(data, &key).is_err());
        }
        let mut merged = note.clone();
        if merged.merge(&note).is_ok() {
            assert_eq!(merged, note);
        }
        for signature in note.signatures() {
            let line = signature.to_string();
            assert_eq!(
                NoteSignature::parse(line.trim_end()).as_ref(),
                Ok(signature)
            );
        }
    }
    if let Ok(proof) = TlogProof::parse(data) {
        written(proof.to_string());
    }
    if let Ok(request) = AddCheckpoint::parse(data) {
        written(request.to_string());
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(key) = VKey::parse(text) {
        written(key.to_string());
    }
    if let Ok(origin) = Origin::parse(text) {
        written(origin.to_string());
    }
    let _ = Pin::parse(text);
}

/// Any bytes as policies of trust.
pub fn policy(data: &[u8]) {
    for long in long(data) {
        let _ = TrustPolicy::parse_file(&long);
    }
    let own = TrustPolicy::parse_file(data);
    if let Ok(policy) = Policy::parse(data) {
        // Every policy of witnesses is a policy of trust.
        let own = own.expect("tlog-policy is taken");
        assert_eq!(own.pins().len(), policy.logs().len());
        if let Some(threshold) = policy.flat_threshold() {
            assert!(threshold.of(policy.witnesses().len()) <= policy.witnesses().len());
        }
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = ApprovalRules::from_json(text);
    let _ = Retention::parse(text);
}

/// Any bytes as a manifest, a statement of a report, a selection.
pub fn statement(data: &[u8]) {
    let report = verify_statement(data, &LOG.pinned(), |_| Ok(Some(&b"other"[..])));
    // The genuine statement names another file.
    assert!(!report.verdict.integrity.is_verified());
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(manifest) = Manifest::parse(text) {
        assert_eq!(manifest.to_string(), text);
    }
    if let Ok(statement) = ReportStatement::parse(text) {
        assert_eq!(statement.to_string(), text);
    }
    if let Ok(selection) = text.parse::<Selection>() {
        assert_eq!(selection.to_string(), text);
    }
}

/// Any bytes as a proof of equivocation or a revocation. Of an honest log there is no proof.
pub fn equivocation(data: &[u8]) {
    if let Ok(proof) = Equivocation::parse(data) {
        assert_eq!(proof.to_string().as_bytes(), data);
        assert!(proof.verify(&LOG.key_line()).is_err());
        assert!(!Monitor::new(LOG.key_line()).convict(&proof));
    }
    let report = Equivocation::judge(data, &LOG.pinned());
    assert!(report.equivocation.status != EquivocationStatus::Proved);
    if let Ok(revocation) = DetachedRevocation::parse(data) {
        assert_eq!(revocation.to_string().as_bytes(), data);
        assert!(revocation.revocation().is_ok());
    }
}

/// Any bytes as a proof file: read as it would be written, and verified as nothing but the genuine.
pub fn proof(data: &[u8]) {
    let Ok(proof) = ReceiptProof::parse(data) else {
        return;
    };
    assert_eq!(proof.to_text().as_bytes(), data);
    judge(&proof);
}

/// A genuine proof that was changed.
#[derive(Arbitrary, Debug)]
pub struct ProofCase {
    seq: u8,
    edits: Vec<Edit>,
}

pub fn proof_edited(case: ProofCase) {
    let seq = u64::from(case.seq) % LOG.size();
    let mut text = genuine(seq).to_text().into_bytes();
    edit(&mut text, &case.edits);
    proof(&text);
}

fn judge(proof: &ReceiptProof) {
    let Ok(report) = proof.verify(&LOG.policy(), &[]) else {
        return;
    };
    let verdict = &report.verdict;
    if verdict.integrity.is_verified() && verdict.attribution.is_verified() {
        let known = LOG.sealed.iter().any(|sealed| sealed == proof.receipt());
        assert!(known, "a receipt that the log does not have");
    }
}

fn genuine(seq: u64) -> ReceiptProof {
    let receipt = (LOG.included(seq), LeafIndex::new(seq));
    ReceiptProof::new(LOG.checkpoint(), LOG.included(0), vec![], receipt, vec![])
}

/// Seeds: one of each.
pub fn note_seeds() -> Vec<Vec<u8>> {
    let checkpoint = LOG.checkpoint();
    let proof = TlogProof {
        index: LeafIndex::new(3),
        path: LOG.path(3),
        checkpoint: checkpoint.clone(),
        extra: Some(b"extra".to_vec()),
    };
    let (old, new) = (TreeSize::new(4), TreeSize::new(LOG.size()));
    let path = consistency_proof(&mut LOG.tree.clone(), old, new)
        .expect("nodes are there")
        .path;
    let request = AddCheckpoint {
        old,
        proof: path,
        checkpoint: checkpoint.clone(),
    };
    [
        checkpoint.to_string(),
        LOG.checkpoint_at(3).to_string(),
        proof.to_string(),
        request.to_string(),
        LOG.key_line().to_string(),
        LOG.origin.clone(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Seeds: a policy with every sort of line, and both sorts of JSON and text beside it.
pub fn policy_seeds() -> Vec<Vec<u8>> {
    let log = LOG.key_line();
    let witness = |n: u8| {
        let key = Log::keys(n)[0].verifying_key();
        VKey::cosignature(&format!("w{n}.example"), key)
            .expect("the name is good")
            .to_string()
    };
    let key = Log::keys(7)[0].verifying_key();
    let file = format!(
        "ai-audit/policy/v1\nlog {log}\nwitness A {} https://w.example/a\nwitness B {}\n\
         group G 1 A B\nquorum G\nsize 5\nmax-age 24h\nclock-skew 5m\napprovals pay 1 {key}\n",
        witness(4),
        witness(5),
    );
    let c2sp = format!(
        "log {log}\nwitness A {}\ngroup G all A\nquorum none\n",
        witness(4)
    );
    let json = format!("[{{\"tool\":\"pay\",\"needed\":1,\"keys\":[\"{key}\"]}}]");
    [file, c2sp, json, "183".into()]
        .map(String::into_bytes)
        .to_vec()
}

/// Seeds: a manifest, a signed statement, its text, and every sort of selection.
pub fn statement_seeds() -> Vec<Vec<u8>> {
    let file = ManifestFile::of("q3.html", b"<!doctype html>");
    let made = Timestamp::from_micros(1_790_000_000_000_000);
    let (size, root) = (TreeSize::new(LOG.size()), LOG.tree.root());
    let id = LogId::ZERO;
    let statement = ReportStatement::new(&*LOG.origin, id, size, root, made, vec![file.clone()])
        .expect("it is a statement");
    let signed = statement.sign(&Log::keys(1)[1]).expect("it can be signed");
    let manifest = Manifest {
        origin: LOG.origin.clone(),
        log_id: LOG.head.log_id(),
        selection: Selection::Session("s\"1".into()),
        receipts: 3,
        checkpoint: 9,
        files: vec![file],
    };
    [
        manifest.to_string(),
        statement.to_string(),
        signed.to_string(),
        "range 3 9".into(),
        "time 1 2".into(),
        "trace \"\\u0000\"".into(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Seeds: proofs against another log, with one size and with two, and a revocation.
pub fn equivocation_seeds() -> Vec<Vec<u8>> {
    let says = crate::made::Says::Start {
        size: 1,
        clean: true,
    };
    let (one, two) = (
        Log::of(2, 9),
        Log::new(2, &[says.clone(), says.clone(), says]),
    );
    let same = Equivocation::new(one.checkpoint_at(5), two.checkpoint(), None);
    let (old, new) = (TreeSize::new(5), TreeSize::new(9));
    let ConsistencyProof { path, .. } =
        consistency_proof(&mut one.tree.clone(), old, new).expect("nodes are there");
    let root = ai_audit_merkle::root(&mut one.tree.clone(), old).expect("nodes are there");
    let nodes = EquivocationNodes { root, path };
    let other = Equivocation::new(two.checkpoint(), one.checkpoint(), Some(nodes));
    let proofs = [same, other].into_iter().filter_map(Result::ok);
    let mut seeds: Vec<Vec<u8>> = proofs.map(|proof| proof.to_string().into_bytes()).collect();
    let [receipt, _, recovery] = Log::keys(1);
    let revocation = KeyRevocation::sign(
        &LOG.head.log_id(),
        receipt.verifying_key(),
        3,
        Timestamp::from_micros(1),
        Log::stranger().verifying_key(),
        "lost",
        &recovery,
    );
    let body = encode_body(&revocation.expect("it can be signed"));
    let detached = DetachedRevocation::new(&*LOG.origin, body.expect("it can be encoded"));
    seeds.push(detached.expect("it is one").to_string().into_bytes());
    seeds
}

/// Seeds: proofs of the genesis and of receipts.
pub fn proof_seeds() -> Vec<Vec<u8>> {
    [0, 3, 8]
        .map(|seq| genuine(seq).to_text().into_bytes())
        .to_vec()
}
