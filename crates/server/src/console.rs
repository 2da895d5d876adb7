//! The console: a page of static answers that are compiled in (`docs/spec/console.md`).

use ai_audit_core::Kind;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use std::sync::OnceLock;

/// Where the page is.
pub(crate) const PLACE: &str = "/console";

/// What the page may do: run its own script, look as its own style says, ask where it came from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// The page, with this version's number and kinds in it.
fn page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| {
        let names = (0..=u16::MAX).filter_map(|number| Kind::new(number).name());
        let kinds: String = names
            .map(|name| format!("<option>{name}</option>"))
            .collect();
        include_str!("../console/console.html")
            .replace("{{version}}", env!("CARGO_PKG_VERSION"))
            .replace("{{kinds}}", &kinds)
    })
}

/// What it shares with the auditor's page comes first.
const STYLE: &str = concat!(
    include_str!("../console/base.css"),
    include_str!("../console/console.css"),
);

/// The scripts in the order in which they need each other, in one scope of their own.
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("../console/text.js"),
    include_str!("../console/parts.js"),
    include_str!("../console/trace.js"),
    include_str!("../console/service.js"),
    include_str!("../console/charts.js"),
    include_str!("../console/overview.js"),
    include_str!("../console/search.js"),
    include_str!("../console/receipt.js"),
    include_str!("../console/package.js"),
    include_str!("../console/main.js"),
    "})();\n",
);

/// The answers, which need no token and say nothing of any log.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || to_the_page()))
        .route(
            PLACE,
            get(async || fixed("text/html; charset=utf-8", page())),
        )
        .route(
            "/console/style.css",
            get(async || fixed("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/console/script.js",
            get(async || fixed("text/javascript; charset=utf-8", SCRIPT)),
        )
}

fn fixed(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        // Another version of the service has another page.
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn to_the_page() -> Response {
    let mut response = fixed("text/plain; charset=utf-8", "the console is at /console\n");
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static(PLACE));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_shares_with_the_auditors_page_is_there() {
        // Links to the sources of that page, which a checkout without links would leave as their names.
        assert!(SCRIPT.contains("\nfunction visible(") && SCRIPT.contains("\nfunction showTrace("));
        assert!(SCRIPT.contains("\nconst scroll = ") && STYLE.contains("--page:#fff"));
        assert!(!SCRIPT.contains("../../wasm") && !STYLE.contains("../../wasm"));
    }

    #[test]
    fn nothing_in_it_makes_markup_of_a_text_or_keeps_anything() {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Storage",
            "cookie",
            "http://",
            "https://",
            "WebSocket",
            "sendBeacon",
            "XMLHttpRequest",
            "import(",
        ] {
            let script = SCRIPT.replace("\"http://www.w3.org/2000/svg\"", "");
            assert!(!script.contains(word), "the script has {word}");
            assert!(!page().contains(word), "the page has {word}");
        }
        // One place asks, by the one method that changes nothing.
        assert_eq!(SCRIPT.matches("fetch(").count(), 1);
        assert!(!SCRIPT.contains("method:"));
    }
}
