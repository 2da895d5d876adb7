//! Expressions of the operator `expr`: a small part of Python's, without side effects.
//!
//! ContractSpec's expressions are Python's, so that the languages of ready crates (CEL and the like)
//! do not read them. This one has values, comparisons, arithmetic and a few functions; no
//! assignment, no loops, no attributes beyond fields, and nothing that grows: what an expression
//! yields has a bound. Every evaluation ends after [`MAX_STEPS`] steps.

mod eval;
mod lex;
mod parse;

use crate::State;
use serde_json::Value;

/// The longest expression, in bytes.
pub const MAX_EXPR: usize = 1024;
/// The deepest nesting of an expression.
pub const MAX_EXPR_DEPTH: usize = 32;
/// The most words and signs of an expression.
pub const MAX_EXPR_TOKENS: usize = 256;
/// How many parts of an expression and elements of lists one evaluation looks at.
pub const MAX_STEPS: usize = 100_000;

/// An expression that was read.
#[derive(Debug, Clone)]
pub(crate) struct Expr(parse::Ast);

/// Where an expression stops making sense, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExprError {
    /// Characters before it.
    pub(crate) at: usize,
    pub(crate) what: String,
}

impl Expr {
    pub(crate) fn parse(text: &str) -> Result<Self, ExprError> {
        if text.len() > MAX_EXPR {
            let what = format!("{} bytes, expected at most {MAX_EXPR}", text.len());
            return Err(ExprError { at: 0, what });
        }
        let tokens = lex::lex(text)?;
        if let Some((at, _)) = tokens.get(MAX_EXPR_TOKENS) {
            let what = format!("more than {MAX_EXPR_TOKENS} words and signs");
            return Err(ExprError { at: *at, what });
        }
        parse::parse(&tokens).map(Self)
    }

    /// Whether it is true of a field's value and of the state. An evaluation that fails is not.
    pub(crate) fn holds(&self, value: &Value, state: &State) -> bool {
        eval::holds(&self.0, value, state)
    }
}

#[cfg(test)]
mod tests;
