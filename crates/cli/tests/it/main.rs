//! The command line as people and programs use it, and as attackers do.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod a11_split_view;
mod a54_report_commands;
mod analyze;
mod attacks;
mod authority;
mod bad_input;
mod batched;
mod brought;
mod ciphertexts;
mod commands;
mod contracts;
mod corpus;
mod crosswalk;
mod depth;
mod durable;
mod epochs;
mod erasure_line;
mod fleet;
mod fleet_hostile;
mod fleet_parts;
mod fleet_state;
mod fleet_table;
mod fleet_unreadable;
mod help;
#[cfg(unix)]
mod hostile_directory;
mod import_servers;
mod imported;
mod imports;
mod imports_again;
mod incidents;
mod inside;
mod keys;
mod output;
mod page;
mod paths;
mod policies;
mod privacy;
mod proofs;
mod proxy;
mod publish;
mod published;
mod readme;
mod record;
mod redact;
mod reports;
mod reviews;
mod run;
mod serve;
#[cfg(unix)]
mod serve_ready;
mod settings;
mod signers;
mod statements;
mod stores;
mod tenants;
mod texts;
mod tiers;
mod timestamps;
mod traces;
mod witness_https;
mod witness_usage;
mod witnesses;
