//! A server on standard input and output: `mcp_stdio ROOT [KEY]`. What `ai-audit mcp` does, in a page.

use ai_audit_mcp::{McpOptions, Roots, run_stdio};
use ai_audit_verify::Pin;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let root = args.next().ok_or("expected a folder")?;
    let pins = match args.next() {
        None => Vec::new(),
        Some(key) => vec![Pin::parse(&key).map_err(|error| error.to_string())?],
    };
    let options = McpOptions {
        roots: Roots::new([Path::new(&root)])?,
        pins,
        ..McpOptions::default()
    };
    Ok(run_stdio(options, std::future::pending())?)
}
