//! A11, A15: two histories shown to two parties, found by comparing checkpoints, proved to a third.

use crate::logs::Log;
use ai_audit_core::{NodeHash, Question, SigningKey};
use ai_audit_merkle::{MemoryTree, TreeSize, consistency_proof, root};
use ai_audit_note::{Checkpoint, SignedNote, VKey};
use ai_audit_verify::{
    Equivocation, EquivocationError, EquivocationNodes, EquivocationStatus, Monitor, Pin,
    TrustPolicy,
};

/// One operator, two histories that part after `common` receipts, both by the true keys.
pub(crate) fn split(common: u64, left: u64, right: u64) -> (Log, Log) {
    let mut logs = (Log::of(1, common), Log::of(1, common));
    while logs.0.size() < left {
        logs.0.decide("shown to the first");
    }
    while logs.1.size() < right {
        logs.1.decide("shown to the second");
    }
    logs
}

fn line(log: &Log) -> VKey {
    VKey::parse(&log.key_line()).unwrap()
}

fn monitor(log: &Log) -> Monitor {
    Monitor::new(line(log))
}

fn see(monitor: &mut Monitor, note: &SignedNote) -> Vec<Equivocation> {
    let sighting = monitor.see(note.to_string().as_bytes()).unwrap();
    assert!(sighting.new);
    sighting.equivocations
}

/// The proof that a monitor finds in two checkpoints with the second history's tree.
fn found(first: &Log, second: &Log) -> Equivocation {
    let mut monitor = monitor(first);
    assert!(see(&mut monitor, &first.checkpoint()).is_empty());
    assert!(see(&mut monitor, &second.checkpoint()).is_empty());
    assert_eq!(monitor.open_pairs().len(), 1);
    let mut tree = second.tree.clone();
    let size = tree.size();
    let mut findings = monitor.check(&mut tree, size).unwrap();
    assert!(monitor.convicted() && monitor.open_pairs().is_empty());
    assert!(findings.links.is_empty());
    findings.equivocations.remove(0)
}

fn status(bytes: &[u8], policy: &TrustPolicy) -> (EquivocationStatus, u8) {
    let report = Equivocation::judge(bytes, policy);
    (
        report.equivocation.status,
        report.exit(&Question::DEFAULT).code(),
    )
}

fn pinned(log: &Log) -> TrustPolicy {
    TrustPolicy::new().pin(log.pin())
}

#[test]
fn a11_different_sizes() {
    for (common, left, right) in [(2, 3, 4), (5, 9, 20), (8, 16, 32), (31, 32, 33), (2, 3, 64)] {
        let (first, second) = split(common, left, right);
        let file = found(&first, &second).to_string();
        // A third party, with the key line alone.
        assert_eq!(
            status(file.as_bytes(), &pinned(&first)),
            (EquivocationStatus::Proved, 1),
            "{file}"
        );
        let bare = TrustPolicy::new().pin(Pin::Key(first.checkpoint_key.verifying_key()));
        assert_eq!(
            status(file.as_bytes(), &bare),
            (EquivocationStatus::Proved, 1)
        );
        // Anybody can make keys.
        for policy in [TrustPolicy::new(), pinned(&Log::new(7))] {
            assert_eq!(
                status(file.as_bytes(), &policy),
                (EquivocationStatus::Unverified, 3)
            );
        }
        // A key that is none of the log's for checkpoints says nothing against the proof.
        let receipts = TrustPolicy::new().pin(Pin::Key(first.receipt_key.verifying_key()));
        assert_eq!(
            status(file.as_bytes(), &receipts),
            (EquivocationStatus::Unverified, 3)
        );
    }
}

#[test]
fn a15_same_size_other_root_at_once_without_a_tree() {
    let (first, second) = split(4, 11, 11);
    let mut monitor = monitor(&first);
    assert!(see(&mut monitor, &first.checkpoint()).is_empty());
    let proofs = see(&mut monitor, &second.checkpoint());
    let [proof] = proofs.as_slice() else {
        panic!("{proofs:?}")
    };
    assert!(proof.nodes().is_none() && monitor.convicted() && monitor.open_pairs().is_empty());
    let file = proof.to_string();
    assert_eq!(
        status(file.as_bytes(), &pinned(&second)),
        (EquivocationStatus::Proved, 1)
    );
    // Whoever saw them in the other order makes the same file.
    let other = Equivocation::new(second.checkpoint(), first.checkpoint(), None).unwrap();
    assert_eq!(other.to_string(), file);
}

#[test]
fn a15_an_old_checkpoint_is_told_and_no_offence() {
    let mut log = Log::of(1, 5);
    let old = log.checkpoint();
    log.decide("m");
    let mut monitor = monitor(&log);
    see(&mut monitor, &log.checkpoint());
    let sighting = monitor.see(old.to_string().as_bytes()).unwrap();
    assert_eq!(sighting.older_than, Some(TreeSize::new(6)));
    assert!(sighting.new && sighting.equivocations.is_empty());
    let size = log.tree.size();
    monitor.check(&mut log.tree, size).unwrap();
    assert!(monitor.open_pairs().is_empty() && !monitor.convicted());
    // Seen again, it is nothing new.
    assert!(!monitor.see(old.to_string().as_bytes()).unwrap().new);
    assert_eq!(monitor.seen().len(), 2);
}

#[test]
fn the_sides_own_tree_does_not_convict() {
    // The source has the smaller checkpoint's tree, not the larger's: that shows nothing.
    let (first, second) = split(4, 8, 20);
    let mut monitor = monitor(&first);
    see(&mut monitor, &first.checkpoint());
    see(&mut monitor, &second.checkpoint());
    let mut tree = first.tree.clone();
    let size = tree.size();
    let findings = monitor.check(&mut tree, size).unwrap();
    assert_eq!(findings.beyond, [TreeSize::new(20)]);
    assert!(!monitor.convicted() && monitor.open_pairs().len() == 1);
    // One that has neither is told apart from one that ends too early.
    let mut stranger = Log::of(2, 30).tree;
    let findings = monitor.check(&mut stranger, TreeSize::new(30)).unwrap();
    assert_eq!(findings.not_matching, [TreeSize::new(8), TreeSize::new(20)]);
    assert!(!monitor.convicted() && monitor.open_pairs().len() == 1);
    // A claimed size that the nodes do not reach is an error, not a verdict.
    assert!(monitor.check(&mut tree, TreeSize::new(1000)).is_err());
}

#[test]
fn both_continue_a_common_beginning_and_are_still_open() {
    let (first, second) = split(4, 8, 20);
    let common = Log::of(1, 4);
    let mut monitor = monitor(&first);
    for note in [common.checkpoint(), first.checkpoint(), second.checkpoint()] {
        see(&mut monitor, &note);
    }
    let link = |log: &Log| {
        let mut tree = log.tree.clone();
        let size = tree.size();
        consistency_proof(&mut tree, TreeSize::new(4), size).unwrap()
    };
    assert!(monitor.link(&link(&first)) && monitor.link(&link(&second)));
    // 4 to 8 and 4 to 20 are known; 8 to 20 is not.
    let open: Vec<_> = monitor
        .open_pairs()
        .iter()
        .map(|(a, b)| (a.checkpoint.size.as_u64(), b.checkpoint.size.as_u64()))
        .collect();
    assert_eq!(open, [(8, 20)]);
    let mut wrong = link(&second);
    wrong.path[0] = NodeHash::EMPTY;
    assert!(!monitor.link(&wrong));
}

#[test]
fn notes_of_others_are_not_taken() {
    let log = Log::of(1, 3);
    let mut monitor = monitor(&log);
    // Another log's, and the true origin under another key.
    let forged = Checkpoint::parse(log.checkpoint().text()).unwrap();
    let forged = forged.sign(&SigningKey::from_bytes(&[77; 32])).unwrap();
    for note in [Log::of(2, 3).checkpoint(), forged] {
        assert!(monitor.see(note.to_string().as_bytes()).is_err());
    }
    assert!(monitor.see(b"no note").is_err() && monitor.seen().is_empty());
}

#[test]
fn forged_proofs_are_refused() {
    let (first, second) = split(5, 9, 20);
    let policy = pinned(&first);
    let (a, b) = (first.checkpoint(), second.checkpoint());
    let good = found(&first, &second);
    let nodes = good.nodes().unwrap().clone();
    let file = good.to_string();
    let reason = |file: &str| {
        let report = Equivocation::judge(file.as_bytes(), &policy);
        assert_eq!(report.exit(&[]).code(), 1, "{file}");
        assert_eq!(
            report.equivocation.status,
            EquivocationStatus::Refuted,
            "{file}"
        );
        report.equivocation.reason.unwrap()
    };

    // Swapped nodes, another root, a node too many, one too few.
    let mut changed = nodes.clone();
    changed.path.swap(0, 1);
    let made = Equivocation::new(a.clone(), b.clone(), Some(changed));
    assert!(matches!(made, Err(EquivocationError::Path(_))), "{made:?}");
    let hash = |hash: &NodeHash| {
        use base64ct::{Base64, Encoding as _};
        Base64::encode_string(hash.as_bytes())
    };
    let (one, two) = (hash(&nodes.path[0]), hash(&nodes.path[1]));
    let swapped = file
        .replacen(&one, "#", 1)
        .replacen(&two, &one, 1)
        .replacen('#', &two, 1);
    let at = |line: &str, by: &str| file.replacen(&format!("{line}\n"), by, 1);
    for (changed, said) in [
        (swapped, "path to the second checkpoint"),
        (
            at(
                &format!("root {}", hash(&nodes.root)),
                &format!("root {one}\n"),
            ),
            "path",
        ),
        (at(&one, ""), "path"),
        (at(&one, &format!("{one}\n{one}\n")), "path"),
        (at(&one, "AAAA\n"), "line 3"),
        (
            at("ai-audit/equivocation/v1", "ai-audit/equivocation/v2\n"),
            "line 1",
        ),
    ] {
        let reason = reason(&changed);
        assert!(reason.contains(said), "{reason}");
    }

    // A consistent pair: the honest root of the smaller in the larger's tree.
    let mut log = Log::of(1, 5);
    let old = log.checkpoint();
    for _ in 0..7 {
        log.decide("m");
    }
    let mut tree = log.tree.clone();
    let path = consistency_proof(&mut tree, TreeSize::new(5), TreeSize::new(12))
        .unwrap()
        .path;
    let root = root(&mut tree, TreeSize::new(5)).unwrap();
    let nodes = Some(EquivocationNodes { root, path });
    let made = Equivocation::new(old.clone(), log.checkpoint(), nodes.clone());
    assert!(matches!(made, Err(EquivocationError::Consistent { .. })));
    let agree = Equivocation::new(old.clone(), old.clone(), None);
    assert!(matches!(agree, Err(EquivocationError::Agree { .. })));
    let bare = Equivocation::new(old.clone(), log.checkpoint(), None);
    assert!(matches!(bare, Err(EquivocationError::NoNodes { .. })));
    let needless = Equivocation::new(a.clone(), a.clone(), nodes);
    assert!(matches!(
        needless,
        Err(EquivocationError::NeedlessNodes { .. })
    ));

    // Notes of two origins, and of the pinned origin under another key.
    let other = Log::of(2, 20).checkpoint();
    let made = Equivocation::new(a.clone(), other, None);
    assert!(matches!(made, Err(EquivocationError::Origin { .. })));
    let thief = SigningKey::from_bytes(&[77; 32]);
    let resigned = |note: &SignedNote| {
        Checkpoint::parse(note.text())
            .unwrap()
            .sign(&thief)
            .unwrap()
    };
    for (a, b) in [
        (resigned(&a), b.clone()),
        (a.clone(), resigned(&b)),
        (resigned(&a), resigned(&b)),
    ] {
        let forged = Equivocation::new(a, b, good.nodes().cloned()).unwrap();
        let reason = reason(&forged.to_string());
        assert!(reason.contains("not signed by the log"), "{reason}");
    }
    // The true signatures under a text that was changed.
    let reason = reason(&file.replacen("\n9\n", "\n10\n", 1));
    assert!(reason.contains("path"), "{reason}");
}

#[test]
fn a_proof_has_one_form() {
    let (first, second) = split(5, 9, 20);
    let good = found(&first, &second).to_string();
    assert_eq!(
        Equivocation::parse(good.as_bytes()).unwrap().to_string(),
        good
    );
    let (a, b) = (first.checkpoint(), second.checkpoint());
    let head = good.split("\n\n").next().unwrap();
    let reordered = format!("{head}\n\n{b}\n{a}");
    assert!(Equivocation::parse(reordered.as_bytes()).is_err());
    for changed in [
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("\n{good}"),
        good.replace('\n', "\r\n"),
        good.replacen("\n\n", "\n\n\n", 1),
        good.replacen("root ", "root  ", 1),
        good.replacen("root ", "", 1),
        format!("{good}\nmore\n\n\u{2014} a b\n"),
    ] {
        assert!(
            Equivocation::parse(changed.as_bytes()).is_err(),
            "{changed}"
        );
    }
    let long = vec![b'a'; 3 << 20];
    assert!(matches!(
        Equivocation::parse(&long),
        Err(EquivocationError::TooLong { .. })
    ));
    assert!(Equivocation::parse(b"ai-audit/equivocation/v1\n\xff").is_err());
}

/// Size 0 has one root, and nothing to prove a tree with.
#[test]
fn an_empty_log_with_a_root_of_its_own() {
    let log = Log::of(1, 3);
    let empty = |root| Checkpoint {
        origin: log.origin.clone(),
        size: TreeSize::ZERO,
        root,
        extensions: vec![],
    };
    let sign = |root| empty(root).sign(&log.checkpoint_key).unwrap();
    let mut monitor = monitor(&log);
    see(&mut monitor, &sign(NodeHash::EMPTY));
    see(&mut monitor, &log.checkpoint());
    assert!(monitor.open_pairs().is_empty());
    let mut tree: MemoryTree = log.tree.clone();
    let size = tree.size();
    assert!(monitor.check(&mut tree, size).unwrap().links.is_empty());

    let mut monitor = Monitor::new(line(&log));
    see(&mut monitor, &sign(NodeHash::from_bytes([5; 32])));
    see(&mut monitor, &log.checkpoint());
    let findings = monitor.check(&mut tree, size).unwrap();
    let file = findings.equivocations[0].to_string();
    assert_eq!(
        status(file.as_bytes(), &pinned(&log)),
        (EquivocationStatus::Proved, 1)
    );
    let nodes = Some(EquivocationNodes {
        root: NodeHash::EMPTY,
        path: vec![],
    });
    let honest = Equivocation::new(sign(NodeHash::EMPTY), log.checkpoint(), nodes);
    assert!(matches!(honest, Err(EquivocationError::Consistent { .. })));
}

/// The worked example of the specification holds.
#[test]
fn the_example_of_the_specification() {
    let spec = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/equivocation.md"
    );
    let spec = std::fs::read_to_string(spec).unwrap();
    let block = |after: &str| {
        let (_, rest) = spec.split_once(after).unwrap();
        let (_, rest) = rest.split_once("```text\n").unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let line = block("The key line:");
    let pinned = TrustPolicy::new().pin(Pin::parse(&line).unwrap());
    let file = block("The proof:");
    assert_eq!(
        status(file.as_bytes(), &pinned),
        (EquivocationStatus::Proved, 1)
    );
}
