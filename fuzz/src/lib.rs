//! What each fuzz target does.
