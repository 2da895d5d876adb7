//! Catalogues of requirements, the crosswalk from a verified log to them, and gaps.
//!
//! An [`Assessment`] looks on while receipts are verified, and its [`Crosswalk`] says what evidence they
//! are for each requirement of the [`Catalogues`]: laws, standards and frameworks as data, 28 of them built
//! in. Only what was verified counts, and nothing here says "compliant".
//!
//! # Example
//!
//! ```
//! use ai_audit_compliance::{Assessment, Catalogues, Period, Status};
//! use ai_audit_core::Timestamp;
//! use ai_audit_verify::{LogVerifier, TrustPolicy};
//!
//! let catalogues = Catalogues::builtin()?.only(&["eu-ai-act"])?;
//! let assessment = Assessment::new(catalogues, Period::default(), Timestamp::from_micros(0))?;
//! // It is the verifier's observer; here there are no receipts that it could see.
//! let verified = LogVerifier::new(&TrustPolicy::new()).finish();
//! let crosswalk = assessment.finish(&verified, None);
//!
//! let act = &crosswalk.frameworks[0];
//! assert_eq!(act.id, "eu-ai-act");
//! assert_eq!(act.totals.of(Status::EvidenceAvailable), 0);
//! # Ok::<(), ai_audit_compliance::CatalogueError>(())
//! ```

mod assess;
mod catalogue;
mod fields;
mod follow;
mod gaps;
mod leaves;
mod result;
mod sample;

pub use assess::Assessment;
pub use catalogue::{
    ApplicationDate, Catalogue, CatalogueError, Catalogues, Control, Day, Group, MAX_CATALOGUE_LEN,
    Selector, Support, Verification,
};
pub use result::{
    ControlResult, Counts, Coverage, Crosswalk, FrameworkResult, Gap, GapState, GroupResult,
    ImportedCounts, Need, Period, Pointer, Status, StatusCounts, TreeHead,
};
