//! A signed log in memory with something of everything, and what is reported of it.

use ai_audit_agentic::{
    HumanReview, Incident, IncidentClass, JsonDigest, Review, ReviewVerdict, ToolIntent,
    ToolOutcome, ToolStatus,
};
use ai_audit_analytics::SplitMix64;
use ai_audit_compliance::{Assessment, Catalogues, Crosswalk, Period};
use ai_audit_core::{
    Action, Body, Check, Decision, Draft, Genesis, Head, LeafHash, LogId, MAX_SEALED_LEN,
    ReceiptId, SigningKey, Start, TextDigest, Timestamp,
};
use ai_audit_note::VKey;
use ai_audit_report::{Document, FigureData, FigureOptions, Figures, Recipe, compose};
use ai_audit_verify::{LogVerifier, Observed, Observer, Pin, TrustPolicy};
use std::sync::LazyLock;

const SECOND: u64 = 1_000_000;
/// 2026-03-02T08:00:00Z, a Monday.
const BEGIN: u64 = 1_772_438_400 * SECOND;

pub(crate) struct Log {
    key: SigningKey,
    head: Head,
    id: LogId,
    origin: String,
    pub(crate) now: u64,
    trace: String,
    pub(crate) actor: String,
    pub(crate) sealed: Vec<Vec<u8>>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let key = |n: u8| SigningKey::from_bytes(&[n; 32]);
        let public = [1, 2, 3].map(|n| key(n).verifying_key());
        let genesis = Genesis::new(
            "example.org/claims",
            "Example Insurance",
            &public[0],
            &public[1],
            &public[2],
            [9; 16],
        );
        let mut log = Self {
            key: key(1),
            head: Head::EMPTY,
            id: LogId::from_bytes([0; 32]),
            origin: genesis.origin().unwrap().to_string(),
            now: BEGIN,
            trace: String::new(),
            actor: "claims-agent".into(),
            sealed: Vec::new(),
        };
        let hash = log.seal(&genesis);
        log.id = LogId::from_bytes(*hash.as_bytes());
        log.seal(&Start {
            software: "claims-desk 4.2".into(),
            size: 1,
            clean: true,
        });
        log
    }

    pub(crate) fn seal(&mut self, body: &impl Body) -> LeafHash {
        self.now += SECOND;
        let time = Timestamp::from_micros(self.now);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.head.size().to_be_bytes());
        let mut buf = vec![0; MAX_SEALED_LEN];
        let draft = Draft::new(ReceiptId::from_parts(time, random), time);
        let draft = draft.trace(&self.trace).actor(&self.actor);
        let sealed = draft.seal(body, &self.head, &self.key, &mut buf).unwrap();
        self.head = sealed.head();
        self.sealed.push(sealed.as_bytes().to_vec());
        sealed.hash()
    }

    pub(crate) fn trace(&mut self, id: &str) {
        self.trace = id.to_owned();
    }

    /// A decision of which the score of a check is given.
    pub(crate) fn decide(&mut self, action: Action, score: f64, parents: &[LeafHash]) -> LeafHash {
        self.seal(&Decision {
            action,
            provider: "example".into(),
            model: "claims-7b".into(),
            operation: "chat".into(),
            input: Some(TextDigest::plain("a claim")),
            output: Some(TextDigest::plain("an answer")),
            input_tokens: Some(812),
            output_tokens: Some(96),
            duration_us: Some(640_000),
            checks: vec![
                Check {
                    name: "toxicity".into(),
                    version: "3".into(),
                    score: Some(score),
                    threshold: Some(0.7),
                    fired: score >= 0.7,
                    ..Check::default()
                },
                Check {
                    name: "pii".into(),
                    version: "1".into(),
                    fired: false,
                    ..Check::default()
                },
            ]
            .into(),
            parents: parents.to_vec().into(),
            ..Decision::new()
        })
    }

    pub(crate) fn review(&mut self, receipt: LeafHash) -> LeafHash {
        let review = Review {
            receipt,
            parameters: None,
            verdict: ReviewVerdict::Rejected,
            reviewer: "officer-2".into(),
            comment: "not covered".into(),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        self.seal(&HumanReview::sign(review, &self.id, &key).unwrap())
    }

    /// A tool call with its outcome.
    fn call(&mut self, tool: &str, parent: LeafHash) -> LeafHash {
        let arguments = JsonDigest::of_json(r#"{"claim":17}"#, None).unwrap();
        let intent = self.seal(&ToolIntent {
            tool: tool.to_owned().into(),
            call_id: "call_1".into(),
            arguments: Some(arguments),
            parents: vec![parent].into(),
            ..ToolIntent::new()
        });
        self.seal(&ToolOutcome {
            intent: Some(intent),
            status: ToolStatus::Ok,
            result: Some(JsonDigest::of_text("done", None)),
            duration_us: Some(210_000),
            ..ToolOutcome::new()
        })
    }

    /// What an auditor brings who has the key line and knows the size.
    pub(crate) fn trust(&self) -> TrustPolicy {
        let key = SigningKey::from_bytes(&[2; 32]).verifying_key();
        let line = VKey::ed25519(&self.origin, key).unwrap();
        let pin = Pin::parse(&line.to_string()).unwrap();
        TrustPolicy::new().pin(pin).min_size(self.head.size())
    }

    /// Crosswalk and figures of one pass.
    pub(crate) fn report(
        &self,
        frameworks: &[&str],
        options: &FigureOptions,
        policy: &TrustPolicy,
    ) -> (Crosswalk, FigureData) {
        let at = Timestamp::from_micros(self.now + 40 * 86_400 * SECOND);
        let wanted: Vec<String> = frameworks.iter().map(|id| (*id).to_owned()).collect();
        let catalogues = Catalogues::builtin().unwrap().only(&wanted).unwrap();
        let mut both = Both(
            Assessment::new(catalogues, Period::default(), at).unwrap(),
            Figures::new(options).unwrap(),
        );
        let mut verifier = LogVerifier::new(policy);
        for sealed in &self.sealed {
            verifier.push_observed(sealed, None, &mut both);
        }
        (both.0.finish(&verifier.finish(), None), both.1.finish())
    }
}

struct Both(Assessment, Figures);

impl Observer for Both {
    fn observe(&mut self, seen: Observed<'_, '_>) {
        self.0.observe(seen);
        self.1.observe(seen);
    }
}

/// [`half_a_year`] and its report, made once.
static EXAMPLE: LazyLock<(Crosswalk, FigureData, Document)> = LazyLock::new(make);

pub(crate) fn example() -> (Crosswalk, FigureData, Document) {
    EXAMPLE.clone()
}

static LOG: LazyLock<Log> = LazyLock::new(write);

pub(crate) fn half_a_year() -> &'static Log {
    &LOG
}

/// Half a year of an assistant that begins to refuse more, with escalations, reviews and an incident.
fn write() -> Log {
    let mut log = Log::new();
    let mut random = SplitMix64::new(7);
    for n in 0..2_600u64 {
        // Nights and weekends are quieter, and one week nothing happens.
        log.now += (40 + random.next_u64() % 110) * 60 * SECOND;
        if n == 1_400 {
            log.now += 9 * 86_400 * SECOND;
        }
        log.trace(&format!("claim-{n}"));
        let (refused, score) = (random.unit(), random.unit());
        let late = n > 1_900;
        let score = (score * score * if late { 0.82 } else { 0.72 }).min(1.0);
        let action = match refused {
            part if part < if late { 0.075 } else { 0.012 } => Action::Reject,
            part if part > 0.997 => Action::Escalate,
            part if part > 0.985 => Action::FailRetry,
            part if part > 0.90 => Action::CacheHit,
            _ => Action::Allow,
        };
        let decided = log.decide(action, score, &[]);
        if n % 9 == 0 || action == Action::Escalate {
            let looked_up = log.call("look_up_policy", decided);
            let paid = log.call("check_history", decided);
            let second = log.decide(Action::Allow, score / 2.0, &[looked_up, paid]);
            log.call("send_letter", second);
        }
        if action == Action::Escalate && n % 2 == 0 {
            log.review(decided);
        }
        if n == 2_000 {
            log.seal(&Incident {
                class: IncidentClass::Serious,
                aware_at: Some(Timestamp::from_micros(log.now)),
                category: "wrong-refusal".into(),
                receipts: vec![decided].into(),
                ..Incident::new()
            });
        }
    }
    log
}

/// A report of it in the views of three frameworks.
pub(crate) fn make() -> (Crosswalk, FigureData, Document) {
    let log = half_a_year();
    let frameworks = ["eu-ai-act", "iso-42001", "nist-ai-rmf"];
    let (crosswalk, figures) = log.report(&frameworks, &FigureOptions::default(), &log.trust());
    let recipe = Recipe {
        options: vec![
            "--size 4648".into(),
            "--framework eu-ai-act --framework iso-42001 --framework nist-ai-rmf".into(),
        ],
        ..Recipe::default()
    };
    let document = compose(&crosswalk, Some(&figures), &recipe);
    (crosswalk, figures, document)
}
