//! Makes what is generated from our sources, for `cargo xtask ffi` and `cargo xtask page`.

use std::env;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow, bail, ensure};
use cbindgen::{Builder, Config};
use log::{Level, LevelFilter, Log, Metadata, Record};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["header", config, library, output] => header(config, library, output),
        ["bindings", program, folder] => bindings(program, folder),
        _ => bail!(
            "expected `header CONFIG CRATE OUTPUT` or `bindings PROGRAM FOLDER`, found {args:?}"
        ),
    }
}

/// cbindgen leaves out what it cannot put into C, and says so to its log alone.
struct Heard(AtomicBool);

static HEARD: Heard = Heard(AtomicBool::new(false));

impl Log for Heard {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.level() <= Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("{}", record.args());
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// The header of a crate's C interface.
fn header(config: &str, library: &str, output: &str) -> Result<()> {
    log::set_logger(&HEARD).map_err(|why| anyhow!("{why}"))?;
    log::set_max_level(LevelFilter::Error);
    let config = Config::from_file(config).map_err(|why| anyhow!("{config}: {why}"))?;
    let made = Builder::new()
        .with_crate(library)
        .with_config(config)
        .generate()
        .with_context(|| library.to_owned())?;
    ensure!(
        !HEARD.0.load(Ordering::Relaxed),
        "{library}: something has no form in C, see above"
    );
    let mut header = Vec::new();
    made.write(&mut header);
    fs::write(output, header).with_context(|| output.to_owned())
}

/// WebAssembly for a page and the script that calls it, without names and without who made it.
fn bindings(program: &str, folder: &str) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(program).typescript(false);
    bindgen
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen.no_modules(true)?;
    bindgen
        .generate(Path::new(folder))
        .with_context(|| program.to_owned())
}
