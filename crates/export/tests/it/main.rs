//! Archives and packages through the public interface, attacks by their numbers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod a76_depth;
mod approvals;
mod archive;
mod archive_attacks;
mod batches;
mod broken_off;
mod ciphertexts;
mod contents;
mod contracts;
mod epochs;
mod erasure;
mod files;
mod fleets;
mod imported;
mod incidents;
mod logs;
mod observers;
mod package;
mod package_attacks;
mod package_lies;
mod package_limits;
mod python;
mod python_archives;
mod python_library;
mod python_packages;
mod python_zip64;
mod reports;
mod statements;
mod steps;
mod tile_attacks;
mod tile_faults;
mod tile_store;
mod tiles;
mod timestamps;
mod words;
