//! Instances that share the logs of a store: each writes to those whose lease it holds, and hands on what is for others.

mod attach;
mod ending;
mod log;
mod looks;
mod pass;
mod twin;

pub(crate) use ending::given_back;
pub(crate) use looks::start;
pub(crate) use pass::pass;

use crate::forward::Connections;
use crate::peers::fits;
use crate::shared::Shared;
use crate::{Peer, PeerCertificate, Problem, ServeError, TlsFiles};
use ai_audit_directory::OsRandom;
use ai_audit_store::{
    LeaseError, LeaseKeeper, LeaseRules, LeaseStanding, Leases, LogName, Random as _, Store,
    StoreError,
};
use core::fmt;
use log::{OfLog, Wish, address, lock};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use twin::Twins;

/// For so long what is known of another's lease is heeded without a further look.
const FRESH: Duration = Duration::from_millis(250);
/// How often the leases are looked at, at least and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
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
    /// Where the leases are, of which the directory's store says nothing: for looks at all of them, and renewals.
    pub leases: Arc<dyn Leases>,
    /// The same place for those that a request needs, by a connection of its own, so that none of the two waits for the other.
    pub claims: Arc<dyn Leases>,
    /// How long they are: the same for all.
    pub rules: LeaseRules,
}

impl Sharing {
    /// Whether it fits how TLS is spoken here, as [`Routing::hold`](crate::Routing::hold) says.
    ///
    /// # Errors
    ///
    /// See there; [`ServeError::Peers`] where this instance's own address is among those of the others.
    pub fn hold(&self, tls: Option<&TlsFiles>) -> Result<(), ServeError> {
        if self.peers.contains(&self.own) {
            return Err(ServeError::Peers(format!(
                "{} is what this instance advertises itself: expected the addresses of the others",
                self.own
            )));
        }
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
    /// At another instance, as whose its holder's name was held against those that there are.
    At {
        peer: Peer,
        holder: String,
    },
}

/// What an instance holds of the logs that it shares.
pub(crate) struct Holds {
    own: Peer,
    peers: Vec<Peer>,
    others: Vec<String>,
    /// Requests that are handed on at once to each of the peers: one that is stopped holds no more than its share of the places.
    ways: Vec<Arc<Semaphore>>,
    pub(crate) connections: Connections,
    leases: Arc<dyn Leases>,
    claims: Arc<dyn Leases>,
    rules: LeaseRules,
    began: Instant,
    holder: Arc<str>,
    keeper: LeaseKeeper,
    logs: Mutex<BTreeMap<LogName, Arc<OfLog>>>,
    twins: Mutex<Twins>,
    /// One more for each append that is under way here.
    under_way: Arc<()>,
}

impl Holds {
    /// `room` is how many requests are worked at once.
    pub(crate) fn new(sharing: Sharing, room: usize) -> Result<Self, ServeError> {
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
        // With one share for what is worked here.
        let share = (room / (sharing.peers.len() + 1)).max(1);
        let ways = sharing
            .peers
            .iter()
            .map(|_| Arc::new(Semaphore::new(share)));
        Ok(Self {
            ways: ways.collect(),
            others: sharing.peers.iter().map(ToString::to_string).collect(),
            own: sharing.own,
            peers: sharing.peers,
            connections,
            leases: sharing.leases,
            claims: sharing.claims,
            rules: sharing.rules,
            began: Instant::now(),
            holder,
            keeper,
            logs: Mutex::default(),
            twins: Mutex::default(),
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
    pub(crate) fn claim(&self, shared: &Shared, of: &OfLog) -> Result<Standing, Problem> {
        // Others may have waited for the same.
        if self.is_here(shared, of) {
            return Ok(Standing::Here);
        }
        if let Some(holder) = of.elsewhere(FRESH) {
            return self.standing(holder);
        }
        let refused = of.is_refused();
        let closing = shared.closing.load(Ordering::Relaxed);
        let wish = match refused || closing {
            true => Wish::Kept,
            false => Wish::Asked,
        };
        self.notice(shared, of);
        for _ in 0..TRIES {
            match self.look_at(shared, of, wish)? {
                LeaseStanding::Elsewhere(Some(holder)) if *holder != *self.holder => {
                    return self.standing(holder);
                }
                LeaseStanding::Elsewhere(_) => {}
                LeaseStanding::Taken { .. } | LeaseStanding::Held => {
                    if self.is_here(shared, of) {
                        return Ok(Standing::Here);
                    }
                    // What could not be renewed may be another's by now.
                    if wish == Wish::Asked && of.is_sure() && !of.is_open() {
                        self.open(shared, of)?;
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
        if is_left(shared, of) {
            of.forget();
        }
    }

    fn look_at(&self, shared: &Shared, of: &OfLog, wish: Wish) -> Result<LeaseStanding, Problem> {
        let read = of.now();
        let found = self.claims.lease(&of.name)?;
        let store = shared.intake.writer().directory().store();
        let size = || size_of(store, &of.name);
        let standing = of.tend(&*self.claims, (found.as_ref(), read), size, wish);
        standing.map_err(|error| match error {
            LeaseError::Store(below) => below.into(),
            other => Problem::trouble("the log's lease cannot be taken now", other),
        })
    }

    pub(crate) fn standing(&self, holder: String) -> Result<Standing, Problem> {
        let peer = self.at(&holder)?;
        Ok(Standing::At { peer, holder })
    }

    /// Where something is asked for that an instance keeps of a log in its memory: at its holder, as of the last looks; here
    /// where that is nobody who could be asked.
    pub(crate) fn whose(&self, of: &OfLog) -> Standing {
        let holder = of.elsewhere(self.every() * 3);
        let standing = holder.and_then(|holder| self.standing(holder).ok());
        standing.unwrap_or(Standing::Here)
    }

    /// For how many requests there is room on the way to a peer.
    pub(crate) fn way(&self, peer: &Peer) -> Option<Arc<Semaphore>> {
        let mut ways = self.peers.iter().zip(&self.ways);
        let found = ways.find(|(known, _)| *known == peer);
        found.map(|(_, way)| Arc::clone(way))
    }

    /// Waits until a log is not known to be a holder's any more.
    pub(crate) async fn gone(&self, of: &OfLog, holder: &str) {
        // One that ends in order answers what it has begun before its lease is gone from here.
        let mut looks = 0;
        while looks < 2 {
            tokio::time::sleep(self.every()).await;
            looks = match of.is_at(holder) {
                true => 0,
                false => looks + 1,
            };
        }
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

/// Whether the ledger let go of a log that was attached here.
fn is_left(shared: &Shared, of: &OfLog) -> bool {
    let ledger = shared.intake.writer().ledger();
    of.is_open() && !ledger.is_attached(&of.name)
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

    fn sharing(own: &str) -> Sharing {
        let peer = |text: &str| Peer::parse(text, false).unwrap();
        let leases = Arc::new(MemoryLeases::new());
        Sharing {
            own: peer(own),
            peers: vec![peer("http://127.0.0.1:2"), peer("http://localhost:3")],
            authorities: None,
            certificate: None,
            leases: leases.clone(),
            claims: leases,
            rules: LeaseRules::default(),
        }
    }

    fn holds(own: &str) -> Result<Holds, ServeError> {
        Holds::new(sharing(own), 12)
    }

    #[test]
    fn an_instance_is_none_of_the_others() {
        assert!(sharing("http://127.0.0.1:1").hold(None).is_ok());
        let error = sharing("http://LOCALHOST:3").hold(None).unwrap_err();
        assert!(error.to_string().contains("advertises itself"), "{error}");
    }

    /// One that is stopped takes no more than its share of the places that all requests have.
    #[test]
    fn what_is_handed_on_to_one_instance_leaves_room_for_all_else() {
        let holds = holds("http://127.0.0.1:1").unwrap();
        for peer in &holds.peers {
            let way = holds.way(peer).unwrap();
            assert_eq!(way.available_permits(), 4);
        }
        assert!(holds.way(&holds.own).is_none());
        let one = Holds::new(sharing("http://127.0.0.1:1"), 1).unwrap();
        assert_eq!(one.way(&one.peers[0]).unwrap().available_permits(), 1);
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
