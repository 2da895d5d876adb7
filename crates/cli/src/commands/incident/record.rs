//! `ai-audit incident open`, `update`, `report` and `close`

use super::{by_when, follow, named};
use crate::cli::incident::{CloseIncident, OpenIncident, ReportIncident, Said, UpdateIncident};
use crate::failure::usage;
use crate::open::{find, log_name, read, settings, time, written};
use crate::output::{Output, safe, shown_path};
use ai_audit_agentic::{Incident, IncidentStage, IncidentTimeline};
use ai_audit_core::{
    Body as _, LeafHash, ReceiptId, Text, TextDigest, Timestamp, UnverifiedReceipt,
};
use ai_audit_directory::{LogDirectory, OsRandom, Writer};
use ai_audit_store::{
    Clock as _, EncodedRecordBody, LogName, Random as _, Record, StoredContent, SystemClock,
};
use anyhow::Context as _;
use serde_json::json;
use std::path::Path;

/// A receipt to be.
struct Step<'a> {
    dir: &'a Path,
    stage: IncidentStage,
    /// As the caller names it; none for a new one.
    incident: Option<&'a str>,
    said: &'a Said,
    report: Option<Report<'a>>,
}

struct Report<'a> {
    authority: &'a str,
    reference: &'a str,
    at: Timestamp,
}

pub(super) fn open(args: &OpenIncident, output: Output) -> anyhow::Result<()> {
    let step = Step {
        dir: &args.dir,
        stage: IncidentStage::Opened,
        incident: None,
        said: &args.said,
        report: None,
    };
    step.record(output)
}

pub(super) fn update(args: &UpdateIncident, output: Output) -> anyhow::Result<()> {
    let said = &args.said;
    let says = said.class.is_some()
        || !said.category.is_empty()
        || said.aware_at.is_some()
        || said.occurred_at.is_some()
        || !said.about.is_empty()
        || said.description.is_some();
    if !says {
        return Err(usage(
            "an update that says nothing; expected --class, --aware-at, --about or another of them",
        ));
    }
    let step = Step {
        dir: &args.dir,
        stage: IncidentStage::Updated,
        incident: Some(&args.incident),
        said,
        report: None,
    };
    step.record(output)
}

pub(super) fn report(args: &ReportIncident, output: Output) -> anyhow::Result<()> {
    let step = Step {
        dir: &args.dir,
        stage: IncidentStage::Reported,
        incident: Some(&args.incident),
        said: &args.said,
        report: Some(Report {
            authority: &args.authority,
            reference: &args.reference,
            at: time(&args.reported_at)?,
        }),
    };
    step.record(output)
}

pub(super) fn close(args: &CloseIncident, output: Output) -> anyhow::Result<()> {
    let step = Step {
        dir: &args.dir,
        stage: IncidentStage::Closed,
        incident: Some(&args.incident),
        said: &args.said,
        report: None,
    };
    step.record(output)
}

impl Step<'_> {
    fn record(&self, output: Output) -> anyhow::Result<()> {
        let log = log_name(&self.said.log)?;
        let description = self.said.description.as_deref().map(text_of).transpose()?;
        let incident = Incident {
            occurred_at: self.said.occurred_at.as_deref().map(time).transpose()?,
            stage: self.stage,
            class: self.said.class.map_or_else(Default::default, Into::into),
            aware_at: self.said.aware_at.as_deref().map(time).transpose()?,
            category: Text::borrowed(&self.said.category),
            authority: Text::borrowed(self.report.as_ref().map_or("", |it| it.authority)),
            reference: Text::borrowed(self.report.as_ref().map_or("", |it| it.reference)),
            reported_at: self.report.as_ref().map(|report| report.at),
            ..Incident::new()
        };
        let what = format!("incident {}", self.verb());
        let (seq, timeline, findings) = written(self.dir, &what, output, |writer| {
            self.names_nobody(writer.directory(), &log)?;
            let incident = self.complete(incident, writer.directory(), &log)?;
            // Not before: where something is wrong, nothing is to be sealed.
            writer.attach(&log)?;
            let opening = incident.incident;
            let record = self.sealable(writer, &log, incident, description.as_deref())?;
            let receipt = writer.ledger().before_action(&log, record)?;
            let found = follow(writer.directory(), &log)?;
            let hash = opening.unwrap_or(receipt.hash);
            let mut all = found.deadlines.report(receipt.sealed_at).into_iter();
            let timeline = all.find(|timeline| timeline.incident == hash);
            let findings = found.findings.into_iter();
            let findings: Vec<String> = findings
                .filter(|finding| finding.receipt == receipt.seq)
                .map(|finding| finding.to_string())
                .collect();
            Ok((receipt.seq, timeline, findings))
        })?;
        for finding in &findings {
            output.warn(finding);
        }
        if output.json {
            return output.json(&json!({
                "log": log.as_str(),
                "receipt": seq,
                "incident": timeline,
                "findings": findings,
            }));
        }
        output.line(self.sentence(seq, timeline.as_ref()))
    }

    const fn verb(&self) -> &'static str {
        match self.stage {
            IncidentStage::Opened => "open",
            IncidentStage::Updated => "update",
            IncidentStage::Reported => "report",
            IncidentStage::Closed => "close",
        }
    }

    fn names_nobody(&self, directory: &LogDirectory, log: &LogName) -> anyhow::Result<()> {
        let report = self.report.as_ref();
        let texts = [
            ("category", self.said.category.as_str()),
            ("authority", report.map_or("", |report| report.authority)),
            ("reference", report.map_or("", |report| report.reference)),
            ("actor", self.said.actor.as_str()),
        ];
        Ok(directory.names_nobody(log, &texts)?)
    }

    /// With the hashes of the receipts that it names, checked.
    fn complete<'i>(
        &self,
        incident: Incident<'i>,
        directory: &LogDirectory,
        log: &LogName,
    ) -> anyhow::Result<Incident<'i>> {
        let mut receipts = Vec::new();
        for text in &self.said.about {
            let hash = hash_of(directory, log, find(directory, log, text)?)?;
            if !receipts.contains(&hash) {
                receipts.push(hash);
            }
        }
        let opening = self.incident.map(|text| named(directory, log, text));
        let incident = Incident {
            incident: opening.transpose()?,
            receipts: receipts.into(),
            ..incident
        };
        incident.check().map_err(|error| usage(error.to_string()))?;
        Ok(incident)
    }

    /// The description's digest has a key of the receipt's id, so the id comes first.
    fn sealable(
        &self,
        writer: &Writer,
        log: &LogName,
        incident: Incident<'_>,
        description: Option<&str>,
    ) -> anyhow::Result<Record> {
        let mut random = [0; 10];
        OsRandom
            .fill(&mut random)
            .context("the system gives no random bytes")?;
        let id = ReceiptId::from_parts(SystemClock.now(), random);
        let digest = match description {
            None => None,
            Some(text) if settings(self.dir)?.keyed_digests => {
                let secret = writer.directory().digest_secret(log)?;
                let key = secret.exact_key(&id, "description");
                Some(TextDigest::keyed(text, &key))
            }
            Some(text) => Some(TextDigest::plain(text)),
        };
        let body = EncodedRecordBody::new(&Incident {
            description: digest,
            ..incident
        });
        Ok(Record::build(id, move |_| body).actor(self.said.actor.as_str()))
    }

    fn sentence(&self, seq: u64, timeline: Option<&IncidentTimeline>) -> String {
        let of = match timeline.and_then(|timeline| timeline.opened) {
            Some(opened) => format!("the incident of receipt {opened}"),
            None => "an incident".into(),
        };
        let done = match (self.stage, &self.report) {
            (IncidentStage::Opened, _) => "Opened an incident".into(),
            (IncidentStage::Updated, _) => format!("Updated {of}"),
            (IncidentStage::Closed, _) => format!("Closed {of}"),
            (IncidentStage::Reported, Some(report)) => {
                format!(
                    "Recorded that {of} was reported to {}",
                    safe(report.authority)
                )
            }
            (IncidentStage::Reported, None) => format!("Recorded that {of} was reported"),
        };
        let deadline = match timeline.map(|one| (one, by_when(one), &one.reported)) {
            Some((_, Some(deadline), None)) => format!("; to be reported by {deadline}"),
            Some((timeline, Some(_), Some(_))) => format!("; {}", timeline.state),
            _ => String::new(),
        };
        format!("{done}, by receipt {seq}{deadline}.")
    }
}

fn hash_of(directory: &LogDirectory, log: &LogName, seq: u64) -> anyhow::Result<LeafHash> {
    Ok(match directory.stored(log, seq)? {
        StoredContent::Sealed(sealed) => UnverifiedReceipt::parse(&sealed)?.hash(),
        StoredContent::Deleted(hash) => hash,
    })
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| usage(format!("{}: expected a text in UTF-8", shown_path(path))))
}
