#!/usr/bin/env python3
"""Reads published logs (tiles.md) and proofs of equivocation (equivocation.md), with nothing but
Python's standard library and verify_example.py beside it.

It was written from the specifications, apart from the project's own code, so that the two can
disagree. Compare it with the published one, or read it: it is meant to be read.

    published_example.py FOLDER --key log.pub [--checkpoint kept.note]
    published_example.py FILE --key log.pub

Exit code, for a published log: 0 all verified, 1 something failed, 3 something stays unverified; for
a proof of equivocation: 1 it holds, or it is no proof (what is printed says which), 3 unverified.
"""

import argparse
import os
import sys

import verify_example as v
from verify_example import Refused, parent, sha256


def name(kind, index, width):
    groups = [index % 1000]
    while index >= 1000:
        index //= 1000
        groups.insert(0, index % 1000)
    path = "/".join(["x%03d" % g for g in groups[:-1]] + ["%03d" % groups[-1]])
    return "tile/%s/%s%s" % (kind, path, "" if width == 256 else ".p/%d" % width)


def tree_hash(hashes):
    """RFC 6962 section 2.1, over hashes of leaves or of complete nodes."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return parent(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


class Published:
    """A folder that holds a published log."""

    def __init__(self, folder):
        self.folder = folder
        self.checkpoint = v.Checkpoint(self.read("checkpoint"), "checkpoint")

    def read(self, file):
        path = self.folder
        for part in file.split("/"):
            path = os.path.join(path, part)
            if os.path.islink(path):
                raise Refused(file, "a symbolic link")
        if not os.path.isfile(path):
            raise Refused(file, "missing")
        with open(path, "rb") as stream:
            return stream.read()

    def tiles(self, kind, count):
        """The tiles that `count` items make: width and contents."""
        for index in range((count + 255) // 256):
            width = min(256, count - 256 * index)
            yield name(kind, index, width), width, self.read(name(kind, index, width))

    def leaves(self):
        """The hashes of level 0, once every level above was found to follow from them."""
        expected, leaves, level = None, None, 0
        count = self.checkpoint.size
        while count:
            found = []
            for file, width, data in self.tiles(level, count):
                if len(data) != 32 * width:
                    raise Refused(file, "%d bytes for %d hashes" % (len(data), width))
                found += [data[i : i + 32] for i in range(0, len(data), 32)]
            if expected is not None and found != expected:
                raise Refused("tile/%d" % level, "not the roots of the level below")
            leaves = found if leaves is None else leaves
            expected = [tree_hash(found[i : i + 256]) for i in range(0, len(found) // 256 * 256, 256)]
            count, level = count // 256, level + 1
        leaves = leaves or []
        root = tree_hash(leaves) if leaves else sha256(b"")
        if root != self.checkpoint.root:
            raise Refused("tile/0", "it does not have the root of the checkpoint")
        return leaves

    def items(self, kind, prefix):
        for file, width, data in self.tiles(kind, self.checkpoint.size):
            at = 0
            for _ in range(width):
                size = int.from_bytes(data[at : at + prefix], "big")
                item = data[at + prefix : at + prefix + size]
                if len(item) != size or at + prefix > len(data):
                    raise Refused(file, "it ends inside an item")
                at += prefix + size
                yield file, item
            if at != len(data):
                raise Refused(file, "bytes after the last item")


def published(folder, pins, brought):
    log = None
    verdict = v.Verdict()
    try:
        tree = Published(folder)
        own = tree.checkpoint
        leaves = tree.leaves()
        if not os.path.isdir(os.path.join(folder, "tile", "entries")):
            for pin in pins:
                if isinstance(pin, v.KeyLine):
                    own.note.verify(pin)
            for question in verdict.answers:
                verdict.set(question, v.UNVERIFIED, "only hashes are here")
            return verdict
        log = v.Log(verdict, pins, False)
        log.wanted = {c.size for c in [own] + brought}
        rows = zip(leaves, tree.items("entries", 2), tree.items("seals", 1))
        for leaf, (file, payload), (_, seal) in rows:
            if sha256(b"\0" + payload) != leaf:
                raise Refused(file, "receipt %d does not hash to its leaf" % log.count)
            log.push(payload + seal, len(seal))
        if log.count != own.size:
            raise Refused("tile", "%d receipts" % log.count)
        v.finish(verdict, log, [own], brought, None)
    except Refused as error:
        verdict.fail("integrity", "%s: %s" % (error.stage, error))
        verdict.set("completeness", v.UNVERIFIED, "integrity failed")
    return verdict


# ---- Proofs of equivocation


def consistent(old, old_root, new, new_root, path):
    """RFC 9162 section 2.1.4.2, for 0 < old < new."""
    path = list(path)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = parent(c, fr), parent(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = parent(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def equivocation(data):
    """The two checkpoints of a proof, found to contradict each other."""
    file = "equivocation"
    try:
        parts = data.decode("utf-8").split("\n\n")
    except UnicodeDecodeError:
        raise Refused(file, "not UTF-8")
    if len(parts) != 5 or len(data) > 2**21 + 4096:
        raise Refused(file, "not four empty lines")
    head = parts[0].split("\n")
    if head[0] != "ai-audit/equivocation/v1" or len(head) > 67:
        raise Refused(file, "not the first line, or too many")
    a = v.Checkpoint((parts[1] + "\n\n" + parts[2] + "\n").encode(), "first checkpoint")
    b = v.Checkpoint((parts[3] + "\n\n" + parts[4]).encode(), "second checkpoint")
    if a.origin != b.origin:
        raise Refused(file, "two origins")
    if (a.size, a.root) > (b.size, b.root):
        raise Refused(file, "the smaller one comes first")
    if a.size == b.size:
        if len(head) > 1 or a.root == b.root:
            raise Refused(file, "one size, and nodes, or the same root")
        return a, b
    if len(head) < 2 or not head[1].startswith("root "):
        raise Refused(file, "no root")
    hashes = [v.unbase64(text, file) for text in [head[1][5:]] + head[2:]]
    if any(len(h) != 32 for h in hashes):
        raise Refused(file, "a hash has 32 bytes")
    root, path = hashes[0], hashes[1:]
    if a.size == 0:
        leads = root == sha256(b"") and not path
    else:
        leads = consistent(a.size, root, b.size, b.root, path)
    if not leads:
        raise Refused(file, "the path does not lead to the second checkpoint")
    if root == a.root:
        raise Refused(file, "the second checkpoint continues the first")
    return a, b


def judge(path, pins):
    with open(path, "rb") as file:
        data = file.read()
    try:
        a, b = equivocation(data)
        own = [pin for pin in pins if isinstance(pin, v.KeyLine) and pin.name == a.origin]
        if not own:
            print("UNVERIFIED: no key of %s was pinned" % v.shown(a.origin))
            return 3
        a.note.verify(own[0])
        b.note.verify(own[0])
    except Refused as error:
        print("NO PROOF: %s: %s" % (error.stage, v.shown(str(error))))
        return 1
    print("PROOF HOLDS: log %s signed two histories" % v.shown(a.origin))
    return 1


def main():
    parser = v.Arguments(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path")
    parser.add_argument("--key", action="append", default=[], metavar="FILE|LINE|HEX")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE")
    options = parser.parse_args()
    try:
        pins = [v.parse_pin(argument) for argument in options.key]
        brought = []
        for kept in options.checkpoint:
            with open(kept, "rb") as file:
                brought.append(v.Checkpoint(file.read(), kept))
        if not os.path.isdir(options.path):
            return judge(options.path, pins)
        verdict = published(options.path, pins, brought)
    except OSError as error:
        print("%s: %s" % (v.shown(str(error.filename)), error.strerror), file=sys.stderr)
        return 2
    except Refused as error:
        print("cannot use what you brought: %s" % v.shown(str(error)), file=sys.stderr)
        return 2
    for question, (status, reason) in verdict.answers.items():
        print("%-13s %s%s" % (question, status, v.shown(": " + reason if reason else "")))
    code = verdict.code()
    print({0: "OK", 1: "FAILED", 3: "UNVERIFIED"}[code])
    return code


if __name__ == "__main__":
    sys.exit(main())
