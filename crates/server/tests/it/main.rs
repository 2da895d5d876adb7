//! The service as its clients meet it: a real listener, a real directory, a client of another make.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod append;
mod console;
mod evidence;
mod faults;
mod forward;
mod incidents;
mod limits;
mod openapi;
mod otlp;
mod receipts;
mod service;
mod taken;
mod telemetry;
mod tiers;
mod tls;
