//! The crate from outside: published vectors, attacks, values in memory, properties.

mod attacks;
mod properties;
mod refusals;
mod values;
mod vectors;
