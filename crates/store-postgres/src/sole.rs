//! The lock that keeps a second writer out, or a sole one out of those that share the logs: of the session, so that it
//! goes with the connection.

use crate::client::Client;
use crate::link::Target;
use ai_audit_store::StoreError;
use core::time::Duration;
use std::time::Instant;

/// How long a former holder is waited for: the server notices a killed process when it next looks at its
/// connection.
const WAIT: Duration = Duration::from_secs(3);

/// First half of the lock's number, the schema's own number being the second.
macro_rules! class {
    () => {
        "1095321943"
    };
}
pub(crate) use class;

/// How a writer holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Beside nobody.
    Alone,
    /// Beside others that hold it in this way.
    Shared,
}

/// The statement that tries to take it.
macro_rules! take {
    ($function:literal) => {
        concat!(
            "SELECT ",
            $function,
            "((",
            class!(),
            "::bigint << 32) | oid::bigint) FROM pg_namespace WHERE nspname = $1"
        )
    };
}

/// Takes the lock, or says who has it.
pub(crate) fn hold(client: &mut Client, target: &Target, how: Hold) -> Result<(), StoreError> {
    let told =
        |trouble: crate::error::Trouble| trouble.told("taking the writer's lock", &target.name);
    // A writer whose machine is gone is noticed within half a minute, and not after hours.
    client
        .batch(
            "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;",
        )
        .map_err(told)?;
    if how == Hold::Shared {
        // Whoever takes a log over waits for what its former writer, who may be stopped, began and did not end.
        client
            .batch("SET idle_in_transaction_session_timeout = '3s'")
            .map_err(told)?;
    }
    let take = match how {
        Hold::Alone => take!("pg_try_advisory_lock"),
        Hold::Shared => take!("pg_try_advisory_lock_shared"),
    };
    let began = Instant::now();
    loop {
        let row = client.row(take, &[&target.schema]).map_err(told)?;
        let taken: bool = row
            .try_get(0)
            .map_err(|_| crate::error::corrupt("the lock's answer is no truth value"))?;
        if taken {
            return Ok(());
        }
        if began.elapsed() >= WAIT.min(target.limit) {
            return Err(StoreError::Locked {
                what: format!("schema {} of {}", target.schema, target.name),
                holder: holder(client, target),
            });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Who holds it, as far as the server says.
fn holder(client: &mut Client, target: &Target) -> Option<String> {
    let rows = client
        .rows(
            concat!(
                "SELECT l.pid, coalesce(host(a.client_addr), 'the server itself'),
                        coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'unknown')
                 FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
                 JOIN pg_namespace n ON n.nspname = $1
                 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = ",
                class!(),
                " AND l.objid = n.oid
                   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            &[&target.schema],
        )
        .ok()?;
    let row = rows.first()?;
    let (pid, from, since): (i32, String, String) = (
        row.try_get(0).ok()?,
        row.try_get(1).ok()?,
        row.try_get(2).ok()?,
    );
    Some(format!(
        "a connection from {from} since {since}, process {pid} of the server"
    ))
}
