//! `verify --depth tree` and `--threads`: what is said, and when it is not possible.

use crate::run::{Place, lines};

#[test]
fn a76_a_tree_alone_says_so_and_is_not_enough() {
    let place = Place::new();
    place.record(&lines(5));
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    place.run(&["publish", "audit", "tiles"]).good();
    std::fs::copy(place.path("audit/log.pub"), place.path("log.pub")).unwrap();
    for evidence in ["audit", "p.zip", "tiles"] {
        let args = |more: &[&'static str]| {
            let mut all = vec![
                "verify",
                evidence,
                "--key",
                "log.pub",
                "--checkpoint",
                "kept.note",
            ];
            all.extend_from_slice(more);
            place.run(&all)
        };
        assert_eq!(args(&[]).code, 0, "{evidence}");
        assert_eq!(args(&["--threads", "1"]).code, 0, "{evidence}");
        assert_eq!(args(&["--threads", "7"]).code, 0, "{evidence}");
        let tree = args(&["--depth", "tree"]);
        assert_eq!(tree.code, 3, "{evidence}: {}", tree.out);
        assert!(
            tree.out
                .contains("the receipts' signatures, chain and contents were not checked"),
            "{}",
            tree.out
        );
        let asked = args(&["--depth", "tree", "--require", "completeness"]);
        assert_eq!(asked.code, 0, "{evidence}: {}", asked.out);
    }
}

#[test]
fn it_goes_with_what_has_a_checkpoint() {
    let place = Place::new();
    place.record(&lines(2));
    place.run(&["prove", "audit", "2", "-o", "r.proof"]).good();
    let done = place.run(&["verify", "r.proof", "--depth", "tree"]);
    assert!(
        done.sentence(2).contains("a proof of one receipt"),
        "{}",
        done.err
    );
    assert_eq!(place.run(&["verify", "audit", "--threads", "0"]).code, 2);
}
