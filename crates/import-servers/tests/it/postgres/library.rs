//! What the library wrote into a PostgreSQL.

use serde_json::Value;

use super::server::Server;
use crate::python;
use crate::servers::{all, open};

const WRITE: &str = r#"
from ai_audit.backends.postgres import PostgresColdBackend
from ai_audit.batch import BatchSeal
import dataclasses

async def main():
    backend = PostgresColdBackend(dsn=sys.argv[1])
    await backend.ensure_schema()
    for receipt in receipts():
        receipt.seal(key)
        await backend.awrite_receipt(receipt)
        print(line(receipt))
    for n in range(3):
        seal = BatchSeal(batch_id=f"b{n}", merkle_root="00" * 32, leaf_count=0, prev_batch_root="",
                         timestamp=(begin - timedelta(seconds=n)).isoformat(), tenant_id="acme",
                         signature="", receipt_ids=[])
        await backend.awrite_batch_seal(seal)
        print(orjson.dumps(dataclasses.asdict(seal)).decode())

asyncio.run(main())
"#;

#[test]
fn what_the_library_wrote_comes_as_the_same_values() {
    let Some(server) = Server::start() else {
        return;
    };
    let Some(written) = python::lines(WRITE, &[&server.url("postgres")]) else {
        return;
    };
    let mut source = open(&server.url("postgres"));
    let tenants = source.tenants().unwrap();
    let named = |name: &str, count| (name.to_string(), count);
    assert_eq!(
        tenants,
        [named("*", 66), named("acme", 70), named("acme:eu", 67)]
    );
    let (read, found) = all(&mut source, None);
    assert_eq!(found.remarks, []);
    let values = |lines: &[String]| -> Vec<Value> {
        let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
        // A number's text is not kept by the server: 1e16 is an integer there.
        parsed.map(floats).collect()
    };
    let (mut receipts, seals) = (values(&read[..200]), values(&read[200..]));
    let mut expected = values(&written);
    // Their times run backwards.
    let expected_seals: Vec<_> = expected.split_off(200).into_iter().rev().collect();
    assert_eq!(seals, expected_seals);
    let time = |value: &Value| value["timestamp"].as_str().unwrap().replace('Z', "");
    assert!(receipts.iter().map(time).is_sorted());
    let place = |value: &Value| value["receipt_id"].as_str().unwrap().to_string();
    receipts.sort_by_key(place);
    expected.sort_by_key(place);
    assert_eq!(receipts, expected);
}

/// The value with every number as a float.
fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(floats).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, floats(value)))
            .collect(),
        other => other,
    }
}
