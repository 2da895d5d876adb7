//! Trust policy files: the lines of C2SP tlog-policy, and ours.

use super::TrustPolicy;
use crate::{DetachedRevocation, Pin};
use ai_audit_agentic::ApprovalRule;
use ai_audit_note::{Policy, PolicyFileError, PolicyLine};
use ai_audit_timestamp::TrustedCertificates;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::time::Duration;

const FIRST_LINE: &[u8] = b"ai-audit/policy/v1";
const PLAIN: &str = "expected log, witness, group or quorum";
const WRAPPED: &str = "expected log, witness, group, quorum, size, max-age, clock-skew, revocation, \
     timestamp-authority or approvals";

impl TrustPolicy {
    /// Reads a trust policy file, version 1, or a C2SP tlog-policy.
    ///
    /// What a verifier has beside the file (keys, checkpoints, the time) is added to it.
    ///
    /// ```
    /// use ai_audit_core::SigningKey;
    /// use ai_audit_note::VKey;
    /// use ai_audit_verify::TrustPolicy;
    ///
    /// let key = |seed| SigningKey::from_bytes(&[seed; 32]).verifying_key();
    /// let file = format!(
    ///     "ai-audit/policy/v1\nlog {}\nwitness W {}\nquorum W\nmax-age 24h\n",
    ///     VKey::ed25519("example.org/log", key(1))?,
    ///     VKey::cosignature("witness.example", key(2))?,
    /// );
    /// let policy = TrustPolicy::parse_file(file.as_bytes())?;
    /// assert_eq!(policy.age_limit().unwrap().as_secs(), 86_400);
    ///
    /// let wrong = file.replace("24h", "24 h");
    /// assert_eq!(
    ///     TrustPolicy::parse_file(wrong.as_bytes()).unwrap_err().to_string(),
    ///     "policy, line 5, word 3 \"h\": expected the end of the line",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first mistake, with its line and word.
    pub fn parse_file(bytes: &[u8]) -> Result<Self, PolicyFileError> {
        let mut reader = Reader::default();
        let witnesses = Policy::parse_with(bytes, |line| reader.line(line))?;
        let mut policy = reader.policy;
        for log in witnesses.logs() {
            policy = policy.pin(Pin::Log(log.key().clone()));
        }
        Ok(policy.witnesses(witnesses))
    }
}

#[derive(Default)]
struct Reader {
    policy: TrustPolicy,
    wrapped: bool,
    /// Lines of which there may be one, by their keyword.
    seen: Vec<(Vec<u8>, usize)>,
}

impl Reader {
    fn line(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        let word = line.word(0);
        if line.number() == 1 && word == FIRST_LINE {
            self.wrapped = true;
            return line.expect_words(&["ai-audit/policy/v1"], 0);
        }
        if word.starts_with(b"ai-audit/policy/") {
            return Err(line.error(0, "expected ai-audit/policy/v1, and as the first line"));
        }
        match word {
            b"size"
            | b"max-age"
            | b"clock-skew"
            | b"revocation"
            | b"timestamp-authority"
            | b"approvals"
                if !self.wrapped =>
            {
                let reason =
                    "expected the first line ai-audit/policy/v1 in a file with such a line";
                Err(line.error(0, reason))
            }
            b"size" => {
                self.once(line)?;
                line.expect_words(&["size", "a number of receipts"], 0)?;
                let size = line.decimal(1)?;
                self.change(|policy| policy.min_size(size));
                Ok(())
            }
            b"max-age" => {
                self.once(line)?;
                line.expect_words(&["max-age", "a duration"], 0)?;
                let age = duration(line, 1)?;
                if age.is_zero() {
                    let reason = "expected a duration above zero: nothing is ever that new";
                    return Err(line.error(1, reason));
                }
                self.change(|policy| policy.max_age(age));
                Ok(())
            }
            b"clock-skew" => {
                self.once(line)?;
                line.expect_words(&["clock-skew", "a duration"], 0)?;
                let skew = duration(line, 1)?;
                self.change(|policy| policy.clock_skew(skew));
                Ok(())
            }
            b"revocation" => {
                line.expect_words(&["revocation", "an origin", "base64"], 0)?;
                let origin = core::str::from_utf8(line.word(1))
                    .map_err(|_| line.error(1, "expected an origin in UTF-8"))?;
                let revocation = DetachedRevocation::new(origin, base64(line, 2)?)
                    .map_err(|error| line.error(2, format!("{error}")))?;
                self.change(|policy| policy.revocation(revocation));
                Ok(())
            }
            b"timestamp-authority" => {
                line.expect_words(&["timestamp-authority", "base64"], 0)?;
                let certificate = base64(line, 1)?;
                TrustedCertificates::new()
                    .add_der(&certificate)
                    .map_err(|error| line.error(1, format!("{error}")))?;
                self.change(|policy| policy.timestamp_authority(certificate));
                Ok(())
            }
            b"approvals" => self.approvals(line),
            _ => Err(line.error(0, if self.wrapped { WRAPPED } else { PLAIN })),
        }
    }

    /// `approvals TOOL N KEY…`
    fn approvals(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        let tool = core::str::from_utf8(line.word(1))
            .ok()
            .filter(|tool| !tool.is_empty())
            .ok_or_else(|| line.error(1, "expected a tool's name"))?;
        let needed = usize::try_from(line.decimal(2)?).unwrap_or(usize::MAX);
        let mut keys = Vec::new();
        for index in 3.. {
            let word = line.word(index);
            if word.is_empty() {
                break;
            }
            let key = core::str::from_utf8(word);
            keys.push(key.map_err(|_| line.error(index, "expected 64 hexadecimal digits"))?);
        }
        let rule = ApprovalRule::from_hex(needed, keys)
            .map_err(|error| line.error(2, format!("{error}")))?;
        let policy = core::mem::take(&mut self.policy);
        self.policy = policy
            .approvals(tool, rule)
            .map_err(|error| line.error(1, format!("{error}")))?;
        Ok(())
    }

    fn change(&mut self, change: impl FnOnce(TrustPolicy) -> TrustPolicy) {
        self.policy = change(core::mem::take(&mut self.policy));
    }

    /// That no line above has the same keyword.
    fn once(&mut self, line: &PolicyLine<'_>) -> Result<(), PolicyFileError> {
        let word = line.word(0);
        if let Some((_, first)) = self.seen.iter().find(|(seen, _)| seen == word) {
            return Err(line.error(0, format!("it was given on line {first} already")));
        }
        self.seen.push((word.into(), line.number()));
        Ok(())
    }
}

/// A number with the letter of its unit behind it.
fn duration(line: &PolicyLine<'_>, index: usize) -> Result<Duration, PolicyFileError> {
    let wrong = || {
        let reason = "expected a duration such as 90s, 15m, 24h or 7d";
        line.error(index, reason)
    };
    let (unit, number) = line.word(index).split_last().ok_or_else(wrong)?;
    let seconds = match unit {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        _ => return Err(wrong()),
    };
    // `parse` alone would also take a plus sign and leading zeros.
    let digits = number.iter().all(u8::is_ascii_digit);
    let plain = number == b"0" || !number.starts_with(b"0");
    core::str::from_utf8(number)
        .ok()
        .filter(|_| digits && plain)
        .and_then(|number| number.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

fn base64(line: &PolicyLine<'_>, index: usize) -> Result<Vec<u8>, PolicyFileError> {
    let text = String::from_utf8_lossy(line.word(index));
    match Base64::decode_vec(&text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(line.error(index, "expected canonical base64 with padding, not empty")),
    }
}
