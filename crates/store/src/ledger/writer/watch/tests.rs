//! Off is nothing; on is heard once.

use super::*;
use ai_audit_core::Head;
use std::sync::Mutex;

fn commit(watch: &mut Watch, batches: &[Batch<'_>]) {
    watch.begin();
    watch.sealed(batches);
    watch.stored(true);
    watch.tell();
    watch.end();
}

#[test]
fn without_an_observer_nothing_is_allocated_and_no_time_is_taken() {
    let log = LogName::default();
    let batch = Batch {
        log: &log,
        expected: &Head::EMPTY,
        receipts: &[],
    };
    let mut watch = Watch::new(None);
    let used = allocation_counter::measure(|| {
        for _ in 0..1000 {
            commit(&mut watch, &[batch]);
        }
    });
    assert_eq!(used.count_total, 0);
    assert!(watch.begun.is_none() && watch.sealed.is_none() && watch.stored.is_none());
}

#[derive(Default)]
struct Heard(Mutex<Vec<(u64, Duration, Duration, bool)>>);

impl LedgerObserver for Heard {
    fn committed(&self, commit: &Commit<'_>) {
        let receipts = commit.logs.iter().map(|(_, receipts)| receipts).sum();
        let one = (receipts, commit.sealing, commit.storing, commit.stored);
        self.0.lock().unwrap().push(one);
    }

    fn taken_over(&self, _: &LogName) {}
}

#[test]
fn an_observer_hears_of_each_commit_once_with_the_time_of_each_part() {
    let heard = Arc::new(Heard::default());
    let mut watch = Watch::new(Some(Arc::clone(&heard) as Arc<dyn LedgerObserver>));
    let wait = Duration::from_millis(5);
    watch.begin();
    std::thread::sleep(wait);
    // Again, where a group is committed by itself: the time counts on.
    watch.begin();
    watch.sealed(&[]);
    watch.stored(false);
    watch.tell();
    watch.sealed(&[]);
    std::thread::sleep(wait);
    watch.stored(true);
    watch.tell();
    watch.end();
    let heard = heard.0.lock().unwrap();
    let [first, second] = heard[..] else {
        panic!("{heard:?}");
    };
    assert!(first.1 >= wait && !first.3, "{first:?}");
    assert!(
        second.1 < wait && second.2 >= wait && second.3,
        "{second:?}"
    );
}
