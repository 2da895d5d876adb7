//! One log among instances that share them: whose lease it is, as far as this one knows, and whether it is attached here.

mod renewal;

pub(crate) use renewal::renew;

use ai_audit_store::{
    Lease, LeaseError, LeaseKeeper, LeaseStanding, LeaseStep, Leases, LogName, StoreError,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For what a lease is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Somebody wants to write to the log.
    Asked,
    /// Nobody does: one that is over is taken in its turn, and one that was given back stays so.
    Watched,
    /// Nothing new is to be taken.
    Kept,
}

/// One log.
pub(crate) struct OfLog {
    pub(crate) name: LogName,
    /// When the instance began: all times are since then, by a clock that is never set.
    began: Instant,
    /// What this instance calls itself in a lease.
    holder: Arc<str>,
    /// Those who take this log's lease before this one where nobody asks, by the beginning of their names.
    earlier: Vec<String>,
    /// How long each of them has for it.
    turn: Duration,
    /// Locked while the place of the leases is asked.
    kept: Mutex<Kept>,
    /// The keeper as it was last: locked for moments, so that whoever has a request to answer never waits for it.
    shown: Mutex<LeaseKeeper>,
    /// Whose it is, where it is another's, and when that was found.
    elsewhere: Mutex<Option<(Duration, String)>>,
    /// Whether the log was attached since the lease was taken last.
    open: AtomicBool,
    /// How many receipts it had then.
    fence: AtomicU64,
    /// Whether somebody was told to settle it.
    queued: AtomicBool,
    /// Until when it is not taken again, since it could not be attached.
    refused: Mutex<Option<Duration>>,
    /// Locked by who attaches it or lets go of it, which takes as long as the store does.
    pub(crate) door: Arc<tokio::sync::Mutex<()>>,
}

struct Kept {
    keeper: LeaseKeeper,
    /// When it was replaced last by this instance: what was read before is old.
    written: Duration,
    /// Since when it could be taken, though it was not asked for.
    over: Option<Duration>,
}

impl OfLog {
    /// `others` are the addresses of the other instances; `turn` is how long each waits for those before it.
    pub(crate) fn new(
        name: LogName,
        (began, keeper): (Instant, LeaseKeeper),
        holder: Arc<str>,
        others: &[String],
        turn: Duration,
    ) -> Self {
        // Host names are the same in any case.
        let own = address(&holder).to_ascii_lowercase();
        let place = score(&own, &name);
        let others = others.iter().map(|other| other.to_ascii_lowercase());
        let earlier = others
            .filter(|other| (score(other, &name), other.as_str()) > (place, own.as_str()))
            .collect();
        Self {
            name,
            began,
            holder,
            earlier,
            turn,
            shown: Mutex::new(keeper.clone()),
            kept: Mutex::new(Kept {
                keeper,
                written: Duration::ZERO,
                over: None,
            }),
            elsewhere: Mutex::default(),
            open: AtomicBool::new(false),
            fence: AtomicU64::new(0),
            queued: AtomicBool::new(false),
            refused: Mutex::default(),
            door: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Does what is due about the lease: `found` is what stood there, read after `read`.
    pub(crate) fn tend(
        &self,
        leases: &dyn Leases,
        seen: (Option<&Lease>, Duration),
        size: impl FnOnce() -> Result<u64, StoreError>,
        wish: Wish,
    ) -> Result<LeaseStanding, LeaseError> {
        self.tend_kept(lock(&self.kept), leases, seen, size, wish)
    }

    fn tend_kept(
        &self,
        mut kept: MutexGuard<'_, Kept>,
        leases: &dyn Leases,
        (found, read): (Option<&Lease>, Duration),
        size: impl FnOnce() -> Result<u64, StoreError>,
        wish: Wish,
    ) -> Result<LeaseStanding, LeaseError> {
        if kept.written >= read {
            // Another thread replaced it since: what was read would look as if it were lost.
            return Ok(match kept.keeper.is_held() {
                true => LeaseStanding::Held,
                false => LeaseStanding::Elsewhere(None),
            });
        }
        let now = self.now();
        let mut next = kept.keeper.clone();
        let step = next.observe(found, now);
        let takes = step == LeaseStep::Take;
        let over = takes.then(|| kept.over.unwrap_or(now));
        kept.over = over;
        let done = if takes && !self.may_take(found, over, now, wish) {
            kept.keeper = next;
            let other = found.filter(|other| !other.is_free());
            Ok(LeaseStanding::Elsewhere(
                other.map(|other| other.holder.clone()),
            ))
        } else {
            if takes {
                // Whatever is attached was attached before: it is done anew.
                self.open.store(false, Ordering::SeqCst);
            }
            let done = kept.keeper.tend(leases, &self.name, found, size, now);
            if step != LeaseStep::Rest {
                // Perhaps.
                kept.written = self.now();
            }
            if takes && matches!(done, Ok(LeaseStanding::Elsewhere(_))) {
                // Somebody else was faster, and it is not the one who stood there before.
                Ok(LeaseStanding::Elsewhere(None))
            } else {
                done
            }
        };
        *lock(&self.shown) = kept.keeper.clone();
        if let Ok(LeaseStanding::Taken { fence }) = &done {
            kept.over = None;
            self.fence.store(*fence, Ordering::SeqCst);
        }
        *lock(&self.elsewhere) = match &done {
            // One that is over is not another's for whoever asks next.
            Ok(LeaseStanding::Elsewhere(Some(holder))) if !takes => Some((now, holder.clone())),
            _ => None,
        };
        done
    }

    fn may_take(
        &self,
        found: Option<&Lease>,
        over: Option<Duration>,
        now: Duration,
        wish: Wish,
    ) -> bool {
        let found = found.filter(|lease| !lease.is_free());
        if wish == Wish::Kept {
            return false;
        }
        match found {
            // It is ours, and only the answer was lost, or the log is to be attached anew.
            Some(lease) if *lease.holder == *self.holder => true,
            _ if wish == Wish::Asked => true,
            Some(lease) => {
                let gone = address(&lease.holder);
                let earlier = self.earlier.iter();
                let earlier = earlier.filter(|other| !other.eq_ignore_ascii_case(gone));
                let turns = u32::try_from(earlier.count()).unwrap_or(u32::MAX);
                let waited = now.saturating_sub(over.unwrap_or(now));
                waited >= self.turn.saturating_mul(turns)
            }
            None => false,
        }
    }

    /// Gives the lease back, where it is this instance's.
    pub(crate) fn give_back(&self, leases: &dyn Leases) -> Result<bool, StoreError> {
        self.end(|keeper| keeper.give_back(leases, &self.name))
    }

    /// Gives it up, since the log cannot be attached here: others take it as one that is over. Until a time this instance does
    /// not take it again.
    pub(crate) fn give_up(&self, leases: &dyn Leases, until: Duration) -> Result<bool, StoreError> {
        *lock(&self.refused) = Some(until);
        self.end(|keeper| keeper.give_up(leases, &self.name))
    }

    fn end(
        &self,
        give: impl FnOnce(&mut LeaseKeeper) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let mut kept = lock(&self.kept);
        self.open.store(false, Ordering::SeqCst);
        let given = give(&mut kept.keeper);
        kept.written = self.now();
        *lock(&self.shown) = kept.keeper.clone();
        given
    }

    /// Is not sure of the lease any more, and has the log attached anew once it is.
    pub(crate) fn forget(&self) {
        self.forget_kept(lock(&self.kept));
    }

    fn forget_kept(&self, mut kept: MutexGuard<'_, Kept>) {
        self.open.store(false, Ordering::SeqCst);
        kept.keeper.forget();
        *lock(&self.shown) = kept.keeper.clone();
    }

    /// Whether the lease is this instance's, as far as it knows.
    pub(crate) fn is_held(&self) -> bool {
        lock(&self.shown).is_held()
    }

    /// Whether nobody else is entitled to write now.
    pub(crate) fn is_sure(&self) -> bool {
        let now = self.now();
        lock(&self.shown).is_sure(now)
    }

    /// Whose it was, if it was another's when it was looked at so lately.
    pub(crate) fn elsewhere(&self, lately: Duration) -> Option<String> {
        let found = lock(&self.elsewhere);
        let (at, holder) = found.as_ref()?;
        (self.now().saturating_sub(*at) < lately).then(|| holder.clone())
    }

    /// Whether it is this holder's, by what was found last.
    pub(crate) fn is_at(&self, holder: &str) -> bool {
        let found = lock(&self.elsewhere);
        found.as_ref().is_some_and(|(_, found)| found == holder)
    }

    /// Whether it is not to be taken now, since it could not be attached just before.
    pub(crate) fn is_refused(&self) -> bool {
        let now = self.now();
        lock(&self.refused).is_some_and(|until| now < until)
    }

    /// Whether the log was attached since the lease was taken last.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::SeqCst)
    }

    pub(crate) fn opened(&self) {
        *lock(&self.refused) = None;
        self.open.store(true, Ordering::SeqCst);
    }

    /// How many receipts the log had when the lease was taken last.
    pub(crate) fn fence(&self) -> u64 {
        self.fence.load(Ordering::SeqCst)
    }

    /// Whether nobody was told to settle it before.
    pub(crate) fn queue(&self) -> bool {
        !self.queued.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn unqueue(&self) {
        self.queued.store(false, Ordering::SeqCst);
    }
}

/// The address in a holder's name.
pub(crate) fn address(holder: &str) -> &str {
    holder
        .rsplit_once('/')
        .map_or(holder, |(address, _)| address)
}

/// Where an instance stands in a log's order: the same for all, whatever they were built with (64-bit FNV-1a, mixed), and
/// another one for each log.
fn score(address: &str, log: &LogName) -> u64 {
    const BEGIN: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    const MIX: u64 = 0xd6e8_feb8_6659_fd93;
    let bytes = address.bytes().chain([0]).chain(log.as_str().bytes());
    let hash = bytes.fold(BEGIN, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    // Names of logs differ at their ends, which alone would not reach the first bits, by which scores are compared.
    let hash = (hash ^ (hash >> 32)).wrapping_mul(MIX);
    let hash = (hash ^ (hash >> 32)).wrapping_mul(MIX);
    hash ^ (hash >> 32)
}

pub(crate) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic left behind is what the next look finds.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use ai_audit_store::{LeaseRules, MemoryLeases};

    const LENGTH: Duration = Duration::from_millis(300);
    const OTHERS: [&str; 3] = ["http://a.example", "http://b.example", "http://c.example"];

    fn of(own: usize, turn: Duration) -> OfLog {
        let holder: Arc<str> = format!("{}/{own}", OTHERS[own]).into();
        let rules = LeaseRules::new(LENGTH, LENGTH / 10).unwrap();
        let keeper = LeaseKeeper::new(&*holder, rules).unwrap();
        let others = OTHERS.iter().filter(|other| **other != OTHERS[own]);
        let others: Vec<String> = others.map(|other| (*other).into()).collect();
        let of_log = (Instant::now(), keeper);
        OfLog::new(LogName::default(), of_log, holder, &others, turn)
    }

    fn look(of: &OfLog, leases: &MemoryLeases, wish: Wish) -> LeaseStanding {
        let read = of.now();
        let found = leases.lease(&of.name).unwrap();
        let size = || Ok(7);
        of.tend(leases, (found.as_ref(), read), size, wish).unwrap()
    }

    #[test]
    fn each_log_has_an_order_in_which_instances_take_it_where_nobody_asks() {
        let all = [0, 1, 2].map(|own| of(own, Duration::ZERO).earlier.len());
        let mut sorted = all;
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2], "{all:?}");
    }

    #[test]
    fn the_order_is_the_same_whatever_instances_are_built_with_and_another_one_for_each_log() {
        // While some are replaced by newer ones they have to agree.
        let of_default = score(OTHERS[0], &LogName::default());
        assert_eq!(of_default, 0x83c9_31aa_bf3c_6e09);
        let first = |log: usize| {
            let log = LogName::new(&format!("log{log}")).unwrap();
            OTHERS.iter().max_by_key(|one| score(one, &log)).copied()
        };
        for one in OTHERS {
            let its = (0..300).filter(|log| first(*log) == Some(one)).count();
            assert!((50..150).contains(&its), "{one}: {its}");
        }
        // Host names are the same in any case.
        let holder: Arc<str> = "http://A.example/1".into();
        let rules = LeaseRules::new(LENGTH, LENGTH / 10).unwrap();
        let keeper = LeaseKeeper::new(&*holder, rules).unwrap();
        let others = ["http://B.EXAMPLE".to_owned(), "http://C.EXAMPLE".to_owned()];
        let begin = (Instant::now(), keeper);
        let other = OfLog::new(LogName::default(), begin, holder, &others, LENGTH);
        assert_eq!(other.earlier, of(0, LENGTH).earlier);
    }

    #[test]
    fn a_lease_that_is_given_up_is_taken_by_others_and_not_by_who_gave_it_up() {
        let leases = MemoryLeases::new();
        let (first, second) = (of(0, Duration::ZERO), of(1, Duration::ZERO));
        look(&first, &leases, Wish::Asked);
        let until = first.now() + LENGTH * 100;
        assert!(first.give_up(&leases, until).unwrap());
        assert!(first.is_refused() && !first.is_held());
        look(&first, &leases, Wish::Kept);
        assert!(!first.is_held());
        look(&second, &leases, Wish::Watched);
        // It is over after a moment and the margin.
        std::thread::sleep(LENGTH / 5);
        look(&first, &leases, Wish::Kept);
        let took = look(&second, &leases, Wish::Watched);
        assert!(matches!(took, LeaseStanding::Taken { .. }), "{took:?}");
        second.opened();
        assert!(!second.is_refused());
    }

    #[test]
    fn what_nobody_asks_for_is_taken_when_it_is_over_and_not_when_it_was_given_back() {
        let leases = MemoryLeases::new();
        let (first, second) = (of(0, Duration::ZERO), of(1, Duration::ZERO));
        assert_eq!(
            look(&first, &leases, Wish::Watched),
            LeaseStanding::Elsewhere(None)
        );
        assert_eq!(
            look(&first, &leases, Wish::Asked),
            LeaseStanding::Taken { fence: 7 }
        );
        assert!(first.is_sure() && first.is_held() && !first.is_open());
        assert_eq!(first.fence(), 7);
        let said = Some("http://a.example/0".to_owned());
        let elsewhere = LeaseStanding::Elsewhere(said.clone());
        assert_eq!(look(&second, &leases, Wish::Asked), elsewhere);
        assert_eq!(second.elsewhere(LENGTH), said);
        assert!(first.give_back(&leases).unwrap());
        assert_eq!(
            look(&second, &leases, Wish::Watched),
            LeaseStanding::Elsewhere(None)
        );
        assert!(matches!(
            look(&second, &leases, Wish::Asked),
            LeaseStanding::Taken { .. }
        ));
        // Nothing more is heard of that one.
        look(&first, &leases, Wish::Watched);
        std::thread::sleep(LENGTH + LENGTH / 5);
        assert!(!second.is_sure());
        let kept = look(&first, &leases, Wish::Kept);
        assert!(
            matches!(kept, LeaseStanding::Elsewhere(Some(_))),
            "{kept:?}"
        );
        // It is nobody to be sent to.
        assert_eq!(first.elsewhere(LENGTH), None);
        assert!(matches!(
            look(&first, &leases, Wish::Watched),
            LeaseStanding::Taken { .. }
        ));
    }

    #[test]
    fn those_before_it_have_their_turn_unless_it_is_asked_for() {
        let leases = MemoryLeases::new();
        let turn = Duration::from_secs(60);
        let gone = of(0, turn);
        look(&gone, &leases, Wish::Asked);
        let left = [of(1, turn), of(2, turn)];
        for one in &left {
            look(one, &leases, Wish::Watched);
        }
        std::thread::sleep(LENGTH + LENGTH / 5);
        // The one that is gone is waited for by nobody, so one of the two is the first.
        let earlier = |one: &OfLog| {
            let earlier = one.earlier.iter();
            earlier.filter(|other| *other != OTHERS[0]).count()
        };
        let (first, second) = match earlier(&left[0]) {
            0 => (&left[0], &left[1]),
            _ => (&left[1], &left[0]),
        };
        let waits = look(second, &leases, Wish::Watched);
        assert!(matches!(waits, LeaseStanding::Elsewhere(_)), "{waits:?}");
        let took = look(first, &leases, Wish::Watched);
        assert!(matches!(took, LeaseStanding::Taken { .. }), "{took:?}");
        assert!(first.give_back(&leases).unwrap());
        let took = look(second, &leases, Wish::Asked);
        assert!(matches!(took, LeaseStanding::Taken { .. }), "{took:?}");
    }

    #[test]
    fn what_was_read_before_a_lease_was_taken_does_not_lose_it() {
        let leases = MemoryLeases::new();
        let one = of(0, Duration::ZERO);
        let read = one.now();
        look(&one, &leases, Wish::Asked);
        one.opened();
        let stale = one.tend(&leases, (None, read), || Ok(7), Wish::Watched);
        assert_eq!(stale.unwrap(), LeaseStanding::Held);
        assert!(one.is_open() && one.is_sure());
        // One that hears of another writer has it attached anew.
        one.forget();
        assert!(!one.is_open() && !one.is_sure());
        let again = look(&one, &leases, Wish::Watched);
        assert_eq!(again, LeaseStanding::Taken { fence: 7 });
    }
}
