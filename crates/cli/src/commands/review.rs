//! `ai-audit review`

use crate::cli::review::{AddReview, Review as Args, ReviewCommand, ReviewKeygen, SignReview};
use crate::failure::usage;
use crate::open::{find, log_name, read, written};
use crate::output::{Output, safe, shown_path};
use crate::save::save;
use ai_audit_agentic::{HumanReview, Review, ReviewVerdict, ToolIntent};
use ai_audit_core::{
    DecodeBody as _, LogId, SECRET_KEY_LEN, SigningKey, UnverifiedReceipt, encode_body,
};
use ai_audit_directory::{OsRandom, names_nobody, read_key, write_key};
use ai_audit_intake::{review_id, sealed_review};
use ai_audit_store::{Random as _, Record};
use ai_audit_verify::ReceiptProof;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use zeroize::Zeroizing;

const LABEL: &str = "ai-audit/review/v1";

/// A review on its way from the reviewer to the log. What was signed is `body`; the rest is for people,
/// and must say the same.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    review: String,
    /// The log's id in hexadecimal digits.
    log: String,
    /// The receipt that is reviewed.
    receipt: String,
    verdict: ReviewVerdict,
    /// The body of the receipt to be, in hexadecimal digits.
    body: String,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<ExitCode> {
    match &args.command {
        ReviewCommand::Keygen(args) => keygen(args, output),
        ReviewCommand::Sign(args) => sign(args, output),
        ReviewCommand::Add(args) => add(args, output),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn keygen(args: &ReviewKeygen, output: Output) -> anyhow::Result<()> {
    let mut seed = Zeroizing::new([0; SECRET_KEY_LEN]);
    OsRandom.fill(&mut *seed)?;
    let key = SigningKey::from_bytes(&seed);
    write_key(&args.file, &key)?;
    let public = key.verifying_key();
    if output.json {
        return output.json(&json!({ "file": args.file, "public_key": public }));
    }
    output.line(public.to_string())?;
    output.note(format!(
        "Wrote the secret key to {}. The line above is the public key.",
        shown_path(&args.file)
    ))
}

fn sign(args: &SignReview, output: Output) -> anyhow::Result<()> {
    // Before it is signed: whoever keeps the log could not take it out any more.
    names_nobody(&[
        ("reviewer", args.reviewer.as_str()),
        ("comment", args.comment.as_str()),
    ])?;
    let shown = shown_path(&args.proof);
    let proof = ReceiptProof::parse(&read(&args.proof)?)
        .map_err(|error| usage(format!("{shown}: {error}")))?;
    let receipt = UnverifiedReceipt::parse(proof.receipt())
        .map_err(|error| usage(format!("{shown}: {error}")))?;
    let header = receipt.header();
    let log = match header.seq {
        0 => receipt.hash().to_log_id(),
        _ => header.log_id,
    };
    let intent = ToolIntent::decode(&receipt).ok();
    let verdict = match (args.approve, args.reject) {
        (true, _) => ReviewVerdict::Approved,
        (_, true) => ReviewVerdict::Rejected,
        _ => ReviewVerdict::Noted,
    };
    let review = Review {
        receipt: receipt.hash(),
        parameters: intent.as_ref().and_then(|intent| intent.arguments),
        verdict,
        reviewer: args.reviewer.as_str().into(),
        comment: args.comment.as_str().into(),
    };
    let key = read_key(&args.key, false)?;
    let signed = HumanReview::sign(review, &log, &key)?;
    let file = File {
        review: LABEL.into(),
        log: log.to_string(),
        receipt: receipt.hash().to_string(),
        verdict,
        body: hex(&encode_body(&signed)?),
    };
    let text = serde_json::to_string_pretty(&file).context("the review")?;
    save(&args.output, args.force, &format!("{text}\n"))?;
    if output.json {
        return output
            .json(&json!({ "file": args.output, "receipt": receipt.hash(), "verdict": verdict }));
    }
    let what = match &intent {
        Some(intent) => format!("the intent to use {}", safe(&intent.tool)),
        None => format!("a {}", header.kind),
    };
    output.line(format!(
        "Signed {}: receipt {}, {what}.",
        name(verdict),
        header.seq
    ))
}

const fn name(verdict: ReviewVerdict) -> &'static str {
    match verdict {
        ReviewVerdict::Approved => "an approval",
        ReviewVerdict::Rejected => "a rejection",
        ReviewVerdict::Noted => "a note",
    }
}

fn add(args: &AddReview, output: Output) -> anyhow::Result<()> {
    let log = log_name(&args.log)?;
    let (file, id, bytes) = parse(&args.review)?;
    let shown = shown_path(&args.review);
    let signed =
        HumanReview::from_body_bytes(&bytes).map_err(|error| usage(format!("{shown}: {error}")))?;
    signed
        .verify(&id)
        .map_err(|error| usage(format!("{shown}: {error}")))?;
    let quoted = signed.review.misquoted(&file.receipt, file.verdict.name());
    if let Some((member, signed)) = quoted {
        return Err(usage(format!(
            "{shown}: {member}: expected {signed}, as the signed body has it; ask the reviewer for the file as \
             `ai-audit review sign` wrote it"
        )));
    }
    let (seq, reviewed, is_there) = written(&args.dir, "review add", output, |writer| {
        let directory = writer.directory();
        if directory.head(&log)?.log_id() != id {
            return Err(usage(format!("{shown}: it is of another log than {log}")));
        }
        let reviewed = find(directory, &log, &signed.review.receipt.to_string())?;
        let own = review_id(&id, &bytes);
        if let Some(there) = sealed_review(directory, &log, own, reviewed, &signed)? {
            return Ok((there.seq, reviewed, true));
        }
        let (reviewer, comment) = (format!("{shown}: reviewer"), format!("{shown}: comment"));
        let words = [
            (reviewer.as_str(), signed.review.reviewer.as_str()),
            (comment.as_str(), signed.review.comment.as_str()),
        ];
        directory.names_nobody(&log, &words)?;
        writer.attach(&log)?;
        let record = Record::new(&signed)
            .id(own)
            .actor(signed.review.reviewer.as_str());
        let receipt = writer.ledger().before_action(&log, record)?;
        Ok((receipt.seq, reviewed, false))
    })?;
    if output.json {
        return output.json(&json!({
            "log": log.as_str(),
            "receipt": seq,
            "reviewed": reviewed,
            "verdict": signed.review.verdict,
            "key": signed.key,
            "duplicate": is_there,
        }));
    }
    let what = name(signed.review.verdict);
    output.line(match is_there {
        true => format!(
            "Nothing to do: log {log} has this review, {what} of receipt {reviewed}, already as receipt {seq}."
        ),
        false => format!("Recorded {what} of receipt {reviewed} as receipt {seq}."),
    })
}

/// A review's file, with the log's id and the body out of it.
fn parse(path: &Path) -> anyhow::Result<(File, LogId, Vec<u8>)> {
    let wrong = |what: String| usage(format!("{}: {what}", shown_path(path)));
    let file: File =
        serde_json::from_slice(&read(path)?).map_err(|error| wrong(error.to_string()))?;
    if file.review != LABEL {
        return Err(wrong(format!("expected a review of the form {LABEL}")));
    }
    let id = file
        .log
        .parse()
        .map_err(|_| wrong("log: expected 64 hexadecimal digits".into()))?;
    let bytes =
        unhex(&file.body).ok_or_else(|| wrong("body: expected hexadecimal digits".into()))?;
    Ok((file, id, bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
