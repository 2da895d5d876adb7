//! What an auditor brings and nobody can use: both verifiers end with exit code 2 and accuse no log.

use crate::keys::revoke;
use crate::run::{Place, lines, python_of};
use std::fs;

/// A package in `p.zip`, unpacked in `unpacked`, and a revocation of its log.
fn place() -> Place {
    let place = Place::new();
    let kept = ["checkpoint", "audit", "-o", "kept.note"];
    place.run(&kept).good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let file = fs::File::open(place.path("p.zip")).unwrap();
    let mut zip = zip::ZipArchive::new(file).unwrap();
    zip.extract(place.path("unpacked")).unwrap();
    fs::copy(
        place.path("audit/keys/recovery.pem"),
        place.path("recovery.pem"),
    )
    .unwrap();
    // After the last receipt that is there: none of them is suspect.
    let last = place.receipts() - 1;
    revoke(&place, "audit", last, &["-o", "log.revocation"]).good();
    place.record(&lines(1));
    place
}

/// What `verify.py` makes of the unpacked package.
fn python(place: &Place, more: &[&str]) -> Option<(i32, String)> {
    let args = [&["unpacked", "--key", "audit/log.pub"], more].concat();
    python_of(place, "crates/export/assets/verify.py", &args)
}

fn both(place: &Place, more: &[&str], code: i32) {
    let ours = place.run(&[&["verify", "p.zip", "--key", "audit/log.pub"], more].concat());
    assert_eq!(ours.code, code, "{more:?}: {}{}", ours.out, ours.err);
    if let Some((theirs, said)) = python(place, more) {
        assert_eq!(theirs, code, "{more:?}: verify.py says {said}");
        assert!(!said.contains("Traceback"), "{more:?}: {said}");
        assert_eq!(code == 2, !said.contains("integrity"), "{more:?}: {said}");
    }
}

#[test]
fn a_revocation_that_is_none_is_the_auditors_mistake() {
    let place = place();
    let with = |text: &str, code| {
        place.write("brought", text);
        both(
            &place,
            &["--checkpoint", "kept.note", "--revocation", "brought"],
            code,
        );
    };
    let good = fs::read_to_string(place.path("log.revocation")).unwrap();
    let [label, origin, body] = good.lines().collect::<Vec<_>>()[..] else {
        panic!("{good}");
    };
    with(&good, 0);
    let other = "example.org/other/00112233445566778899aabbccddeeff";
    with(&format!("{label}\n{other}\n{body}\n"), 0);
    // 8 characters are 6 bytes of it.
    let (cut, rest) = body.split_at(8);
    for origin in [origin, other] {
        for wrong in ["", "eHh4eHh4eHh4", "eHh4eHh4eHh", cut, rest, "?"] {
            with(&format!("{label}\n{origin}\n{wrong}\n"), 2);
        }
        with(&format!("{label}\n{origin}\n{body}{cut}\n"), 2);
        with(&format!("{label}\n{origin}\n{body}\n\n"), 2);
        with(&format!("{origin}\n{body}\n"), 2);
    }
}

#[test]
fn a_size_that_is_none_is_refused() {
    let place = place();
    let json = ["verify", "p.zip", "--key", "audit/log.pub", "--json"];
    let held = place.run(&json).json()["receipts"].as_u64().unwrap();
    // A size of 0 says nothing.
    for (size, code) in [(0, 3), (held, 0), (held - 1, 0), (held + 1, 1)] {
        both(&place, &["--size", &size.to_string()], code);
    }
    both(&place, &["--size", "18446744073709551615"], 1);
    for size in [
        "-5",
        "-1",
        "",
        " 5",
        "5_0",
        "0x5",
        "1.5",
        "18446744073709551616",
        "\u{665}",
    ] {
        both(&place, &[&format!("--size={size}")], 2);
        both(&place, &["--size", size], 2);
    }
    both(&place, &["--size", &"9".repeat(5000)], 2);
}
