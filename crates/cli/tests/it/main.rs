//! The command line as people and programs use it, and as attackers do.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "skipped tests say so")]

mod a11_split_view;
mod a54_report_commands;
mod analyze;
mod attacks;
mod authority;
mod bad_input;
mod ciphertexts;
mod commands;
mod contracts;
mod corpus;
mod crosswalk;
mod durable;
mod epochs;
mod erasure_line;
mod help;
mod import_servers;
mod imported;
mod imports;
mod imports_again;
mod incidents;
mod keys;
mod output;
mod page;
mod paths;
mod policies;
mod privacy;
mod proofs;
mod publish;
mod readme;
mod record;
mod redact;
mod reports;
mod reviews;
mod run;
mod settings;
mod statements;
mod tenants;
mod timestamps;
mod traces;
mod witness_https;
mod witness_usage;
mod witnesses;
