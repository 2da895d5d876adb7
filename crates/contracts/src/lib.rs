//! Behavioural contracts of agents: what an agent has to keep to, and whether it does.
//!
//! [`Contract::parse`] reads a contract, [`State::parse`] what an agent was like at one moment, and
//! [`Contract::evaluate`] says which rules are broken. The format and the meaning of every operator
//! are in the specification, `docs/spec/contracts.md`.
//!
//! # Example
//!
//! ```
//! use ai_audit_contracts::{Contract, State, Verdict};
//!
//! let contract = Contract::parse(
//!     "
//! contractspec: '0.1'
//! kind: agent
//! name: support
//! description: what the support agent keeps to
//! version: 1.0.0
//! invariants:
//!   hard:
//!     - name: no-pii-leak
//!       check: {field: output.pii_detected, equals: false}
//!   soft:
//!     - name: tone
//!       check: {field: output.tone_score, gte: 0.7}
//!       recovery_window: 2
//! ",
//! )?;
//! let state = State::parse(r#"{"output.pii_detected": false, "output": {"tone_score": 0.4}}"#)?;
//! let evaluation = contract.evaluate(&state);
//! assert_eq!(evaluation.verdict, Verdict::SoftViolation);
//! assert_eq!(evaluation.soft, ["tone"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod check;
mod compose;
mod contract;
mod evaluate;
mod expr;
mod field;
mod number;
mod pattern;
mod problem;
mod read;
mod scalar;
mod session;
mod state;
mod steadiness;
mod summary;
mod surrogates;
mod yaml;

pub use bounds::{Bounds, CONFIDENCE};
pub use check::Check;
pub use compose::Composition;
pub use contract::{
    Contract, Drift, MAX_CONTRACT, Reliability, Rule, Satisfaction, SoftRule, Strategy,
};
pub use evaluate::{Evaluation, Verdict};
pub use expr::{MAX_EXPR, MAX_EXPR_DEPTH, MAX_EXPR_TOKENS, MAX_STEPS};
pub use problem::{Place, Problem, Problems};
pub use session::{Episodes, Kept, Session};
pub use state::{MAX_STATE, State, StateError};
pub use summary::{Index, MAX_SESSIONS, Satisfied, Summary, Tally, TooManySessions};
