//! A39: an intent whose outcome never came is listed.

use ai_audit_agentic::{MAX_OPEN, MAX_OPEN_TEXT, OpenIntents, ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_core::{
    Body, Draft, Genesis, Head, LeafHash, MAX_SEALED_LEN, ReceiptId, SigningKey, Timestamp,
    UnverifiedReceipt,
};

/// A log in memory that only grows.
pub(crate) struct Log {
    key: SigningKey,
    pub(crate) head: Head,
    pub(crate) intents: OpenIntents,
    pub(crate) sealed: Vec<Vec<u8>>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&[n; 32]));
        let [a, b, c] = [0, 1, 2].map(|n: usize| keys[n].verifying_key());
        let [key, ..] = keys;
        let mut log = Self {
            key,
            head: Head::EMPTY,
            intents: OpenIntents::new(),
            sealed: Vec::new(),
        };
        log.seal(&Genesis::new("example.org", "", &a, &b, &c, [0; 16]));
        log
    }

    pub(crate) fn seal(&mut self, body: &impl Body) -> LeafHash {
        self.seal_as("", body)
    }

    pub(crate) fn seal_as(&mut self, agent: &str, body: &impl Body) -> LeafHash {
        let now = Timestamp::from_micros(1);
        let mut buf = vec![0; MAX_SEALED_LEN];
        let id = ReceiptId::from_parts(now, [0; 10]);
        let draft = Draft::new(id, now).trace("trace").actor(agent);
        let sealed = draft.seal(body, &self.head, &self.key, &mut buf).unwrap();
        self.head = sealed.head();
        let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
        self.intents.push(&receipt).unwrap();
        self.sealed.push(sealed.as_bytes().to_vec());
        sealed.hash()
    }

    /// An intent of this number that nobody signed: only hashes matter here.
    fn replay(&mut self, number: u64) {
        let mut buf = vec![0; MAX_SEALED_LEN];
        let head = Head::from_parts(
            self.head.log_id(),
            number,
            LeafHash::of(b"before"),
            Timestamp::from_micros(1),
        );
        let draft = Draft::new(
            ReceiptId::from_parts(Timestamp::from_micros(1), [0; 10]),
            Timestamp::from_micros(1),
        );
        let sealed = draft
            .seal(&intent("many"), &head, &self.key, &mut buf)
            .unwrap();
        let receipt = UnverifiedReceipt::parse(sealed.as_bytes()).unwrap();
        self.intents.push(&receipt).unwrap();
    }
}

fn intent(call: &'static str) -> ToolIntent<'static> {
    ToolIntent {
        tool: "search".into(),
        call_id: call.into(),
        ..ToolIntent::new()
    }
}

fn outcome(intent: LeafHash) -> ToolOutcome<'static> {
    ToolOutcome {
        intent: Some(intent),
        status: ToolStatus::Ok,
        ..ToolOutcome::new()
    }
}

#[test]
fn a39_open_intent_is_listed() {
    let mut log = Log::new();
    let first = log.seal(&intent("one"));
    let second = log.seal(&intent("two"));
    assert_eq!(log.intents.open().count(), 2);
    log.seal(&outcome(first));
    let open: Vec<_> = log.intents.open().collect();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].seq, open[0].call_id.as_str(), open[0].hash),
        (2, "two", second)
    );
    assert_eq!(
        (open[0].tool.as_str(), open[0].trace_id.as_str()),
        ("search", "trace")
    );
    log.seal(&outcome(second));
    assert_eq!(
        (log.intents.open().count(), log.intents.unmatched()),
        (0, 0)
    );
}

#[test]
fn outcomes_that_close_nothing_are_counted() {
    let mut log = Log::new();
    let first = log.seal(&intent("one"));
    log.seal(&outcome(first));
    log.seal(&outcome(first));
    log.seal(&outcome(LeafHash::of(b"never sealed")));
    log.seal(&ToolOutcome::new());
    assert_eq!(log.intents.unmatched(), 3);
}

#[test]
fn a25_open_intents_take_bounded_memory() {
    let long = "\u{e4}".repeat(20_000);
    let mut log = Log::new();
    let text = long.clone();
    log.seal(&ToolIntent {
        tool: text.into(),
        ..ToolIntent::new()
    });
    let open: Vec<_> = log.intents.open().collect();
    assert!(open[0].tool.len() <= MAX_OPEN_TEXT && open[0].tool.ends_with('…'));
    assert!(long.starts_with(open[0].tool.trim_end_matches('…')));
    // A text that fits stays whole.
    let fits = "t".repeat(MAX_OPEN_TEXT);
    let hash = log.seal(&ToolIntent {
        tool: fits.clone().into(),
        ..ToolIntent::new()
    });
    assert!(log.intents.open().any(|intent| intent.tool == fits));
    log.seal(&outcome(hash));
    // Beyond the limit they are counted.
    let one = log.seal(&intent("one"));
    for number in log.intents.open().count()..MAX_OPEN {
        log.replay(number as u64);
    }
    assert_eq!(
        (log.intents.open().count(), log.intents.not_followed()),
        (MAX_OPEN, 0)
    );
    log.seal(&intent("beyond"));
    assert_eq!(
        (log.intents.open().count(), log.intents.not_followed()),
        (MAX_OPEN, 1)
    );
    // An outcome makes room again.
    log.seal(&outcome(one));
    log.seal(&intent("again"));
    assert_eq!(
        (log.intents.open().count(), log.intents.not_followed()),
        (MAX_OPEN, 1)
    );
}
