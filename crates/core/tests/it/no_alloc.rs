//! Sealing and verifying allocate nothing, even where the feature `alloc` is on.

use crate::logs::{at, key};
use ai_audit_core::{
    BatchSeal, Chain, Check, Decision, Digest, Draft, Genesis, Head, KeyHistory, LeafHash,
    NodeHash, Origin, PartsHasher, ReceiptId, Start, Text, TextDigest, TextHasher,
    UnverifiedReceipt, sign_receipt,
};

/// A whole small log: digests, genesis, decisions; each sealed, parsed, chained and verified.
fn seal_and_verify(buf: &mut [u8]) -> Head {
    let [receipt_key, checkpoint, recovery] = [1, 2, 3].map(key);
    let public = receipt_key.verifying_key();
    let genesis = Genesis::new(
        "example.org/tests",
        "acme",
        &public,
        &checkpoint.verifying_key(),
        &recovery.verifying_key(),
        [7; 16],
    );
    let (mut head, mut chain, mut history) = (Head::EMPTY, Chain::new(), None);
    let mut state = PartsHasher::new();
    state.part("part");
    let mut hasher = TextHasher::plain();
    hasher.update("output");
    let checks = [
        Check {
            name: "one".into(),
            score: Some(0.5),
            ..Check::default()
        },
        Check {
            name: "two".into(),
            fired: true,
            ..Check::default()
        },
    ];
    let tags = [Text::borrowed("tag")];
    let parents = [LeafHash::of(b"parent")];
    let mut decision = Decision {
        input: Some(TextDigest::plain("input")),
        output: Some(hasher.finish()),
        state: Some(state.finish()),
        config: Some(Digest::of(b"config")),
        checks: (&checks).into(),
        tags: (&tags).into(),
        parents: (&parents).into(),
        model: "gpt-4o".into(),
        ..Decision::new()
    };
    for n in 0..20 {
        let draft = Draft::new(ReceiptId::from_parts(at(n), [1; 10]), at(n))
            .trace("t")
            .actor("a");
        decision.duration_us = Some(n);
        let sealed = match n {
            0 => draft.seal(&genesis, &head, &receipt_key, buf),
            1 => {
                let start = Start {
                    software: "tests".into(),
                    size: 1,
                    clean: true,
                };
                draft.seal(&start, &head, &receipt_key, buf)
            }
            10..14 => draft.seal_batched(&decision, &head, public.id(), buf),
            14 => {
                let (from, count, root) = (10, 4, NodeHash::EMPTY);
                draft.seal(&BatchSeal { from, count, root }, &head, &receipt_key, buf)
            }
            _ => draft.seal(&decision, &head, &receipt_key, buf),
        }
        .unwrap();
        head = sealed.head();
        // Laid out first and signed apart, as writers of many do.
        assert!(sign_receipt(&head.hash(), &receipt_key).is_ok());
        let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
        let signed = receipt.verify_signature(&public).is_ok();
        assert!(chain.push(&receipt) == Ok(head) && signed != (10..14).contains(&n));
        history.get_or_insert_with(|| KeyHistory::new(head.log_id(), &genesis).with_batches());
        let followed = history.as_mut().map(|history| history.take(&receipt));
        assert!(followed == Some(Ok(None)));
        // Refusals allocate nothing either.
        assert!(chain.push(&receipt).is_err());
        assert!(UnverifiedReceipt::parse(&sealed.as_bytes()[..40]).is_err());
        assert!(receipt.verify_signature(&recovery.verifying_key()).is_err());
    }
    let origin = genesis.origin().unwrap();
    assert!(origin.name() == "example.org/tests" && Origin::parse("x/y").is_err());
    head
}

#[test]
fn sealing_and_verifying_allocate_nothing() {
    let mut buf = [0; 1024];
    // Whatever the libraries find out once about the machine, they have found out then.
    let once = seal_and_verify(&mut buf);
    let mut again = Head::EMPTY;
    let counted = allocation_counter::measure(|| again = seal_and_verify(&mut buf));
    assert_eq!(again, once);
    assert_eq!((counted.count_total, counted.bytes_total), (0, 0));
    // The counter does count.
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 100));
}
