//! What the library wrote into a Redis, in both of its ways.

use super::server::Server;
use crate::python;
use crate::servers::{all, open};

const WRITE: &str = r#"
import redis
from ai_audit.receipt_store import ReceiptStore

client = redis.Redis(port=int(sys.argv[1]))
stores = [ReceiptStore(redis_client=client, use_lua=lua) for lua in (False, True)]

async def main():
    for n, receipt in enumerate(receipts()):
        # Each tenant has one way of writing but the last, who has both, and so two chains.
        store = stores[[0, 1, n % 2][n % 3]]
        store.atomic_seal_and_append(receipt, key)
        await store.aappend(receipt)
        print(line(receipt))

asyncio.run(main())
"#;

#[test]
fn what_the_library_wrote_comes_byte_for_byte() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let Some(mut written) = python::lines(WRITE, &[&server.port.to_string()]) else {
        return;
    };
    assert_eq!(written.len(), 200);
    let mut source = open(&server.url());
    let tenants = source.tenants().unwrap();
    let named = |name: &str, count| (name.to_string(), count);
    assert_eq!(
        tenants,
        [named("*", 66), named("acme", 67), named("acme:eu", 67)]
    );
    let (mut read, found) = all(&mut source, None);
    assert_eq!(found.remarks, []);
    assert_eq!(found.expiry.unwrap().records, 200);
    assert!(found.tips.len() == 3 && found.tips.iter().all(|tip| tip.held));
    let time = |json: &String| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        json["timestamp"].as_str().unwrap().replace('Z', "")
    };
    assert!(read.iter().map(time).is_sorted());
    written.sort();
    read.sort();
    assert_eq!(read, written);
}
