//! Over streamable HTTP, in both protocols.

use crate::client::Evidence;
use ai_audit_mcp::{McpError, McpOptions, Roots, run_http};
use serde_json::{Value, json};
use std::net::TcpListener;
use tokio::sync::oneshot;

fn post(address: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent
        .post(format!("http://{address}/mcp"))
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.send(body.to_string()).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), text)
}

#[test]
fn tools_answer_over_http_and_to_this_machine_alone() {
    let evidence = Evidence::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let options = McpOptions {
        roots: Roots::new([evidence.root().as_path()]).unwrap(),
        ..McpOptions::default()
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        run_http(options, listener, async {
            let _ = stopped.await;
        })
    });
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
        {"name": "verify_log", "arguments": {"path": "audit"}, "_meta": meta}});
    let headers = [
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "verify_log"),
    ];
    let (status, text) = post(&address, &headers, &call);
    assert_eq!(status, 200, "{text}");
    assert!(
        text.contains("proves nothing") && text.contains("resultType"),
        "{text}"
    );
    let (status, _) = post(
        &address,
        &[
            headers[0],
            headers[1],
            headers[2],
            ("Origin", "http://evil.example"),
        ],
        &call,
    );
    assert_eq!(status, 403);
    let (status, _) = post(&address, &[("Host", "evil.example")], &call);
    assert!(status >= 400, "{status}");
    stop.send(()).unwrap();
    thread.join().unwrap().unwrap();
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let refused = run_http(McpOptions::default(), everywhere, std::future::pending());
    assert!(matches!(refused, Err(McpError::NotLocal(_))));
}
