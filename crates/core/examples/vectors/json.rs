//! `vectors.json`: written line by line, so that no library's order of keys is part of it.

use crate::log::{INPUT, Log, SALT, SECRET};
use crate::negative::Case;
use crate::note;
use ai_audit_core::{
    DigestSecret, PartsHasher, SigningKey, TextDigest, UnverifiedReceipt, canonical_text,
};
use std::fmt::Write;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub(crate) fn write(log: &Log, note: &str, cases: &[Case]) -> String {
    let mut out = String::from("{\n\"format\": \"ai-audit receipt vectors, version 1\",\n");
    let mut line = |text: String| out.push_str(&(text + "\n"));
    line("\"keys\": {".into());
    line(key("receipt", &log.key) + ",");
    line(key("checkpoint", &log.checkpoint_key) + ",");
    line(key("recovery", &log.recovery_key));
    line("},".into());
    line(format!("\"salt\": \"{}\",", hex(&SALT)));
    line(format!("\"origin\": {},", quoted(&log.origin)));
    line(format!("\"log_pub\": {},", quoted(&note::key_line(log))));
    line(format!("\"log_id\": \"{}\",", log.head.log_id()));
    line("\"receipts\": [".into());
    for (place, (name, sealed, body)) in log.sealed.iter().enumerate() {
        let comma = if place + 1 < log.sealed.len() {
            ","
        } else {
            ""
        };
        let receipt = UnverifiedReceipt::parse(sealed).unwrap();
        let header = serde_json::to_string(receipt.header()).unwrap();
        line(format!("{{\"name\": {},", quoted(name)));
        line(format!(" \"payload\": \"{}\",", hex(receipt.payload())));
        line(format!(" \"hash\": \"{}\",", receipt.hash()));
        line(format!(
            " \"signature\": \"{}\",",
            receipt.signature().unwrap()
        ));
        line(format!(" \"header\": {header},"));
        match body {
            Some(body) => line(format!(" \"body\": {body}}}{comma}")),
            None => line(format!(
                " \"body_hex\": \"{}\"}}{comma}",
                hex(receipt.body())
            )),
        }
    }
    line("],".into());
    line("\"tree\": [".into());
    let leaves = note::leaves(log);
    for size in 0..=leaves.len() {
        let comma = if size < leaves.len() { "," } else { "" };
        line(format!(
            "{{\"size\": {size}, \"root\": \"{}\"}}{comma}",
            note::root(&leaves[..size])
        ));
    }
    line("],".into());
    line(format!("\"checkpoint\": {},", quoted(note)));
    digests(log, &mut line);
    line("\"negative\": [".into());
    for (place, case) in cases.iter().enumerate() {
        let comma = if place + 1 < cases.len() { "," } else { "" };
        let receipts: Vec<_> = case
            .receipts
            .iter()
            .map(
                |sealed| match log.sealed.iter().position(|(_, known, _)| known == sealed) {
                    Some(known) => known.to_string(),
                    None => format!("\"{}\"", hex(sealed)),
                },
            )
            .collect();
        line(format!("{{\"name\": {},", quoted(&case.name)));
        line(format!(" \"receipts\": [{}],", receipts.join(", ")));
        line(format!(
            " \"place\": {}, \"stage\": \"{}\"}}{comma}",
            case.place,
            case.stage.name()
        ));
    }
    line("]\n}".into());
    out
}

fn key(purpose: &str, key: &SigningKey) -> String {
    let (seed, public) = (hex(&*key.to_seed()), key.verifying_key());
    let id = public.id();
    format!(
        "\"{purpose}\": {{\"seed\": \"{seed}\", \"public\": \"{public}\", \"key_id\": \"{id}\"}}"
    )
}

fn digests(log: &Log, line: &mut impl FnMut(String)) {
    let digest = |digest: TextDigest| match digest {
        TextDigest::Plain(digest) | TextDigest::Keyed(digest) => digest.to_string(),
    };
    let id = *UnverifiedReceipt::parse(&log.sealed[2].1).unwrap().header();
    let secret = DigestSecret::from_bytes(SECRET);
    let (exact, canonical) = (secret.exact_key(&id.id, "input"), secret.canonical_key());
    line("\"digests\": {".into());
    line(format!("\"secret\": \"{}\",", hex(&SECRET)));
    line(format!(
        "\"receipt_id\": \"{}\", \"field\": \"input\",",
        id.id
    ));
    line(format!("\"exact_key\": \"{}\",", hex(exact.as_bytes())));
    line(format!(
        "\"canonical_key\": \"{}\",",
        hex(canonical.as_bytes())
    ));
    line(format!("\"text\": {},", quoted(INPUT)));
    line(format!(
        "\"plain\": \"{}\",",
        digest(TextDigest::plain(INPUT))
    ));
    line(format!(
        "\"exact\": \"{}\",",
        digest(TextDigest::keyed(INPUT, &exact))
    ));
    let form = canonical_text(INPUT);
    line(format!(
        "\"canonical\": \"{}\",",
        digest(TextDigest::keyed(&form, &canonical))
    ));
    line("\"canonical_text\": [".into());
    let texts = [
        INPUT,
        "",
        " \t\n",
        "ＦＵＬＬ　Ｗｉｄｔｈ",
        "ﬁle No. ½",
        "e\u{301} É",
        "a\u{1c}b\u{85}c",
        "a\u{200b}b",
    ];
    for (place, text) in texts.iter().enumerate() {
        let comma = if place + 1 < texts.len() { "," } else { "" };
        line(format!(
            "[{}, {}]{comma}",
            quoted(text),
            quoted(&canonical_text(text))
        ));
    }
    line("],".into());
    line("\"parts\": [".into());
    let lists: [&[&str]; 5] = [&[], &[""], &["a|b", "c"], &["a", "b|c"], &["ä"]];
    for (place, list) in lists.iter().enumerate() {
        let comma = if place + 1 < lists.len() { "," } else { "" };
        let mut hasher = PartsHasher::new();
        list.iter().for_each(|part| hasher.part(part));
        let list = serde_json::to_string(list).unwrap();
        line(format!(
            "{{\"parts\": {list}, \"digest\": \"{}\"}}{comma}",
            hasher.finish()
        ));
    }
    line("]\n},".into());
}
