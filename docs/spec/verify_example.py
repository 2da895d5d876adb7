#!/usr/bin/env python3
"""Reads and verifies audit trail receipts with nothing but Python's standard library.

IF THIS FILE CAME WITH THE EVIDENCE, IT PROVES NOTHING BY ITSELF: whoever made the evidence could
have changed it. Compare it with the published one (docs/spec/verify_example.py of the project), or
read it: it is meant to be read. Trust comes from the key line (log.pub) that you were given
earlier, by another way, and from a checkpoint that you kept.

It was written from the specification, apart from the project's own code, so that the two can
disagree. It lists no open tool calls and knows no witnesses and no proof files. Of a timestamp it says
what it is over, and nothing of who signed it.

    verify.py PATH [--key log.pub] [--checkpoint kept.note] [--size N] [--revocation FILE]
              [--subject PSEUDONYM]
    verify.py --vectors FOLDER

PATH is the folder of an unpacked evidence package, or a receipts file alone. The second form holds
this program against the specification's vectors; it verifies no evidence.
What fails about erasures is always told. With --subject there is an answer for the erasures of one
person (empty: of the log itself): it is never more than unverified, which changes no exit code, since
no log shows that no copy of a key is left.
Exit code: 0 all verified; 1 something failed; 2 wrong usage or a path that cannot be read;
3 nothing failed, but without --key or --checkpoint something stays unverified.
"""

import argparse
import base64
import binascii
import datetime
import decimal
import hashlib
import hmac
import json
import math
import os
import re
import struct
import sys
import unicodedata


class Refused(Exception):
    """Something does not hold. `stage` is header, chain, signature, body, or another file."""

    def __init__(self, stage, reason):
        super().__init__(reason)
        self.stage = stage


class BadSignature(Refused):
    """Not these bytes were signed by the key that the receipt names."""


def sha256(data):
    return hashlib.sha256(data).digest()


# ---- Ed25519 (RFC 8032), with the strictest acceptance: one encoding of each value, no points of
# ---- small order, no multiplication by the cofactor.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)  # extended coordinates: x = X/Z, y = Y/Z, xy = T/Z


def add(p, q):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = p, q
    a = (y1 - x1) * (y2 - x2)
    b = (y1 + x1) * (y2 + x2)
    c = 2 * D * t1 * t2 % P
    d = 2 * z1 * z2
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def is_neutral(p):
    return p[0] % P == 0 and (p[1] - p[2]) % P == 0


def times(n, p):
    result = NEUTRAL
    while n:
        if n & 1:
            result = add(result, p)
        p = add(p, p)
        n >>= 1
    return result


def encode_point(p):
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode_point(data):
    """The point of a canonical encoding, or None."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_MINUS_1 % P
    if x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


class Multiples:
    """Table of j·16^i·P, so that a multiple of P is 64 additions."""

    def __init__(self, point):
        self.rows = []
        for _ in range(64):
            row = [NEUTRAL]
            for _ in range(15):
                row.append(add(row[-1], point))
            self.rows.append(row)
            point = add(row[-1], point)

    def add_to(self, total, n):
        for row in self.rows:
            if n & 15:
                total = add(total, row[n & 15])
            n >>= 4
        return total


_Y = 4 * pow(5, -1, P) % P
BASE = Multiples(decode_point(_Y.to_bytes(32, "little")))


class Key:
    """A public key."""

    def __init__(self, data, pinned=False):
        point = decode_point(data) if len(data) == 32 else None
        if point is None:
            raise Refused("key", "public key is not the canonical encoding of a point")
        if is_neutral(times(8, point)):
            raise Refused("key", "public key is a point of small order")
        if pinned and not is_neutral(times(ORDER, point)):
            raise Refused("key", "public key has a torsion component")
        self.data = data
        self.id = sha256(b"ai-audit/key-id/v1\0" + data)[:8]
        x, y, z, t = point
        self._negative = (P - x, y, z, P - t)
        self._table = None

    def verifies(self, message, signature):
        if len(signature) != 64:
            return False
        r, s = signature[:32], int.from_bytes(signature[32:], "little")
        if s >= ORDER:
            return False
        if self._table is None:
            self._table = Multiples(self._negative)
        k = int.from_bytes(hashlib.sha512(r + self.data + message).digest(), "little") % ORDER
        point = self._table.add_to(BASE.add_to(NEUTRAL, s), k)
        # Equal bytes also say that R was encoded canonically.
        return encode_point(point) == r and not is_neutral(times(8, point))


# ---- postcard: the encodings of the types that receipts are made of


class Reader:
    def __init__(self, data, stage):
        self.data, self.at, self.stage = data, 0, stage

    def refuse(self, reason):
        raise Refused(self.stage, "%s at byte %d" % (reason, self.at))

    def raw(self, count):
        if count > len(self.data) - self.at:
            self.refuse("%d bytes expected, %d left" % (count, len(self.data) - self.at))
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self):
        return self.raw(1)[0]

    def varint(self, bits):
        value, shift = 0, 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= bits:
                self.refuse("varint of more than %d bits" % bits)
        if value >> bits:
            self.refuse("varint of more than %d bits" % bits)
        if byte == 0 and shift > 7:
            self.refuse("overlong varint")
        return value

    # The forms below give values as the JSON view shows them.

    def u64(self):
        return self.varint(64)

    def text(self):
        data = self.raw(self.varint(64))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self.refuse("text is not UTF-8")

    def boolean(self):
        value = self.u8()
        if value > 1:
            self.refuse("boolean is neither 0 nor 1")
        return value == 1

    def time(self):
        micros = self.varint(64)
        if micros > 253402300799999999:
            self.refuse("time is after the year 9999")
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
        return moment.isoformat(timespec="microseconds") + "Z"

    def digest(self):
        return self.raw(32).hex()

    def key(self):
        data = self.raw(32)
        try:
            Key(data)
        except Refused as error:
            self.refuse(str(error))
        return data.hex()

    def number(self):
        (value,) = struct.unpack("<d", self.raw(8))
        if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
            self.refuse("number is not finite, or is -0.0")
        return value

    def option(self, form):
        return form() if self.boolean() else None

    def trust(self):
        value = self.u8()
        if value > 100:
            self.refuse("trust is more than 100")
        return value

    def list(self, form):
        return [form() for _ in range(self.varint(64))]

    def variant(self, names):
        number = self.varint(32)
        if number >= len(names):
            self.refuse("unknown variant %d" % number)
        return names[number]

    def text_digest(self):
        return {self.variant(("plain", "keyed")): self.digest()}

    def json_digest(self):
        return {self.variant(("canonical", "raw")): self.text_digest()}

    def end(self):
        if self.at != len(self.data):
            self.refuse("bytes after the last field")


# ---- Receipts

KINDS = (
    "genesis policy decision tool_intent tool_outcome trace_node provenance contract_activation "
    "contract_state human_review attestation incident access key_rotation key_revocation "
    "batch_seal epoch_seal erasure_requested erasure_completed deletion gap start stop "
    "clock_anomaly anchor imported fleet_roster member_checkpoint"
).split()
CONTROL = set(
    "genesis policy contract_activation key_rotation key_revocation epoch_seal "
    "erasure_requested erasure_completed deletion gap start stop clock_anomaly anchor".split()
)
ZERO = "00" * 32
LABEL = b"ai-audit/receipt/v1\0"
ACTIONS = ("allow", "reject", "fail_retry", "cache_hit", "escalate", "bypass")
STATUSES = ("unknown", "ok", "error", "denied", "timed_out")
ORIGINS = ("unknown", "system", "user", "document", "tool", "agent", "memory")
MOST_BATCHED = 65536
# A hundred years, the longest interval of a member of a fleet.
MOST_SECONDS = 3155760000
STEPS = ("step", "delegation", "hand_off", "parallel", "join")
# In the order of strictness; the days that the serious ones have to be reported in.
CLASSES = ("unclassified", "not_serious", "serious", "death", "widespread")
CLASS_DAYS = {"serious": 15, "death": 10, "widespread": 2}


class Receipt:
    """One sealed receipt, `payload ‖ signature`, with its header decoded."""

    def __init__(self, sealed):
        r = Reader(sealed, "header")
        if r.u8() != 1:
            raise Refused("header", "format version is not 1")
        h = {"version": 1, "log_id": r.digest(), "seq": r.u64()}
        if h["seq"] == 2**64 - 1:
            raise Refused("header", "seq is 2^64 - 1")
        h["prev"] = r.digest()
        h["sealed_at"] = r.time()
        h["id"] = uuid(r.raw(16))
        h["key_id"] = r.raw(8).hex()
        mode = r.u8()
        if mode > 1:
            raise Refused("header", "unknown seal mode %d" % mode)
        h["mode"] = ("signed", "batched")[mode]
        kind = r.varint(16)
        h["kind"] = KINDS[kind] if kind < len(KINDS) else "unknown_%d" % kind
        h["trace_id"], h["session_id"], h["actor_id"] = r.text(), r.text(), r.text()
        seal = 64 if mode == 0 else 0
        if len(sealed) - seal < r.at:
            raise Refused("header", "no room for 64 bytes of signature")
        self.header = h
        self.payload = sealed[: len(sealed) - seal]
        self.signature = sealed[len(sealed) - seal :]
        self.body_bytes = self.payload[r.at :]
        if len(self.payload) > 65535:
            raise Refused("header", "payload of more than 65535 bytes")
        self.hash = sha256(b"\0" + self.payload)

    def check_signature(self, key):
        if not self.signature:
            raise Refused("signature", "batched, which the genesis does not permit")
        if self.header["key_id"] != key.id.hex():
            reason = "signed by key %s, not %s" % (self.header["key_id"], key.id.hex())
            raise Refused("signature", reason)
        if not key.verifies(LABEL + self.hash, self.signature):
            raise BadSignature("signature", "it does not verify under key %s" % key.id.hex())

    def body(self):
        """The body as the JSON view names its fields; None where the kind is not known."""
        form = BODIES.get(self.header["kind"])
        if form is None:
            return None
        r = Reader(self.body_bytes, "body")
        body = form(r)
        r.end()
        return body

    def view(self):
        """The line of the JSON view."""
        view = dict(self.header, hash=self.hash.hex())
        if self.signature:
            view["signature"] = self.signature.hex()
        try:
            body = self.body()
        except Refused:
            body = None
        view.update({"body_hex": self.body_bytes.hex()} if body is None else {"body": prune(body)})
        return as_json(view)


def uuid(data):
    h = data.hex()
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


def prune(value):
    """Without fields that say nothing, the others in ascending order."""
    if isinstance(value, dict):
        pruned = {name: prune(field) for name, field in sorted(value.items())}
        return {name: field for name, field in pruned.items() if field not in (None, "", [])}
    return [prune(item) for item in value] if isinstance(value, list) else value


def as_json(value):
    """JSON without white space. Keys stay in their order."""
    if isinstance(value, dict):
        items = value.items()
        return "{%s}" % ",".join(as_json(name) + ":" + as_json(field) for name, field in items)
    if isinstance(value, list):
        return "[%s]" % ",".join(as_json(item) for item in value)
    if isinstance(value, float):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def number_text(value):
    """The fewest digits that read back to the same number (docs/spec/json-view.md)."""
    number = decimal.Decimal(repr(value))
    sign, digits, exponent = number.as_tuple()
    digits = "".join(map(str, digits))
    stripped = digits.rstrip("0") or "0"
    first = exponent + len(digits) - 1
    if number == 0 or -5 <= first <= 15:
        text = "{:f}".format(number)
        text = text.rstrip("0") if "." in text else text + "."
        return text + "0" if text.endswith(".") else text
    point = "." if len(stripped) > 1 else ""
    return "%s%s%s%se%+d" % ("-" * sign, stripped[0], point, stripped[1:], first)


def origin(genesis):
    """The log's global name."""
    parts = [genesis[name] for name in ("receipt_key", "checkpoint_key", "recovery_key", "salt")]
    digits = sha256(b"ai-audit/origin/v1\0" + bytes.fromhex("".join(parts)))[:16].hex()
    return "%s/%s" % (genesis["name"], digits)


def genesis(r):
    body = {
        "name": r.text(),
        "tenant": r.text(),
        "receipt_key": r.key(),
        "checkpoint_key": r.key(),
        "recovery_key": r.key(),
        "salt": r.raw(16).hex(),
        "policy": r.list(lambda: {"name": r.text(), "value": r.text()}),
    }
    name = body["name"]
    if not is_name(name) or len(name.encode()) > 190:
        raise Refused("body", "name cannot be part of an origin")
    if len({body["receipt_key"], body["checkpoint_key"], body["recovery_key"]}) < 3:
        raise Refused("body", "one key has two purposes")
    names = [entry["name"].encode() for entry in body["policy"]]
    if any(one >= two for one, two in zip(names, names[1:])):
        raise Refused("body", "policy is not in ascending order")
    return body


def decision(r):
    return {
        "occurred_at": r.option(r.time),
        "subject": r.text(),
        "input": r.option(r.text_digest),
        "input_canonical": r.option(r.text_digest),
        "output": r.option(r.text_digest),
        "state": r.option(r.digest),
        "checks": r.list(
            lambda: {
                "name": r.text(),
                "version": r.text(),
                "score": r.option(r.number),
                "threshold": r.option(r.number),
                "fired": r.boolean(),
                "detail": r.text(),
            }
        ),
        "action": r.variant(ACTIONS),
        "reason_codes": r.list(r.text),
        "tags": r.list(r.text),
        "provider": r.text(),
        "model": r.text(),
        "operation": r.text(),
        "input_tokens": r.option(r.u64),
        "output_tokens": r.option(r.u64),
        "duration_us": r.option(r.u64),
        "config": r.option(r.digest),
        "policy": r.option(r.digest),
        "kept": r.list(lambda: {"name": r.text(), "content": content(r)}),
        "redactions": redactions(r),
        "parents": r.list(r.digest),
    }


def content(r):
    if r.variant(("plain", "encrypted")) == "plain":
        return {"plain": r.text()}
    key, nonce, commitment = r.raw(16).hex(), r.raw(12).hex(), r.raw(32).hex()
    return {
        "encrypted": {
            "key": key,
            "nonce": nonce,
            "commitment": commitment,
            "ciphertext": r.digest(),
        }
    }


def redactions(r):
    found = r.list(lambda: {"field": r.text(), "kind": r.text(), "count": r.u64()})
    pairs = [(one["field"].encode(), one["kind"].encode()) for one in found]
    if any(one >= two for one, two in zip(pairs, pairs[1:])) or any(not f["count"] for f in found):
        raise Refused("body", "redactions are not in ascending order with counts above 0")
    return found


def policy(r):
    body = {
        "policy": r.list(lambda: {"name": r.text(), "value": r.text()}),
        "reason": r.text(),
    }
    names = [entry["name"].encode() for entry in body["policy"]]
    if not names or any(one >= two for one, two in zip(names, names[1:])):
        raise Refused("body", "policy has no entries, or not in ascending order")
    if any(name in (b"keys", b"receipt-key", b"receipt-seal", b"retention-days") for name in names):
        raise Refused("body", "policy has a name that only a genesis can set")
    return body


def access(r):
    return {
        "subject": r.text(),
        "receipt": r.option(r.digest),
        "field": r.text(),
        "purpose": r.text(),
        "outcome": r.variant(("disclosed", "erased", "failed")),
    }


def erasure_requested(r):
    body = {
        "subjects": r.list(
            lambda: {"subject": r.text(), "keys": r.list(lambda: r.raw(16).hex())}
        ),
        "reason": r.text(),
        "legal_basis": r.text(),
        "requested_by": r.text(),
        "kek": r.raw(16).hex(),
    }
    keys = [key for subject in body["subjects"] for key in subject["keys"]]
    if not keys or not all(subject["keys"] for subject in body["subjects"]):
        raise Refused("body", "a request without subjects, or a subject without keys")
    if len(set(keys)) != len(keys) or not body["reason"]:
        raise Refused("body", "a request that names a key twice, or without a reason")
    return body


def erasure_completed(r):
    body = {
        "request": r.digest(),
        "keys": r.list(lambda: r.raw(16).hex()),
        "kek": r.raw(16).hex(),
        "ciphertexts": r.u64(),
    }
    if not body["keys"] or len(set(body["keys"])) != len(body["keys"]):
        raise Refused("body", "a completion without keys, or that names one twice")
    return body


def contract_activation(r):
    body = {
        "contract": r.digest(),
        "name": r.text(),
        "version": r.text(),
        "description": r.text(),
    }
    if not body["name"] or not body["version"]:
        raise Refused("body", "a contract without a name, or without a version")
    return body


def contract_state(r):
    body = {
        "contract": r.digest(),
        "step": r.u64(),
        "state": r.option(r.json_digest),
        "verdict": r.variant(("compliant", "soft_violation", "hard_breach")),
        "hard": r.list(r.text),
        "soft": r.list(r.text),
        "preconditions": r.list(r.text),
        "parents": r.list(r.digest),
    }
    for names in (body["hard"], body["soft"], body["preconditions"]):
        if not all(names) or len(set(names)) != len(names):
            raise Refused("body", "a broken rule without a name, or one twice")
    verdict = "soft_violation" if body["soft"] else "compliant"
    if body["hard"] or body["preconditions"]:
        verdict = "hard_breach"
    if body["verdict"] != verdict:
        raise Refused("body", "a verdict other than the one that the broken rules make")
    return body


def tool_intent(r):
    body = {
        "occurred_at": r.option(r.time),
        "tool": r.text(),
        "call_id": r.text(),
        "arguments": r.option(r.json_digest),
        "parents": r.list(r.digest),
    }
    if not body["tool"]:
        raise Refused("body", "tool has no name")
    return body


def tool_outcome(r):
    return {
        "occurred_at": r.option(r.time),
        "tool": r.text(),
        "call_id": r.text(),
        "intent": r.option(r.digest),
        "status": r.variant(STATUSES),
        "result": r.option(r.json_digest),
        "duration_us": r.option(r.u64),
        "error": r.text(),
        "parents": r.list(r.digest),
    }


def trace_node(r):
    body = {
        "occurred_at": r.option(r.time),
        "step": r.variant(STEPS),
        "name": r.text(),
        "to": r.text(),
        "duration_us": r.option(r.u64),
        "metadata": r.list(lambda: {"name": r.text(), "value": r.text()}),
        "parents": r.list(r.digest),
    }
    size = lambda text: len(text.encode())
    if not 1 <= size(body["name"]) <= 256 or size(body["to"]) > 256:
        raise Refused("body", "a trace node without a name, or with one that is too long")
    if (body["step"] in ("delegation", "hand_off")) != (body["to"] != ""):
        raise Refused("body", "a trace node goes to nobody, or to somebody, against its step")
    names = [entry["name"].encode() for entry in body["metadata"]]
    if len(names) > 64 or any(not 1 <= len(name) <= 256 for name in names):
        raise Refused("body", "metadata has too many entries, or names of a wrong length")
    if any(size(entry["value"]) > 4096 for entry in body["metadata"]):
        raise Refused("body", "metadata has a value that is too long")
    if any(one >= two for one, two in zip(names, names[1:])):
        raise Refused("body", "metadata is not in ascending order")
    parents(body["parents"])
    return body


def provenance(r):
    body = {
        "occurred_at": r.option(r.time),
        "of": r.option(r.digest),
        "size": r.u64(),
        "root": r.digest(),
        "lowest": r.trust(),
    }
    tree, lowest, body["sources"] = Tree(), 100, []
    for _ in range(r.varint(64)):
        start = r.at
        source = {
            "origin": r.variant(ORIGINS),
            "trust": r.trust(),
            "name": r.text(),
            "uri": r.text(),
            "digest": r.option(r.text_digest),
            "receipt": r.option(r.digest),
        }
        if len(source["name"].encode()) > 256 or len(source["uri"].encode()) > 2048:
            raise Refused("body", "a source has a name or URI that is too long")
        tree.push(sha256(b"\0ai-audit/source/v1\0" + r.data[start : r.at]))
        lowest = min(lowest, source["trust"])
        body["sources"].append(source)
    body["parents"] = r.list(r.digest)
    if not 1 <= body["size"] <= 4096:
        raise Refused("body", "not 1 to 4096 sources")
    if body["sources"]:
        found = (len(body["sources"]), tree.root().hex(), lowest)
        if found != (body["size"], body["root"], body["lowest"]):
            raise Refused("body", "size, root or least trust is not that of the sources")
    parents(body["parents"])
    return body


def parents(hashes):
    if len(hashes) > 1024 or len(set(hashes)) != len(hashes):
        raise Refused("body", "more than 1024 parents, or one twice")


def incident(r):
    body = {
        "occurred_at": r.option(r.time),
        "stage": r.variant(("opened", "updated", "reported", "closed")),
        "class": r.variant(CLASSES),
        "incident": r.option(r.digest),
        "aware_at": r.option(r.time),
        "category": r.text(),
        "authority": r.text(),
        "reference": r.text(),
        "reported_at": r.option(r.time),
        "description": r.option(r.text_digest),
        "receipts": r.list(r.digest),
        "parents": r.list(r.digest),
    }
    if (body["stage"] == "opened") != (body["incident"] is None):
        raise Refused("body", "an incident that is opened twice, or a step of none")
    told = (body["authority"] != "", body["reported_at"] is not None)
    if told != (body["stage"] == "reported",) * 2 or (body["reference"] and not all(told)):
        raise Refused("body", "a report to nobody or at no time, or fields of one that is none")
    # Times in this form have the order of their texts.
    if body["occurred_at"] and body["aware_at"] and body["aware_at"] < body["occurred_at"]:
        raise Refused("body", "aware before it occurred")
    parents(body["receipts"])
    parents(body["parents"])
    return body


def human_review(r):
    body = {
        "review": {
            "receipt": r.digest(),
            "parameters": r.option(r.json_digest),
            "verdict": r.variant(("approved", "rejected", "noted")),
            "reviewer": r.text(),
            "comment": r.text(),
        },
    }
    return signed(body, r)


def attestation(r):
    body = {"statement": {"receipt": r.digest(), "role": r.text(), "statement": r.text()}}
    if not body["statement"]["role"]:
        raise Refused("body", "an attestation without a role")
    return signed(body, r)


def signed(body, r):
    """Key and signature of somebody else stand at the end of what he signed."""
    body["key"], body["signature"] = r.key(), r.raw(64).hex()
    return body


def key_rotation(r):
    return {"new_key": r.key(), "proof": r.raw(64).hex(), "reason": r.text()}


def key_revocation(r):
    body = {
        "revoked_key": r.key(),
        "after": r.u64(),
        "compromised_at": r.time(),
        "successor": r.key(),
        "reason": r.text(),
        "signature": r.raw(64).hex(),
    }
    if body["revoked_key"] == body["successor"]:
        raise Refused("body", "the successor is the revoked key")
    return body


def gap(r):
    body = {"from": r.time(), "to": r.time(), "lost": r.option(r.u64), "reason": r.text()}
    if body["from"] > body["to"]:
        raise Refused("body", "gap ends before it begins")
    return body


def clock_anomaly(r):
    body = {"observed": r.time(), "last": r.time()}
    if body["observed"] >= body["last"]:
        raise Refused("body", "observed time is not before the last one")
    return body


def anchor(r):
    body = {"note": r.text(), "token": r.raw(r.varint(64)).hex(), "path": r.list(r.digest)}
    if Checkpoint(body["note"].encode(), "body").size == 0 or len(body["path"]) > 65:
        raise Refused("body", "not a checkpoint of at least one receipt and at most 65 hashes")
    return body


def epoch_seal(r):
    body = {
        "number": r.u64(),
        "first": r.u64(),
        "count": r.u64(),
        "control": r.u64(),
        "size": r.u64(),
        "root": r.digest(),
        "first_hash": r.digest(),
        "last_hash": r.digest(),
        "previous": r.option(r.digest),
    }
    before = body["size"] - body["first"]
    rules = (
        before >= 0 and body["count"] == before + 1,
        1 <= body["control"] <= body["count"],
        (before == 0) == (body["first_hash"] == ZERO),
        (body["number"] == 0) == (body["previous"] is None),
        (body["number"] == 0) == (body["first"] == 0),
    )
    if not all(rules):
        raise Refused("body", "fields of the epoch seal contradict each other")
    return body


def imported(r):
    if r.variant(("source", "item")) == "item":
        return {"record": {"item": imported_item(r)}}
    answers = ("integrity", "attribution", "completeness")
    body = {"system": r.text(), "form": r.text(), "name": r.text(), "digest": r.digest()}
    body.update({"size": r.u64(), "items": r.u64(), "keys": r.list(r.key)})
    body.update({question: answer(r) for question in answers})
    body["files"] = r.list(lambda: {"name": r.text(), "contents": r.text()})
    names = [file["name"].encode() for file in body["files"]]
    if not body["system"] or any(one >= two for one, two in zip(names, names[1:])):
        raise Refused("body", "a source without a system, or files that are not in ascending order")
    return {"record": {"source": body}}


def answer(r):
    word = r.variant(("verified", "failed", "unverified"))
    return word if word == "verified" else {word: r.text()}


def imported_item(r):
    body = {
        "source": r.digest(),
        "index": r.u64(),
        "id": r.text(),
        "tenant": r.text(),
        "occurred_at": r.option(r.time),
        "original": r.text(),
        "hash": r.option(r.digest),
        "signature": r.option(lambda: r.raw(64).hex()),
        "key": r.option(r.key),
        "finding": r.text(),
        "content": r.option(lambda: brought(r.varint(16), r.raw(r.varint(64)))),
    }
    held = body["key"] is not None
    if held == bool(body["finding"]):
        raise Refused("body", "a finding stands exactly where no key holds the record's signature")
    if held and None in (body["hash"], body["signature"]):
        raise Refused("body", "a key without the hash and the signature that it holds")
    return body


def brought(number, data):
    """The body that an imported record has; its bytes where they are none of a kind known here."""
    kind = KINDS[number] if number < len(KINDS) else "unknown_%d" % number
    if kind == "imported":
        raise Refused("body", "an imported record that brings an imported one")
    form, r = BODIES.get(kind), Reader(data, "body")
    if form is not None:
        try:
            body = form(r)
            r.end()
            return {"kind": kind, "body": body}
        except Refused:
            pass
    return {"kind": kind, "body_hex": data.hex()}


def fleet_roster(r):
    """Which logs belong together from here on (docs/spec/fleet.md). What a fleet comes to is not
    checked here; ai-audit fleet verify does."""
    dropped = r.list(lambda: {"origin": r.text(), "checkpoint": r.option(lambda: of_member(r))})
    added = r.list(
        lambda: {"key": r.text(), "interval": r.u64(), "checkpoint": r.option(lambda: of_member(r))}
    )
    body = {"dropped": dropped, "added": added, "reason": r.text()}
    if not dropped and not added:
        raise Refused("body", "a roster that drops nobody and adds nobody")
    for member in added:
        try:
            line = KeyLine.parse(member["key"])
        except Refused as refused:
            raise Refused("body", "not a log's key line: %s" % refused)
        if not 1 <= member["interval"] <= MOST_SECONDS:
            raise Refused("body", "an interval that is not from 1 second to 100 years")
        member_of(member["checkpoint"], line.name)
    for member in dropped:
        member_of(member["checkpoint"], member["origin"])
    lists = ([one["origin"] for one in dropped], [one["key"].split("+")[0] for one in added])
    for names in ([name.encode() for name in names] for names in lists):
        if any(one >= two for one, two in zip(names, names[1:])):
            raise Refused("body", "members that are not in ascending order of their origins")
    return body


def member_checkpoint(r):
    if r.variant(("continues", "contradicts")) == "continues":
        return {"seen": {"continues": of_member(r)}}
    body = {"seen": {"contradicts": r.text()}}
    if not body["seen"]["contradicts"].startswith("ai-audit/equivocation/v1\n"):
        raise Refused("body", "not a proof of equivocation")
    return body


def of_member(r):
    """A member's checkpoint, and what leads to it from the one before."""
    body = {"note": r.text(), "path": r.list(r.digest)}
    if Checkpoint(body["note"].encode(), "body").size == 0 or len(body["path"]) > 65:
        raise Refused("body", "not a checkpoint of at least one receipt and at most 65 hashes")
    return body


def member_of(checkpoint, origin):
    if not origin:
        raise Refused("body", "a member without an origin")
    if checkpoint and Checkpoint(checkpoint["note"].encode(), "body").origin != origin:
        raise Refused("body", "a checkpoint of another log than the member's")


def batch_seal(r):
    body = {"from": r.u64(), "count": r.u64(), "root": r.digest()}
    if body["from"] == 0 or not 1 <= body["count"] <= MOST_BATCHED:
        raise Refused("body", "a batch of no receipts or too many, or one with the genesis")
    if body["from"] + body["count"] >= 2**64:
        raise Refused("body", "a batch of receipts that no log has")
    return body


def deletion(r):
    body = {
        "epoch": r.u64(),
        "first": r.u64(),
        "last": r.u64(),
        "count": r.u64(),
        "archive": r.option(r.digest),
        "reason": r.text(),
    }
    if body["last"] < body["first"] or body["count"] > body["last"] - body["first"]:
        raise Refused("body", "fields of the deletion receipt contradict each other")
    return body


BODIES = {
    "genesis": genesis,
    "policy": policy,
    "decision": decision,
    "access": access,
    "erasure_requested": erasure_requested,
    "erasure_completed": erasure_completed,
    "contract_activation": contract_activation,
    "contract_state": contract_state,
    "tool_intent": tool_intent,
    "tool_outcome": tool_outcome,
    "trace_node": trace_node,
    "provenance": provenance,
    "human_review": human_review,
    "attestation": attestation,
    "incident": incident,
    "key_rotation": key_rotation,
    "key_revocation": key_revocation,
    "gap": gap,
    "start": lambda r: {"software": r.text(), "size": r.u64(), "clean": r.boolean()},
    "stop": lambda r: {"reason": r.text(), "size": r.u64()},
    "clock_anomaly": clock_anomaly,
    "anchor": anchor,
    "batch_seal": batch_seal,
    "epoch_seal": epoch_seal,
    "deletion": deletion,
    "imported": imported,
    "fleet_roster": fleet_roster,
    "member_checkpoint": member_checkpoint,
}


class Keys:
    """The key history: which key is valid where, and what was revoked (docs/spec/keys.md)."""

    def __init__(self, log_id, genesis):
        self.log_id = log_id
        self.fixed = [bytes.fromhex(genesis[n + "_key"]) for n in ("checkpoint", "recovery")]
        self.recovery = Key(self.fixed[1])
        self.valid = Key(bytes.fromhex(genesis["receipt_key"]))
        # Every valid key with its first seq; what was revoked, where, and the receipt before that.
        self.ranges, self.revoked, self.last = [(self.valid.data, 0)], [], None
        # Whether receipts may be batched; the last signed one, and the first and last batched behind it.
        promised = [(entry["name"], entry["value"]) for entry in genesis.get("policy", [])]
        self.batches = ("receipt-seal", "batched") in promised
        self.signed, self.open = 0, None

    def bring(self, brought):
        """Detached revocations of this log."""
        for data in brought:
            body = key_revocation(Reader(data, "revocation"))
            if not self.recovered(data):
                reason = "the revocation that you brought is not signed by the log's recovery key"
                raise Refused("signature", reason)
            self.revoked.append([body, None, None])

    def recovered(self, data):
        message = b"ai-audit/revocation/v1\0" + self.log_id + sha256(data[:-64])
        return self.recovery.verifies(message, data[-64:])

    def take(self, receipt):
        kind, seq = receipt.header["kind"], receipt.header["seq"]
        try:
            if receipt.signature or not self.batches:
                self.before_signed(receipt)
            else:
                return self.batched(receipt.header)
            if kind == "key_revocation":
                self.revocation(receipt, receipt.body(), seq)
            else:
                receipt.check_signature(self.valid)
                if kind == "key_rotation":
                    self.rotation(receipt.body(), seq)
            self.signed, self.open = seq, None
        finally:
            self.last = seq

    def batched(self, h):
        """A receipt that waits for its batch seal (docs/spec/batch-seals.md)."""
        if h["kind"] in CONTROL or h["kind"] == "batch_seal":
            raise Refused("signature", "batched, but %s has a signature of its own" % h["kind"])
        if h["key_id"] != self.valid.id.hex():
            raise Refused("signature", "batched under key %s, which is not valid" % h["key_id"])
        first = self.open[0] if self.open else h["seq"]
        if h["seq"] - first >= MOST_BATCHED:
            raise Refused("signature", "batched, and a batch seal was due before it")
        self.open = (first, h["seq"])

    def before_signed(self, receipt):
        """Whether what waits for a seal lets a signed receipt stand here."""
        seq = receipt.header["seq"]
        if receipt.header["kind"] != "batch_seal":
            if self.open:
                reason = "receipts %d to %d before it are batched, and nobody signed for them"
                raise Refused("signature", reason % self.open)
            return
        if not self.batches:
            raise Refused("signature", "a batch seal, and the genesis permits no batches")
        seal = receipt.body()
        first = self.open[0] if self.open else seq
        if seal["from"] + seal["count"] != seq or not self.signed < seal["from"] <= first:
            raise Refused("signature", "a batch seal over other receipts than the batched before it")

    def rotation(self, body, seq):
        new = Key(bytes.fromhex(body["new_key"]))
        self.may_follow(new, self.valid.data)
        message = b"ai-audit/rotation/v1\0" + self.log_id + self.valid.data + new.data
        if not new.verifies(message + seq.to_bytes(8, "big"), bytes.fromhex(body["proof"])):
            raise Refused("signature", "the new key did not sign its rotation")
        self.follow(new, seq + 1)

    def revocation(self, receipt, body, seq):
        if not self.recovered(receipt.body_bytes):
            raise Refused("signature", "the revocation is not signed by the recovery key")
        if body["after"] >= seq:
            raise Refused("signature", "the revocation is about receipts behind itself")
        new = Key(bytes.fromhex(body["successor"]))
        self.may_follow(new, bytes.fromhex(body["revoked_key"]))
        receipt.check_signature(new)
        known = False
        for entry in self.revoked:
            same = all(entry[0][n] == body[n] for n in ("revoked_key", "successor"))
            if same and entry[1] is None:
                entry[1:] = [seq, self.last]
                known |= all(entry[0][n] == body[n] for n in ("after", "compromised_at"))
        if not known:
            self.revoked.append([body, seq, self.last])
        self.follow(new, seq)

    def may_follow(self, key, old):
        if key.data == old or key.data in self.fixed:
            raise Refused("signature", "a key of another purpose, or the old one, cannot take over")
        gone = [body["revoked_key"] for body, at, _ in self.revoked if at is not None]
        if key.data.hex() in gone:
            raise Refused("signature", "a key that a receipt before it revoked cannot take over")

    def follow(self, key, since):
        again = any(key.data == data for data, _ in self.ranges)
        self.valid = key
        self.ranges.append((key.data, since))
        if again:
            raise Refused("signature", "a key that was valid before takes over again")

    def suspect(self):
        """The first suspect receipt and why, or None."""
        for body, at, before in self.revoked:
            key, last = bytes.fromhex(body["revoked_key"]), self.last if at is None else before
            places = [n for n, (data, _) in enumerate(self.ranges) if data == key]
            if not places:
                continue
            first = max(self.ranges[places[0]][1], body["after"] + 1)
            if last is not None and last >= first:
                reason = "key %s was revoked: receipts after %d under its authority are suspect"
                return first, reason % (Key(key).id.hex(), body["after"])
        return None


class Chain:
    """Receipts follow each other. RFC 3339 times of one form compare as texts."""

    def __init__(self):
        self.log_id, self.size, self.prev, self.last = ZERO, 0, ZERO, ""

    def resume(self, header):
        """Goes on from whatever was before a first receipt that is not receipt 0."""
        self.log_id, self.size = header["log_id"], header["seq"]
        self.prev, self.last = header["prev"], header["sealed_at"]

    def push(self, receipt):
        h = receipt.header
        if h["log_id"] != self.log_id and not (self.size == 0 and h["seq"] > 0):
            raise Refused("chain", "log_id names another log, %s" % h["log_id"])
        if h["seq"] > self.size:
            raise Refused("chain", "receipt %d is missing, seq %d came" % (self.size, h["seq"]))
        if h["seq"] < self.size:
            raise Refused("chain", "seq %d came where %d was expected" % (h["seq"], self.size))
        if (self.size == 0) != (h["kind"] == "genesis"):
            raise Refused("chain", "a log has one genesis, as its first receipt")
        if h["prev"] != self.prev:
            raise Refused("chain", "prev is not the hash of the receipt before")
        if h["sealed_at"] < self.last:
            raise Refused("chain", "sealed_at lies before that of the receipt before")
        if self.size == 0:
            self.log_id = receipt.hash.hex()
        self.size, self.prev, self.last = self.size + 1, receipt.hash.hex(), h["sealed_at"]

    def push_deleted(self, leaf):
        self.size, self.prev = self.size + 1, leaf.hex()


# Python refuses to read a number of more than 4,300 digits, so no more are looked at than one can have.
NUMBER = re.compile("0|[1-9][0-9]{0,19}")


class Epochs:
    """Seals and deletion receipts, held against the receipts of a log or of a selection."""

    def __init__(self):
        self.size = self.control = self.first = self.number = 0
        self.first_hash, self.last_hash, self.previous = None, ZERO, None
        self.gone, self.closed, self.retention = None, [], None

    def push_deleted(self, leaf):
        """A receipt of which only the hash is left; never in a selection."""
        self.gone = self.size if self.gone is None else self.gone
        self.follow(self.size, leaf.hex())

    def follow(self, seq, leaf):
        if seq == self.first:
            self.first_hash = leaf
        self.size, self.last_hash = seq + 1, leaf

    def push(self, receipt, root):
        """`root` is that of all receipts before this one, or None in a selection."""
        h, kind = receipt.header, receipt.header["kind"]
        self.control += kind in CONTROL
        if kind == "genesis":
            policy = {entry["name"]: entry["value"] for entry in receipt.body()["policy"]}
            self.retention = policy.get("retention-days")
        elif kind == "epoch_seal":
            return self.close(receipt, receipt.body(), root)
        elif kind == "deletion":
            self.account(h, receipt.body())
        self.follow(h["seq"], receipt.hash.hex())

    def close(self, receipt, seal, root):
        h = receipt.header
        expected = {
            "number": self.number,
            "first": self.first,
            "size": h["seq"],
            "first_hash": self.first_hash or ZERO,
            "last_hash": self.last_hash if root else h["prev"],
            "previous": self.previous,
            "root": root and root.hex(),
            "control": self.control,
        }
        for field, value in expected.items():
            unseen = not root and (field == "root" or field == "first_hash" and value == ZERO)
            if seal[field] != value and not unseen:
                raise Refused("epoch", "%s of the epoch seal is not what the log has" % field)
        bulk = seal["count"] - seal["control"]
        self.closed.append(
            {"first": seal["first"], "last": seal["size"], "count": bulk}
            | {"sealed_at": h["sealed_at"], "gone": self.gone, "accounted": False}
        )
        self.number, self.first, self.size = self.number + 1, h["seq"] + 1, h["seq"] + 1
        self.control, self.first_hash, self.gone = 0, None, None
        self.last_hash = self.previous = receipt.hash.hex()

    def account(self, header, body):
        if body["epoch"] >= len(self.closed):
            raise Refused("epoch", "deletion of epoch %d, which is not sealed" % body["epoch"])
        epoch = self.closed[body["epoch"]]
        if any(body[field] != epoch[field] for field in ("first", "last", "count")):
            raise Refused("epoch", "the deletion receipt does not say what the epoch's seal says")
        if self.retention is not None:
            days = self.retention
            if not NUMBER.fullmatch(days) or int(days) >= 2**64:
                raise Refused("epoch", "retention-days of the genesis is no number of days")
            age = micros(header["sealed_at"]) - micros(epoch["sealed_at"])
            if age < int(days) * 86400 * 10**6:
                raise Refused("epoch", "deletion before %s days of retention were over" % days)
        epoch["accounted"] = True

    def unaccounted(self):
        """The first receipt without bytes that no deletion receipt accounts for, or None."""
        for epoch in self.closed:
            if epoch["gone"] is not None and not epoch["accounted"]:
                return epoch["gone"]
        return self.gone


def read_receipts(path):
    """The sealed receipts of a receipts file, one after the other, each with False; where the bytes
    are deleted the hash, with True."""
    with open(path, "rb") as file:
        if file.read(21) != b"ai-audit/receipts/v1\n":
            raise Refused("receipts.bin", "it does not begin with the line ai-audit/receipts/v1")

        def exactly(count):
            data = file.read(count)
            if len(data) != count:
                raise Refused("receipts.bin", "it ends inside a receipt")
            return data

        while True:
            first = file.read(1)
            if not first:
                return
            payload = exactly(int.from_bytes(first + exactly(1), "big"))
            if not payload:
                yield exactly(32), True
                continue
            seal = exactly(1)[0]
            if seal not in (0, 64):
                raise Refused("receipts.bin", "seal length %d is neither 64 nor 0" % seal)
            sealed = payload + exactly(seal)
            try:
                fits = len(Receipt(sealed).signature) == seal
            except Refused:
                fits = True  # Whoever takes it will say more.
            if not fits:
                raise Refused("receipts.bin", "a seal's length does not fit the mode")
            yield sealed, False


# ---- Merkle tree (RFC 6962, RFC 9162)


def parent(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """Roots of the complete subtrees, largest first, each with its size."""

    def __init__(self):
        self.peaks = []

    def push(self, leaf):
        size, node = 1, leaf
        while self.peaks and self.peaks[-1][0] == size:
            node = parent(self.peaks.pop()[1], node)
            size *= 2
        self.peaks.append((size, node))

    def root(self):
        if not self.peaks:
            return sha256(b"")
        node = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            node = parent(left, node)
        return node


def continues(old, old_root, new, new_root, path):
    """RFC 9162 section 2.1.4.2: whether a tree continues an older one, of at least one leaf."""
    if old > new or (old == new and path):
        return False
    if old == new:
        return old_root == new_root
    if old & old - 1 == 0:
        path = [old_root] + path
    if not path:
        return False
    index, last, older = old - 1, new - 1, path[0]
    while index & 1:
        index, last = index >> 1, last >> 1
    node = older
    for sibling in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            older, node = parent(sibling, older), parent(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = parent(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and older == old_root and node == new_root


def root_before(index, size, path):
    """Root of the tree of the leaves before one, out of its inclusion proof, which holds: what stands
    to its left are the complete subtrees of those leaves."""
    last, node = size - 1, None
    for sibling in path:
        if index & 1 or index == last:
            node = sibling if node is None else parent(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    return sha256(b"") if node is None else node


def included(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    node, last = leaf, size - 1
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = parent(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = parent(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


# ---- C2SP signed notes, key lines, checkpoints


def is_name(text):
    return bool(text) and not any(
        c.isspace() or c == "+" or unicodedata.category(c) == "Cc" for c in text
    )


def unbase64(text, stage):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise Refused(stage, "not canonical base64")
    return data


def key_hash(name, data):
    return sha256(name.encode() + b"\n\x01" + data)[:4]


class KeyLine:
    """A key that signs notes under a name."""

    def __init__(self, name, data, pinned=False):
        self.name, self.key = name, Key(data, pinned)
        self.hash = key_hash(name, data)

    @classmethod
    def parse(cls, line):
        parts = line.split("+", 2)
        if len(parts) != 3 or not is_name(parts[0]) or not re.fullmatch("[0-9a-f]{8}", parts[1]):
            raise Refused("key line", "not of the form name+hash+key")
        data = unbase64(parts[2], "key line")
        if len(data) != 33 or data[0] != 1:
            raise Refused("key line", "not an Ed25519 key (type 1, 32 bytes)")
        found = cls(parts[0], data[1:], pinned=True)
        if found.hash.hex() != parts[1]:
            raise Refused("key line", "its hash is not that of name and key")
        return found


class Note:
    def __init__(self, data, stage):
        self.stage = stage
        try:
            note = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(stage, "not UTF-8")
        if any(c < " " and c != "\n" for c in note) or len(data) > 1 << 20:
            raise Refused(stage, "control characters, or more than 1 MiB")
        split = note.rfind("\n\n")
        if split < 1 or not note.endswith("\n"):
            raise Refused(stage, "not a text, an empty line and signatures")
        self.text, self.signatures = note[: split + 1], []
        for line in note[split + 2 : -1].split("\n"):
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "\u2014" or not is_name(parts[1]):
                raise Refused(stage, "malformed signature line")
            blob = unbase64(parts[2], stage)
            if len(blob) < 5:
                raise Refused(stage, "signature is too short")
            self.signatures.append((parts[1], blob[:4], blob[4:]))
        if len(self.signatures) > 100:
            raise Refused(stage, "more than 100 signatures")

    def verify(self, line):
        own = [s for name, key, s in self.signatures if (name, key) == (line.name, line.hash)]
        if not own:
            raise Refused(self.stage, "not signed by the log's checkpoint key")
        if not all(line.key.verifies(self.text.encode(), signature) for signature in own):
            raise Refused(self.stage, "a signature does not verify under the checkpoint key")


class Checkpoint:
    def __init__(self, data, stage):
        self.note, self.stage = Note(data, stage), stage
        lines = self.note.text[:-1].split("\n")
        if len(lines) < 3 or not all(lines) or not NUMBER.fullmatch(lines[1]):
            raise Refused(stage, "not origin, size and root")
        if len(lines) > 103 or any(unicodedata.category(c) == "Cc" for c in "".join(lines)):
            raise Refused(stage, "control characters, or more than 100 further lines")
        self.origin, self.size = lines[0], int(lines[1])
        self.root = unbase64(lines[2], stage)
        if len(self.root) != 32 or self.size >= 2**64:
            raise Refused(stage, "root is not 32 bytes, or size too large")

    def of(self, log):
        """Refused where it is not the log's own."""
        if self.origin != log.origin:
            raise Refused(self.stage, "it is of another log")
        self.note.verify(log.line)


# ---- RFC 3161: what a timestamp is over. Who signed it is not looked at.

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, TIME = 1, 2, 3, 4, 5, 6, 24
SEQUENCE, SET, NAME_0, NAME_1, TAG_0, TAG_1 = 0x30, 0x31, 0x80, 0x81, 0xA0, 0xA1
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
SHA_2 = bytes.fromhex("6086480165030402")
HASHES = {SHA_2 + b"\1": "sha256", SHA_2 + b"\2": "sha384", SHA_2 + b"\3": "sha512"}
MOST_TIMESTAMP = 1 << 16


class Der:
    """Values in DER, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def hold(self, condition):
        if not condition:
            raise Refused("checkpoint.tsr", "it is no granted timestamp in DER (RFC 3161)")

    def has(self, tag):
        return self.data[self.at : self.at + 1] == bytes([tag])

    def next(self, tag):
        """The contents of the next value, which has this tag."""
        self.hold(self.has(tag) and self.at + 2 <= len(self.data))
        start, length = self.at + 2, self.data[self.at + 1]
        if length >= 0x80:
            digits = self.data[start : start + length - 0x80]
            start += length - 0x80
            length = int.from_bytes(digits, "big")
            # Each length has one form, and none is left open.
            self.hold(length >= 0x80 and digits[0] > 0)
        self.at = start + length
        self.hold(self.at <= len(self.data))
        return self.data[start : self.at]

    def inner(self, tag):
        return Der(self.next(tag))

    def integer(self, tag=INTEGER):
        """The next value as a number, which has one form."""
        digits = self.next(tag)
        number = int.from_bytes(digits, "big", signed=True)
        self.hold(len(digits) == 1 + (number + (number < 0)).bit_length() // 8)
        return number

    def skip(self, *tags):
        """Passes by what may be there, in this order."""
        for tag in tags:
            if self.has(tag):
                self.next(tag)

    def end(self):
        self.hold(self.at == len(self.data))

    def last(self, tag):
        inner = self.inner(tag)
        self.end()
        return inner


def hash_name(algorithm):
    """The name of a hash function that tokens may use; its parameters are absent or NULL."""
    name = HASHES.get(algorithm.next(OID))
    algorithm.hold(name and not (algorithm.has(NULL) and algorithm.next(NULL)))
    algorithm.end()
    return name


def check_time(info):
    """When a token says it was made, and how exactly."""
    time = rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d*[1-9])?Z"
    match = re.fullmatch(time, info.next(TIME))
    info.hold(match)
    try:
        info.hold(datetime.datetime(*map(int, match.groups()[:6])).year >= 1970)
    except ValueError:
        info.hold(False)
    if info.has(SEQUENCE):
        accuracy = info.inner(SEQUENCE)
        for tag, least, most in ((INTEGER, 0, 0xFFFFFFFF), (NAME_0, 1, 999), (NAME_1, 1, 999)):
            info.hold(not accuracy.has(tag) or least <= accuracy.integer(tag) <= most)
        accuracy.end()


def check_extensions(extensions):
    """None is critical: nothing is known of any."""
    while extensions.at < len(extensions.data):
        extension = extensions.inner(SEQUENCE)
        extension.next(OID)
        extension.next(OCTETS)
        extension.end()


def check_timestamp(data, note):
    """Refused where `data` is no TimeStampResp with a token over the note's text. What is in its
    attributes, certificates and names, and its signature, is passed by."""
    if len(data) > MOST_TIMESTAMP:
        raise Refused("checkpoint.tsr", "more than %d bytes" % MOST_TIMESTAMP)
    response = Der(data).last(SEQUENCE)
    status = response.inner(SEQUENCE)
    response.hold(status.integer() in (0, 1))
    status.skip(SEQUENCE, BITS)
    status.end()
    token = response.last(SEQUENCE)
    token.hold(token.next(OID) == SIGNED_DATA)
    signed = token.last(TAG_0).last(SEQUENCE)
    signed.hold(signed.integer() == 3)
    digests = signed.inner(SET).last(SEQUENCE)
    content = signed.inner(SEQUENCE)
    content.hold(content.next(OID) == TST_INFO)
    info = content.last(TAG_0).last(OCTETS).last(SEQUENCE)
    signed.skip(TAG_0, TAG_1)
    signer = signed.last(SET).last(SEQUENCE)
    version, by_issuer = signer.integer(), signer.has(SEQUENCE)
    signer.hold(version == (1 if by_issuer else 3))
    signer.next(SEQUENCE if by_issuer else NAME_0)
    signer.hold(hash_name(signer.inner(SEQUENCE)) == hash_name(digests))
    signer.next(TAG_0)
    signer.next(SEQUENCE)
    signer.next(OCTETS)
    signer.skip(TAG_1)
    signer.end()
    info.hold(info.integer() == 1)
    info.next(OID)
    imprint = info.inner(SEQUENCE)
    algorithm, digest = imprint.inner(SEQUENCE), imprint.last(OCTETS).data
    info.integer()
    check_time(info)
    info.skip(BOOLEAN)
    if info.has(INTEGER):
        info.integer()
    info.skip(TAG_0)
    if info.has(TAG_1):
        check_extensions(info.inner(TAG_1))
    info.end()
    if hashlib.new(hash_name(algorithm), note.text.encode()).digest() != digest:
        raise Refused("checkpoint.tsr", "it is not over checkpoint.note")
    return True


# ---- Verification

FILES = (
    "receipts.bin", "receipts.jsonl", "proofs.bin", "checkpoint.note", "checkpoint.tsr",
    "checkpoints.bin", "ciphertexts.bin", "report.html", "report.md", "report.json", "report.csv",
    "report.pdf", "oscal.json", "report.note", "key-history.json", "README.md", "verify.py",
    "manifest.note",
)
REPORTS = ("report.html", "report.md", "report.json", "report.csv", "report.pdf", "oscal.json")
REQUIRED = ("receipts.bin", "checkpoint.note", "key-history.json", "README.md", "verify.py")
NEW, VERIFIED, FAILED, UNVERIFIED = "", "verified", "FAILED", "unverified"
NOT_NAMED = "no receipt here names this subject: names are compared as they are written"


class Verdict:
    """The answers to three questions, and to the one on erasures where it fails or was asked for one
    subject. The first failure stands."""

    def __init__(self):
        self.answers = {q: (NEW, "") for q in ("integrity", "attribution", "completeness")}
        self.remarks = []

    def set(self, question, status, reason=""):
        if self.answers.get(question, (NEW, ""))[0] != FAILED:
            self.answers[question] = (status, reason)

    def fail(self, question, reason, receipt=None):
        where = "" if receipt is None else "at receipt %d: " % receipt
        self.set(question, FAILED, where + reason)

    def failed(self, question):
        return self.answers[question][0] == FAILED

    def code(self):
        statuses = {question: status for question, (status, _) in self.answers.items()}
        if FAILED in statuses.values():
            return 1
        # Of erasures a failure counts only.
        statuses.pop("erasure", None)
        return 0 if set(statuses.values()) == {VERIFIED} else 3

    def broke(self, error, receipt=None):
        self.fail("integrity", "%s: %s" % (error.stage, error), receipt)


class Erasures:
    """Erasures in the order of the log: what a completion and a key must fit.

    `push` raises what does not hold; where the evidence is a part of a log, what may be for want of a
    receipt that is not there accuses nobody. Asked for one subject, it raises what concerns him, and
    keeps the first thing that does not hold about others.
    """

    def __init__(self, subject=None):
        self.requests, self.destroyed, self.retired, self.in_use = {}, {}, set(), {}
        self.subject, self.named, self.absent, self.others = subject, False, None, None
        # What is asked of the subject: receipts of requests, and whether they were completed.
        self.own, self.own_keys, self.kept = {}, set(), None

    def push(self, receipt, body, whole):
        kind, seq = receipt.header["kind"], receipt.header["seq"]
        names, keys = self.names(kind, body), []
        self.named = self.named or names
        try:
            if kind == "erasure_requested":
                self.request(receipt, body, names)
            elif kind == "erasure_completed":
                self.complete(receipt, body, whole)
            elif kind == "decision":
                contents = [kept["content"] for kept in body["kept"]]
                keys = [one["encrypted"]["key"] for one in contents if "encrypted" in one]
                if names and keys:
                    self.kept = (seq, keys[-1])
                self.encrypted(body["subject"], keys, whole, names)
        except Refused as error:
            # A completion names nobody: whoever is asked for may hang on it.
            comes_back = any(key in self.destroyed and key in self.own_keys for key in keys)
            if self.subject is None or names or kind == "erasure_completed" or comes_back:
                raise
            self.others = self.others or "at receipt %d: %s" % (seq, error)

    def names(self, kind, body):
        """Whether a receipt names the subject that is asked for."""
        if kind in ("decision", "access"):
            return body["subject"] == self.subject
        asked = kind == "erasure_requested"
        return asked and any(one["subject"] == self.subject for one in body["subjects"])

    def request(self, receipt, body, names):
        keys = [key for subject in body["subjects"] for key in subject["keys"]]
        subjects = [subject["subject"] for subject in body["subjects"]]
        self.requests[receipt.hash.hex()] = (keys, subjects, body["kek"], receipt.header["seq"])
        if names:
            self.own[receipt.header["seq"]] = None
        for subject in body["subjects"]:
            if subject["subject"] == self.subject:
                self.own_keys.update(subject["keys"])
        for subject in body["subjects"]:
            key = self.in_use.get(subject["subject"])
            if key is not None and key not in subject["keys"]:
                reason = "fields of a subject are encrypted under key %s, which is not named"
                raise Refused("erasure", reason % key)

    def complete(self, receipt, body, whole):
        keys, names, kek, asked = self.requests.pop(body["request"], (None, (), None, None))
        seq = receipt.header["seq"]
        if keys is None:
            if not whole:
                self.absent = self.absent or "the request of receipt %d is not here" % seq
                return
            raise Refused("erasure", "a completion without a request that waits")
        if body["keys"] != keys:
            raise Refused("erasure", "the destroyed keys are not those of the request")
        self.retired.add(kek)
        if body["kek"] in self.retired:
            raise Refused("erasure", "the key-encryption key was not replaced")
        self.destroyed.update((key, seq) for key in keys)
        for name in names:
            if self.in_use.get(name) in self.destroyed:
                del self.in_use[name]
        if asked in self.own:
            self.own[asked] = seq

    def encrypted(self, subject, keys, whole, names):
        """The keys of all fields of a decision: a destroyed one is told before a second one, which may
        be for want of a receipt, whatever their order."""
        destroyed = [key for key in keys if key in self.destroyed]
        others = [key for key in keys if key not in self.destroyed]
        in_use = self.in_use.setdefault(subject, others[0]) if others else None
        second = [key for key in others if key != in_use]
        if destroyed:
            own = [key for key in destroyed if key in self.own_keys]
            key = (own or destroyed)[0]
            reason = "a field under key %s, destroyed by receipt %d"
            raise Refused("erasure", reason % (key, self.destroyed[key]))
        if second and whole:
            raise Refused("erasure", "a field under key %s, while %s is in use" % (second[0], in_use))
        if second and names:
            self.absent = self.absent or "the erasure of key %s is not here" % in_use

    def answer(self, verdict, whole, deleted):
        """The answer for the subject that was asked for, where nothing failed."""
        if self.subject is None:
            return
        waiting = [seq for seq, completed in self.own.items() if completed is None]
        if self.absent:
            why = self.absent
        elif waiting:
            why = "the erasure that receipt %d asks for is not completed" % waiting[0]
        elif self.own:
            why = "the subject was erased; whether the keys are gone no log shows"
        elif not whole:
            why = "no erasure of the subject is recorded in the part of the log that is here"
            why += "" if self.named else "; " + NOT_NAMED
        elif self.named:
            why = "nothing of the subject was erased"
        elif verdict.failed("integrity"):
            why = "integrity failed, so whether the subject is named cannot be told"
        elif deleted:
            why = "nothing that is here names the subject; the bytes of some receipts are deleted"
        else:
            why = NOT_NAMED
        verdict.set("erasure", UNVERIFIED, why)
        last = max((seq for seq in self.own.values() if seq is not None), default=None)
        if last is not None and self.kept and self.kept[0] > last:
            remark = "recorded again after the erasure: receipt %d keeps a text under key %s"
            verdict.remarks.append(remark % self.kept)
        if self.others:
            verdict.remarks.append("erasures of others do not hold: " + self.others)


class Contracts:
    """No evaluation stands before its contract's activation (docs/spec/contracts.md)."""

    # How many changed contracts are told one by one; the others are counted.
    NAMED = 5

    def __init__(self, verdict):
        self.verdict, self.active, self.versions, self.unknown = verdict, set(), {}, False
        self.not_followed = self.changed = 0

    def push(self, receipt, body, whole):
        kind, seq = receipt.header["kind"], receipt.header["seq"]
        if kind == "contract_activation":
            if max(len(self.active), len(self.versions)) >= 1 << 16:
                self.not_followed += 1
                return
            named = (body["name"], body["version"])
            before = self.versions.get(named, (body["contract"], seq))
            if before[0] != body["contract"]:
                self.changed += 1
                if self.changed <= self.NAMED:
                    remark = "receipt %d activates another contract under name and version of that of %d"
                    self.verdict.remarks.append(remark % (seq, before[1]))
            self.active.add(body["contract"])
            self.versions[named] = (body["contract"], seq)
        elif kind == "contract_state" and body["contract"] not in self.active:
            if whole and not self.not_followed:
                reason = "an evaluation of contract %s, which no receipt before it activates"
                raise Refused("contract", reason % body["contract"])
            if not self.unknown:
                remark = "receipt %d evaluates a contract that no receipt here before it activates"
                self.verdict.remarks.append(remark % seq)
            self.unknown = True


class Incidents:
    """What is told of an incident stands (docs/spec/compliance.md). Nothing here fails anything."""

    MOST = 1 << 16

    def __init__(self, verdict):
        self.verdict, self.known, self.told = verdict, {}, 0

    def push(self, receipt, body):
        if receipt.header["kind"] != "incident":
            return
        seq, sealed_at = receipt.header["seq"], receipt.header["sealed_at"]
        name = body["incident"] or receipt.hash.hex()
        if name not in self.known:
            if len(self.known) >= self.MOST:
                return
            if body["stage"] != "opened":
                self.tell(seq, "is of incident %s, which no receipt here before it opened" % name)
            self.known[name] = dict.fromkeys(("closed", "aware", "known_by", "shown"), None)
            self.known[name]["class"] = 0
        one, strict = self.known[name], CLASSES.index(body["class"])
        if one["closed"] is not None:
            self.tell(seq, "is of an incident that receipt %d closed" % one["closed"])
        elif body["stage"] == "closed":
            one["closed"] = seq
        if 0 < strict < one["class"]:
            self.tell(seq, "lowers the class of an incident; the strictest that was told stands")
        one["class"] = max(one["class"], strict)
        if CLASSES[strict] in CLASS_DAYS:
            one["known_by"] = one["known_by"] or sealed_at
        for field in ("aware_at", "reported_at"):
            if body[field] and body[field] > sealed_at:
                self.tell(seq, "tells %s, which had not come when it was sealed" % field)
        aware = body["aware_at"]
        if aware and one["aware"] and aware > one["aware"]:
            self.tell(seq, "puts the awareness of an incident off; the earliest stands")
        one["aware"] = min(filter(None, (aware, one["aware"])), default=None)
        if body["reported_at"]:
            self.report(seq, body["reported_at"], sealed_at, one)

    def report(self, seq, reported_at, sealed_at, one):
        days = CLASS_DAYS.get(CLASSES[one["class"]])
        if days is not None:
            aware = min(filter(None, (one["aware"], one["known_by"])))
            end = after_days(aware, days)
            if reported_at <= end < sealed_at and (one["shown"] is None or one["shown"] > end):
                reason = "tells a report of an incident in time, and was sealed after its deadline, %s"
                self.tell(seq, reason % end)
        one["shown"] = min(filter(None, (one["shown"], max(reported_at, sealed_at))))

    def tell(self, seq, what):
        self.told += 1
        if self.told <= 10:
            self.verdict.remarks.append("receipt %d %s" % (seq, what))


def after_days(time, days):
    """A time of the JSON view, days of 24 hours later."""
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    try:
        later = datetime.datetime.strptime(time, form) + datetime.timedelta(days=days)
    except OverflowError:
        return "9999-12-31T23:59:59.999999Z"
    return later.isoformat(timespec="microseconds") + "Z"


class Imports:
    """What was imported: from sources that are there, in their order, under keys that were trusted for
    them (docs/spec/imported.md). That a record says what stands beside it, and that its own signature
    holds, is not checked here.
    """

    MOST = 1 << 10

    def __init__(self, verdict):
        self.verdict, self.sources, self.not_followed, self.unchecked = verdict, {}, 0, False

    def push(self, receipt, body, whole):
        if receipt.header["kind"] != "imported":
            return
        record = body["record"]
        if "source" in record:
            source = record["source"]
            if len(self.sources) < self.MOST:
                self.sources[receipt.hash.hex()] = [source["items"], source["keys"], 0]
            else:
                self.not_followed += 1
            return
        self.item(record["item"], whole)
        if not self.unchecked:
            self.unchecked = True
            remark = "what imported records say of themselves is not checked here; ai-audit verify does"
            self.verdict.remarks.append(remark)

    def item(self, item, whole):
        content, index = item["content"], item["index"]
        if content and content["kind"] in ("decision", "tool_outcome") and "body" not in content:
            raise Refused("body", "what it imports is no %s" % content["kind"])
        source = self.sources.get(item["source"])
        if source is None:
            if whole and not self.not_followed:
                raise Refused("imported", "the receipt of its source is not before it")
            return
        items, keys, following = source
        if index >= items or (whole and index != following):
            raise Refused("imported", "record %d is not the next one of its source" % index)
        source[2] = max(following, index + 1)
        if item["key"] is not None and item["key"] not in keys:
            raise Refused("imported", "its key is none that was trusted for its source")


SIGNED_BY_OTHERS = {
    "human_review": b"ai-audit/review/v1\0",
    "attestation": b"ai-audit/attestation/v1\0",
}


def check_others(receipt, body):
    """What a body says others signed of receipts of this log (docs/spec/approvals.md)."""
    label = SIGNED_BY_OTHERS.get(receipt.header["kind"])
    if label is None:
        return
    message = label + bytes.fromhex(receipt.header["log_id"]) + receipt.body_bytes[:-96]
    if not Key(bytes.fromhex(body["key"])).verifies(message, bytes.fromhex(body["signature"])):
        raise Refused("body", "the key that it names did not sign this for a receipt of this log")


class Approvals:
    """The log's own rules that a tool needs approvals, in the order of its receipts."""

    MOST = 1 << 16

    def __init__(self):
        self.rules, self.open, self.not_followed = {}, {}, 0
        self.answered, self.free, self.deleted = set(), set(), 0
        self.promised = self.ruled = False
        # Outcomes that deleted receipts may have approved, or rejected.
        self.unjudged = self.half_judged = 0

    @staticmethod
    def entries(receipt, body):
        """The rules of a genesis or policy receipt, as text; none where it leaves them as they are."""
        policy = body["policy"] if receipt.header["kind"] in ("genesis", "policy") else ()
        return [entry["value"] for entry in policy if entry["name"] == "approvals"]

    def promise(self, receipt, body):
        """Takes the next receipt of whatever evidence: whether the log has rules at all."""
        self.promised = self.promised or bool(self.entries(receipt, body))

    def push(self, receipt, body):
        kind = receipt.header["kind"]
        if kind in ("genesis", "policy"):
            for text in self.entries(receipt, body):
                self.rules = read_rules(text) if text else {}
                self.ruled = self.ruled or bool(self.rules)
        elif kind == "tool_intent":
            if body["tool"] not in self.rules:
                if len(self.free) < self.MOST:
                    self.free.add(receipt.hash.hex())
            elif len(self.open) >= self.MOST:
                self.not_followed += 1
            else:
                rule = self.rules[body["tool"]]
                since = (body["tool"], self.deleted)
                self.open[receipt.hash.hex()] = (rule, body["arguments"], {}, since)
        elif kind == "human_review":
            self.review(body)
        elif kind == "tool_outcome":
            self.outcome(body)

    def review(self, body):
        review = body["review"]
        (_, keys), arguments, said, _ = self.open.get(review["receipt"], ((0, ()), None, None, None))
        rejects = review["verdict"] == "rejected"
        if body["key"] not in keys or review["verdict"] == "noted":
            return
        # A rejection stands, and need not have seen the parameters.
        if said.get(body["key"]) != "rejected" and (rejects or review["parameters"] == arguments):
            said[body["key"]] = review["verdict"]

    def outcome(self, body):
        denied, intent = body["status"] == "denied", body["intent"]
        if intent not in self.open:
            if not denied:
                self.without_open(body["tool"], intent)
            return
        rule, _, said, (tool, deleted) = self.open[intent]
        if body["tool"] not in ("", tool):
            raise Refused("approvals", "a tool ran on the intent of another, which needs approvals")
        if denied:
            return
        del self.open[intent]
        if len(self.answered) < 1 << 18:
            self.answered.add(intent)
        if "rejected" in said.values():
            raise Refused("approvals", "a tool ran though its intent was rejected")
        # What was deleted since the intent may have been reviews of it.
        missing, enough = self.deleted > deleted, len(said) >= rule[0]
        if not enough and not missing:
            raise Refused("approvals", "a tool ran with %d approvals of %d" % (len(said), rule[0]))
        self.unjudged += not enough
        self.half_judged += enough and missing

    def without_open(self, tool, intent):
        if intent in self.answered:
            raise Refused("approvals", "a tool ran again on an intent that was answered before")
        if intent is not None and self.not_followed:
            raise Refused("approvals", "too many intents were open: this one was not followed")
        known = intent in self.free
        self.free.discard(intent)
        if intent is not None and not known and self.deleted:
            # Its intent may be among what is deleted, and may have been of a tool with a rule.
            self.unjudged += self.ruled
        elif tool in self.rules:
            raise Refused("approvals", "a tool that needs approvals ran without an open intent")

    def remark(self):
        """What nobody can tell any more where bytes are deleted."""
        if not self.ruled or not self.deleted:
            return None
        return (
            "bytes of %d receipts are deleted: whether tools that ran there had their approvals cannot be "
            "told, nor for %d outcomes whose intents or approvals may be among them, nor whether %d that "
            "were approved were rejected there, too" % (self.deleted, self.unjudged, self.half_judged)
        )


def read_rules(text):
    """The policy entry `approvals`."""
    wrong = Refused("approvals", "the policy entry is none")
    try:
        rules = json.loads(text, object_pairs_hook=no_twice)
        # Half of a surrogate pair is no text, and Python's reader takes it.
        json.dumps(rules, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(rules, dict) or len(rules) > 64:
        raise wrong
    read = {}
    for tool, rule in rules.items():
        if not tool or not isinstance(rule, dict) or set(rule) != {"keys", "needed"}:
            raise wrong
        keys, needed = rule["keys"], rule["needed"]
        if isinstance(needed, float) and needed.is_integer():
            needed = int(needed)
        if not isinstance(keys, list) or type(needed) is not int:
            raise wrong
        if not all(isinstance(key, str) and len(key) == 64 for key in keys):
            raise wrong
        if not all(set(key) <= set("0123456789abcdef") for key in keys):
            raise wrong
        for key in keys:
            Key(bytes.fromhex(key))
        if len(set(keys)) != len(keys) or not 1 <= needed <= len(keys) <= 64:
            raise wrong
        read[tool] = (needed, keys)
    return read


def no_twice(pairs):
    """An object of which no name stands twice."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


class Log:
    """Receipts from one log: the whole of it, or a selection with inclusion proofs.

    It goes on after what does not hold: whether bytes were changed and who signed are two things.
    """

    def __init__(self, verdict, pins, own=None, selection=False, revocations=(), subject=None):
        self.verdict, self.pins, self.selection = verdict, pins, selection
        self.own, self.revocations = own, revocations
        self.chain, self.tree, self.roots, self.wanted = Chain(), Tree(), {0: sha256(b"")}, set()
        self.genesis = self.line = self.key = self.keys = self.before = self.first = None
        self.epochs, self.erasures, self.approvals = Epochs(), Erasures(subject), Approvals()
        self.contracts, self.incidents = Contracts(verdict), Incidents(verdict)
        self.imports = Imports(verdict)
        self.count = self.signatures = self.deleted = 0
        self.needs_checkpoint = self.bare = self.signed = False
        self.origin = self.log_id = self.unread = None
        self.shown = KeyFile()

    def push(self, sealed, path=()):
        """Looks at the next receipt, and returns it if it can be read."""
        place = self.chain.size if self.chain else (self.first or 0) + self.count
        self.count += 1
        try:
            receipt = Receipt(sealed)
        except Refused as error:
            self.verdict.broke(error, place)
            self.not_all("receipt %d cannot be read, so who signed it cannot be told" % place)
            return None
        seq, root = receipt.header["seq"], None
        named = receipt.header["kind"] in ("epoch_seal", "batch_seal", "anchor")
        if named and self.chain and self.first == 0 and not self.selection:
            root = self.tree.root()
        before = root
        if self.selection:
            try:
                self.place(receipt, path, self.own)
                before = root_before(seq, self.own.size, path)
            except Refused as error:
                self.verdict.broke(error, seq)
        elif self.chain:
            self.follow(receipt, place)
        if self.line is None and receipt.header["kind"] == "genesis" and seq == 0:
            self.open(receipt)
        self.walk(receipt, before)
        body = None
        try:
            body = receipt.body()
            if body is not None:
                self.approvals.promise(receipt, body)
                check_others(receipt, body)
            if not self.verdict.failed("integrity") and (self.selection or self.first == 0):
                self.epochs.push(receipt, root)
                if body is not None and not self.selection:
                    self.approvals.push(receipt, body)
                if receipt.header["kind"] == "anchor" and self.line:
                    self.anchored(seq, body, root)
        except Refused as error:
            self.verdict.broke(error, seq)
        whole = not self.selection and self.first == 0 and self.chain is not None
        try:
            if body is not None:
                self.incidents.push(receipt, body)
                self.contracts.push(receipt, body, whole)
                self.imports.push(receipt, body, whole and not self.deleted)
        except Refused as error:
            self.verdict.broke(error, seq)
        try:
            if body is not None:
                self.erasures.push(receipt, body, whole)
        except Refused as error:
            self.verdict.fail("erasure", str(error), seq)
        self.shown.see(receipt)
        return receipt

    def anchored(self, seq, body, before):
        """A checkpoint brought back into the log must be its own, and lead to what is before it."""
        checkpoint = Checkpoint(body["note"].encode(), "anchor")
        if checkpoint.origin != self.origin:
            raise Refused("anchor", "its checkpoint is of another log")
        checkpoint.note.verify(self.line)
        path = [bytes.fromhex(node) for node in body["path"]]
        # In a selection the tree before the anchor is not known.
        held = before is None or continues(checkpoint.size, checkpoint.root, seq, before, path)
        if checkpoint.size > seq or not held:
            raise Refused("anchor", "the receipts before it do not continue its checkpoint")

    def push_deleted(self, leaf):
        """Takes what is left of the next receipt, whose bytes are deleted."""
        if self.selection:
            raise Refused("receipts.bin", "a deleted receipt: a selection has none")
        self.count, self.deleted = self.count + 1, self.deleted + 1
        if self.first is None:
            self.chain, self.first = None, 0
            self.verdict.broke(Refused("chain", "the bytes of the genesis are deleted"), 0)
        elif self.chain:
            place = self.chain.size
            self.chain.push_deleted(leaf)
            if self.first > 0:
                error = Refused("chain", "its bytes are deleted, and no seal vouches for its hash")
                return self.verdict.broke(error, place)
            self.epochs.push_deleted(leaf)
            self.approvals.deleted += 1
            if self.keys:
                # Suspect all the same where its key was revoked.
                self.keys.last = place
            self.grow(leaf)

    def not_all(self, why):
        """Something is not known of all receipts: "verified" cannot be said of them."""
        self.unread = self.unread or why

    def follow(self, receipt, place):
        """Chain and tree of a whole log."""
        seq = receipt.header["seq"]
        if self.first is None:
            self.first = seq
            if seq > 0:
                self.chain.resume(receipt.header)
        try:
            self.chain.push(receipt)
        except Refused as error:
            self.chain = None
            return self.verdict.broke(error, seq if self.count == 1 else place)
        if self.first == 0:
            self.grow(receipt.hash)

    def grow(self, leaf):
        self.tree.push(leaf)
        if self.chain.size in self.wanted:
            self.roots[self.chain.size] = self.tree.root()

    def open(self, receipt):
        try:
            self.genesis = g = receipt.body()
        except Refused:
            return
        keys = [bytes.fromhex(g[n + "_key"]) for n in ("receipt", "checkpoint", "recovery")]
        self.origin = origin(g)
        self.log_id = receipt.hash.hex()
        self.key, self.line = Key(keys[0]), KeyLine(self.origin, keys[1])
        self.pin()
        self.keys = Keys(receipt.hash, g)
        try:
            self.keys.bring([body for name, body in self.revocations if name == self.origin])
        except Refused as error:
            self.verdict.fail("attribution", str(error), 0)
        if self.selection:
            try:
                self.own.of(self)
                self.signed = True
            except Refused as error:
                self.verdict.broke(error)

    def pin(self):
        """Does what the verifier brought lead to this genesis? A key line has the word over bare
        keys, which say nothing of the origin."""
        lines = [pin for pin in self.pins if isinstance(pin, KeyLine)]
        for pin in lines or self.pins:
            if isinstance(pin, KeyLine):
                if pin.name == self.origin and pin.key.data == self.line.key.data:
                    return
            elif pin.data == self.key.data:
                self.bare = True
            elif pin.data == self.line.key.data:
                self.needs_checkpoint = True
        if self.bare:
            self.needs_checkpoint = False
        if self.bare or self.needs_checkpoint:
            self.verdict.remarks.append("a bare key was pinned: the origin is unverified")
        elif self.pins:
            self.verdict.fail("attribution", "the genesis fits no pinned key", 0)

    def walk(self, receipt, before):
        """Who signed it. `before` is the root of the tree before it, where that is known."""
        h, keys = receipt.header, self.keys
        if keys is None:
            if h["mode"] == "batched" or h["kind"] == "batch_seal":
                why = "the genesis, which could permit batched receipts, is not there"
                return self.not_all(why)
            lines = any(isinstance(pin, KeyLine) for pin in self.pins)
            own = [pin for pin in self.pins if not lines and pin.id.hex() == h["key_id"]]
            if not own:
                return self.not_all("the genesis is not there: no pin leads to the receipts' key")
            self.bare = True
            names = ("receipt_key", "checkpoint_key", "recovery_key")
            keys = Keys(bytes.fromhex(h["log_id"]), dict.fromkeys(names, own[0].data.hex()))
        try:
            keys.take(receipt)
            self.signatures += bool(receipt.signature)
            if h["kind"] == "batch_seal" and before is None:
                self.not_all("the log is broken before a batch seal: what it is over cannot be told")
            elif h["kind"] == "batch_seal" and receipt.body()["root"] != before.hex():
                raise Refused("signature", "the root of the batch seal is not that of the log")
            if self.keys is None and h["kind"] in ("key_rotation", "key_revocation"):
                self.not_all("without the genesis a change of keys cannot be followed")
        except Refused as error:
            self.verdict.fail("attribution", str(error), h["seq"])
            if isinstance(error, BadSignature):
                self.verdict.broke(error, h["seq"])

    def attribution(self, anchored):
        """The answer, once all receipts were seen."""
        why = self.unread
        if self.line and not self.pins:
            why = "no key was pinned (--key); one found inside the evidence proves nothing"
        elif not self.count:
            why = "there is no receipt"
        elif not self.line and not self.bare:
            why = "there is no genesis that could be read"
        elif self.needs_checkpoint and not anchored:
            why = "no checkpoint signed by the pinned key covers these receipts"
        elif self.keys and self.keys.suspect():
            return self.verdict.fail("attribution", *reversed(self.keys.suspect()))
        elif not why and self.keys and self.keys.open:
            why = "receipts %d to %d are batched, and nobody is shown to have signed for them"
            why %= self.keys.open
        self.verdict.set("attribution", UNVERIFIED if why else VERIFIED, why or "")

    def place(self, receipt, path, checkpoint):
        """A receipt of a selection: log, order, inclusion in the checkpoint."""
        h, before = receipt.header, self.before
        self.before = receipt
        if (before is None) != (h["kind"] == "genesis" and h["seq"] == 0):
            raise Refused("chain", "a selection begins with the genesis, and has one")
        if before is None:
            self.chain.push(receipt)
        else:
            if h["log_id"] != self.log_id:
                raise Refused("chain", "log_id names another log")
            if h["seq"] <= before.header["seq"]:
                raise Refused("chain", "replayed or reordered")
            if h["seq"] == before.header["seq"] + 1 and h["prev"] != before.hash.hex():
                raise Refused("chain", "prev is not the hash of the receipt before")
            if h["sealed_at"] < before.header["sealed_at"]:
                raise Refused("chain", "sealed_at lies before that of an earlier receipt")
        if not included(receipt.hash, h["seq"], checkpoint.size, path, checkpoint.root):
            raise Refused("chain", "not included in the checkpoint")


def inside(folder, name, most=-1):
    path = os.path.join(folder, name)
    if not os.path.lexists(path):
        return None
    if os.path.islink(path) or not os.path.isfile(path):
        raise Refused(name, "not a plain file")
    with open(path, "rb") as file:
        return file.read(most)


def read_proofs(data):
    """Inclusion paths, one for each receipt."""
    r = Reader(data, "proofs.bin")
    if r.raw(min(19, len(data))) != b"ai-audit/proofs/v1\n":
        raise Refused("proofs.bin", "it does not begin with the line ai-audit/proofs/v1")
    while r.at < len(data):
        yield [r.raw(32) for _ in range(r.u8())]


def read_checkpoints(data, own):
    """Earlier checkpoints, in ascending size below that of checkpoint.note."""
    r = Reader(data, "checkpoints.bin")
    if r.raw(min(24, len(data))) != b"ai-audit/checkpoints/v1\n":
        raise Refused("checkpoints.bin", "it does not begin with the line ai-audit/checkpoints/v1")
    found = []
    while r.at < len(data):
        found.append(Checkpoint(r.raw(int.from_bytes(r.raw(4), "big")), "checkpoints.bin"))
    sizes = [checkpoint.size for checkpoint in found + [own]]
    if any(one >= two for one, two in zip(sizes, sizes[1:])):
        raise Refused("checkpoints.bin", "sizes do not ascend below that of checkpoint.note")
    return found


def read_ciphertexts(path):
    """Of each ciphertext the receipt that it belongs to, and its SHA-256."""

    def refuse(reason):
        raise Refused("ciphertexts.bin", reason)

    with open(path, "rb") as file:
        if file.read(24) != b"ai-audit/ciphertexts/v1\n":
            refuse("it does not begin with the line ai-audit/ciphertexts/v1")
        while True:
            head = file.read(12)
            if not head:
                return
            if len(head) != 12:
                refuse("it ends inside a ciphertext")
            seq, length = struct.unpack(">QI", head)
            if length > (16 << 20) + 16:
                refuse("a ciphertext of more than 16 MiB and 16 bytes")
            data = file.read(length)
            if len(data) != length:
                refuse("it ends inside a ciphertext")
            yield seq, sha256(data).hex()


class Ciphertexts:
    """ciphertexts.bin: each must be named by an encrypted text of its receipt, once, and in the order
    of the receipts and their texts. Some or all may be missing."""

    def __init__(self, path):
        self.all = read_ciphertexts(path)
        self.ahead = next(self.all, None)

    def see(self, receipt):
        seq, named = receipt.header["seq"], None
        while self.ahead and self.ahead[0] <= seq:
            of, digest = self.ahead
            if of < seq:
                self.misplaced(of)
            if named is None:
                named = iter(self.named(receipt))
            # This goes on behind the one that was named last.
            if digest not in named:
                reason = "a ciphertext of receipt %d that it does not name there"
                raise Refused("ciphertexts.bin", reason % seq)
            self.ahead = next(self.all, None)

    def named(self, receipt):
        try:
            body = receipt.body() if receipt.header["kind"] == "decision" else {"kept": []}
        except Refused:
            return []
        kept = [field["content"].get("encrypted") for field in body["kept"]]
        return [encrypted["ciphertext"] for encrypted in kept if encrypted]

    def misplaced(self, seq):
        reason = "a ciphertext of receipt %d, which is not there, or not in this place"
        raise Refused("ciphertexts.bin", reason % seq)

    def end(self):
        if self.ahead:
            self.misplaced(self.ahead[0])


MANIFEST = re.compile(
    r"ai-audit/manifest/v1\norigin ([^\n]+)\nlog ([0-9a-f]{64})\nselection ([^\n]+)\n"
    r"receipts (0|[1-9][0-9]{0,19})\ncheckpoint (0|[1-9][0-9]{0,19})\n((?:file [^\n]+\n)*)"
)


def number(text, most=2**64 - 1):
    if not NUMBER.fullmatch(text) or int(text) > most:
        raise Refused("manifest.note", "%r is no number in its one form" % text[:100])
    return int(text)


class Manifest:
    """What a package says of itself, and whether the files are those that it lists."""

    def __init__(self, data):
        self.note = Note(data, "manifest.note")
        match = MANIFEST.fullmatch(self.note.text)
        if not match:
            raise Refused("manifest.note", "not the form of a manifest")
        self.origin, self.log_id, self.selection = match.group(1, 2, 3)
        self.receipts, self.checkpoint = number(match.group(4)), number(match.group(5))
        self.word, _, rest = self.selection.partition(" ")
        self.value, form = rest, ""
        if self.word in ("trace", "session"):
            try:
                self.value = json.loads(rest)
                form = json.dumps(self.value, ensure_ascii=False)
                form.encode()
            except (ValueError, RecursionError):
                raise Refused("manifest.note", "a selection's text is no JSON string")
        elif self.word in ("range", "time"):
            most = 2**64 - 1 if self.word == "range" else 253402300799999999
            self.value = [number(part, most) for part in rest.split(" ")]
            form = "%d %d" % tuple(self.value) if len(self.value) == 2 else ""
        if self.word == "all" and self.selection != "all" or form != rest:
            raise Refused("manifest.note", "not the one form of a selection")
        if self.word not in ("all", "trace", "session", "range", "time"):
            raise Refused("manifest.note", "unknown selection")
        if self.word in ("trace", "session") and not isinstance(self.value, str):
            raise Refused("manifest.note", "a selection's text is no JSON string")
        self.listed = {}
        for line in match.group(6).split("\n")[:-1]:
            parts = re.fullmatch(r"file ([0-9a-f]{64}) ([0-9]+) (\S+)", line)
            if not parts or parts.group(3) in self.listed:
                raise Refused("manifest.note", "malformed or repeated file line")
            self.listed[parts.group(3)] = (parts.group(1), number(parts.group(2)))

    def check_files(self, folder, others):
        """`others` are files of the verifier that lie in the folder too."""
        for name in sorted(os.listdir(folder)):
            if name not in FILES and os.path.realpath(os.path.join(folder, name)) not in others:
                raise Refused(name, "no package has this file")
        for name in FILES[:-1]:
            there = os.path.lexists(os.path.join(folder, name))
            if name not in self.listed and (name in REQUIRED or there):
                raise Refused(name, "not listed in the manifest")
        if list(self.listed) != [name for name in FILES if name in self.listed]:
            raise Refused("manifest.note", "files that no package has, or not in their order")
        if (self.word == "all") == os.path.lexists(os.path.join(folder, "proofs.bin")):
            raise Refused("proofs.bin", "a selection has inclusion proofs, a whole log has none")
        for name, (digest, size) in self.listed.items():
            path = os.path.join(folder, name)
            if name not in FILES[:-1] or os.path.islink(path) or not os.path.isfile(path):
                raise Refused(name, "listed in the manifest, but not there as a plain file")
            hasher, length = hashlib.sha256(), 0
            with open(path, "rb") as file:
                for block in iter(lambda: file.read(1 << 16), b""):
                    hasher.update(block)
                    length += len(block)
            if hasher.hexdigest() != digest or length != size:
                raise Refused(name, "digest or size is not the manifest's")

    def selects(self, h):
        # A batch seal goes with what it signs for.
        if self.word == "all" or h["kind"] in CONTROL or h["kind"] == "batch_seal":
            return True
        if self.word in ("trace", "session"):
            return h[self.word + "_id"] == self.value
        place = h["seq"] if self.word == "range" else micros(h["sealed_at"])
        return self.value[0] <= place < self.value[1] + (self.word == "range")


STATEMENT = re.compile(
    r"ai-audit/report/v1\norigin ([^\n]+)\nlog ([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,19})\n"
    r"root ([0-9a-f]{64})\nmade (\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d\.\d{6}Z)\n"
    r"((?:file [0-9a-f]{64} (?:0|[1-9][0-9]{0,19}) [^\n]+\n)+)",
    re.ASCII,
)


class Statement:
    """Which reports are in the package, and what tree of the log they are of."""

    def __init__(self, data, listed):
        self.note = Note(data, "report.note")
        match = STATEMENT.fullmatch(self.note.text)
        if not match:
            raise Refused("report.note", "not the form of a statement")
        self.origin, self.log_id, self.size, self.root, self.made = match.group(1, 2, 3, 4, 5)
        try:
            early = micros(self.made) < 0
        except ValueError:
            early = True
        if early:
            raise Refused("report.note", "%r is no time from 1970 on" % self.made)
        lines = [line.split(" ", 3)[1:] for line in match.group(6).split("\n")[:-1]]
        names = [name for _, _, name in lines]
        if names != sorted(set(names)):
            raise Refused("report.note", "files are not in ascending order, each once")
        for digest, size, name in lines:
            if name not in REPORTS or name not in listed:
                raise Refused("report.note", "it lists %r, no report in the package" % name)
            if (digest, int(size)) != listed[name]:
                raise Refused(name, "digest or length is not the one in report.note")
        for name in listed:
            if name in REPORTS and name not in names:
                raise Refused(name, "report.note does not list it")

    def of(self, log, checkpoint):
        """Refused where it is not signed by the log, or is of another one or of another tree."""
        if not log.line:
            raise Refused("report.note", "without the genesis nobody can tell who signed it")
        claimed = (self.origin, self.log_id, int(self.size), self.root)
        if claimed != (log.origin, log.log_id, checkpoint.size, checkpoint.root.hex()):
            raise Refused("report.note", "it is of another origin, log, size or root")
        self.note.verify(log.line)
        return True


def read_statement(folder, manifest):
    """The statement of the package's reports; None where it has none."""
    data = inside(folder, "report.note")
    if data is not None:
        return Statement(data, manifest.listed)
    for name in REPORTS:
        if name in manifest.listed:
            raise Refused(name, "there is no report.note that lists it")


class Coverage:
    """Whether a selection has what it claims: a range has no holes, and of another one there is something
    besides the receipts about the log itself."""

    def __init__(self, manifest, size):
        self.manifest, self.selected = manifest, 0
        self.next, self.last = 0, -1
        if manifest.word == "range":
            self.next, self.last = manifest.value[0], min(manifest.value[1], size - 1)

    def see(self, h):
        if not self.manifest.selects(h):
            raise Refused("manifest.note", "receipt %d is not of the selection" % h["seq"])
        self.selected += h["kind"] not in CONTROL and h["kind"] != "batch_seal"
        if self.next <= h["seq"] <= self.last:
            self.selected += 1
            expected, self.next = self.next, h["seq"] + 1
            if expected != h["seq"]:
                raise Refused("manifest.note", "receipt %d of the range is missing" % expected)

    def end(self):
        if self.next <= self.last:
            raise Refused("manifest.note", "receipt %d of the range is missing" % self.next)
        if self.manifest.word != "all" and not self.selected:
            raise Refused("manifest.note", "nothing of the selection is here")


def micros(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)


class View:
    """receipts.jsonl: each line must be the view of the receipt's bytes."""

    def __init__(self, data):
        self.data, self.at, self.line = data, 0, 0

    def next(self, receipt):
        self.compare(receipt.view())

    def next_deleted(self, seq, leaf):
        self.compare(as_json({"seq": seq, "deleted": True, "hash": leaf.hex()}))

    def compare(self, line):
        self.line += 1
        line = (line + "\n").encode()
        found = self.data[self.at : self.at + len(line)]
        self.at += len(line)
        if found != line:
            reason = "line %d is not the view of the receipt's bytes" % self.line
            raise Refused("receipts.jsonl", reason)

    def end(self):
        if self.at != len(self.data):
            raise Refused("receipts.jsonl", "more lines than receipts")


class KeyFile:
    """key-history.json: what the control receipts say of keys, for people."""

    NOTE = "derived from the log's control receipts; trust only the key line that you had before"

    def __init__(self):
        self.value = {"note": "", "origin": "", "keys": []}

    def see(self, receipt):
        seq = receipt.header["seq"]
        try:
            body = receipt.body()
        except Refused:
            return
        if receipt.header["kind"] == "genesis":
            self.value.update(note=self.NOTE, origin=origin(body))
            self.key("receipt", body["receipt_key"], seq, 0)
            self.key("checkpoint", body["checkpoint_key"], seq)
            self.key("recovery", body["recovery_key"], seq)
        elif receipt.header["kind"] == "key_rotation":
            self.key("receipt", body["new_key"], seq, seq + 1)
        elif receipt.header["kind"] == "key_revocation":
            self.key("receipt", body["successor"], seq, seq)
            entry = {"receipt": seq, "key_id": Key(bytes.fromhex(body["revoked_key"])).id.hex()}
            entry.update(after=body["after"], compromised_at=body["compromised_at"])
            entry["successor"] = Key(bytes.fromhex(body["successor"])).id.hex()
            if body["reason"]:
                entry["reason"] = body["reason"][:200]
            self.value.setdefault("revocations", []).append(entry)

    def key(self, purpose, key, seq, since=None):
        entry = {"purpose": purpose, "key_id": Key(bytes.fromhex(key)).id.hex(), "public_key": key}
        entry["introduced_by"] = seq
        if since is not None:
            entry["valid_from"] = since
        self.value["keys"].append(entry)

    def held_against(self, data):
        if data != (json.dumps(self.value, indent=2, ensure_ascii=False) + "\n").encode():
            reason = "it does not say what the control receipts say"
            raise Refused("key-history.json", reason)


def verify(path, pins, brought, size, revocations=(), others=(), subject=None):
    """Verifies a receipts file, or the folder of a package. Returns verdict and log."""
    verdict, wrong, beside = Verdict(), [], []

    def attempt(reasons, action, *arguments):
        """The action's value, or None where it is refused."""
        try:
            return action(*arguments)
        except Refused as error:
            reasons.append(error)

    if not os.path.isdir(path):
        log = Log(verdict, pins, revocations=revocations, subject=subject)
        log.wanted = {c.size for c in brought}
        receipts(log, path, beside)
        return finish(verdict, log, [], brought, size)

    # Around the receipts: the manifest and what it lists.
    part = lambda name: inside(path, name)
    data, manifest, statement = attempt(wrong, part, "manifest.note"), None, None
    if data is not None:
        manifest = attempt(wrong, Manifest, data)
        if manifest:
            attempt(wrong, manifest.check_files, path, others)
            statement = attempt(wrong, read_statement, path, manifest)
    elif not wrong:
        wrong.append(Refused("manifest.note", "missing: the package is not signed"))
    data = attempt(wrong, part, "checkpoint.note")
    if data is None:
        wrong.append(Refused("checkpoint.note", "missing"))
    own = attempt(wrong, Checkpoint, data, "checkpoint.note") if data is not None else None
    if not own:
        # Nothing to hold receipts against.
        verdict.broke(wrong[0])
        return finish(verdict, Log(verdict, pins, subject=subject), [], [], None)
    there = os.path.lexists(os.path.join(path, "proofs.bin"))
    selection = manifest.word != "all" if manifest else there
    log = Log(verdict, pins, own, selection, revocations, subject)

    # Beside the receipts: proofs, timestamp, view, earlier checkpoints, ciphertexts.
    proofs = attempt(beside, part, "proofs.bin") if log.selection else None
    if log.selection and proofs is None:
        beside.append(Refused("proofs.bin", "missing"))
    data = attempt(beside, inside, path, "checkpoint.tsr", MOST_TIMESTAMP + 1)
    if data is not None and attempt(beside, check_timestamp, data, own.note):
        remark = "checkpoint.tsr: a timestamp over checkpoint.note; its signature was not checked"
        verdict.remarks.append(remark)
    data = attempt(beside, part, "checkpoints.bin")
    older = attempt(beside, read_checkpoints, data, own) if data is not None else []
    evidence = (older or []) + [own]
    log.wanted = {c.size for c in evidence + brought}
    data = attempt(beside, part, "receipts.jsonl")
    view = View(data) if data is not None else None
    coverage = Coverage(manifest, own.size) if manifest else None
    file, encrypted = os.path.join(path, "ciphertexts.bin"), None
    if os.path.isfile(file) and not os.path.islink(file):
        encrypted = attempt(beside, Ciphertexts, file)
    file = os.path.join(path, "receipts.bin")
    if os.path.islink(file) or not os.path.isfile(file):
        wrong.append(Refused("receipts.bin", "missing"))
        verdict.broke(wrong[0])
    else:
        hashes = read_proofs(proofs) if proofs is not None else None
        receipts(log, file, beside, hashes, view, coverage, encrypted)
    data = attempt(beside, part, "key-history.json")
    attempt(beside, log.shown.held_against, data)
    for error in beside:
        verdict.broke(error)
    finish(verdict, log, evidence, brought, size)
    if manifest:
        attempt(wrong, claims, manifest, log, own)
    if statement and attempt(wrong, statement.of, log, own):
        names = ", ".join(name for name in REPORTS if name in manifest.listed)
        remark = "the keeper issued %s; that they are right shows only making them again"
        verdict.remarks.append(remark % names)
    for error in wrong:
        verdict.broke(error)
        if verdict.answers["completeness"][0] == VERIFIED:
            verdict.set("completeness", UNVERIFIED, "integrity failed")
    return verdict, log


def receipts(log, path, beside, proofs=None, view=None, coverage=None, encrypted=None):
    """Feeds a receipts file to the log, and compares what stands beside it until it differs."""
    try:
        for sealed, deleted in read_receipts(path):
            if deleted:
                log.push_deleted(sealed)
                try:
                    if view:
                        view.next_deleted(log.count - 1, sealed)
                except Refused as error:
                    beside.append(error)
                    view = None
                continue
            hashes = []
            if proofs:
                try:
                    hashes = next(proofs, None)
                    if hashes is None:
                        raise Refused("proofs.bin", "fewer proofs than receipts")
                except Refused as error:
                    beside.append(error)
                    proofs, hashes = None, []
            receipt = log.push(sealed, hashes)
            if receipt is None:
                continue
            try:
                if coverage:
                    coverage.see(receipt.header)
                if view:
                    view.next(receipt)
            except Refused as error:
                beside.append(error)
                view = None
            try:
                if encrypted:
                    encrypted.see(receipt)
            except Refused as error:
                beside.append(error)
                encrypted = None
    except Refused as error:
        log.not_all("the receipts cannot be read to their end: who signed them cannot be told")
        log.verdict.broke(error)
        return
    try:
        if proofs and next(proofs, None) is not None:
            raise Refused("proofs.bin", "more proofs than receipts")
        if view:
            view.end()
        if coverage:
            coverage.end()
        if encrypted:
            encrypted.end()
    except Refused as error:
        beside.append(error)


def claims(manifest, log, checkpoint):
    if not log.line:
        raise Refused("manifest.note", "without the genesis nobody can tell who signed it")
    manifest.note.verify(log.line)
    found = (log.origin, log.log_id, log.count, checkpoint.size)
    if (manifest.origin, manifest.log_id, manifest.receipts, manifest.checkpoint) != found:
        reason = "it claims another origin, log, number of receipts or checkpoint"
        raise Refused("manifest.note", reason)


def finish(verdict, log, evidence, brought, size):
    """Checkpoints, and what is left of the answers."""
    size = size or None  # A size of 0 says nothing.
    whole = not log.selection
    if whole and log.first == 0 and not verdict.failed("integrity"):
        gone = log.epochs.unaccounted()
        if gone is not None:
            reason = "its bytes are deleted, and no deletion receipt accounts for it"
            verdict.broke(Refused("epoch", reason), gone)
    sound = not verdict.failed("integrity")
    held = whole and log.first == 0 and sound
    anchored, complete_to, cut = False, size, None
    for checkpoint, is_brought in [(c, False) for c in evidence] + [(c, True) for c in brought]:
        if not log.line:
            break
        if is_brought and checkpoint.origin != log.origin:
            verdict.remarks.append("a checkpoint that you brought is of another log")
            continue
        try:
            checkpoint.of(log)
            if not whole:
                known = evidence[-1:] + [c for c in brought if c.origin == log.origin]
                if any(c.size == checkpoint.size and c.root != checkpoint.root for c in known):
                    raise Refused(checkpoint.stage, "two checkpoints of one size have two roots")
            elif held and checkpoint.size > log.count:
                reason = "a checkpoint has %d receipts, here are %d"
                cut = cut or reason % (checkpoint.size, log.count)
            elif held and log.roots.get(checkpoint.size) != checkpoint.root:
                raise Refused(checkpoint.stage, "the receipts do not have its root")
            elif held and checkpoint.size > 0:
                anchored = True
                if is_brought:
                    complete_to = max(checkpoint.size, complete_to or 0)
        except Refused as error:
            verdict.broke(error)
    if not whole:
        if not log.line:
            verdict.fail("integrity", "the genesis is not there: the checkpoint's key is unknown")
        anchored = log.signed and not verdict.failed("integrity")
    if size is not None and size > log.count:
        cut = cut or "the log is known to have %d receipts" % size
    why = "no checkpoint was brought (--checkpoint): receipts may be missing at the end"
    if not whole:
        why = "this is a selection: what was left out cannot be seen"
    elif log.first is None:
        verdict.fail("integrity", "there is no receipt")
        if sound:
            verdict.fail("completeness", "there is no receipt")
        why = "integrity failed"
    elif log.first > 0:
        verdict.fail("completeness", "receipts before receipt %d are missing" % log.first)
    elif cut:
        verdict.fail("completeness", cut)
    elif verdict.failed("integrity"):
        why = "integrity failed"
    elif complete_to is not None:
        verdict.set("completeness", VERIFIED)
        if complete_to < log.count:
            verdict.remarks.append("complete to %d receipts; what follows may not be" % complete_to)
    verdict.set("integrity", VERIFIED)
    log.attribution(anchored)
    if not verdict.answers["completeness"][0]:
        verdict.set("completeness", UNVERIFIED, why)
    if log.approvals.promised and not (whole and log.first == 0):
        remark = "approvals were not judged: rules of the log say which tools need them, and in a part "
        verdict.remarks.append(remark + "of a log what approves may be missing")
    elif log.approvals.remark():
        verdict.remarks.append(log.approvals.remark())
    more = log.contracts.changed - log.contracts.NAMED
    if more > 0:
        verdict.remarks.append("%d more contracts were changed without a new version" % more)
    log.erasures.answer(verdict, whole and log.first == 0, log.deleted)
    return verdict, log


# ---- The specification's vectors


def canonical_text(text):
    return " ".join(unicodedata.normalize("NFKC", text).split()).lower()


def check_vectors(folder):
    """This program against vectors.json: returns a line of counts, or raises Refused."""

    def agree(what, found, expected):
        if found != expected:
            raise Refused("vectors.json", "%s: found %r, expected %r" % (what, found, expected))

    with open(os.path.join(folder, "vectors.json"), encoding="utf-8") as file:
        vectors = json.load(file)
    keys = {}
    for name, expected in vectors["keys"].items():
        keys[name] = Key(bytes.fromhex(expected["public"]), pinned=True)
        agree(name + " key id", keys[name].id.hex(), expected["key_id"])
    log = Log(Verdict(), [KeyLine.parse(vectors["log_pub"])])
    log.wanted = set(range(1, len(vectors["receipts"]) + 1))
    sealed = []
    file = read_receipts(os.path.join(folder, "receipts.bin"))
    for (found, _), expected in zip(file, vectors["receipts"]):
        name = expected["name"]
        sealed.append(found)
        receipt = log.push(found)
        agree(name + ": payload", receipt.payload.hex(), expected["payload"])
        agree(name + ": hash", receipt.hash.hex(), expected["hash"])
        agree(name + ": signature", receipt.signature.hex(), expected["signature"])
        agree(name + ": header", receipt.header, expected["header"])
        agree(name + ": body", receipt.body(), expected.get("body"))
        if "body_hex" in expected:
            agree(name + ": body", receipt.body_bytes.hex(), expected["body_hex"])
    agree("receipts", (len(sealed), next(file, None)), (len(vectors["receipts"]), None))
    agree("origin", log.origin, vectors["origin"])
    agree("log id", log.log_id, vectors["log_id"])
    agree("salt", log.genesis["salt"], vectors["salt"])
    agree("integrity", log.verdict.answers["integrity"], (NEW, ""))
    log.attribution(False)
    agree("pin", log.verdict.answers["attribution"][0], VERIFIED)
    for tree in vectors["tree"]:
        agree("root of %d" % tree["size"], log.roots[tree["size"]].hex(), tree["root"])
    for case in vectors["negative"]:
        chain, stage, place = Chain(), None, -1
        for place, item in enumerate(case["receipts"]):
            try:
                receipt = Receipt(sealed[item] if isinstance(item, int) else bytes.fromhex(item))
                chain.push(receipt)
                receipt.check_signature(keys["receipt"])
                receipt.body()
            except Refused as error:
                stage = error.stage
                break
        agree(case["name"], (place, stage), (case["place"], case["stage"]))
    d = vectors["digests"]
    mac = lambda key, *parts: hmac.new(key, b"".join(parts), hashlib.sha256).digest()
    secret, text = bytes.fromhex(d["secret"]), d["text"].encode()
    receipt_id = bytes.fromhex(d["receipt_id"].replace("-", ""))
    exact = mac(secret, b"ai-audit/digest/exact/v1\0", receipt_id, d["field"].encode())
    canonical = mac(secret, b"ai-audit/digest/canonical/v1\0")
    agree("exact key", exact.hex(), d["exact_key"])
    agree("canonical key", canonical.hex(), d["canonical_key"])
    agree("plain digest", sha256(text).hex(), d["plain"])
    agree("exact digest", mac(exact, text).hex(), d["exact"])
    form = canonical_text(d["text"])
    agree("canonical digest", mac(canonical, form.encode()).hex(), d["canonical"])
    for given, form in d["canonical_text"]:
        agree("canonical form of %r" % given, canonical_text(given), form)
    for case in d["parts"]:
        data = b"ai-audit/parts/v1\0"
        for item in case["parts"]:
            data += len(item.encode()).to_bytes(8, "big") + item.encode()
        agree("parts %r" % case["parts"], sha256(data).hex(), case["digest"])
    with open(os.path.join(folder, "checkpoint.note"), encoding="utf-8", newline="") as file:
        agree("checkpoint.note", file.read(), vectors["checkpoint"])
    checkpoint = Checkpoint(vectors["checkpoint"].encode(), "checkpoint.note")
    checkpoint.note.verify(log.line)
    agree("checkpoint", (checkpoint.origin, checkpoint.size), (log.origin, len(sealed)))
    agree("checkpoint's root", checkpoint.root, log.roots[len(sealed)])
    batches = check_batches(folder, agree)
    return "%d receipts, %d negative cases, %d roots, %d canonical texts, %d batches agree" % (
        len(sealed), len(vectors["negative"]), len(vectors["tree"]), len(d["canonical_text"]), batches
    )


def check_batches(folder, agree):
    """The logs of batches.json: what comes out for who signed them. Returns how many there are."""
    with open(os.path.join(folder, "batches.json"), encoding="utf-8") as file:
        vectors = json.load(file)
    sealed = [bytes.fromhex(text) for text in vectors["receipts"]]
    pin = KeyLine.parse(vectors["log_pub"])
    take = lambda item: sealed[item] if isinstance(item, int) else bytes.fromhex(item)
    for case in vectors["logs"]:
        log = Log(Verdict(), [pin])
        for item in case["receipts"]:
            log.push(take(item))
        agree(case["name"], attributed(log), case["attribution"])
    checkpoint = Checkpoint(vectors["checkpoint"].encode(), "batches.json")
    for case in vectors["selections"]:
        log = Log(Verdict(), [pin], checkpoint, True)
        for item, path in case["receipts"]:
            log.push(take(item), [bytes.fromhex(node) for node in path])
        agree(case["name"], attributed(log), case["attribution"])
    return len(vectors["logs"]) + len(vectors["selections"])


def attributed(log):
    """The answer, and the receipt at which it failed."""
    log.attribution(False)
    status, reason = log.verdict.answers["attribution"]
    at = re.match("at receipt ([0-9]+): ", reason)
    return [status.lower(), int(at.group(1)) if at else None]


# ---- Command line


def shown(text):
    """Text from the evidence, fit for a terminal."""
    return "".join(c if c.isprintable() else "\\u%04x" % ord(c) for c in text)


def parse_pin(argument):
    text = argument
    if "+" not in argument and not re.fullmatch("[0-9a-fA-F]{64}", argument):
        with open(argument, encoding="utf-8") as file:
            text = file.read()
    text = text.strip()
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return Key(bytes.fromhex(text), pinned=True)
    return KeyLine.parse(text)


def size_of_log(text):
    """A number of receipts; 0 says nothing."""
    if not re.fullmatch("[0-9]{1,20}", text) or int(text) >= 2**64:
        raise argparse.ArgumentTypeError("not a number of receipts, from 0 to 2^64 - 1")
    return int(text)


def parse_revocation(name):
    """Origin and body of a detached revocation."""
    with open(name, "rb") as file:
        lines = file.read(1 << 17).decode("utf-8").split("\n")
    if len(lines) != 4 or lines[0] != "ai-audit/revocation/v1" or not lines[1] or lines[3]:
        raise Refused("revocation", "not label, origin and body, a line each")
    body = unbase64(lines[2], "revocation")
    # One of another log, too: a file that is none was not what the auditor meant to bring.
    r = Reader(body, "revocation")
    key_revocation(r)
    r.end()
    return lines[1], body


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        super().error(shown(message))


def main():
    parser = Arguments(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path")
    parser.add_argument("--key", action="append", default=[], metavar="FILE|LINE|HEX")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE")
    parser.add_argument("--size", type=size_of_log, metavar="N")
    parser.add_argument("--revocation", action="append", default=[], metavar="FILE")
    parser.add_argument("--subject", metavar="PSEUDONYM")
    parser.add_argument("--vectors", action="store_true", help="PATH holds the vectors")
    options = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    path, files = options.path, [name for name in options.key if os.path.exists(name)]
    files += options.checkpoint + options.revocation
    if options.vectors:
        if options.key or files or (options.size, options.subject) != (None, None):
            parser.error("--vectors verifies no evidence: it goes with no other option")
        try:
            print(check_vectors(path))
        except Refused as error:
            print("FAILED: %s: %s" % (error.stage, shown(str(error))))
            return 1
        except OSError as error:
            print("%s: %s" % (shown(str(error.filename)), error.strerror), file=sys.stderr)
            return 2
        print("OK")
        return 0
    try:
        try:
            pins = [parse_pin(argument) for argument in options.key]
            brought = []
            for name in options.checkpoint:
                with open(name, "rb") as file:
                    brought.append(Checkpoint(file.read((1 << 20) + 1), name))
            revocations = [parse_revocation(name) for name in options.revocation]
        except (Refused, UnicodeDecodeError) as error:
            print("cannot use what you brought: %s" % shown(str(error)), file=sys.stderr)
            return 2
        known = [os.path.join(path, name) for name in ("receipts.bin", "manifest.note")]
        if os.path.isdir(path) and not any(os.path.exists(file) for file in known):
            print("%s: no package in this folder" % shown(path), file=sys.stderr)
            return 2
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if file.read(4) == b"PK\x03\x04":
                    print("%s: an archive: unpack it, and name its folder" % shown(path), file=sys.stderr)
                    return 2
        others = {os.path.realpath(name) for name in files}
        verdict, log = verify(
            path, pins, brought, options.size, revocations, others, options.subject
        )
    except OSError as error:
        print("%s: %s" % (shown(str(error.filename)), error.strerror), file=sys.stderr)
        return 2
    for question, (status, reason) in verdict.answers.items():
        print("%-13s %s%s" % (question, status, shown(": " + reason if reason else "")))
    for remark in verdict.remarks:
        print("note: " + shown(remark))
    if log.origin:
        print("log: " + shown(log.origin))
    if log.deleted:
        reason = "the bytes of %d receipts are deleted: the seals of their epochs vouch for them"
        print("note: " + reason % log.deleted)
    print("%d receipts, %d signatures" % (log.count, log.signatures))
    code = verdict.code()
    print({0: "OK", 1: "FAILED", 3: "UNVERIFIED"}[code])
    return code


if __name__ == "__main__":
    sys.exit(main())
