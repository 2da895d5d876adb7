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
import re
import stat
import sys

import verify_example as v
from verify_example import Refused, parent, sha256


# Longest checkpoint, and of each kind of tile the bytes before an item and the most that it has.
NOTE = 1 << 20
BEFORE = {"entries": 2, "seals": 1}
LONGEST = {"entries": 65535, "seals": 64}
# No file of a published log lies deeper.
DEPTH = 12


def name(kind, index, width):
    groups = [index % 1000]
    while index >= 1000:
        index //= 1000
        groups.insert(0, index % 1000)
    path = "/".join(["x%03d" % g for g in groups[:-1]] + ["%03d" % groups[-1]])
    return "tile/%s/%s%s" % (kind, path, "" if width == 256 else ".p/%d" % width)


def parse_name(file):
    """Kind, index and width of a name in the one form that it has, or None."""
    form = r"tile/([0-7]|entries|seals)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?"
    match = re.fullmatch(form, file)
    if not match:
        return None
    kind, width = match.group(1), int(match.group(3) or 256)
    kind = kind if kind in BEFORE else int(kind)
    index = int("".join(c for c in match.group(2) if c.isdigit()))
    good = index < 2**64 and name(kind, index, width) == file and 1 <= width <= 256
    return (kind, index, width) if good else None


def tree_hash(hashes):
    """RFC 6962 section 2.1, over hashes of leaves or of complete nodes."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return parent(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def cut(file, kind, width, data):
    """The items of a tile or bundle: as many as it is wide, and nothing behind them."""
    if kind not in BEFORE:
        if len(data) != 32 * width:
            raise Refused(file, "%d bytes for %d hashes" % (len(data), width))
        return [data[i : i + 32] for i in range(0, len(data), 32)]
    items, at, prefix = [], 0, BEFORE[kind]
    for _ in range(width):
        size = int.from_bytes(data[at : at + prefix], "big")
        if at + prefix + size > len(data):
            raise Refused(file, "it ends inside an item")
        if kind == "seals" and size not in (0, 64):
            raise Refused(file, "a seal of %d bytes, which has 64 or none" % size)
        items.append(data[at + prefix : at + prefix + size])
        at += prefix + size
    if at != len(data):
        raise Refused(file, "bytes after the last item")
    return items


class Published:
    """A folder that holds a published log."""

    def __init__(self, folder):
        self.folder = folder
        data = self.read("checkpoint", NOTE)
        if data is None:
            raise Refused("checkpoint", "missing")
        self.checkpoint = v.Checkpoint(data, "checkpoint")

    def read(self, file, most):
        """A plain file of at most so many bytes, or None where there is none."""
        path = self.folder
        try:
            for part in file.split("/"):
                path = os.path.join(path, part)
                found = os.lstat(path)
                if stat.S_ISLNK(found.st_mode):
                    raise Refused(file, "a symbolic link")
            if not stat.S_ISREG(found.st_mode):
                raise Refused(file, "not a plain file")
            if found.st_size > most:
                raise Refused(file, "%d bytes, %d at most" % (found.st_size, most))
            with open(path, "rb") as stream:
                data = stream.read(most + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Refused(file, error.strerror)
        if len(data) > most:
            raise Refused(file, "more than %d bytes" % most)
        return data

    def tile(self, kind, index, width):
        """File and items of a tile. Where a partial one is gone, the full one begins as it did."""
        longest = BEFORE.get(kind, 0) + LONGEST.get(kind, 32)
        for wide in dict.fromkeys((width, 256)):
            file = name(kind, index, wide)
            data = self.read(file, wide * longest)
            if data is not None:
                return file, cut(file, kind, wide, data)[:width]
        raise Refused(name(kind, index, width), "missing")

    def width(self, kind, index):
        """How wide the checkpoint's tree has this tile; 0 or less where it has none."""
        items = self.checkpoint.size >> (8 * kind if kind not in BEFORE else 0)
        return min(256, items - 256 * index)

    def tiles(self, kind):
        index = 0
        while self.width(kind, index) > 0:
            yield self.tile(kind, index, self.width(kind, index))
            index += 1

    def leaves(self):
        """The hashes of level 0, once every level above was found to follow from them."""
        expected, leaves = None, []
        for level in range(8):
            found = [item for _, items in self.tiles(level) for item in items]
            if level == 0:
                leaves = found
            elif found != expected:
                raise Refused("tile/%d" % level, "not the roots of the level below")
            expected = [tree_hash(found[i : i + 256]) for i in range(0, len(found) // 256 * 256, 256)]
        if root_of(leaves) != self.checkpoint.root:
            raise Refused("tile/0", "it does not have the root of the checkpoint")
        return leaves

    def items(self, kind):
        for file, items in self.tiles(kind):
            for item in items:
                yield file, item

    def names(self):
        """All files, and whatever is neither file nor folder. No link is followed."""
        waiting = [("", 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                with os.scandir(os.path.join(self.folder, folder)) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False) and depth < DEPTH:
                            waiting.append((folder + entry.name + "/", depth + 1))
                        else:
                            yield folder + entry.name
            except OSError as error:
                raise Refused(folder or "folder", error.strerror)

    def survey(self):
        """Whether there are entries and seals, once nothing else below tile/ was found wrong."""
        entries = seals = False
        for file in self.names():
            if not file.startswith("tile/"):
                continue
            entries = entries or file.startswith("tile/entries/")
            seals = seals or file.startswith("tile/seals/")
            parsed = parse_name(file)
            if parsed is None:
                raise Refused(file, "no published log has a file of this name")
            kind, index, width = parsed
            # Those of the present size are judged where they are read, larger ones by nobody.
            if width < self.width(kind, index):
                self.begins(kind, index, width)
        if seals and not entries:
            raise Refused("tile/seals", "signatures, and no entries that they are of")
        return entries, seals

    def begins(self, kind, index, width):
        file, own = self.tile(kind, index, width)
        if own != self.tile(kind, index, self.width(kind, index))[1][:width]:
            raise Refused(file, "not the beginning of the tile that the checkpoint calls for")


def root_of(leaves):
    return tree_hash(leaves) if leaves else sha256(b"")


def published(folder, pins, brought):
    verdict = v.Verdict()
    try:
        tree = Published(folder)
        own = tree.checkpoint
        leaves = tree.leaves()
        entries, seals = tree.survey()
        payloads = tree.items("entries") if entries else ()
        if not seals:
            for seq, ((file, payload), leaf) in enumerate(zip(payloads, leaves)):
                follows(file, payload, leaf, seq)
            here = "only payloads and hashes are here" if entries else "only hashes are here"
            of_tree(verdict, here, own, leaves, pins, brought)
            return verdict
        log = v.Log(verdict, pins)
        log.wanted = {c.size for c in [own] + brought}
        # All three have as many items, or reading one of them was refused.
        for (file, payload), (beside, seal), leaf in zip(payloads, tree.items("seals"), leaves):
            follows(file, payload, leaf, log.count)
            receipt = log.push(payload + seal)
            if receipt and len(receipt.signature) != len(seal):
                raise Refused(beside, "a seal's length does not fit the mode")
        if log.count != own.size:
            raise Refused("tile", "%d receipts" % log.count)
        v.finish(verdict, log, [own], brought, None)
    except Refused as error:
        verdict.fail("integrity", "%s: %s" % (error.stage, error))
        for question in ("attribution", "completeness"):
            if verdict.answers[question][0] == v.NEW:
                verdict.set(question, v.UNVERIFIED, "integrity failed")
    return verdict


def follows(file, payload, leaf, seq):
    if not payload or sha256(b"\0" + payload) != leaf:
        raise Refused(file, "receipt %d does not hash to its leaf, or its payload is deleted" % seq)


def of_tree(verdict, here, own, leaves, pins, brought):
    """What is answered where nobody can look at a signature of a receipt."""
    for question in verdict.answers:
        verdict.set(question, v.UNVERIFIED, here)
    line = signer(verdict, own, pins)
    for checkpoint in brought:
        size = checkpoint.size
        if checkpoint.origin != own.origin:
            verdict.remarks.append("a checkpoint that you brought is of another log")
            continue
        if line:
            checkpoint.note.verify(line)
        if size > len(leaves):
            verdict.fail("completeness", "a checkpoint has %d receipts, here are %d" % (size, len(leaves)))
        elif size and root_of(leaves[:size]) != checkpoint.root:
            raise Refused(checkpoint.stage, "the leaves do not have its root")
        elif size:
            verdict.set("completeness", v.VERIFIED)


def signer(verdict, own, pins):
    """The pinned key that signed the checkpoint, or None. Several pins are alternatives."""
    refused = None
    for pin in pins:
        bare = not isinstance(pin, v.KeyLine)
        line = v.KeyLine(own.origin, pin.data) if bare else pin
        try:
            if line.name != own.origin:
                raise Refused("checkpoint", "it is of another log than the pinned key line")
            own.note.verify(line)
            return line
        except Refused as error:
            # A bare key may be the receipt key, which signs no checkpoint.
            refused = refused if bare else error
    if refused and all(isinstance(pin, v.KeyLine) for pin in pins):
        verdict.fail("attribution", "%s: %s" % (refused.stage, refused))


# ---- Proofs of equivocation

LONGEST_PROOF = 2**21 + 4096


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
    if len(parts) != 5 or len(data) > LONGEST_PROOF:
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
        data = file.read(LONGEST_PROOF + 1)
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
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        pins = [v.parse_pin(argument) for argument in options.key]
        brought = []
        for kept in options.checkpoint:
            with open(kept, "rb") as file:
                brought.append(v.Checkpoint(file.read(NOTE + 1), kept))
        if not os.path.isdir(options.path):
            return judge(options.path, pins)
        verdict = published(options.path, pins, brought)
    except OSError as error:
        print("%s: %s" % (v.shown(str(error.filename)), error.strerror), file=sys.stderr)
        return 2
    except (Refused, UnicodeDecodeError) as error:
        print("cannot use what you brought: %s" % v.shown(str(error)), file=sys.stderr)
        return 2
    for question, (status, reason) in verdict.answers.items():
        print("%-13s %s%s" % (question, status, v.shown(": " + reason if reason else "")))
    code = verdict.code()
    print({0: "OK", 1: "FAILED", 3: "UNVERIFIED"}[code])
    return code


if __name__ == "__main__":
    sys.exit(main())
