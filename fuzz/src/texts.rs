//! Texts on their way in: redaction, record lines, contracts.

use crate::edits::long;
use ai_audit_contracts::{Contract, Session, State};
use ai_audit_core::{LogId, ReceiptId, SubjectKeyId, encode_body};
use ai_audit_ingest::{
    Conversations, Group, IngestError, Keep, Keeping, Keys, Protection, RecordLines, Redaction,
    StepBody, TraceLines,
};
use ai_audit_pii::{
    Kind, Mode, Policy, PseudonymKey, RedactLines, RedactStream, Redactor, restore_bytes,
};
use ai_audit_shredding::SubjectKey;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

static KEY: PseudonymKey = PseudonymKey::new([7; 32]);

/// All kinds, each in the same way.
static ALL: LazyLock<[Redactor; 3]> = LazyLock::new(|| {
    [Mode::Redact, Mode::Pseudonymize, Mode::Encrypt].map(|mode| redactor(&Policy::new(mode)))
});

/// Every mode for some kind, and a custom pattern.
static MIXED: LazyLock<Redactor> = LazyLock::new(|| {
    let mut policy = Policy::new(Mode::Redact);
    for (place, kind) in policy.kinds().collect::<Vec<_>>().into_iter().enumerate() {
        policy = policy.with_mode(kind, Mode::ALL[place % Mode::ALL.len()]);
    }
    redactor(&policy)
});

fn redactor(policy: &Policy) -> Redactor {
    Redactor::new(policy).expect("its patterns compile")
}

/// The length of a placeholder at the beginning: `[NAME]`, `[NAME:0123456789abcdef]`, `[NAME#1]`.
fn placeholder(text: &[u8]) -> usize {
    let Some(end) = text.iter().position(|byte| *byte == b']') else {
        return 0;
    };
    let Some(inner) = text.get(1..end).filter(|_| text[0] == b'[') else {
        return 0;
    };
    let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let name = inner.iter().take_while(|byte| is_name(byte)).count();
    let tail = inner.get(name..).unwrap_or_default();
    let fits = match tail.split_first() {
        None => true,
        Some((b':', tail)) => tail.len() == 16 && tail.iter().all(u8::is_ascii_hexdigit),
        Some((b'#', tail)) => !tail.is_empty() && tail.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    let begins = inner.first().is_some_and(u8::is_ascii_uppercase);
    if begins && fits { end + 1 } else { 0 }
}

/// What of an output is no placeholder, piece by piece.
fn outside(output: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    let mut at = 0;
    while at < output.len() {
        let len = placeholder(&output[at..]);
        match pieces.last_mut() {
            Some(piece) if len == 0 => piece.push(output[at]),
            _ => pieces.push(Vec::new()),
        }
        at += len.max(1);
    }
    pieces
}

/// Whether a value is long enough that it does not stand in other words by chance.
fn is_long(value: &[u8]) -> bool {
    value.len() >= 4 || (value.len() >= 3 && value.contains(&b':'))
}

/// Any bytes as a text to redact.
pub fn redaction(data: &[u8]) {
    for redactor in ALL.iter() {
        let redacted = redactor
            .redact_bytes(data, Some(&KEY))
            .expect("there is a key");
        let pieces = outside(&redacted.text);
        for found in &redacted.findings {
            let value = &data[found.start..found.end];
            let stands = |piece: &Vec<u8>| piece.windows(value.len()).any(|window| window == value);
            assert!(
                !is_long(value) || !pieces.iter().any(stands),
                "{found:?} is still there"
            );
        }
        let order = redacted
            .findings
            .windows(2)
            .all(|two| two[0].end <= two[1].start);
        assert!(
            order
                && redacted
                    .findings
                    .iter()
                    .all(|found| found.start < found.end)
        );
    }
    for long in long(data) {
        let _ = (ALL[0].redact_bytes(&long, None), MIXED.find(&long));
    }
    let [redact, _, encrypt] = &*ALL;
    let once = redact
        .redact_bytes(data, None)
        .expect("no key is needed")
        .text;
    let twice = redact.redact_bytes(&once, None).expect("no key is needed");
    assert_eq!(
        shown(&twice.text),
        shown(&once),
        "redacting twice changes something"
    );
    assert!(twice.findings.is_empty());
    let encrypted = encrypt.redact_bytes(data, None).expect("no key is needed");
    let values: Vec<_> = encrypted.encrypted.iter().map(|span| &span.value).collect();
    let restored = restore_bytes(&encrypted.text, &values).expect("all values are there");
    assert_eq!(restored, data, "what was encrypted does not come back");
    streams(data);
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Chunks and lines change nothing.
fn streams(data: &[u8]) {
    let stream = |chunk: usize| {
        let mut stream = RedactStream::new(&MIXED, Some(&KEY)).expect("there is a key");
        let mut out = Vec::new();
        for chunk in data.chunks(chunk) {
            out.extend(stream.push(chunk).text);
        }
        let last = stream.finish();
        out.extend(last.text);
        out
    };
    let whole = stream(data.len().max(1));
    for chunk in [1, 5, 64] {
        assert_eq!(shown(&stream(chunk)), shown(&whole), "chunks of {chunk}");
    }
    if !data.contains(&b'\n') {
        let once = MIXED
            .redact_bytes(data, Some(&KEY))
            .expect("there is a key");
        assert_eq!(shown(&once.text), shown(&whole));
    }
    let mut lines = RedactLines::new(&MIXED, Some(&KEY)).expect("there is a key");
    let mut all = lines.push(data);
    all.extend(lines.finish());
    let joined: Vec<u8> = all
        .iter()
        .flat_map(|line| [&line.text[..], line.line_end.as_bytes()].concat())
        .collect();
    let key = all
        .iter()
        .flat_map(|line| &line.findings)
        .any(|found| found.kind == Kind::PrivateKey);
    assert!(key || joined == whole, "line by line: {:?}", shown(&joined));
}

/// Any bytes as JSON to redact, and as a policy.
pub fn redaction_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(policy) = Policy::from_json(text) {
        let again = Policy::from_json(&policy.to_json()).expect("what was written is read");
        assert_eq!(again.to_json(), policy.to_json());
    }
    for long in long(data)
        .iter()
        .filter_map(|long| std::str::from_utf8(long).ok())
    {
        let string = Value::from(long).to_string();
        let _ = (
            ALL[0].redact_json(long, None),
            ALL[0].redact_json(&string, None),
        );
    }
    let theirs = serde_json::from_str::<Value>(text);
    let [redact, ..] = &*ALL;
    for redactor in [redact, &MIXED] {
        let Ok(redacted) = redactor.redact_json(text, Some(&KEY)) else {
            continue;
        };
        let before = match &theirs {
            Ok(before) => before,
            // Numbers are texts here, and doubles there.
            Err(error) if error.to_string().contains("number out of range") => continue,
            Err(error) => panic!("serde_json does not read it: {error}"),
        };
        let after: Value = serde_json::from_str(&redacted.text).expect("it stays JSON");
        assert!(same_outline(before, &after), "{}", redacted.text);
        assert!(
            redacted
                .findings
                .iter()
                .all(|found| text.get(found.start..found.end).is_some())
        );
    }
    if let Ok(once) = redact.redact_json(text, None) {
        let twice = redact.redact_json(&once.text, None).expect("it stays JSON");
        assert_eq!(twice.text, once.text, "redacting twice changes something");
    }
}

/// Whether only strings differ, and scalars that became one.
fn same_outline(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same_outline(a, b))
        }
        (Value::Object(_), Value::Object(_)) => true,
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (_, Value::String(_)) => true,
        (one, other) => one == other,
    }
}

/// Counted ids and nonces, one protection for all.
pub(crate) struct Given {
    count: u8,
    protection: Protection,
}

impl Given {
    pub(crate) const fn new(protection: Protection) -> Self {
        Self {
            count: 0,
            protection,
        }
    }
}

/// None, and all that there is.
pub(crate) fn protections() -> [Protection; 2] {
    [Protection::default(), PROTECTION.clone()]
}

impl Keys for Given {
    fn new_id(&mut self) -> ReceiptId {
        self.count = self.count.wrapping_add(1);
        ReceiptId::from_bytes([self.count; 16])
    }

    fn nonce(&mut self) -> [u8; 12] {
        self.count = self.count.wrapping_add(1);
        [self.count; 12]
    }

    fn protection(&mut self, _: Option<&str>, _: &str, _: bool) -> Protection {
        self.protection.clone()
    }
}

static PROTECTION: LazyLock<Protection> = LazyLock::new(|| {
    let key = SubjectKey::new(SubjectKeyId::from_bytes([3; 16]), LogId::ZERO, &[4; 32]);
    let redaction = Redaction::new(&Policy::new(Mode::Redact), None);
    Protection {
        secret: Some(Arc::new(key.digest_secret())),
        redaction: Some(Arc::new(redaction.expect("its patterns compile"))),
        key: Some(Arc::new(key)),
    }
});

/// Any bytes as record lines, conversations and traces.
pub fn record_lines(data: &[u8]) {
    let plain = Protection::default();
    for long in long(data) {
        let mut keys = Given {
            count: 0,
            protection: PROTECTION.clone(),
        };
        let mut reader = RecordLines::new(&long[..], Keep::default());
        while reader.next_group(&mut keys).is_some() {}
        let mut reader = Conversations::new(&long[..], None, Keep::default());
        while reader.next_group(&mut keys).is_some() {}
    }
    for (protection, keeping) in [(&plain, Keeping::Plain), (&*PROTECTION, Keeping::Encrypted)] {
        let keep = Keep {
            input: keeping,
            output: Keeping::Plain,
        };
        let given = || Given {
            count: 0,
            protection: protection.clone(),
        };
        let all = |next: &mut dyn FnMut(&mut Given) -> Option<Result<Group, IngestError>>| {
            let mut keys = given();
            let mut found = Vec::new();
            while let Some(group) = next(&mut keys) {
                if let Ok(group) = &group {
                    check(group);
                }
                found.push(group.map_err(|error| error.to_string()));
            }
            found
        };
        let mut reader = RecordLines::new(data, keep);
        let lines = all(&mut |keys| reader.next_group(keys));
        let mut reader = RecordLines::new(data, keep);
        assert_eq!(all(&mut |keys| reader.next_group(keys)), lines);
        // White space of JSON: a form feed is none.
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
        let blank = |line: &&[u8]| line.iter().all(space);
        let given = data
            .split(|byte| *byte == b'\n')
            .filter(|line| !blank(line))
            .count();
        assert_eq!(lines.len(), given, "each line gives a group or an error");
        let mut reader = Conversations::new(data, None, keep).subject_at("user.id");
        all(&mut |keys| reader.next_group(keys));
        let mut reader = TraceLines::new(data, keep);
        all(&mut |keys| reader.next_group(keys));
    }
}

/// What is read can be sealed, and names earlier steps alone.
pub(crate) fn check(group: &Group) {
    for (place, step) in group.steps.iter().enumerate() {
        assert!(step.parents.iter().all(|parent| *parent < place));
        let encoded = match &step.body {
            StepBody::Decision(body) => {
                assert_eq!(body.encrypted().count(), step.ciphertexts.len());
                encode_body(&**body)
            }
            StepBody::ToolIntent(body) => encode_body(&**body),
            StepBody::ToolOutcome(body) => encode_body(&**body),
            StepBody::TraceNode(body) => encode_body(&**body),
            StepBody::Provenance(body, _) => encode_body(&**body),
        };
        encoded.expect("a step can be encoded");
    }
}

/// Any bytes as a contract and, behind a zero, states one a line.
pub fn contract(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for long in long(data)
        .iter()
        .filter_map(|long| std::str::from_utf8(long).ok())
    {
        let _ = (Contract::parse(long), State::parse(long));
    }
    let (text, states) = text.split_once('\0').unwrap_or((text, ""));
    let states: Vec<State> = states.lines().take(4).filter_map(state).collect();
    let _ = state(text);
    let contract = match Contract::parse(text) {
        Ok(contract) => contract,
        Err(problems) => return assert!(!problems.as_slice().is_empty()),
    };
    let mut session = Session::new(&contract);
    for state in &states {
        session.push(&contract.evaluate_start(state));
    }
    let _ = session.kept();
    // JSON is YAML: written by somebody else it is the same contract.
    if let Ok(value) = serde_json::from_str::<Value>(text)
        && let Ok(again) = Contract::parse(&value.to_string())
    {
        for state in &states {
            assert_eq!(names(&contract, state), names(&again, state));
        }
    }
}

fn names(contract: &Contract, state: &State) -> [Vec<String>; 3] {
    let found = contract.evaluate_start(state);
    let sorted = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    [
        sorted(&found.hard),
        sorted(&found.soft),
        sorted(&found.preconditions),
    ]
}

fn state(text: &str) -> Option<State> {
    let state = State::parse(text).ok()?;
    let value: Value = serde_json::from_str(text).expect("serde_json reads it as well");
    assert_eq!(*state.as_value(), value);
    Some(state)
}

/// Seeds: what is found, halves of it, and what is not.
pub fn redaction_seeds() -> Vec<Vec<u8>> {
    let parts = [
        "bob@example.org",
        "\"john doe\"@example.org",
        "4242 4242 4242 4242",
        "3782 822463 10005",
        "DE89 3704 0044 0532 0130 00",
        "SSN 536-22-8726",
        "10.1.2.3",
        "2001:db8::1",
        "fe80::1%eth0",
        "00:1b:44:11:3a:b7",
        "+49 30 901820",
        "+1 (212) 555-0123 ext. 4",
        "password=hunter22",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_aB3dE6gH9jK2mN5paB3dE6gH9jK2mN5paB3d",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.",
        "https://user:pa55@host.example/x",
        "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END PRIVATE KEY-----",
        "[EMAIL] [PHONE:0123456789abcdef] [IBAN#1]",
        "卡 4242424242424242。",
    ];
    let mut seeds: Vec<Vec<u8>> = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
    seeds.push(parts.join(" ").into_bytes());
    seeds
}

/// Seeds: those in documents, and policies.
pub fn redaction_json_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = redaction_seeds()
        .iter()
        .map(|text| serde_json::json!({"a": [shown(text), 4_242_424_242_424_242_u64]}))
        .map(|value| value.to_string().into_bytes())
        .collect();
    seeds.push(Policy::new(Mode::Mask).to_json().into_bytes());
    seeds
}

/// Seeds: one of each form.
pub fn record_lines_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"input":"May I?","output":{"b":1,"a":2},"model":"m","provider":"p","operation":"chat","checks":[{"name":"tox","version":"2","score":-0.0,"threshold":0.5,"fired":true,"detail":{"z":1}}],"action":"escalate","reason_codes":["r1"],"tags":["a"],"trace_id":"t","session_id":"s","actor":"bot","subject":"u-1","tenant":"acme","config":{"k":1},"policy":"p1","state":["a|b","c"],"input_tokens":5,"output_tokens":6,"duration_ms":1.5,"time":"2026-11-24T09:30:00Z","parents":[]}"#,
        "{\"input\":\"bob@example.org\"}\n\n{\"output\":\"x\",\"subject\":\"u\"}\n{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\"}",
        r#"[{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c1","content":"ok"},{"role":"assistant","content":"done","refusal":"no"}],"user":{"id":"u1"}}]"#,
        r#"{"trace_id":"t","session_id":"s","steps":[{"step":"decision","name":"a","input":"x"},{"step":"tool_intent","tool":"pay","parents":["a"]},{"kind":"node"}]}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Seeds: a contract with every section, as YAML and as JSON, and states.
pub fn contract_seeds() -> Vec<Vec<u8>> {
    let yaml = "contractspec: \"0.1\"\nkind: agent\nname: a\nversion: \"1\"\npreconditions:\n  - name: p\n    check: {field: s.known, equals: true}\ninvariants:\n  hard:\n    - name: h\n      check: {field: o.pii, equals: false}\n    - name: m\n      check: {field: o.text, matches: '^(?=a)(a|b)+$'}\n    - name: e\n      check: {field: o.n, expr: \"value * 2 < 10 and len(state.get('x', [])) > 0\"}\n  soft:\n    - name: tone\n      check: {field: o.tone, gte: 0.7, lte: 1}\n      recovery: r\n      recovery_window: 2\nrecovery:\n  strategies:\n    - {name: r, type: inject_correction, actions: [x], max_attempts: 2}\nsatisfaction: {p: 0.9, delta: 0.25, k: 5}\ndrift: {weights: {compliance: 0.5, distributional: 0.5}, window: 20}\n\0{\"s.known\":true,\"o\":{\"pii\":false,\"tone\":0.1,\"text\":\"ab\",\"n\":3},\"x\":[1]}\n{\"o.tone\":0.9}\n";
    let json = r#"{"name":"c","version":"1","invariants":{"hard":[{"name":"r","check":{"field":"f","in":[1,"a",null]}}]}}"#;
    vec![
        yaml.as_bytes().to_vec(),
        format!("{json}\0{{\"f\":1}}\n{{\"f\":\"b\"}}").into_bytes(),
    ]
}
