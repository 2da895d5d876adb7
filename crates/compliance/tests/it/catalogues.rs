//! Files of catalogues: those that come along hold what they promise, and wrong ones are told apart.

use ai_audit_compliance::{CatalogueError, Catalogues, Status, Support};

const HEAD: &str = "schema = 1\nid = \"own\"\nname = \"Own\"\ntitle = \"T\"\nedition = \"1\"\nchecked = 2026-11-28\n";
const CONTROL: &str = "[[control]]\nid = \"1\"\ntitle = \"t\"\nrequirement = \"r\"\nsupport = \"partial\"\n\
                       evidence = [\"decisions\"]\nlimits = \"l\"\nsource = \"s\"\nverification = \"verified\"\n";

fn refused(text: &str) -> String {
    let mut catalogues = Catalogues::empty().unwrap();
    catalogues.add("own.toml", text).unwrap_err().to_string()
}

#[test]
fn a_catalogue_of_ones_own_is_read() {
    let mut catalogues = Catalogues::empty().unwrap();
    catalogues
        .add("own.toml", &format!("{HEAD}{CONTROL}"))
        .unwrap();
    assert_eq!(
        catalogues.iter().next().unwrap().checked.to_string(),
        "2026-11-28"
    );
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_was_expected() {
    let control = |from: &str, to: &str| format!("{HEAD}{}", CONTROL.replace(from, to));
    for (text, told) in [
        ("schema = 1".into(), "missing field"),
        (
            HEAD.replace("schema = 1", "schema = 2") + CONTROL,
            "schema 2: this version reads schema 1",
        ),
        (
            HEAD.replace("\"own\"", "\"Own Law\"") + CONTROL,
            "expected lower-case letters",
        ),
        (HEAD.replace("2026-11-28", "\"soon\"") + CONTROL, "line 6"),
        (
            format!("{HEAD}colour = 1\n{CONTROL}"),
            "unknown field `colour`",
        ),
        (
            format!("{HEAD}{CONTROL}{CONTROL}"),
            "control \"1\": the id stands twice",
        ),
        (
            control("\"decisions\"", "\"decision\""),
            "there is no selector \"decision\"",
        ),
        (
            control("[\"decisions\"]", "[]"),
            "expected evidence, or support none",
        ),
        (
            control("partial", "none"),
            "support none: expected no evidence",
        ),
        (control("partial", "full"), "unknown variant `full`"),
        (
            control("limits = \"l\"", "limits = \" \""),
            "limits: expected a text",
        ),
        (
            control("title = \"t\"", "title = \"t\"\ngroup = \"A\""),
            "there is no group \"A\"",
        ),
        (
            control("limits", "needs = [\"truth\"]\nlimits"),
            "needs \"truth\": expected one of integrity",
        ),
        (
            format!(
                "{HEAD}[[selector]]\nname = \"decisions\"\nsays = \"d\"\nkind = [\"decision\"]\nmissing = \"m\"\n{CONTROL}"
            ),
            "or is that of a shared selector",
        ),
        (
            format!(
                "{HEAD}[[selector]]\nname = \"x\"\nsays = \"d\"\nkind = [\"verdict\"]\nmissing = \"m\"\n{CONTROL}"
            ),
            "there is no kind \"verdict\"",
        ),
        (
            format!(
                "{HEAD}[[selector]]\nname = \"x\"\nsays = \"d\"\nkind = [\"stop\"]\nfields = [\"why\"]\nmissing = \"m\"\n{CONTROL}"
            ),
            "kind stop has no field or state \"why\": expected one of trace_id",
        ),
        (
            format!(
                "{HEAD}[[selector]]\nname = \"x\"\nsays = \"d\"\nkind = [\"any\"]\ntag = \"t\"\nmissing = \"m\"\n{CONTROL}"
            ),
            "expected to stand alone",
        ),
    ] {
        let error = refused(&text);
        assert!(error.starts_with("own.toml: "), "{error}");
        assert!(error.contains(told), "{error} should say {told}");
    }
    assert!(refused(&" ".repeat(5 << 20)).contains("at most 4194304 bytes"));
}

#[test]
fn one_id_stands_once_and_an_unknown_one_is_told_with_those_known() {
    let mut catalogues = Catalogues::builtin().unwrap();
    let taken = format!("{}{CONTROL}", HEAD.replace("\"own\"", "\"gdpr\""));
    let error = catalogues.add("mine.toml", &taken).unwrap_err();
    assert!(error.to_string().contains("another catalogue has it"));
    let Err(error) = catalogues.only(&["gdpr", "gpdr"]) else {
        panic!("there is no gpdr");
    };
    assert!(matches!(error, CatalogueError::Unknown { .. }));
    assert!(error.to_string().contains("eu-ai-act"));
}

/// Every file in the folder is one of those that come along, and each is called as its id.
#[test]
fn no_file_is_forgotten() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "selectors.toml")
        .collect();
    files.sort_unstable();
    let catalogues = Catalogues::builtin().unwrap();
    let mut known: Vec<String> = catalogues
        .iter()
        .map(|one| format!("{}.toml", one.id))
        .collect();
    known.sort_unstable();
    assert_eq!(files, known);
}

/// A status cannot be better than the support of its row, whatever the log.
#[test]
fn a_none_row_is_never_addressable() {
    let log = {
        let mut log = crate::logs::Log::new();
        log.checked("m");
        log
    };
    let crosswalk = log.crosswalk(Catalogues::builtin().unwrap(), &log.trust());
    let mut none = 0;
    for framework in &crosswalk.frameworks {
        for control in &framework.controls {
            let place = format!("{} {}", framework.id, control.id);
            match control.support {
                Support::None => {
                    none += 1;
                    assert_eq!(control.status, Status::NotAddressable, "{place}");
                    assert!(
                        control.evidence.is_empty() && control.also.is_empty(),
                        "{place}"
                    );
                }
                Support::Direct => assert_ne!(control.status, Status::NotAddressable, "{place}"),
                _ => assert!(
                    matches!(control.status, Status::PartialEvidence | Status::NoEvidence),
                    "{place}"
                ),
            }
        }
    }
    assert_eq!(none, 95);
}

/// Where a framework gives a control no title, a report does not make one of what tables say instead.
#[test]
fn a_control_without_a_title_has_none_of_its_own() {
    let log = crate::logs::Log::new();
    let crosswalk = log.crosswalk(Catalogues::builtin().unwrap(), &log.trust());
    let title = |framework: &str, id: &str| {
        let framework = crosswalk
            .frameworks
            .iter()
            .find(|one| one.id == framework)
            .unwrap();
        let control = framework
            .controls
            .iter()
            .find(|control| control.id == id)
            .unwrap();
        control.own_title().to_string()
    };
    for (framework, id, own) in [
        ("nist-ai-rmf", "GOVERN 1.1", ""),
        ("nist-ai-rmf", "GOVERN 1", ""),
        ("nist-ai-rmf", "GOVERN", ""),
        ("soc-2", "CC4.1", "COSO Principle 16"),
        ("iso-42001", "A.8.4", "Communication of incidents"),
    ] {
        assert_eq!(title(framework, id), own, "{id}");
    }
}
