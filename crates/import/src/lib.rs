//! What the Python library `ai-audit-trail` wrote: its signed bytes rebuilt, its proofs verified, its
//! records as bodies of a log of ours. Specified in `docs/spec/python-library.md`.
#![cfg_attr(not(test), no_std)]
