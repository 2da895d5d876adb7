//! Catalogues of requirements, the crosswalk from a verified log to them, and gaps.

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
