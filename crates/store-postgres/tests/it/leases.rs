//! Leases in a table: the contract, who may, and A110 on a real server: a holder that is cut off, and comes back.

use crate::rig::{append, head, options, server, wait_until};
use ai_audit_core::Decision;
use ai_audit_store::{
    AppendError, Lease, LeaseKeeper, LeaseRules, LeaseStanding, Leases, Ledger, LedgerConfig,
    LogName, Record, Store, StoreError,
};
use ai_audit_store_postgres::{OpenMode, Options, PostgresLeases, PostgresStore};
use ai_audit_testkit::postgres::PostgresServer;
use ai_audit_testkit::writers::whole;
use ai_audit_testkit::{Counter, StillClock, TestLog, leases_are_shared, leases_conform};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

fn open(server: &PostgresServer, user: &str) -> PostgresLeases {
    PostgresLeases::open(&server.url(user), &options()).unwrap()
}

#[test]
fn leases_in_a_table_conform() {
    let Some(server) = server() else { return };
    leases_conform(&open(&server, "audit_writer"));
}

#[test]
fn two_connections_see_one_record_and_the_table_says_when() {
    let Some(mut server) = server() else { return };
    let [one, two] = [(); 2].map(|()| open(&server, "audit_writer"));
    leases_are_shared(&one, &two);
    let recent = "SELECT now() - changed_at BETWEEN '0' AND '1 hour' FROM ai_audit.leases";
    assert_eq!(server.sql(recent), "t");
    // A server that was started again has them still, and is found again.
    server.kill();
    server.run();
    assert_eq!(one.leases().unwrap().len(), 1);
    assert_eq!(one.leases(), two.leases());
}

#[test]
fn a86_who_only_reads_or_erases_takes_no_lease() {
    let Some(server) = server() else { return };
    let log = LogName::default();
    let mine = held("a/1");
    for role in ["audit_reader", "audit_eraser"] {
        let leases = open(&server, role);
        assert_eq!(leases.lease(&log), Ok(None));
        let error = leases.replace_lease(&log, None, &mine).unwrap_err();
        assert!(
            error.is_refusal() && error.to_string().contains("Roles"),
            "{role}: {error}"
        );
    }
    let leases = open(&server, "audit_writer");
    assert_eq!(leases.replace_lease(&log, None, &mine), Ok(true));
    assert!(!format!("{leases:?}").contains("audit_writer"));
    // A standby's would be old.
    let error = PostgresLeases::open(&server.standby().url("audit_writer"), &options());
    assert!(error.unwrap_err().to_string().contains("standby"));
}

#[test]
fn a112_a_row_that_cannot_be_read_is_forbidden_and_otherwise_nobodys() {
    let Some(server) = server() else { return };
    let leases = open(&server, "audit_writer");
    let [good, bad] = ["good", "bad"].map(|name| LogName::new(name).unwrap());
    let mine = held("a/1");
    for log in [&good, &bad] {
        assert_eq!(leases.replace_lease(log, None, &mine), Ok(true));
    }
    let changes = [
        ("holder", "'two words'"),
        ("holder", "''"),
        ("changes", "-1"),
        ("changes", "4294967296"),
        ("length", "600001"),
        ("length", "-2147483648"),
        ("fence", "-1"),
    ];
    let alter = |(column, value): (&str, &str)| {
        format!("UPDATE ai_audit.leases SET {column} = {value} WHERE log = 'bad'")
    };
    for change in changes {
        let said = server.try_sql("audit_writer", "audit", &alter(change));
        assert!(said.unwrap_err().contains("check constraint"), "{change:?}");
    }
    // Whoever owns the table can take its rules away.
    for column in ["holder", "changes", "length", "fence"] {
        server.sql(&format!(
            "ALTER TABLE ai_audit.leases DROP CONSTRAINT leases_{column}_check"
        ));
    }
    for change in changes {
        server.sql(&alter(change));
        let error = leases.lease(&bad).unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt { what } if what.contains("log bad")),
            "{change:?}: {error}"
        );
        assert_eq!(leases.leases(), Ok(vec![(good.clone(), mine.clone())]));
        assert_eq!(leases.replace_lease(&bad, None, &mine), Ok(false));
        server.sql(
            "UPDATE ai_audit.leases SET holder = 'a/1', changes = 0, length = 10000, fence = 0 \
             WHERE log = 'bad'",
        );
        assert_eq!(leases.lease(&bad), Ok(Some(mine.clone())));
    }
}

#[test]
fn a_row_that_somebody_holds_keeps_no_other_lease_from_being_renewed() {
    let Some(server) = server() else { return };
    let leases = open(&server, "audit_writer");
    let [busy, free] = ["busy", "free"].map(|name| LogName::new(name).unwrap());
    let (old, mut new) = (held("a/1"), held("a/1"));
    new.changes += 1;
    for log in [&busy, &free] {
        assert_eq!(leases.replace_lease(log, None, &old), Ok(true));
    }
    let holder = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let all = [(&busy, &old, &new), (&free, &old, &new)];
    std::thread::scope(|scope| {
        let holds = scope.spawn(|| {
            server.try_sql(
                "audit_writer",
                "audit",
                "BEGIN; UPDATE ai_audit.leases SET fence = 1 WHERE log = 'busy'; SELECT pg_sleep(300); COMMIT",
            )
        });
        wait_until("the row is held", || {
            server.sql(&format!("SELECT count(*) {holder}")) != "0"
        });
        let done = leases.replace_leases(&all);
        server.sql(&format!("SELECT pg_terminate_backend(pid) {holder}"));
        assert!(holds.join().unwrap().is_err());
        assert!(done.unwrap().into_iter().eq([free.clone()]));
    });
    // What was left out is as it was, and done next.
    wait_until("the other one is renewed", || {
        let done = leases.replace_leases(&all).unwrap();
        done.into_iter().eq([busy.clone()])
    });
    for log in [&busy, &free] {
        assert_eq!(leases.lease(log), Ok(Some(new.clone())));
    }
}

fn held(holder: &str) -> Lease {
    Lease {
        holder: holder.into(),
        changes: 0,
        length: Duration::from_secs(10),
        fence: 0,
    }
}

const LENGTH: Duration = Duration::from_millis(1_800);
const MARGIN: Duration = Duration::from_millis(600);
/// What receipts say of the time: before those of a [`TestLog`].
const NOW: u64 = 1_789_000_000_000_000;

/// An instance as a process of its own has it: its connections, its ledger, its clock.
struct Instance {
    store: Arc<PostgresStore>,
    leases: PostgresLeases,
    ledger: Ledger,
    keeper: LeaseKeeper,
    began: Instant,
    /// Before it last looked, and the longest time between two looks.
    looked: Option<Instant>,
    longest: Duration,
}

impl Instance {
    fn new(server: &PostgresServer, random: &Arc<Counter>, name: &str) -> Self {
        let address = format!("{}?application_name={name}", server.url("audit_writer"));
        let quick = Options {
            timeout: Duration::from_secs(10),
            ..options()
        };
        let store = PostgresStore::open(&address, OpenMode::ReadWrite, options()).unwrap();
        let store = Arc::new(store);
        let config = LedgerConfig::new(Arc::new(StillClock::at(NOW)), random.clone(), "test 1");
        let rules = LeaseRules::new(LENGTH, MARGIN).unwrap();
        Self {
            ledger: Ledger::open(store.clone(), config).unwrap(),
            leases: PostgresLeases::open(&address, &quick).unwrap(),
            keeper: LeaseKeeper::new(name, rules).unwrap(),
            store,
            began: Instant::now(),
            looked: None,
            longest: Duration::ZERO,
        }
    }

    /// Looks at the lease, and attaches or lets go of the log.
    fn look(&mut self) -> LeaseStanding {
        let (log, now) = (LogName::default(), Instant::now());
        let between = self.looked.map_or(Duration::ZERO, |last| now - last);
        self.longest = self.longest.max(between);
        self.looked = Some(now);
        let found = self.leases.lease(&log).unwrap();
        // After it was read by who waits, before it is asked for by who takes or renews.
        let now = self.began.elapsed();
        let size = || Ok(self.store.head(&log)?.map_or(0, |head| head.size()));
        let standing = self
            .keeper
            .tend(&self.leases, &log, found.as_ref(), size, now)
            .unwrap();
        match &standing {
            LeaseStanding::Taken { .. } => {
                let _ = self.ledger.detach_log(&log, None);
                self.ledger.attach_log(log, TestLog::signers(1)).unwrap();
            }
            LeaseStanding::Elsewhere(_) => {
                let _ = self.ledger.detach_log(&log, None);
            }
            LeaseStanding::Held => {}
        }
        standing
    }

    /// Appends as if the lease were sure.
    fn append(&self) -> Result<u64, AppendError> {
        let record = Record::new(&Decision::new());
        let ticket = self.ledger.submit(&LogName::default(), vec![record]);
        ticket.unwrap().wait().map(|receipts| receipts[0].seq)
    }
}

#[test]
fn a110_a_holder_that_is_cut_off_is_followed_within_its_lease_and_writes_nothing_more() {
    let Some(server) = server() else { return };
    let random = Arc::new(Counter::default());
    let mut instances = ["a-1", "b-1"].map(|name| Instance::new(&server, &random, name));
    let log = LogName::default();
    let first = &instances[0].ledger;
    first.create_log(log.clone(), TestLog::new_log(1)).unwrap();
    first.detach_log(&log, None).unwrap();

    // Both at once want what nobody has.
    let start = &Barrier::new(2);
    let stand = std::thread::scope(|scope| {
        let threads = instances.each_mut().map(|instance| {
            scope.spawn(move || {
                start.wait();
                instance.look()
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    let taken = |standing: &LeaseStanding| matches!(standing, LeaseStanding::Taken { .. });
    assert_eq!(
        stand.iter().filter(|one| taken(one)).count(),
        1,
        "{stand:?}"
    );
    if taken(&stand[1]) {
        instances.reverse();
    }
    let [mut holder, mut other] = instances;

    // While it is renewed nobody else takes it, for longer than it is long.
    let (began, mut acknowledged) = (Instant::now(), Vec::new());
    let mut renewed = began;
    while began.elapsed() < LENGTH * 2 {
        let before = Instant::now();
        let changes = |one: &Instance| one.leases.lease(&log).unwrap().unwrap().changes;
        let had = changes(&holder);
        match holder.look() {
            LeaseStanding::Held => acknowledged.push(holder.append().unwrap()),
            // So slow a machine that it was overtaken: what this shows could not be tried.
            standing => assert!(holder.longest > LENGTH / 2, "{standing:?}"),
        }
        if changes(&holder) != had {
            renewed = before;
        }
        other.look();
        std::thread::sleep(Duration::from_millis(40));
    }
    if !holder.keeper.is_sure(holder.began.elapsed()) {
        println!("SKIPPED: the machine is too slow for leases of {LENGTH:?}");
        return;
    }

    // It is stopped as a machine that hangs is, and the server ends its connections.
    let name = other.leases.lease(&log).unwrap().unwrap().holder;
    let old = head(&*holder.store);
    server.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'"
    ));
    while !taken(&other.look()) {
        std::thread::sleep(Duration::from_millis(40));
    }
    let took = other.looked.unwrap() - renewed;
    acknowledged.push(other.append().unwrap());
    println!(
        "taken over {} ms after the last renewal of a lease of {} ms with a margin of {}; first append after {} ms",
        took.as_millis(),
        LENGTH.as_millis(),
        MARGIN.as_millis(),
        renewed.elapsed().as_millis()
    );
    assert!(took >= LENGTH, "{took:?}: before it was over");
    let longest = LENGTH + MARGIN + other.longest * 2;
    assert!(took <= longest, "{took:?}: expected at most {longest:?}");

    // It goes on, and does not know better: by its ledger, and by what the store itself says to it.
    let error = holder.append().unwrap_err();
    assert!(matches!(error, AppendError::TakenOver { .. }), "{error}");
    let late = TestLog::forked(1, old).seal(1);
    let error = append(&*holder.store, &old, &late).unwrap_err();
    let found = head(&*other.store);
    assert!(
        matches!(&error, StoreError::HeadMoved { found: at, .. } if **at == found),
        "{error}"
    );
    holder.keeper.forget();
    let standing = holder.look();
    assert!(
        matches!(&standing, LeaseStanding::Elsewhere(Some(_))),
        "{standing:?}"
    );
    acknowledged.push(other.append().unwrap());

    // One chain, with all that was acknowledged.
    let end = whole(&*holder.store, &log);
    assert!(acknowledged.is_sorted() && acknowledged.last() == Some(&(end.size() - 1)));
    let given = other.keeper.give_back(&other.leases, &log);
    assert_eq!(given, Ok(true));
    assert!(
        taken(&holder.look()),
        "nobody waits for what was given back"
    );
}
