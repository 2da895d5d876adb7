//! Instances that share the logs of a store: each writes to those whose lease it holds, and hands on what is for others.

mod log;
mod looks;
mod pass;

pub(crate) use looks::start;
pub(crate) use pass::pass;

use crate::forward::Connections;
use crate::peers::fits;
use crate::shared::Shared;
use crate::{Peer, PeerCertificate, Problem, ServeError, TlsFiles};
use ai_audit_directory::{DirectoryError, OsRandom};
use ai_audit_store::{
    LeaseError, LeaseKeeper, LeaseRules, LeaseStanding, Leases, LedgerError, LogName, Random as _,
    Store, StoreError,
};
use core::fmt;
use log::{Door, OfLog, Wish, address, lock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// For so long what is known of another's lease is heeded without a further look.
const FRESH: Duration = Duration::from_millis(250);
/// How often the leases are looked at, at least and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long appends under way are waited for before leases are given back.
const UNDER_WAY: Duration = Duration::from_secs(5);
/// How often a record is looked at for one request: somebody else may be faster.
const TRIES: usize = 2;

/// How an instance shares the logs of a store with others.
pub struct Sharing {
    /// This instance, as others know it: at most 111 characters.
    pub own: Peer,
    /// The others. What the leases say is held against them: nothing is sent to an address that is none of these.
    pub peers: Vec<Peer>,
    /// File with the authorities (PEM) that TLS to them trusts, in place of the system's.
    pub authorities: Option<PathBuf>,
    /// What this instance shows to them. It goes with [`TlsFiles::clients`] here: see [`Routing::hold`](crate::Routing::hold).
    pub certificate: Option<PeerCertificate>,
    /// Where the leases are, of which the directory's store says nothing.
    pub leases: Arc<dyn Leases>,
    /// How long they are: the same for all.
    pub rules: LeaseRules,
}

impl Sharing {
    /// Whether it fits how TLS is spoken here, as [`Routing::hold`](crate::Routing::hold) says.
    ///
    /// # Errors
    ///
    /// See there.
    pub fn hold(&self, tls: Option<&TlsFiles>) -> Result<(), ServeError> {
        let all = self.peers.iter().chain([&self.own]);
        fits(tls, self.certificate.as_ref(), all)
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharing")
            .field("own", &self.own)
            .field("peers", &self.peers)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// Where a request for a log is worked.
pub(crate) enum Standing {
    Here,
    At(Peer),
}

/// What an instance holds of the logs that it shares.
pub(crate) struct Holds {
    own: Peer,
    peers: Vec<Peer>,
    others: Vec<String>,
    pub(crate) connections: Connections,
    leases: Arc<dyn Leases>,
    rules: LeaseRules,
    began: Instant,
    holder: Arc<str>,
    keeper: LeaseKeeper,
    logs: Mutex<BTreeMap<LogName, Arc<OfLog>>>,
    /// One more for each append that is under way here.
    under_way: Arc<()>,
}

impl Holds {
    pub(crate) fn new(sharing: Sharing) -> Result<Self, ServeError> {
        let wrong = |what: String| ServeError::Peers(what);
        let connections = Connections::new(
            sharing.authorities.as_deref(),
            &sharing.peers,
            sharing.certificate.as_ref(),
        )?;
        let mut run = [0; 8];
        OsRandom
            .fill(&mut run)
            .map_err(|error| wrong(error.to_string()))?;
        let holder: Arc<str> = format!("{}/{:016x}", sharing.own, u64::from_be_bytes(run)).into();
        let keeper = LeaseKeeper::new(&*holder, sharing.rules);
        let keeper = keeper.map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            others: sharing.peers.iter().map(ToString::to_string).collect(),
            own: sharing.own,
            peers: sharing.peers,
            connections,
            leases: sharing.leases,
            rules: sharing.rules,
            began: Instant::now(),
            holder,
            keeper,
            logs: Mutex::default(),
            under_way: Arc::default(),
        })
    }

    /// How often the leases are looked at.
    fn every(&self) -> Duration {
        (self.rules.length() / 10).clamp(LOOKS.0, LOOKS.1)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// A log that was looked at before.
    pub(crate) fn known(&self, log: &LogName) -> Option<Arc<OfLog>> {
        lock(&self.logs).get(log).map(Arc::clone)
    }

    /// A log that is there.
    pub(crate) fn of(&self, log: &LogName) -> Arc<OfLog> {
        let mut logs = lock(&self.logs);
        let of = logs.entry(log.clone()).or_insert_with(|| {
            let begin = (self.began, self.keeper.clone());
            let holder = Arc::clone(&self.holder);
            // Whoever is before it looks twice.
            let turn = self.every() * 2;
            Arc::new(OfLog::new(log.clone(), begin, holder, &self.others, turn))
        });
        Arc::clone(of)
    }

    fn all(&self) -> Vec<Arc<OfLog>> {
        lock(&self.logs).values().map(Arc::clone).collect()
    }

    /// Is there for as long as an append is under way.
    pub(crate) fn under_way(&self) -> Arc<()> {
        Arc::clone(&self.under_way)
    }

    /// Whether a log can be written to here, by all that is known without asking anybody.
    pub(crate) fn is_here(&self, shared: &Shared, of: &OfLog) -> bool {
        let ledger = shared.intake.writer().ledger();
        of.is_open() && of.is_sure() && ledger.is_attached(&of.name)
    }

    /// Where a log can be written to; its lease is taken where it is nobody's. Waits for the store.
    pub(crate) fn claim(
        &self,
        shared: &Shared,
        of: &OfLog,
        door: &mut Door,
    ) -> Result<Standing, Problem> {
        // Others may have waited for the same.
        if self.is_here(shared, of) {
            return Ok(Standing::Here);
        }
        if let Some(holder) = of.elsewhere(FRESH) {
            return self.at(&holder).map(Standing::At);
        }
        let refused = door.refused.is_some_and(|until| self.now() < until);
        let closing = shared.closing.load(Ordering::Relaxed);
        let wish = match refused || closing {
            true => Wish::Kept,
            false => Wish::Asked,
        };
        self.notice(shared, of);
        for _ in 0..TRIES {
            match self.look_at(shared, of, wish)? {
                LeaseStanding::Elsewhere(Some(holder)) => {
                    return self.at(&holder).map(Standing::At);
                }
                LeaseStanding::Elsewhere(None) => {}
                LeaseStanding::Taken { .. } | LeaseStanding::Held => {
                    if self.is_here(shared, of) {
                        return Ok(Standing::Here);
                    }
                    // What could not be renewed may be another's by now.
                    if wish == Wish::Asked && of.is_sure() && !of.is_open() {
                        self.open(shared, of, door)?;
                        return Ok(Standing::Here);
                    }
                }
            }
        }
        Err(Problem::later(match (closing, refused) {
            (true, _) => "the service is closing",
            (false, true) => "the log could not be attached just now; the operator knows why",
            (false, false) => "the log changes hands at the moment",
        }))
    }

    /// A log that the ledger let go of, since it ends elsewhere, is to be attached anew.
    fn notice(&self, shared: &Shared, of: &OfLog) {
        let ledger = shared.intake.writer().ledger();
        if of.is_open() && !ledger.is_attached(&of.name) {
            of.forget();
        }
    }

    fn look_at(&self, shared: &Shared, of: &OfLog, wish: Wish) -> Result<LeaseStanding, Problem> {
        let read = of.now();
        let found = self.leases.lease(&of.name)?;
        let store = shared.intake.writer().directory().store();
        let size = || size_of(store, &of.name);
        let standing = of.tend(&*self.leases, (found.as_ref(), read), size, wish);
        standing.map_err(|error| match error {
            LeaseError::Store(below) => below.into(),
            other => Problem::trouble("the log's lease cannot be taken now", other),
        })
    }

    /// Whom a record of a lease names, held against the instances that there are: whoever has the password of the role that
    /// appends can write anything there.
    pub(crate) fn at(&self, holder: &str) -> Result<Peer, Problem> {
        // Whether it is encrypted was held when they were given.
        let peer = Peer::parse(address(holder), true).ok();
        if peer.as_ref() == Some(&self.own) {
            return Err(Problem::later(
                "a former run of this instance had the log; it is taken when its lease is over",
            ));
        }
        let known = peer.filter(|peer| self.peers.contains(peer));
        known.ok_or_else(|| {
            Problem::trouble(
                "the store says that the log is at an address that is none of --peer; nothing is sent there",
                format!("the store says that a log is at {holder}, which is none of --peer"),
            )
        })
    }

    /// Attaches a log whose lease is this instance's. One that cannot be attached is given back, for others to try.
    fn open(&self, shared: &Shared, of: &OfLog, door: &mut Door) -> Result<(), Problem> {
        let (writer, log) = (shared.intake.writer(), &of.name);
        if writer.ledger().is_attached(log) {
            // By a lease before this one.
            self.let_go(shared, of, door, None);
        }
        // Who wrote meanwhile may have put another policy in force.
        shared.intake.forget(log);
        let attached = writer.attach_anew(log);
        let tell = |line: &str| shared.options.troubles.tell(line);
        for warning in writer.take_warnings() {
            tell(&warning);
        }
        let fence = of.fence();
        let why = match attached {
            Ok(size) if size > fence => {
                door.refused = None;
                for lost in door.lost.drain(..) {
                    let ledger = writer.ledger();
                    ledger.declare_lost(log, lost.records, &lost.reason);
                }
                of.opened();
                return Ok(());
            }
            Ok(size) => {
                self.let_go(shared, of, door, None);
                format!(
                    "it ends at {size}, and had {fence} receipts when its lease was taken: an older copy of the store answers"
                )
            }
            Err(error) => error.to_string(),
        };
        tell(&format!(
            "log {log} is not written to here, and its lease is given back: {why}"
        ));
        self.give_one_back(shared, of);
        door.refused = Some(self.now() + self.rules.length());
        Err(Problem::later(
            "the log cannot be attached by this instance now; its operator knows why",
        ))
    }

    /// Lets go of a log, with a stop receipt where there is a reason. What is lost and was not declared is kept for when it is
    /// attached again.
    fn let_go(&self, shared: &Shared, of: &OfLog, door: &mut Door, reason: Option<&str>) {
        let ledger = shared.intake.writer().ledger();
        match ledger.detach_log(&of.name, reason) {
            Ok(()) | Err(LedgerError::NotAttached { .. }) => {}
            Err(error) => {
                shared.options.troubles.tell(&error.to_string());
                if let LedgerError::Undeclared { lost, .. } = error {
                    door.lost.extend(lost.into_iter().filter(|lost| lost.sure));
                }
            }
        }
    }

    fn give_one_back(&self, shared: &Shared, of: &OfLog) {
        if let Err(error) = of.give_back(&*self.leases) {
            let log = &of.name;
            let line = format!("giving back the lease of log {log}: {error}");
            shared.options.troubles.tell(&line);
        }
    }

    /// Does what a look found to be due: attaches a log whose lease was taken, or lets go of one that is another's. Waits for
    /// the store.
    fn settle(&self, shared: &Shared, of: &OfLog) {
        let mut door = of.door.blocking_lock();
        of.unqueue();
        let ledger = shared.intake.writer().ledger();
        if !of.is_held() {
            if ledger.is_attached(&of.name) {
                self.let_go(shared, of, &mut door, None);
            }
        } else if of.is_sure() && !of.is_open() && !shared.closing.load(Ordering::Relaxed) {
            // What is wrong it tells by itself.
            let _ = self.open(shared, of, &mut door);
        }
    }

    /// Ends what this instance has of the logs: stop receipts, checkpoints, and leases that others can take at once. Waits for
    /// appends under way, and for the store.
    pub(crate) fn give_back(&self, shared: &Shared) -> Result<(), DirectoryError> {
        let began = Instant::now();
        while Arc::strong_count(&self.under_way) > 1 && began.elapsed() < UNDER_WAY {
            std::thread::sleep(Duration::from_millis(10));
        }
        let ledger = shared.intake.writer().ledger();
        let mut ended = Ok(());
        for of in self.all() {
            let mut door = of.door.blocking_lock();
            // What is not sure is nobody's to stop, and where the store is away nobody waits for it once for each log.
            let (log, held) = (&of.name, of.is_sure());
            if ledger.is_attached(log) {
                let reason = held.then_some(shared.options.stop_reason.as_str());
                self.let_go(shared, &of, &mut door, reason);
                if held && let Err(error) = shared.intake.reading().make_checkpoint(log) {
                    ended = ended.and(Err(error));
                }
            }
            if held {
                self.give_one_back(shared, &of);
            }
        }
        ended
    }
}

impl Shared {
    /// Refuses to write to a log that is another instance's by now.
    pub(crate) fn still_holds(&self, log: &LogName) -> Result<(), Problem> {
        let Some(holds) = &self.holds else {
            return Ok(());
        };
        let of = holds.known(log);
        match of.is_some_and(|of| holds.is_here(self, &of)) {
            true => Ok(()),
            false => Err(Problem::later(
                "the log is not this instance's any more; send it again",
            )),
        }
    }
}

impl fmt::Debug for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holds")
            .field("holder", &self.holder)
            .field("peers", &self.peers)
            .finish_non_exhaustive()
    }
}

/// How many receipts a log has that is to be taken.
fn size_of(store: &dyn Store, log: &LogName) -> Result<u64, StoreError> {
    let head = store.head(log)?;
    head.map(|head| head.size())
        .ok_or_else(|| StoreError::Invalid {
            what: format!("there is no log {log} whose lease could be taken"),
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_store::MemoryLeases;

    fn holds(own: &str) -> Result<Holds, ServeError> {
        let peer = |text: &str| Peer::parse(text, false).unwrap();
        Holds::new(Sharing {
            own: peer(own),
            peers: vec![peer("http://127.0.0.1:2"), peer("http://localhost:3")],
            authorities: None,
            certificate: None,
            leases: Arc::new(MemoryLeases::new()),
            rules: LeaseRules::default(),
        })
    }

    /// A119: whoever can write a record of a lease says who holds a log, and not where anything is sent.
    #[test]
    fn a119_a_lease_leads_to_instances_that_were_given_and_to_nobody_else() {
        let holds = holds("http://127.0.0.1:1").unwrap();
        let at = |holder: &str| holds.at(holder).map(|peer| peer.to_string());
        assert_eq!(at("http://127.0.0.1:2/77").unwrap(), "http://127.0.0.1:2");
        assert_eq!(at("http://LOCALHOST:3/77").unwrap(), "http://LOCALHOST:3");
        for wrong in [
            "http://127.0.0.1:4/77",
            "https://127.0.0.1:2/77",
            "http://me@127.0.0.1:2/77",
            "http://127.0.0.1:2@10.0.0.1/77",
            "http://127.0.0.1:2/77/77",
            "http://127.0.0.1:2?/77",
            "127.0.0.1:2/77",
            "nobody",
            "/",
            "",
        ] {
            let problem = at(wrong).unwrap_err();
            let said = crate::body::text(&problem);
            assert_eq!(problem.status(), 503, "{wrong}");
            assert!(said.contains("none of --peer"), "{wrong}: {said}");
        }
        // A former run of its own is nobody to be sent to.
        let said = crate::body::text(&at(&holds.holder).unwrap_err());
        assert!(said.contains("former run"), "{said}");
    }

    #[test]
    fn no_two_runs_have_one_name_and_an_address_fits_into_it() {
        let [one, other] = [(); 2].map(|()| holds("http://127.0.0.1:1").unwrap().holder);
        assert_ne!(one, other);
        assert_eq!(address(&one), "http://127.0.0.1:1");
        let long = format!("https://{}.example", "x".repeat(120));
        assert!(matches!(holds(&long), Err(ServeError::Peers(_))));
    }
}
