//! The layer: an event goes into a queue, or is counted.

use crate::counts::{Counts, add};
use crate::fields::Fields;
use crate::writer::{Message, Writer};
use crate::{AuditCounts, AuditGuard, AuditOptions};
use ai_audit_intake::Intake;
use ai_audit_store::LogName;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Makes a layer that records events into a log of a directory, and starts the thread that writes them.
///
/// # Errors
///
/// When the system gives no thread.
pub fn audit(
    intake: Arc<Intake>,
    log: LogName,
    options: AuditOptions,
) -> io::Result<(AuditLayer, AuditGuard)> {
    let counts = Arc::new(Counts::default());
    let (queue, messages) = sync_channel(options.events.max(1));
    let writer = Writer::new(intake, log, options.together.max(1), Arc::clone(&counts));
    let thread = std::thread::Builder::new()
        .name("ai-audit-tracing".into())
        .spawn(move || writer.run(&messages))?;
    let layer = AuditLayer {
        target: options.target,
        bytes: options.bytes,
        queue: queue.clone(),
        counts: Arc::clone(&counts),
    };
    Ok((layer, AuditGuard::new(queue, thread, counts)))
}

/// Takes the events of one target. An event takes as long as its fields take to be copied: it waits for
/// nobody.
#[derive(Debug, Clone)]
pub struct AuditLayer {
    target: String,
    bytes: usize,
    queue: SyncSender<Message>,
    counts: Arc<Counts>,
}

impl AuditLayer {
    /// What became of the events so far; also when the guard is gone.
    #[must_use]
    pub fn counts(&self) -> AuditCounts {
        self.counts.now()
    }

    fn send(&self, line: Vec<u8>) {
        let (len, counts) = (line.len(), &self.counts);
        let waiting = counts.waiting.fetch_add(len, Ordering::Relaxed);
        let fits = waiting.saturating_add(len) <= self.bytes;
        // Said before it is asked whether the queue is closed: the writer, who ends after it was closed
        // and nobody is sending, then misses nothing.
        counts.sending.fetch_add(1, Ordering::SeqCst);
        let sent = fits
            && !counts.closed.load(Ordering::SeqCst)
            && self.queue.try_send(Message::Event(line)).is_ok();
        counts.sending.fetch_sub(1, Ordering::SeqCst);
        if !sent {
            counts.waiting.fetch_sub(len, Ordering::Relaxed);
            add(&counts.dropped, 1);
            add(&counts.untold, 1);
        }
    }
}

impl<S> Layer<S> for AuditLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != self.target {
            return;
        }
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != self.target {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        // The innermost first: it knows best.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(around) = span.extensions().get::<Fields>() {
                fields.inherit(around);
            }
        }
        self.send(fields.into_line());
    }
}
