//! The auditor's page beside a package.

use crate::run::Place;
use crate::statements::reports;
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

/// The arguments that write `package` with the page, over what is there.
fn forced(package: &str) -> [&str; 8] {
    [
        "export",
        "audit",
        "-o",
        package,
        "--with-page",
        "--page",
        "page.html",
        "--force",
    ]
}

#[test]
fn the_whole_name_of_the_package_stays() {
    let place = Place::new();
    place.write("page.html", PAGE);
    fs::create_dir(place.path("a")).unwrap();
    for (package, page) in [
        ("a/p.zip", "a/p.html"),
        ("P.ZIP", "P.html"),
        ("audit.v1", "audit.v1.html"),
        ("p.HTML", "p.HTML.html"),
        ("p", "p.html"),
        (".zip", ".zip.html"),
    ] {
        place.run(&forced(package)).good();
        assert_eq!(fs::read_to_string(place.path(page)).unwrap(), PAGE);
    }
}

#[test]
fn no_file_that_was_named_for_something_else_is_replaced() {
    let place = Place::new();
    place.write("page.html", PAGE);
    reports(&place, "audit");
    let report = fs::read(place.path("q3.html")).unwrap();
    let named = [&forced("q3.zip")[..], &["--report", "q3.html"]].concat();
    let done = place.run(&named);
    let said = done.sentence(2);
    assert!(said.contains("q3.html, which is a report"), "{said}");
    // Not named either: it is no page.
    let done = place.run(&forced("q3.zip"));
    let said = done.sentence(2);
    assert!(
        said.contains("q3.html is there and is no auditor's page"),
        "{said}"
    );
    assert_eq!(fs::read(place.path("q3.html")).unwrap(), report);
    assert!(!place.path("q3.zip").exists());

    // The page that is read, by another way to it.
    let done = place.run(&forced("audit/../page.zip"));
    let said = done.sentence(2);
    assert!(
        said.contains("which is the page that --page names"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(place.path("page.html")).unwrap(), PAGE);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_package_is_not_written_through() {
    let place = Place::new();
    place.write("page.html", PAGE);
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let package = fs::read(place.path("p.zip")).unwrap();
    std::os::unix::fs::symlink("p.zip", place.path("p.html")).unwrap();
    let done = place.run(&forced("p.zip"));
    let said = done.sentence(2);
    assert!(said.contains("which is the package"), "{said}");
    assert_eq!(fs::read(place.path("p.zip")).unwrap(), package);
}

#[test]
fn the_page_has_the_whole_name_of_the_package() {
    let place = Place::new();
    place.write("page.html", PAGE);
    for (package, page) in [
        ("audit.v1", "audit.v1.html"),
        ("p.HTML", "p.HTML.html"),
        ("P.ZIP", "P.html"),
    ] {
        place.run(&forced(package)).good();
        assert_eq!(fs::read_to_string(place.path(page)).unwrap(), PAGE);
        place
            .run(&["verify", package, "--key", "audit/log.pub", "--size", "1"])
            .good();
    }
}
