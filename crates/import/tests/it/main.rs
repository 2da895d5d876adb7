//! Records of the Python library through the public interface: its own, changed ones, hostile ones.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they skip"
)]

mod a01_changed;
mod a22_hostile;
mod a55_beside;
mod attacks;
mod content;
mod hostile;
mod items;
mod json;
mod made;
mod package_files;
mod packages;
mod records;
mod seals;
mod sources;
mod splits;
