//! RFC 6962 section 2.1 as it is written, recursively: what everything else is compared with.

use ai_audit_merkle::{LeafHash, NodeHash};

fn split(len: usize) -> usize {
    let mut k = 1;
    while k * 2 < len {
        k *= 2;
    }
    k
}

/// MTH(D\[n\]).
pub(crate) fn root(leaves: &[LeafHash]) -> NodeHash {
    match leaves {
        [] => NodeHash::EMPTY,
        [leaf] => NodeHash::from_leaf(*leaf),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            NodeHash::parent(&root(left), &root(right))
        }
    }
}

/// PATH(m, D\[n\]).
pub(crate) fn path(m: usize, leaves: &[LeafHash]) -> Vec<NodeHash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut out, sibling) = if m < k {
        (path(m, left), root(right))
    } else {
        (path(m - k, right), root(left))
    };
    out.push(sibling);
    out
}

/// SUBPROOF(m, D\[n\], b).
pub(crate) fn subproof(m: usize, leaves: &[LeafHash], whole: bool) -> Vec<NodeHash> {
    if m == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut out, sibling) = if m <= k {
        (subproof(m, left, whole), root(right))
    } else {
        (subproof(m - k, right, false), root(left))
    };
    out.push(sibling);
    out
}

/// SUBTREE_SUBPROOF of draft-ietf-plants-merkle-tree-certs: the same for leaves not from 0 on.
pub(crate) fn subtree_proof(
    start: usize,
    end: usize,
    leaves: &[LeafHash],
    whole: bool,
) -> Vec<NodeHash> {
    if start == 0 && end == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut out, sibling) = if end <= k {
        (subtree_proof(start, end, left, whole), root(right))
    } else if k <= start {
        (subtree_proof(start - k, end - k, right, whole), root(left))
    } else {
        assert_eq!(start, 0, "no subtree");
        (subtree_proof(0, end - k, right, false), root(left))
    };
    out.push(sibling);
    out
}

#[test]
fn a_path_by_hand() {
    let l = crate::leaves(3);
    let node = |i: usize| NodeHash::from_leaf(l[i]);
    let left = NodeHash::parent(&node(0), &node(1));
    assert_eq!(root(&l), NodeHash::parent(&left, &node(2)));
    assert_eq!(path(0, &l), [node(1), node(2)]);
    assert_eq!(path(2, &l), [left]);
    assert_eq!(subproof(2, &l, true), [node(2)]);
}
