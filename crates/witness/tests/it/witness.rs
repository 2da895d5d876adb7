//! The witness without a socket: what it cosigns, what it refuses, what it still knows afterwards.

use crate::rig::{Log, NAME, NOW, key, send, witness, witness_line};
use ai_audit_core::{NodeHash, Signature, Signer, SignerError, VerifyingKey};
use ai_audit_merkle::TreeSize;
use ai_audit_note::{AddCheckpoint, Checkpoint, NoteSignature, SignedNote, VKey, cosign};
use ai_audit_witness::{Answer, FolderError, Status, Witness, WitnessError, WitnessFolder};
use std::fs;

fn codes(answer: &Answer) -> u16 {
    answer.status.code()
}

#[test]
fn it_follows_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(40, 0);
    let witness = witness(folder.path(), &[log.line()]);
    let mut old = 0;
    for new in [0, 0, 1, 2, 7, 8, 8, 9, 40, 40] {
        let answer = send(&witness, &log.request(old, new));
        assert_eq!(
            answer.status,
            Status::Cosigned,
            "{old} to {new}: {answer:?}"
        );
        assert_eq!(
            answer.checkpoint,
            Some((log.origin.clone(), TreeSize::new(new)))
        );
        let mut note = log.checkpoint(new);
        note.add(NoteSignature::parse(answer.body.trim_end()).unwrap())
            .unwrap();
        assert_eq!(note.verify_cosignature(&witness_line()), Ok(NOW));
        let kept = witness
            .latest(&ai_audit_witness::origin_digest(&log.origin))
            .unwrap();
        assert_eq!(kept, note);
        old = new;
    }
    assert_eq!(witness.latest("00"), None);
    assert_eq!(witness.origins(), ["example.org/log"]);
    assert_eq!(witness.key_line(), &witness_line());
}

#[test]
fn every_status_of_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(40, 0);
    let witness = witness(folder.path(), &[log.line()]);
    let status = |request: &AddCheckpoint| send(&witness, request).status;
    assert_eq!(status(&log.request(0, 8)), Status::Cosigned);
    // 400: no request, or one that goes backwards in itself.
    for body in [
        "",
        "old 8\n\n",
        "old 8\n\ntext\n\n\u{2014} a AAAAAAE=\n",
        "size 8\n",
    ] {
        let answer = witness.add_checkpoint(body.as_bytes(), NOW);
        assert_eq!(answer.status, Status::Malformed, "{body:?}");
        assert_eq!(answer.checkpoint, None);
    }
    let backwards = AddCheckpoint {
        old: TreeSize::new(9),
        ..log.request(0, 8)
    };
    assert_eq!(status(&backwards), Status::Malformed);
    // 404: another log, however well signed.
    let mut other = Log::of(9, 0);
    other.origin = "example.org/other".into();
    assert_eq!(status(&other.request(0, 9)), Status::UnknownLog);
    // 403: its name under another key, or with a signature that does not hold, or by a witness.
    let mut forged = Log::of(9, 0);
    forged.key = key(2);
    assert_eq!(status(&forged.request(8, 9)), Status::NotSigned);
    let mut bad = log.request(8, 9);
    bad.checkpoint = log.checkpoint(10).only(|_| true).unwrap();
    let text = bad.to_string().replace("\n10\n", "\n9\n");
    let answer = witness.add_checkpoint(text.as_bytes(), NOW);
    assert_eq!(answer.status, Status::NotSigned, "{answer:?}");
    let line = cosign(&log.checkpoint(9), &log.origin, &log.key, NOW).unwrap();
    let mut only = log.checkpoint(9);
    only.add(line).unwrap();
    bad.checkpoint = only.only(|one| one.bytes().len() == 72).unwrap();
    assert_eq!(status(&bad), Status::NotSigned);
    // 409: another old size than the last; the body is the last.
    for old in [0, 1, 7, 9] {
        let answer = send(&witness, &log.request(old, 40));
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (Status::Conflict, "8\n")
        );
    }
    // 422: no proof, one hash too few or too many, another order, another history.
    let good = log.request(8, 21);
    let mut proofs = vec![vec![], good.proof[1..].to_vec()];
    let mut more = good.proof.clone();
    more.push(NodeHash::from_bytes([0; 32]));
    proofs.push(more);
    let mut reversed = good.proof.clone();
    reversed.reverse();
    proofs.push(reversed);
    for proof in proofs {
        let request = AddCheckpoint {
            proof,
            ..good.clone()
        };
        assert_eq!(status(&request), Status::Inconsistent);
    }
    let another = Log::of(40, 1);
    assert_eq!(status(&another.request(8, 21)), Status::Inconsistent);
    let same = AddCheckpoint {
        proof: vec![NodeHash::from_bytes([0; 32])],
        ..log.request(8, 8)
    };
    assert_eq!(status(&same), Status::Inconsistent);
    // After all that it is where it was.
    assert_eq!(status(&log.request(8, 40)), Status::Cosigned);
}

#[test]
fn the_first_checkpoint_needs_no_proof_and_takes_none() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(9, 0);
    let witness = witness(folder.path(), &[log.line()]);
    let request = AddCheckpoint {
        proof: vec![NodeHash::from_bytes([1; 32])],
        ..log.request(0, 9)
    };
    assert_eq!(send(&witness, &request).status, Status::Inconsistent);
    // An empty log has one root.
    let empty = AddCheckpoint {
        old: TreeSize::ZERO,
        proof: Vec::new(),
        checkpoint: log.statement(0, NodeHash::from_bytes([1; 32])),
    };
    assert_eq!(send(&witness, &empty).status, Status::Inconsistent);
    assert_eq!(send(&witness, &log.request(0, 0)).status, Status::Cosigned);
    assert_eq!(send(&witness, &log.request(0, 9)).status, Status::Cosigned);
}

#[test]
fn a15_rollback_and_another_root_of_the_same_size() {
    let folder = tempfile::tempdir().unwrap();
    let (log, hidden) = (Log::of(20, 0), Log::of(20, 1));
    let witness = witness(folder.path(), &[log.line()]);
    assert_eq!(send(&witness, &log.request(0, 12)).status, Status::Cosigned);
    // Rolled back to 7, as if nothing had been.
    let answer = send(&witness, &log.request(0, 7));
    assert_eq!((codes(&answer), answer.body.as_str()), (409, "12\n"));
    assert_eq!(codes(&send(&witness, &log.request(7, 7))), 409);
    assert_eq!(
        codes(&send(
            &witness,
            &AddCheckpoint {
                old: TreeSize::new(12),
                ..log.request(0, 7)
            }
        )),
        400
    );
    // The same size with another root, whatever the old size is said to be.
    for old in [0, 5, 12] {
        let answer = send(&witness, &hidden.request(old, 12));
        assert_eq!((codes(&answer), answer.body.as_str()), (409, "12\n"));
    }
    // Both notes are kept: they convict the log.
    let kept = folder
        .path()
        .join("evidence")
        .join(ai_audit_witness::origin_digest(&log.origin));
    let mut roots: Vec<_> = fs::read_dir(kept)
        .unwrap()
        .map(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            let checkpoint = Checkpoint::open(&bytes, &log.line()).unwrap();
            assert_eq!(checkpoint.size, TreeSize::new(12));
            checkpoint.root
        })
        .collect();
    roots.sort_unstable();
    roots.dedup();
    assert_eq!(roots.len(), 2);
    assert_eq!(codes(&send(&witness, &log.request(12, 20))), 200);
}

#[test]
fn contradictions_do_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(5, 0);
    let witness = witness(folder.path(), &[log.line()]);
    assert_eq!(codes(&send(&witness, &log.request(0, 5))), 200);
    for number in 0..150u8 {
        let request = AddCheckpoint {
            old: TreeSize::new(5),
            proof: Vec::new(),
            checkpoint: log.statement(5, NodeHash::from_bytes([number; 32])),
        };
        assert_eq!(codes(&send(&witness, &request)), 409);
    }
    let kept = folder
        .path()
        .join("evidence")
        .join(ai_audit_witness::origin_digest(&log.origin));
    assert_eq!(fs::read_dir(kept).unwrap().count(), 100);
}

#[test]
fn a11_of_two_histories_only_one_is_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let (shown, hidden) = (Log::of(20, 0), Log::of(20, 1));
    let witness = witness(folder.path(), &[shown.line()]);
    // Up to receipt 3 they are one.
    assert_eq!(codes(&send(&witness, &shown.request(0, 3))), 200);
    assert_eq!(codes(&send(&witness, &shown.request(3, 10))), 200);
    // The other one, from wherever it is tried.
    for old in [0, 3, 5, 10] {
        let answer = send(&witness, &hidden.request(old, 15));
        assert!(matches!(codes(&answer), 409 | 422), "{old}: {answer:?}");
    }
    // A proof of the true history under the other root.
    let mixed = AddCheckpoint {
        checkpoint: hidden.checkpoint(15),
        ..shown.request(10, 15)
    };
    assert_eq!(codes(&send(&witness, &mixed)), 422);
    assert_eq!(codes(&send(&witness, &shown.request(10, 15))), 200);
}

#[test]
fn what_it_cosigned_outlives_it() {
    let folder = tempfile::tempdir().unwrap();
    let (log, hidden) = (Log::of(20, 0), Log::of(20, 1));
    let first = witness(folder.path(), &[log.line()]);
    assert_eq!(codes(&send(&first, &log.request(0, 12))), 200);
    // A second process on the same folder would not know what the first one signs.
    let second = WitnessFolder::open(folder.path()).unwrap_err();
    assert!(matches!(second, FolderError::Lock(_)), "{second}");
    drop(first);
    // What was left half written is nothing.
    let path = folder.path().join("logs").join(format!(
        "{}.note",
        ai_audit_witness::origin_digest(&log.origin)
    ));
    fs::write(path.with_extension("note.new"), "half").unwrap();
    let again = witness(folder.path(), &[log.line()]);
    assert_eq!(codes(&send(&again, &log.request(0, 12))), 409);
    assert_eq!(codes(&send(&again, &hidden.request(12, 20))), 422);
    assert_eq!(codes(&send(&again, &log.request(12, 20))), 200);
}

#[test]
fn it_does_not_start_over_where_it_cannot_read_what_it_signed() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(20, 0);
    let open = |name: &str, seed: u8| {
        let folder = WitnessFolder::open(folder.path())?;
        Witness::new(folder, name, Box::new(key(seed)), &[log.line()])
    };
    let missing = open(NAME, 100).unwrap_err();
    assert!(missing.to_string().contains("keygen"), "{missing}");
    drop(witness(folder.path(), &[log.line()]));
    let first = open(NAME, 100).unwrap();
    assert_eq!(codes(&send(&first, &log.request(0, 12))), 200);
    drop(first);
    let path = folder.path().join("logs").join(format!(
        "{}.note",
        ai_audit_witness::origin_digest(&log.origin)
    ));
    let good = fs::read_to_string(&path).unwrap();
    // Another key or name: these are not its cosignatures.
    for (name, seed) in [(NAME, 101), ("witness.example/other", 100)] {
        let error = open(name, seed).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("not cosigned by this witness's key"),
            "{error}"
        );
    }
    // Cut, emptied, changed, of another log.
    let mut other = Log::of(9, 0);
    other.origin = "example.org/other".into();
    let mut foreign = other.checkpoint(9);
    foreign
        .add(cosign(&foreign, NAME, &key(100), NOW).unwrap())
        .unwrap();
    for bad in [
        String::new(),
        good[..good.len() / 2].to_string(),
        good.replace("\n12\n", "\n11\n"),
        log.checkpoint(12).to_string(),
        foreign.to_string(),
    ] {
        fs::write(&path, &bad).unwrap();
        let error = open(NAME, 100).unwrap_err();
        let damaged = matches!(error, WitnessError::Folder(FolderError::Damaged { .. }));
        assert!(damaged, "{bad:?}: {error}");
    }
    fs::write(&path, good).unwrap();
    assert_eq!(
        codes(&send(&open(NAME, 100).unwrap(), &log.request(12, 20))),
        200
    );
}

#[test]
fn nothing_is_cosigned_that_could_not_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(20, 0);
    let witness = witness(folder.path(), &[log.line()]);
    assert_eq!(codes(&send(&witness, &log.request(0, 5))), 200);
    let (logs, away) = (folder.path().join("logs"), folder.path().join("away"));
    fs::rename(&logs, &away).unwrap();
    let failed = send(&witness, &log.request(5, 12));
    assert_eq!(failed.status, Status::Failed, "{failed:?}");
    assert!(!failed.body.contains('\u{2014}'));
    fs::rename(&away, &logs).unwrap();
    assert_eq!(send(&witness, &log.request(0, 20)).body, "5\n");
    assert_eq!(codes(&send(&witness, &log.request(5, 12))), 200);
}

/// A key far away that has a bad day.
struct Refusing;

impl Signer for Refusing {
    fn verifying_key(&self) -> VerifyingKey {
        key(100).verifying_key()
    }

    fn try_sign(&self, _: &[u8]) -> Result<Signature, SignerError> {
        Err(SignerError::new("not today"))
    }
}

#[test]
fn a_key_that_does_not_sign_moves_nothing_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(20, 0);
    let opened = WitnessFolder::create(folder.path()).unwrap();
    let refusing = Witness::new(opened, NAME, Box::new(Refusing), &[log.line()]).unwrap();
    let failed = send(&refusing, &log.request(0, 5));
    assert_eq!(failed.status, Status::Failed, "{failed:?}");
    drop(refusing);
    let witness = witness(folder.path(), &[log.line()]);
    assert_eq!(codes(&send(&witness, &log.request(0, 5))), 200);
}

#[test]
fn several_keys_of_a_log_and_other_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(20, 0);
    let mut renewed = Log::of(20, 0);
    renewed.key = key(2);
    let lines = [log.line(), renewed.line(), log.line()];
    let witness = witness(folder.path(), &lines);
    assert_eq!(codes(&send(&witness, &log.request(0, 5))), 200);
    assert_eq!(codes(&send(&witness, &renewed.request(5, 7))), 200);
    // Signatures of keys that it does not know are ignored, and not kept.
    let mut request = log.request(7, 9);
    for name in ["somebody.example", &*log.origin] {
        let line = SignedNote::sign(request.checkpoint.text(), name, &key(77)).unwrap();
        request
            .checkpoint
            .add(line.signatures()[0].clone())
            .unwrap();
    }
    assert_eq!(codes(&send(&witness, &request)), 200);
    let kept = witness.latest(&ai_audit_witness::origin_digest(&log.origin));
    assert_eq!(kept.unwrap().signatures().len(), 2);
    // One good signature and one of another known key that fails: refused.
    let mut request = log.request(9, 10);
    let other = renewed.checkpoint(11);
    request
        .checkpoint
        .add(other.signatures()[0].clone())
        .unwrap();
    assert_eq!(codes(&send(&witness, &request)), 403);
}

#[test]
fn what_it_cannot_be_set_up_with() {
    let folder = tempfile::tempdir().unwrap();
    let opened = || WitnessFolder::create(folder.path()).unwrap();
    let name = Witness::new(opened(), "a b", Box::new(key(1)), &[]).unwrap_err();
    assert!(matches!(name, WitnessError::Name(_)));
    let line = VKey::cosignature("w", key(2).verifying_key()).unwrap();
    let kind = Witness::new(opened(), NAME, Box::new(key(1)), &[line]).unwrap_err();
    assert!(matches!(kind, WitnessError::Kind { .. }), "{kind}");
}

/// The race of the specification: of requests that are there at once, one comes first, and what it
/// moved on is not moved back.
#[test]
fn requests_at_once_never_roll_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::of(200, 0);
    let witness = witness(folder.path(), &[log.line()]);
    assert_eq!(codes(&send(&witness, &log.request(0, 10))), 200);
    for round in 1..10u64 {
        let old = round * 10;
        let answers: Vec<(u64, Answer)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..=10)
                .map(|more| {
                    let new = if more == 10 { old + 10 } else { old + more };
                    let (log, witness) = (&log, &witness);
                    scope.spawn(move || (new, send(witness, &log.request(old, new))))
                })
                .collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let won: Vec<u64> = answers
            .iter()
            .filter(|(_, answer)| answer.status == Status::Cosigned)
            .map(|(new, _)| *new)
            .collect();
        assert_eq!(
            won.len(),
            1,
            "two requests of one old size were cosigned: {answers:?}"
        );
        for (_, answer) in &answers {
            if answer.status != Status::Cosigned {
                assert_eq!(answer.body, format!("{}\n", won[0]));
            }
        }
        assert_eq!(codes(&send(&witness, &log.request(won[0], old + 10))), 200);
    }
}
