//! The Redis and PostgreSQL in which the Python library `ai-audit-trail` keeps receipts, as sources that
//! are only read.
