//! The arithmetic of the capacity model. Everything here is calculated: rates a second, bytes, days of 86,400 s,
//! months of 30 days.

use super::measured::{Figure, Measured};

/// The rates that there are plans for, receipts a second.
pub(super) const RATES: [f64; 3] = [1e3, 1e5, 1e7];

const DAY: f64 = 86_400.0;
const MONTH: f64 = 30.0 * DAY;
/// Hashes of a tile, entries of a bundle (docs/spec/tiles.md).
const TILE: f64 = 256.0;
const HASH: f64 = 32.0;
const SIGNATURE: f64 = 64.0;
/// Receipts of a segment at most, and segments of an index (docs/spec/store-object.md).
const SEGMENT: f64 = 4096.0;
const SEGMENT_BYTES: f64 = 4_194_304.0;
const INDEX: f64 = 32.0;
/// What a segment has of a receipt beside its bytes: id, time, kind; its length; its leaf hash.
const SEGMENT_ROW: f64 = 26.0 + 4.0 + HASH;
/// What Redis has of a receipt beside its bytes (docs/spec/store-redis.md).
const REDIS_ROW: f64 = 170.0;

/// What nobody has measured here. All are examples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assumptions {
    /// Which part of a measured rate a log is given.
    pub(super) load: f64,
    /// Spare instances, as a part of those that write.
    pub(super) spare: f64,
    /// Cores of the machine that was measured.
    pub(super) cores: f64,
    pub(super) postgres_bytes: f64,
    /// Seconds that a PUT to a bucket takes.
    pub(super) put_seconds: f64,
    /// Records in a commit at most, which is the ledger's `max_batch`.
    pub(super) commit: f64,
    pub(super) hot_days: f64,
    pub(super) cold_days: f64,
    pub(super) epoch: f64,
    /// Seconds from a log's checkpoint to the next.
    pub(super) checkpoint_seconds: f64,
    pub(super) instance_hour: f64,
    pub(super) disk_gb_month: f64,
    pub(super) memory_gb_month: f64,
    pub(super) object_gb_month: f64,
    pub(super) put_thousand: f64,
}

impl Assumptions {
    pub(super) const EXAMPLE: Self = Self {
        load: 0.5,
        spare: 0.2,
        cores: 2.0,
        postgres_bytes: 900.0,
        put_seconds: 0.05,
        commit: 1024.0,
        hot_days: 7.0,
        cold_days: 183.0,
        epoch: 1e6,
        checkpoint_seconds: 60.0,
        instance_hour: 0.1,
        disk_gb_month: 0.1,
        memory_gb_month: 3.0,
        object_gb_month: 0.02,
        put_thousand: 0.01,
    };

    /// What each is, its symbol, and the example.
    pub(super) fn rows(&self) -> Vec<(&'static str, &'static str, String)> {
        let shown = super::short;
        vec![
            (
                "part of a measured rate that a log is given",
                "load",
                shown(self.load),
            ),
            (
                "spare instances for each that writes",
                "spare",
                shown(self.spare),
            ),
            (
                "cores of an instance: those of the machine that was measured",
                "cores",
                shown(self.cores),
            ),
            (
                "PostgreSQL: bytes a receipt, indexes included",
                "postgres_bytes",
                shown(self.postgres_bytes),
            ),
            (
                "seconds that a PUT to a bucket takes",
                "put",
                shown(self.put_seconds),
            ),
            (
                "records in a commit at most, the ledger's `max_batch`",
                "commit",
                shown(self.commit),
            ),
            (
                "days that bytes stay in the hot store",
                "hot",
                shown(self.hot_days),
            ),
            (
                "days that they stay in the cold one",
                "cold",
                shown(self.cold_days),
            ),
            ("receipts of an epoch", "epoch", shown(self.epoch)),
            (
                "seconds from a log's checkpoint to the next",
                "checkpoint",
                shown(self.checkpoint_seconds),
            ),
            (
                "an instance, M an hour",
                "M_instance",
                shown(self.instance_hour),
            ),
            (
                "disk, M a GB and month",
                "M_disk",
                shown(self.disk_gb_month),
            ),
            (
                "memory, M a GB and month",
                "M_memory",
                shown(self.memory_gb_month),
            ),
            (
                "objects, M a GB and month",
                "M_object",
                shown(self.object_gb_month),
            ),
            (
                "PUT requests, M a thousand",
                "M_put",
                shown(self.put_thousand),
            ),
        ]
    }
}

/// How receipts are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    Single,
    Batched,
}

/// What one log can take a second in the embedded store, 64 producers or more.
///
/// Batched it has not been measured: of the measured time a signature on each core goes, and what a receipt of a
/// batch costs comes.
pub(super) fn sqlite_rate(signing: Signing, measured: &Measured, assumed: &Assumptions) -> f64 {
    let each = 1.0 / measured.many.value;
    match signing {
        Signing::Single => 1.0 / each,
        Signing::Batched => {
            let saved = (measured.seal.value - measured.batch.value) / assumed.cores;
            1.0 / (each - saved).max(measured.batch.value)
        }
    }
}

/// How many are needed, one at least.
fn needed(rate: f64, each: f64) -> u64 {
    let number = (rate / each).ceil().max(1.0);
    // Beyond 2^53 a plan has no meaning.
    if number < 9e15 {
        format!("{number:.0}").parse().unwrap_or(u64::MAX)
    } else {
        u64::MAX
    }
}

fn real(count: u64) -> f64 {
    // Exact below 2^53, as counts here are.
    count.to_string().parse().unwrap_or(f64::INFINITY)
}

/// Objects that receipts become in the cold store: segments and indexes above them.
pub(super) fn objects(receipts: f64, sealed: f64) -> f64 {
    let segments = receipts / segment(sealed);
    // 1 + 1/32 + 1/32^2 + ...
    segments * INDEX / (INDEX - 1.0)
}

/// Receipts of a full segment.
fn segment(sealed: f64) -> f64 {
    SEGMENT.min((SEGMENT_BYTES / sealed).floor().max(1.0))
}

/// Bytes of a receipt in the cold store: its own, its row, the tree's nodes of each fourth level.
pub(super) fn object_bytes(sealed: f64) -> f64 {
    sealed + SEGMENT_ROW + HASH / 15.0
}

/// Files of a published log and their bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiles {
    pub(super) files: f64,
    pub(super) bytes: f64,
}

/// Full tiles of so many receipts: hash tiles of all levels, entries, seals.
pub(super) fn tiles(receipts: f64, sealed: f64) -> Tiles {
    let levels = TILE / (TILE - 1.0);
    let payload = sealed - SIGNATURE;
    Tiles {
        files: receipts / TILE * (levels + 2.0),
        bytes: receipts * (HASH * levels + 2.0 + payload + 1.0 + SIGNATURE),
    }
}

/// Where receipts are kept, and what that costs.
#[derive(Debug, Clone)]
pub(super) struct Tier {
    pub(super) name: &'static str,
    /// Receipts a second of one instance; none where it takes what others have written.
    pub(super) rate: Option<f64>,
    pub(super) basis: &'static str,
    pub(super) bytes: f64,
    /// PUT requests a receipt.
    pub(super) puts: f64,
    /// Money for a GB and month.
    gb_month: f64,
}

impl Tier {
    pub(super) fn all(measured: &Measured, assumed: &Assumptions) -> Vec<Self> {
        let sealed = measured.sealed_bytes.value;
        let sqlite = |name, rate, basis| Self {
            name,
            rate: Some(rate),
            basis,
            bytes: measured.sqlite_bytes.value,
            puts: 0.0,
            gb_month: assumed.disk_gb_month,
        };
        let server = |name, rate: &Figure, bytes, gb_month| Self {
            name,
            rate: Some(rate.value),
            basis: "measured",
            bytes,
            puts: 0.0,
            gb_month,
        };
        let postgres = |name, rate| {
            let (bytes, gb_month) = (assumed.postgres_bytes, assumed.disk_gb_month);
            server(name, rate, bytes, gb_month)
        };
        let redis = |name, rate| server(name, rate, sealed + REDIS_ROW, assumed.memory_gb_month);
        let batched = sqlite_rate(Signing::Batched, measured, assumed);
        let object = |name, rate, basis, puts| Self {
            name,
            rate,
            basis,
            bytes: object_bytes(sealed),
            puts,
            gb_month: assumed.object_gb_month,
        };
        // A segment, then the root: the one waits for the other.
        let hot_objects = assumed.commit / (2.0 * assumed.put_seconds);
        let moved = objects(1.0, sealed) + 1.0 / segment(sealed);
        vec![
            sqlite("SQLite, 1 producer", measured.one.value, "measured"),
            sqlite("SQLite, 64 producers", measured.many.value, "measured"),
            sqlite("SQLite, 64 producers, batched", batched, "calculated"),
            sqlite("SQLite, over HTTP", measured.http.value, "measured"),
            postgres("PostgreSQL", &measured.postgres),
            postgres("PostgreSQL, batched", &measured.postgres_batched),
            redis("Redis", &measured.redis),
            redis("Redis, batched", &measured.redis_batched),
            object(
                "objects, written to directly",
                Some(hot_objects),
                "calculated",
                2.0 / assumed.commit,
            ),
            object("objects, as the cold tier", None, "–", moved),
        ]
    }

    pub(super) fn requests(&self, receipts: f64) -> f64 {
        receipts * self.puts
    }

    /// For so many receipts: the instance's time, the requests, and a month of what they take.
    pub(super) fn money(&self, receipts: f64, assumed: &Assumptions) -> f64 {
        let hours = self
            .rate
            .map_or(0.0, |rate| receipts / (rate * assumed.load) / 3600.0);
        hours * assumed.instance_hour
            + self.requests(receipts) / 1e3 * assumed.put_thousand
            + receipts * self.bytes / 1e9 * self.gb_month
    }
}

/// Money a month, once as much is kept as is going to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Money {
    pub(super) instances: f64,
    pub(super) disk: f64,
    pub(super) objects: f64,
    pub(super) requests: f64,
}

/// What a rate takes: instances with SQLite each, a cold tier in objects, published logs.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) logs: u64,
    pub(super) instances: u64,
    pub(super) a_day: f64,
    pub(super) sealed_a_second: f64,
    pub(super) hot_bytes: f64,
    pub(super) hot_bytes_of_a_log: f64,
    pub(super) cold_bytes: f64,
    pub(super) cold_objects_a_day: f64,
    pub(super) epochs_a_day: f64,
    pub(super) checkpoints_a_day: f64,
    pub(super) tiles: Tiles,
    pub(super) package_bytes_a_day: f64,
    pub(super) verify_cores: f64,
    pub(super) tree_cores: f64,
    pub(super) verify_a_log_day: f64,
    pub(super) money: Money,
}

impl Plan {
    pub(super) fn of(
        rate: f64,
        signing: Signing,
        measured: &Measured,
        assumed: &Assumptions,
    ) -> Self {
        let sealed = measured.sealed_bytes.value;
        let logs = needed(rate, sqlite_rate(signing, measured, assumed) * assumed.load);
        // A log has one writer, and what measured one log had the whole machine.
        let instances = logs.saturating_add(needed(real(logs) * assumed.spare, 1.0));
        let a_day = rate * DAY;
        let hot_bytes = a_day * assumed.hot_days * measured.sqlite_bytes.value;
        let cold_bytes = a_day * assumed.cold_days * object_bytes(sealed);
        let cold_objects_a_day = objects(a_day, sealed);
        // Each segment that is moved replaces the root once more.
        let puts_a_month = (cold_objects_a_day + a_day / segment(sealed)) * MONTH / DAY;
        Self {
            logs,
            instances,
            a_day,
            sealed_a_second: rate * sealed,
            hot_bytes,
            hot_bytes_of_a_log: hot_bytes / real(logs),
            cold_bytes,
            cold_objects_a_day,
            epochs_a_day: a_day / assumed.epoch,
            checkpoints_a_day: real(logs) * DAY / assumed.checkpoint_seconds,
            tiles: tiles(a_day, sealed),
            package_bytes_a_day: a_day * measured.package_bytes.value,
            verify_cores: rate * measured.verify.value,
            tree_cores: rate * measured.tree.value,
            verify_a_log_day: a_day / real(logs) * measured.verify.value,
            money: Money {
                instances: real(instances) * MONTH / 3600.0 * assumed.instance_hour,
                disk: hot_bytes / 1e9 * assumed.disk_gb_month,
                objects: cold_bytes / 1e9 * assumed.object_gb_month,
                requests: puts_a_month / 1e3 * assumed.put_thousand,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSUMED: Assumptions = Assumptions::EXAMPLE;

    fn near(value: f64, expected: f64) {
        assert!(
            (value / expected - 1.0).abs() < 1e-9,
            "{value}, not {expected}"
        );
    }

    #[test]
    fn a_log_takes_what_was_measured_and_more_where_one_signature_serves_many() {
        let measured = Measured::example();
        near(sqlite_rate(Signing::Single, &measured, &ASSUMED), 40_000.0);
        // 25 µs, less 9.5 µs on two cores.
        let batched = sqlite_rate(Signing::Batched, &measured, &ASSUMED);
        near(batched, 1.0 / 20.25e-6);
        // It never takes less than the batch itself.
        let fast = Measured {
            many: Figure {
                value: 1e7,
                ..measured.many.clone()
            },
            ..measured
        };
        near(sqlite_rate(Signing::Batched, &fast, &ASSUMED), 2e6);
    }

    #[test]
    fn objects_and_tiles_are_those_of_the_formats() {
        // 32 segments of 4,096 and an index, and so on upwards.
        let receipts = 4096.0 * 32.0 * 31.0;
        near(objects(receipts, 400.0), 32.0 * 32.0);
        // Long receipts fill a segment by their bytes.
        near(segment(8192.0), 512.0);
        near(segment(1e9), 1.0);
        near(object_bytes(400.0), 400.0 + 62.0 + 32.0 / 15.0);
        // 255 tiles of level 0 have one of level 1 above them, in the long run.
        let tiles = tiles(256.0 * 255.0, 400.0);
        near(tiles.files, 256.0 + 2.0 * 255.0);
        near(
            tiles.bytes / (256.0 * 255.0),
            32.0 * 256.0 / 255.0 + 338.0 + 65.0,
        );
    }

    #[test]
    fn plans_grow_with_the_rate() {
        let measured = Measured::example();
        let plans = RATES.map(|rate| Plan::of(rate, Signing::Single, &measured, &ASSUMED));
        assert_eq!(plans.each_ref().map(|plan| plan.logs), [1, 5, 500]);
        assert_eq!(plans.each_ref().map(|plan| plan.instances), [2, 6, 600]);
        let [small, _, large] = &plans;
        near(small.hot_bytes, 1e3 * 86_400.0 * 7.0 * 700.0);
        near(large.hot_bytes, 1e4 * small.hot_bytes);
        near(large.verify_cores, 100.0);
        near(large.verify_a_log_day, 20_000.0 * 86_400.0 * 10e-6);
        near(small.epochs_a_day, 86.4);
        near(small.money.instances, 2.0 * 720.0 * 0.1);
        near(large.checkpoints_a_day, 500.0 * 1440.0);
    }

    #[test]
    fn tiers_have_time_requests_and_bytes_in_their_money() {
        let measured = Measured::example();
        let tiers = Tier::all(&measured, &ASSUMED);
        let named = |name: &str| {
            tiers
                .iter()
                .find(|tier| tier.name == name)
                .expect("it is there")
        };
        let sqlite = named("SQLite, 64 producers");
        near(sqlite.money(1e6, &ASSUMED), 50.0 / 3600.0 * 0.1 + 0.7 * 0.1);
        let direct = named("objects, written to directly");
        near(direct.rate.expect("a rate"), 10_240.0);
        near(direct.requests(1024.0), 2.0);
        let cold = named("objects, as the cold tier");
        near(cold.requests(4096.0), 32.0 / 31.0 + 1.0);
        assert!(cold.rate.is_none());
    }

    #[test]
    fn counts_are_whole_and_one_at_least() {
        assert_eq!(needed(0.1, 1.0), 1);
        assert_eq!(needed(5.0, 2.5), 2);
        assert_eq!(needed(5.1, 2.5), 3);
        assert_eq!(needed(1e300, 1.0), u64::MAX);
    }
}
