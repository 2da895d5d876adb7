//! Makes what is generated from our sources, for `cargo xtask ffi` and `cargo xtask page`.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use cbindgen::{Builder, Config};
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

/// The header of a crate's C interface.
fn header(config: &str, library: &str, output: &str) -> Result<()> {
    let config = Config::from_file(config).map_err(|why| anyhow!("{config}: {why}"))?;
    let made = Builder::new()
        .with_crate(library)
        .with_config(config)
        .generate()
        .with_context(|| library.to_owned())?;
    made.write_to_file(output);
    Ok(())
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
