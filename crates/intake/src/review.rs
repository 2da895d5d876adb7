//! Signed reviews: sealed once, however often they are sent.

use crate::IntakeError;
use crate::intake::{Intake, TakeError, Taken};
use crate::resend::{is, place_of};
use ai_audit_agentic::HumanReview;
use ai_audit_core::{Digest, Kind, LogId, ReceiptId, Timestamp, UnverifiedReceipt};
use ai_audit_directory::LogDirectory;
use ai_audit_store::{EncodedRecordBody, LogName, Query, Receipt, Record, StoredContent};

/// Reviews that are looked through behind the receipt that one is about.
const NEXT: usize = 256;

impl Intake {
    /// Takes a review as its reviewer signed it: the body of the receipt to be, for the log with the id
    /// `of`. Its receipt's id is made of both, so that the same review, sent again, is sealed once. One that
    /// was sealed in another way has another id; it is looked for among the next reviews behind the receipt
    /// that it is about.
    ///
    /// # Errors
    ///
    /// [`TakeError::Group`] where it is none, its signature does not hold, or it is of another log or
    /// of a receipt that is not there; a refusal of the directory's where its words name somebody, unless
    /// it is in the log already.
    pub fn take_review(&self, log: &LogName, of: &LogId, body: &[u8]) -> Result<Taken, TakeError> {
        let wrong = |what: String| TakeError::Group(format!("review: {what}"));
        let signed =
            HumanReview::from_body_bytes(body).map_err(|error| wrong(error.to_string()))?;
        signed
            .verify(of)
            .map_err(|error| wrong(error.to_string()))?;
        let directory = self.reading();
        if directory.head(log)?.log_id() != *of {
            return Err(wrong(format!("it is of another log than {log}")));
        }
        let id = review_id(of, body);
        if let Some(there) = under_its_id(directory, log, id, &signed)? {
            return Ok(Taken::there(vec![there]));
        }
        // Past the connection on which others look things up: it may take as long as the log is.
        let reviewed = self.beside()?.place_of_hash(log, &signed.review.receipt)?;
        let reviewed = reviewed.ok_or_else(|| {
            wrong(format!(
                "log {log} has no receipt {}, which it is about",
                signed.review.receipt
            ))
        })?;
        if let Some(there) = among_next(directory, log, reviewed, &signed)? {
            return Ok(Taken::there(vec![there]));
        }
        let words = [
            ("reviewer", signed.review.reviewer.as_str()),
            ("comment", signed.review.comment.as_str()),
        ];
        directory.names_nobody(log, &words)?;
        let body = EncodedRecordBody::new(&signed);
        let record = Record::build(id, move |_| body).actor(signed.review.reviewer.as_str());
        self.submit(log, record)
    }
}

/// The receipt of a review that a log has already: the one with the [id](review_id) of its own, or one of
/// the next reviews behind the receipt at `reviewed`, which it is about.
///
/// # Errors
///
/// When the log cannot be read.
pub fn sealed_review(
    directory: &LogDirectory,
    log: &LogName,
    id: ReceiptId,
    reviewed: u64,
    signed: &HumanReview<'_>,
) -> Result<Option<Receipt>, IntakeError> {
    match under_its_id(directory, log, id, signed)? {
        Some(there) => Ok(Some(there)),
        None => among_next(directory, log, reviewed, signed),
    }
}

fn under_its_id(
    directory: &LogDirectory,
    log: &LogName,
    id: ReceiptId,
    signed: &HumanReview<'_>,
) -> Result<Option<Receipt>, IntakeError> {
    match place_of(directory, log, id)? {
        Some(seq) => at(directory, log, seq, signed),
        None => Ok(None),
    }
}

fn among_next(
    directory: &LogDirectory,
    log: &LogName,
    reviewed: u64,
    signed: &HumanReview<'_>,
) -> Result<Option<Receipt>, IntakeError> {
    let query = Query::Kind(Kind::HUMAN_REVIEW);
    let found = directory.store().find(log, &query, Some(reviewed), NEXT)?;
    for seq in found {
        if let Some(there) = at(directory, log, seq, signed)? {
            return Ok(Some(there));
        }
    }
    Ok(None)
}

/// The receipt at this place, if it is this review.
fn at(
    directory: &LogDirectory,
    log: &LogName,
    seq: u64,
    signed: &HumanReview<'_>,
) -> Result<Option<Receipt>, IntakeError> {
    let StoredContent::Sealed(sealed) = directory.stored(log, seq)? else {
        return Ok(None);
    };
    let Ok(receipt) = UnverifiedReceipt::parse(&sealed) else {
        return Ok(None);
    };
    let header = receipt.header();
    Ok(is(&receipt, signed).then(|| Receipt {
        seq,
        id: header.id,
        hash: receipt.hash(),
        sealed_at: header.sealed_at,
    }))
}

/// The id of a review's receipt: 122 bits of a digest over the log's id and the body. Its time means
/// nothing.
#[must_use]
pub fn review_id(of: &LogId, body: &[u8]) -> ReceiptId {
    let mut text = b"ai-audit/review/v1\0".to_vec();
    text.extend_from_slice(of.as_bytes());
    text.extend_from_slice(body);
    let digest = Digest::of(&text);
    let (mut id, mut random) = ([0; 16], [0; 10]);
    random.copy_from_slice(&digest.as_bytes()[6..16]);
    // Version and variant are set there.
    let versioned = ReceiptId::from_parts(Timestamp::from_micros(0), random);
    id[..6].copy_from_slice(&digest.as_bytes()[..6]);
    id[6..].copy_from_slice(&versioned.as_bytes()[6..]);
    ReceiptId::from_bytes(id)
}
