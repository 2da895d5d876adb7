//! The published vectors of the transparency-dev Merkle library, all 521 files but two texts.

use ai_audit_core::Digest;
use ai_audit_merkle::{
    ConsistencyProof, Frontier, InclusionProof, LeafHash, LeafIndex, MemoryTree, NodeHash, Subtree,
    TreeSize, consistency_proof, inclusion_proof, root_of,
};
use base64ct::{Base64, Encoding as _};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> Option<PathBuf> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/merkle-probes"
    );
    let folder = PathBuf::from(path);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: vectors of merkle-probes, ../shared is absent");
    None
}

fn json_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "json") {
            out.push(path);
        }
    }
}

/// Checks every case in a folder; `check` says whether the proof is accepted.
fn run(kind: &str, expected: usize, check: impl Fn(&Case) -> bool) {
    let Some(folder) = folder() else { return };
    let mut files = Vec::new();
    json_files(&folder.join("testdata").join(kind), &mut files);
    assert_eq!(files.len(), expected, "number of cases in {kind}");
    let mut accepted = 0;
    for file in files {
        let json = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let case = Case(json);
        let want = !case.0["wantErr"].as_bool().unwrap();
        assert_eq!(check(&case), want, "{}: {}", file.display(), case.0["desc"]);
        accepted += usize::from(want);
    }
    assert!(
        accepted > 0 && accepted < expected,
        "{kind} has good and bad cases"
    );
}

struct Case(Value);

impl Case {
    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap()
    }
    fn size(&self, name: &str) -> TreeSize {
        TreeSize::new(self.number(name))
    }
    fn index(&self, name: &str) -> LeafIndex {
        LeafIndex::new(self.number(name))
    }
    fn bytes(&self, name: &str) -> Vec<u8> {
        Base64::decode_vec(self.0[name].as_str().unwrap()).unwrap()
    }
    /// A hash, if it is one: what has not 32 bytes never gets as far as a verifier.
    fn hash(&self, name: &str) -> Option<[u8; 32]> {
        self.bytes(name).try_into().ok()
    }
    /// A root of the cases where roots are words ("don't care 1"): those become hashes of them,
    /// which are equal and different as the words are.
    fn word_root(&self, name: &str) -> NodeHash {
        let hash = self
            .hash(name)
            .unwrap_or_else(|| *Digest::of(&self.bytes(name)).as_bytes());
        NodeHash::from_bytes(hash)
    }
    fn path(&self) -> Option<Vec<NodeHash>> {
        let Value::Array(nodes) = &self.0["proof"] else {
            return Some(Vec::new());
        };
        let node = |node: &Value| {
            let bytes = Base64::decode_vec(node.as_str().unwrap()).unwrap();
            bytes.try_into().ok().map(NodeHash::from_bytes)
        };
        nodes.iter().map(node).collect()
    }
}

#[test]
fn inclusion() {
    run("inclusion", 98, |case| {
        let (Some(path), Some(root), Some(leaf)) =
            (case.path(), case.hash("root"), case.hash("leafHash"))
        else {
            return false;
        };
        let proof = InclusionProof {
            index: case.index("leafIdx"),
            size: case.size("treeSize"),
            path,
        };
        proof
            .verify(&LeafHash::from_bytes(leaf), &NodeHash::from_bytes(root))
            .is_ok()
    });
}

#[test]
fn consistency() {
    run("consistency", 98, |case| {
        let Some(path) = case.path() else {
            return false;
        };
        let proof = ConsistencyProof {
            old: case.size("size1"),
            new: case.size("size2"),
            path,
        };
        proof
            .verify(&case.word_root("root1"), &case.word_root("root2"))
            .is_ok()
    });
}

#[test]
fn subtree_inclusion() {
    run("subtreeinclusion", 204, |case| {
        let (Some(path), Some(root), Some(leaf)) =
            (case.path(), case.hash("root"), case.hash("leafHash"))
        else {
            return false;
        };
        let (leaf, root) = (LeafHash::from_bytes(leaf), NodeHash::from_bytes(root));
        Subtree::new(case.index("start"), case.size("end"))
            .and_then(|sub| sub.verify_inclusion(case.index("leafIdx"), &leaf, &path, &root))
            .is_ok()
    });
}

#[test]
fn subtree_consistency() {
    run("subtreeconsistency", 118, |case| {
        let Some(path) = case.path() else {
            return false;
        };
        let (own, root) = (case.word_root("root1"), case.word_root("root2"));
        Subtree::new(case.index("start"), case.size("end"))
            .and_then(|sub| sub.verify_consistency(case.size("size"), &path, &own, &root))
            .is_ok()
    });
}

/// Roots, nodes, hashes and all proofs up to size 8.
#[test]
fn reference_tree() {
    let Some(folder) = folder() else { return };
    let bytes = std::fs::read(folder.join("rfc6962_reference.json")).unwrap();
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect()
    };
    let inputs: Vec<Vec<u8>> = texts(&json["leaf_inputs_hex"])
        .iter()
        .map(|t| unhex(t))
        .collect();
    let leaves: Vec<LeafHash> = inputs.iter().map(|input| LeafHash::of(input)).collect();
    let roots = texts(&json["root_hashes_by_size_hex"]);
    assert_eq!((leaves.len(), roots.len()), (8, 9));

    let (mut frontier, mut tree) = (Frontier::new(), MemoryTree::new());
    let mut nodes: Vec<Vec<String>> = vec![Vec::new(); 4];
    for (n, root) in roots.iter().enumerate() {
        assert_eq!(&frontier.root().to_string(), root, "size {n}");
        assert_eq!(&tree.root().to_string(), root, "size {n}");
        assert_eq!(&root_of(&leaves[..n]).to_string(), root, "size {n}");
        if let Some(&leaf) = leaves.get(n) {
            let keep = |level, _, node: NodeHash| nodes[level as usize].push(node.to_string());
            frontier.push_with(leaf, keep).unwrap();
            tree.push(leaf).unwrap();
        }
    }
    for (level, expected) in json["node_hashes_by_level_hex"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let expected = texts(expected);
        // Above the leaves the vectors also list the ragged nodes of smaller trees.
        assert!(
            nodes[level].iter().all(|node| expected.contains(node)),
            "level {level}"
        );
        assert_eq!(nodes[level].len(), 8 >> level);
    }

    let hashes: Vec<String> = json["hasher"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["hash"].as_str().unwrap().to_owned())
        .collect();
    assert!(hashes.contains(&NodeHash::EMPTY.to_string()));
    assert!(hashes.contains(&LeafHash::of(b"").to_string()));

    let paths = |case: &Value| texts(&case["path"]);
    let text = |path: &[NodeHash]| path.iter().map(NodeHash::to_string).collect::<Vec<_>>();
    let number = |case: &Value, name: &str| case[name].as_u64().unwrap();
    let inclusion = json["generated_inclusion"].as_array().unwrap();
    let consistency = json["generated_consistency"].as_array().unwrap();
    assert_eq!((inclusion.len(), consistency.len()), (36, 36));
    for case in inclusion {
        let (index, size) = (number(case, "index"), number(case, "size"));
        let proof = inclusion_proof(&mut tree, LeafIndex::new(index), TreeSize::new(size)).unwrap();
        assert_eq!(text(&proof.path), paths(case), "{index} in {size}");
    }
    for case in consistency {
        let (old, new) = (number(case, "size1"), number(case, "size2"));
        let proof = consistency_proof(&mut tree, TreeSize::new(old), TreeSize::new(new)).unwrap();
        assert_eq!(text(&proof.path), paths(case), "{old} to {new}");
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |i: usize| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}
