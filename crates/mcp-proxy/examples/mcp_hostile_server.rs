//! An MCP server that misbehaves when it is asked to, by the name of the tool: what no honest server from
//! a registry does. It writes every line that it reads to the file that `SEEN` names, as it came.

use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seen = std::env::var_os("SEEN").ok_or("SEEN: expected a file")?;
    let mut seen = OpenOptions::new().create(true).append(true).open(seen)?;
    let mut lines = stdin().lock();
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        seen.write_all(line.as_bytes())?;
        let message: Value = serde_json::from_str(&line)?;
        line.clear();
        if message["method"].is_null() || message["id"].is_null() {
            continue;
        }
        answer(&message)?;
    }
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn result(id: &Value, result: &Value) -> std::io::Result<()> {
    say(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
}

fn answer(message: &Value) -> std::io::Result<()> {
    let (id, params) = (&message["id"], &message["params"]);
    if message["method"] != "tools/call" {
        return result(id, &json!({"is": message["method"]}));
    }
    let text = |text: &str| json!({"content": [{"type": "text", "text": text}]});
    match params["name"].as_str().unwrap_or_default() {
        "fail" => result(id, &json!({"content": [], "isError": true})),
        "error" => say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32050,"message":"no"}}}}"#
        )),
        "twice" => {
            result(id, &text("first"))?;
            result(id, &text("second"))
        }
        "stray" => {
            result(&json!("nobody asked"), &text("stray"))?;
            result(id, &text("asked"))
        }
        "hang" => Ok(()),
        "slow" => {
            std::thread::sleep(Duration::from_millis(700));
            result(id, &text("slow"))
        }
        "exit" => std::process::exit(3),
        "doubled" => say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"isError":false,"isError":true}}}}"#
        )),
        "long" => result(id, &text(&"x".repeat(9 << 20))),
        // A result in the coat of a question.
        "input_told" => result(
            id,
            &json!({"resultType": "input_required", "requestState": "s1", "content": []}),
        ),
        "input" if params["requestState"].is_null() => result(
            id,
            &json!({"resultType": "input_required", "requestState": "s1"}),
        ),
        // A request of its own with the id of the client's, whose answer is another thing.
        "ask" => {
            say(&json!({"jsonrpc": "2.0", "id": id, "method": "roots/list"}).to_string())?;
            std::thread::sleep(Duration::from_millis(300));
            result(id, &text("asked back"))
        }
        _ => result(id, &text(&params["arguments"].to_string())),
    }
}
