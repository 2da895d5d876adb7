//! The auditor's page beside a package.

use crate::run::Place;
use std::fs;

/// Not the page, but with what every page has in it.
const PAGE: &str = "<!doctype html>\n<title>ai-audit: the auditor's page</title>\n";
/// `sha256sum` of it.
const SHA_256: &str = "e30b92d28b298896adbd977f3e5e61636dbb7374ae21e53d39ed92a3ae160b90";

#[test]
fn the_page_is_written_beside_the_package() {
    let place = Place::new();
    place.write("page.html", PAGE);
    let args = [
        "export",
        "audit",
        "-o",
        "p.zip",
        "--with-page",
        "--page",
        "page.html",
    ];
    let told = place.run(&[&args[..], &["--json"]].concat()).good().json();
    assert_eq!(told["page"]["file"], "p.html");
    assert_eq!(told["page"]["bytes"], PAGE.len());
    assert_eq!(told["page"]["sha256"], SHA_256);
    assert_eq!(fs::read_to_string(place.path("p.html")).unwrap(), PAGE);
    place
        .run(&["verify", "p.zip", "--key", "audit/log.pub", "--size", "1"])
        .good();

    // Neither of the two takes the place of another file.
    fs::remove_file(place.path("p.zip")).unwrap();
    let done = place.run(&args);
    assert!(done.sentence(2).contains("p.html"), "{}", done.err);
    assert!(!place.path("p.zip").exists(), "no package without its page");
    let said = place.run(&[&args[..], &["--force"]].concat()).good().out;
    assert!(
        said.contains(SHA_256) && said.contains("proves nothing"),
        "{said}"
    );
}

#[test]
fn what_is_no_page_is_refused() {
    let place = Place::new();
    place.write("notes.html", "<!doctype html><title>notes</title>");
    for (output, page, reason) in [
        ("p.zip", "notes.html", "expected the auditor's page"),
        ("p.zip", "nowhere.html", "nowhere.html"),
        ("p.html", "page.html", "give the package another name"),
    ] {
        place.write("page.html", PAGE);
        let done = place.run(&[
            "export",
            "audit",
            "-o",
            output,
            "--with-page",
            "--page",
            page,
        ]);
        assert!(done.sentence(2).contains(reason), "{}", done.err);
        assert!(!place.path(output).exists());
    }
    let done = place.run(&["export", "audit", "-o", "p.zip", "--page", "page.html"]);
    assert_eq!(done.code, 2, "a page that nobody asked for");
}
