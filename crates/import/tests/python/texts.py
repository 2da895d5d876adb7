"""What canonicalize_input makes of every code point, alone and beside others.

Standard output begins with a line that names Python's version of Unicode. After it comes, for each
context and each code point but the surrogates, ascending, one byte (0 where this version does not
know the code point, else 1) and the first 8 bytes of the digest.

    texts.py CONTEXT...          a context is a text with % where the code point goes
"""

import sys
import unicodedata

from ai_audit.hashing import canonicalize_input

out = sys.stdout.buffer
out.write(unicodedata.unidata_version.encode() + b"\n")
for context in sys.argv[1:]:
    before, after = context.split("%")
    for point in range(0x110000):
        if 0xD800 <= point < 0xE000:
            continue
        character = chr(point)
        known = unicodedata.category(character) != "Cn"
        digest = bytes.fromhex(canonicalize_input(before + character + after))
        out.write(bytes([known]) + digest[:8])
