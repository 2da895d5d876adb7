//! An agent's tool calls: an intent before each call, an outcome after it, in one group.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use ai_audit_trail::agentic::{JsonDigest, OpenIntents, ToolIntent, ToolOutcome, ToolStatus};
use ai_audit_trail::core::{
    MAX_SEALED_LEN, Next, ReceiptSource as _, SigningKey, Timestamp, UnverifiedReceipt,
};
use ai_audit_trail::store::{
    Clock, Ledger, LedgerConfig, LogName, LogSigners, MemoryStore, NewLog, Random, RandomError,
    Record, Store, StoreReader, SystemClock,
};
use std::sync::Arc;

/// Bytes for ids that only have to differ. Keys would need real randomness.
struct Ids;

impl Random for Ids {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        let nanos = SystemClock.now().as_micros().to_be_bytes();
        out.iter_mut()
            .zip(nanos.iter().rev().cycle())
            .for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let config = LedgerConfig::new(Arc::new(SystemClock), Arc::new(Ids), "tool_calls");
    let ledger = Ledger::open(Arc::clone(&store), config)?;
    let log = LogName::default();
    let signers = LogSigners {
        receipt: Box::new(SigningKey::from_bytes(&[1; 32])),
        checkpoint: Box::new(SigningKey::from_bytes(&[2; 32])),
    };
    let recovery = SigningKey::from_bytes(&[3; 32]).verifying_key();
    let new = NewLog {
        name: "example.org/agent".into(),
        tenant: "acme".into(),
        policy: vec![],
        recovery,
        signers,
    };
    ledger.create_log(log.clone(), new)?;

    // Before the call: what the agent is about to do.
    let arguments = Some(JsonDigest::of_json(
        r#"{"order": 4417, "amount": 24.5}"#,
        None,
    )?);
    let intent = ToolIntent {
        tool: "refund".into(),
        call_id: "call_1".into(),
        arguments,
        ..ToolIntent::new()
    };
    let sealed = ledger
        .submit(&log, vec![Record::new(&intent)])?
        .wait()?
        .remove(0);

    // After it: what came of it, pointing at the intent by its hash.
    let outcome = ToolOutcome {
        tool: "refund".into(),
        intent: Some(sealed.hash),
        status: ToolStatus::Ok,
        result: Some(JsonDigest::of_text("refunded", None)),
        occurred_at: Some(Timestamp::from_micros(SystemClock.now().as_micros())),
        ..ToolOutcome::new()
    };
    ledger.submit(&log, vec![Record::new(&outcome)])?.wait()?;
    // One that never comes back.
    let lost = ToolIntent {
        tool: "change_address".into(),
        ..ToolIntent::new()
    };
    ledger.submit(&log, vec![Record::new(&lost)])?.wait()?;

    let mut intents = OpenIntents::new();
    let mut source = StoreReader::new(&*store, &log)?;
    let mut buf = vec![0; MAX_SEALED_LEN];
    while let Some(Next::Sealed(len)) = source.read_next(&mut buf)? {
        intents.push(&UnverifiedReceipt::parse(&buf[..len])?)?;
    }
    for open in intents.open() {
        println!("receipt {}: {} has no outcome", open.seq, open.tool);
    }
    assert_eq!(intents.open().count(), 1);
    Ok(())
}
