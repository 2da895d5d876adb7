//! The fuzz targets: which crates they watch, and what they are given to begin with.

/// A fuzz target.
#[derive(Debug)]
pub(crate) struct Target {
    /// The name of its program.
    pub(crate) name: &'static str,
    /// Folders of the crates whose change concerns it.
    pub(crate) crates: &'static [&'static str],
    /// Files and folders below `docs/spec/vectors` and the shared vectors that are seeds for it.
    pub(crate) vectors: &'static [&'static str],
    /// What it reads.
    pub(crate) covers: &'static str,
}

impl Target {
    /// Whether it takes none but its own seeds for genuine: those of another version, which are among its corpus, would be
    /// findings. A package carries its verifier, so each version makes other ones.
    pub(crate) fn knows_its_seeds(&self) -> bool {
        self.name == "package"
    }
}

const fn target(
    name: &'static str,
    crates: &'static [&'static str],
    vectors: &'static [&'static str],
    covers: &'static str,
) -> Target {
    Target {
        name,
        crates,
        vectors,
        covers,
    }
}

/// All of them.
#[rustfmt::skip]
pub(crate) const TARGETS: &[Target] = &[
    target("archive", &["export"], &["python-library-0.4.7"], "archives, beside the zip crate"),
    target("body", &["core", "agentic", "epochs", "note", "shredding"], &[], "bodies of every kind"),
    target("ciphertexts_file", &["export"], &[], "files of ciphertexts"),
    target("contract", &["contracts"], &[], "contracts as YAML and JSON, states, expressions"),
    target("ed25519", &["core"], &[], "signatures, beside ring's verification, alone and in bulk"),
    target("equivocation", &["verify", "note"], &[], "proofs of equivocation, detached revocations"),
    target("erasure", &["shredding"], &[], "encrypted fields and wrapped keys that were changed"),
    target("imported", &["core", "import"], &[], "bodies that bring records of the Python library"),
    target("json", &["json"], &["jcs-rfc8785/testdata"], "the JSON canonicalizer, beside serde_json"),
    target("log", &["core", "merkle", "note", "agentic", "epochs", "verify"], &[], "genuine logs that were changed"),
    target("merkle", &["merkle"], &[], "trees and proofs, beside rs_merkle and ct-merkle"),
    target("note", &["note", "core"], &["checkpoint.note", "log.pub", "signed-note"], "notes, checkpoints, key lines, tlog proofs, requests to witnesses"),
    target("otlp", &["otlp", "ingest"], &[], "OpenTelemetry exports in both encodings"),
    target("package", &["export", "verify", "core", "note"], &[], "packages as bytes"),
    target("package_edited", &["export", "verify", "core", "note", "merkle"], &[], "genuine packages, taken apart, changed and packed again"),
    target("policy", &["verify", "note", "agentic", "epochs"], &[], "trust policies, approval rules, retention"),
    target("proof", &["verify", "note"], &[], "proof files"),
    target("proof_edited", &["verify", "note", "merkle"], &[], "genuine proof files that were changed"),
    target("python_edited", &["import", "export"], &[], "genuine records and packages of the Python library that were changed"),
    target("python_json", &["import"], &["jcs-rfc8785/testdata"], "the JSON of the Python library's records, beside serde_json"),
    target("python_package", &["import", "export"], &["python-library-0.4.7"], "packages of the Python library as bytes"),
    target("python_records", &["import"], &[], "records of the Python library as bytes, and the items made of them"),
    target("receipt", &["core", "export"], &[], "sealed receipts, their bodies and JSON views"),
    target("receipts_file", &["core", "export"], &["receipts.bin"], "receipts files"),
    target("record_lines", &["ingest", "pii", "agentic"], &[], "record lines, conversations and traces"),
    target("redaction", &["pii"], &["pii-recognizer-cases"], "texts to redact, whole and in streams"),
    target("redaction_json", &["pii"], &[], "JSON to redact, and redaction policies"),
    target("selection", &["verify", "core", "epochs", "merkle"], &[], "selections and bare trees of genuine logs that were changed"),
    target("statement", &["export"], &[], "manifests, statements of reports, selections"),
    target("tiles", &["export", "merkle", "verify"], &[], "published logs that were changed"),
    target("timestamp", &["timestamp"], &["rfc3161"], "timestamp tokens, responses, certificates"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn every_target_is_a_program_and_documented() {
        let workspace = Workspace::load().unwrap();
        let read = |path: &str| std::fs::read_to_string(workspace.root.join(path)).unwrap();
        let (manifest, library) = (read("fuzz/Cargo.toml"), read("fuzz/src/lib.rs"));
        let docs = read("docs/fuzzing.md");
        for target in TARGETS {
            let name = target.name;
            assert!(
                manifest.contains(&format!("\nname = \"{name}\"\n")),
                "{name}"
            );
            assert!(library.contains(&format!("\n    {name}: ")), "{name}");
            assert!(
                docs.contains(&format!("| `{name}` |")),
                "{name} is not in docs/fuzzing.md"
            );
            let program = read(&format!("fuzz/fuzz_targets/{name}.rs"));
            assert!(program.contains(&format!("target!(\"{name}\")")), "{name}");
            for folder in target.crates {
                assert!(
                    workspace.root.join("crates").join(folder).is_dir(),
                    "{folder}"
                );
            }
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
