//! The OpenAPI 3.1 document, made from the handlers and the forms.

use crate::routes::documented as handlers;
use std::sync::OnceLock;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ai-audit",
        description = "An audit trail for AI systems that anybody can verify: append decisions, read receipts, take packages and proofs away.",
        license(name = "MIT", identifier = "MIT"),
    ),
    paths(
        handlers::alive,
        handlers::ready,
        handlers::openapi,
        handlers::logs,
        handlers::decisions,
        handlers::traces,
        handlers::export,
        handlers::export_to_default,
        handlers::left_out,
        handlers::reviews,
        handlers::incidents,
        handlers::list,
        handlers::one,
        handlers::proof,
        handlers::latest,
        handlers::sign,
        handlers::verdict,
        handlers::package,
        handlers::statistics,
        handlers::overview,
        handlers::paths,
        handlers::trace,
    ),
    modifiers(&Tokens)
)]
struct Api;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", scheme);
    }
}

/// The document as JSON.
pub(crate) fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    // Plain data of this module's own always encodes.
    DOCUMENT.get_or_init(|| Api::openapi().to_json().unwrap_or_default())
}
