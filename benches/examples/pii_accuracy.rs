//! What `cargo xtask pii-accuracy` runs: precision, recall and F1 of each kind on labelled texts.

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    ai_audit_benches::accuracy::run(&args)
}
