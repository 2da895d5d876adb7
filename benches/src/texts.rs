//! Texts to redact: ordinary sentences, real conversations, and findings one after the other.

use ai_audit_pii::{RedactStream, Redactor};
use std::fmt::Write as _;

/// How much text is generated.
const SIZE: usize = 2 << 20;

/// How much goes into the stream at once, as in the command line.
const CHUNK: usize = 1 << 16;

/// Redacts a text as a stream; gives the length of what comes out.
#[must_use]
pub fn redact(redactor: &Redactor, text: &[u8]) -> usize {
    let mut stream = RedactStream::new(redactor, None).unwrap();
    let chunks: usize = text
        .chunks(CHUNK)
        .map(|chunk| stream.push(chunk).text.len())
        .sum();
    chunks + stream.finish().text.len()
}

/// Real conversations with their tool calls, as JSON: 127 e-mail addresses in 4 MB. They lie beside the
/// checkout, or are missing.
#[must_use]
pub fn tau_bench() -> Option<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/corpora/tau-bench/historical_trajectories/gpt-4o-airline.json"
    );
    std::fs::read(path).ok()
}

/// Sentences with names, times and small numbers, and nothing to find.
#[must_use]
pub fn prose() -> Vec<u8> {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= SIZE {
            break;
        }
        writeln!(
            text,
            "On day {} the customer asked (again) whether order {n} could be changed; the agent, who had \
             read the policy, said: \"No, that isn't possible at {}:{:02}.\" It was $42.50 in all - or more.",
            n % 28 + 1,
            n % 24,
            n % 60,
        )
        .unwrap();
    }
    text.into_bytes()
}

/// A finding in every 24 bytes, of eight kinds.
#[must_use]
pub fn dense() -> Vec<u8> {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= SIZE {
            break;
        }
        writeln!(
            text,
            "user{n}@example.org paid 4242 4242 4242 4242 from 10.{}.7.9, call +1 212 555 {:04}",
            n % 250,
            n % 9000 + 1000
        )
        .unwrap();
        writeln!(
            text,
            "IBAN DE89 3704 0044 0532 0130 00, SSN 536-22-{:04}, 2001:db8::{:x} password=hunter{n}x \
             00:1b:44:11:3a:{:02x}",
            n % 9000 + 1000,
            n % 4096 + 1,
            n % 256
        )
        .unwrap();
    }
    text.into_bytes()
}
