//! What reports are made from: real logs, and strings of somebody hostile.
#![allow(dead_code, reason = "which of them is used depends on the features")]

use ai_audit_compliance::{Assessment, Catalogues, Crosswalk, Period};
use ai_audit_core::Timestamp;
use ai_audit_testkit::TestLog;
use ai_audit_verify::{LogVerifier, Pin, TrustPolicy};

/// 2026-11-28T07:00:00Z.
pub(crate) const AT: Timestamp = Timestamp::from_micros(1_795_849_200_000_000);

/// Strings that some reader takes for more than text (A40).
pub(crate) const HOSTILE: [&str; 16] = [
    "#import \"@preview/cetz:0.3.0\": canvas",
    "#eval(\"1 + 1\") #sys.inputs $x^2$ @label <label> `raw` *b* _i_ = head",
    "]); #panic() //",
    "\\u{41} \\ ~ -- --- \"q\" 'q' https://example.org",
    "<script>alert(1)</script> &lt; &#65; <!-- -->",
    "[x](javascript:alert(1)) ![i](//example.org/i) | a | b | {{ insert: param, p }}",
    "=cmd|' /C calc'!A0",
    "\u{202e}gnp.exe \u{2066}\u{2069}\u{200f}",
    "\u{0}\u{1}\u{1b}[31mred\u{1b}[0m\u{7f}\u{9b}",
    "line\nline\r\ntab\tend\u{2028}\u{2029}\u{85}",
    "zero\u{200b}width\u{200d}joined\u{feff}\u{ad}",
    "\u{65e5}\u{672c}\u{8a9e} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627} \u{1f600}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\u{e000}\u{fffe}\u{10ffff}\u{e0041}\u{fff9}",
    "   ",
    "",
];

/// A word of ten thousand letters.
pub(crate) fn long_word() -> String {
    "Kontrolle".repeat(1_112)
}

/// What an auditor finds who trusts the log's key and knows its size, in all built-in catalogues.
pub(crate) fn crosswalk(receipts: u64) -> Crosswalk {
    let mut log = TestLog::new(1);
    let sealed = log.seal(receipts);
    let [receipt, ..] = TestLog::keys(1);
    let policy = TrustPolicy::new()
        .pin(Pin::Key(receipt.verifying_key()))
        .min_size(receipts);
    let catalogues = Catalogues::builtin().unwrap();
    let mut assessment = Assessment::new(catalogues, Period::default(), AT).unwrap();
    let mut verifier = LogVerifier::new(&policy);
    for receipt in &sealed {
        verifier.push_observed(receipt.as_bytes(), None, &mut assessment);
    }
    assessment.finish(&verifier.finish(), None)
}
