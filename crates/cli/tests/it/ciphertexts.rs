//! `export --with-ciphertexts`.

use crate::run::Place;
/// A log with three ciphertexts beside receipts on two persons.
fn place() -> Place {
    let place = Place::new();
    let lines = concat!(
        "{\"subject\":\"person-7\",\"input\":\"one\",\"output\":\"two\"}\n",
        "{\"subject\":\"person-8\",\"input\":\"three\"}\n",
    );
    place.write("lines", lines);
    let keep = ["--keep-encrypted", "input,output"];
    let record = [&["record", "audit", "lines"], &keep[..]].concat();
    place.run(&record).good();
    place
}

#[test]
fn packages_have_ciphertexts_where_they_were_asked_for() {
    let place = place();
    let export = |file: &str, more: &[&str]| {
        let arguments = [&["export", "audit", "-o", file], more].concat();
        place.run(&arguments).good()
    };
    let files = |file: &str| -> Vec<String> {
        let package = std::fs::File::open(place.path(file)).unwrap();
        let package = zip::ZipArchive::new(package).unwrap();
        package
            .file_names()
            .map(|name| name.unwrap().into())
            .collect()
    };
    let name = "ciphertexts.bin".to_string();
    let without = export("without.zip", &["--json"]).json();
    assert_eq!(without["ciphertexts"], 0);
    assert!(!files("without.zip").contains(&name));
    let with = export("with.zip", &["--with-ciphertexts", "--json"]).json();
    assert_eq!(with["ciphertexts"], 3);
    assert!(files("with.zip").contains(&name));
    for file in ["without.zip", "with.zip"] {
        let only = ["--require", "integrity,attribution"];
        let verify = [&["verify", file, "--key", "audit/log.pub"], &only[..]].concat();
        place.run(&verify).good();
    }
    // The summary says what they are.
    let said = export("said.zip", &["--with-ciphertexts"]);
    let said = said.out + &said.err;
    assert!(
        said.contains("3 ciphertexts") && said.contains("without the keys"),
        "{said}"
    );
    // Those that were removed are in no package that is made after.
    place
        .run(&["shred", "audit", "person-7", "--reason", "request 31"])
        .good();
    let after = export("after.zip", &["--with-ciphertexts", "--json"]).json();
    assert_eq!(after["ciphertexts"], 1);
    let help = place.run(&["export", "--help"]).good().out;
    assert!(
        help.contains("--with-ciphertexts") && help.contains("cannot be read without the keys")
    );
}
