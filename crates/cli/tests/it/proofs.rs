//! Proof files, and showing that a text is the one recorded.

use crate::run::Place;

#[test]
fn a_proof_discloses_one_text_and_no_other() {
    let place = Place::new();
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    place
        .run(&[
            "prove",
            "audit",
            "6",
            "--disclose",
            "input",
            "--checkpoint",
            "kept.note",
            "-o",
            "r.proof",
        ])
        .good();
    let verify = |more: &[&str]| {
        let mut all = vec!["verify", "r.proof", "--key", "audit/log.pub"];
        all.extend(more);
        place.run(&all)
    };
    assert_eq!(verify(&[]).code, 0);
    assert_eq!(verify(&["--checkpoint", "kept.note"]).code, 0);
    let asked = place.run(&["show", "audit", "6", "--json"]).good().json();
    assert!(asked["body"]["input"]["keyed"].is_string());
    for number in 0..10 {
        std::fs::write(place.path("text"), format!("question {number}")).unwrap();
        // Receipts 0 to 3 are genesis, start, stop, start.
        let code = verify(&["--text", "input=text"]).code;
        assert_eq!(code, i32::from(number != 2), "question {number}");
    }
    std::fs::write(place.path("text"), "answer").unwrap();
    assert_eq!(
        verify(&["--text", "output=text"]).code,
        3,
        "the output's key was not disclosed"
    );
    assert_eq!(
        place
            .run(&["prove", "audit", "6", "--disclose", "nonsense"])
            .code,
        2
    );
    assert_eq!(place.run(&["prove", "audit", "99"]).code, 2);
}

#[test]
fn proofs_that_do_not_fit() {
    let place = Place::new();
    place.run(&["checkpoint", "audit", "-o", "old.note"]).good();
    place.record("{\"model\":\"m\"}\n");
    place.run(&["checkpoint", "audit", "-o", "new.note"]).good();
    place.run(&["prove", "audit", "5", "-o", "r.proof"]).good();
    // Another checkpoint: nothing connects the two.
    assert_eq!(
        place
            .run(&[
                "verify",
                "r.proof",
                "--key",
                "audit/log.pub",
                "--checkpoint",
                "old.note"
            ])
            .code,
        3
    );
    assert_eq!(
        place
            .run(&[
                "verify",
                "r.proof",
                "--key",
                "audit/log.pub",
                "--checkpoint",
                "new.note"
            ])
            .code,
        0
    );
    // A receipt that the auditor's checkpoint does not have yet.
    let late = place.run(&["prove", "audit", "16", "--checkpoint", "old.note"]);
    assert!(
        late.code == 2 && late.err.contains("not in the checkpoint"),
        "{}",
        late.err
    );
    let text = std::fs::read_to_string(place.path("r.proof")).unwrap();
    std::fs::write(place.path("r.proof"), text.replace("index 5", "index 6")).unwrap();
    assert_eq!(
        place
            .run(&["verify", "r.proof", "--key", "audit/log.pub"])
            .code,
        1
    );
}
