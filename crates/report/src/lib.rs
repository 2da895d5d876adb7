//! Reports of what evidence a log holds: documents, and the forms that they are written in.

mod document;

pub use document::{Block, Document, Fact, Figure, Section, Span, Table, Tone};
