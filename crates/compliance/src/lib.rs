//! Catalogues of requirements, the crosswalk from a verified log to them, and gaps.

mod catalogue;
mod fields;
mod follow;
mod result;

pub use catalogue::{
    ApplicationDate, Catalogue, CatalogueError, Catalogues, Control, Day, Group, Selector, Support,
    Verification,
};
pub use result::{
    ControlResult, Counts, Coverage, Crosswalk, FrameworkResult, Gap, GapState, GroupResult, Need,
    Period, Pointer, Status, StatusCounts, TreeHead,
};
