"""A record's text as other writers of JSON leave it. The values stay the same, the bytes do not."""

import json
from decimal import Decimal


def forms(text):
    """Each form by its name; none by `jsonb` where PostgreSQL refuses the record."""
    value = json.loads(text)
    found = {
        "as it was": text,
        "json": json.dumps(value),
        "indented": json.dumps(value, indent=2, ensure_ascii=False),
        "reversed": json.dumps(backwards(value), ensure_ascii=False, separators=(",", ":")),
    }
    if "\\u0000" not in found["json"]:
        numbers = json.loads(text, parse_int=Decimal, parse_float=Decimal)
        found["jsonb"] = jsonb(numbers)
    return found


def unsure(text):
    """At how many places jsonb does not say what a number was: at a zero whose sign is gone, and at an
    integer that had an exponent, where the library writes floats and integers."""
    record = json.loads(text, parse_int=Decimal, parse_float=Decimal)

    def count(value, known=()):
        if isinstance(value, dict):
            return sum(
                count(item, ("number",) if name in known else ()) for name, item in value.items()
            )
        if isinstance(value, list):
            return sum(count(item, known) for item in value)
        if not isinstance(value, Decimal):
            return 0
        shown = jsonb(value)
        if "." in shown or "number" in known:
            return not value
        return len(shown.strip("-")) > 16

    checks = record.pop("checks", [])
    return count(record, ("duration_ms",)) + count(checks, ("score", "threshold"))


def backwards(value):
    """The members of every object in the opposite order."""
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in reversed(list(value))}
    if isinstance(value, list):
        return [backwards(item) for item in value]
    return value


def jsonb(value):
    """What a column of type jsonb prints: names in ascending order of length, then of bytes; numbers
    as `numeric` prints them, without exponents and without a sign at zero, with as many digits behind
    the point as they were written with."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        members = (f"{string(name)}: {jsonb(value[name])}" for name in names)
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(jsonb, value)) + "]"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Decimal):
        return format(value if value else abs(value), "f")
    return json.dumps(value)


def string(text):
    """A string as jsonb prints it, which is as json.dumps does without escapes beyond U+001F."""
    return json.dumps(text, ensure_ascii=False)
