//! Runs at random: sizes of receipts, visits of the host, power cuts, one after the other.

use ai_audit_firmware::Now;
use proptest::prelude::*;

use crate::common::{FULL, Host, decide, visit, with_device};
use crate::flash::Nor;

#[derive(Debug, Clone)]
enum Event {
    /// A decision with a model's name of so many bytes.
    Decide(usize),
    /// The host takes what is there, and says so or does not.
    Visit,
    Stop,
    /// The power is cut after so many steps more, within one of them: which of the states that leaves.
    Cut(usize, usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..450_usize).prop_map(Event::Decide),
        2 => Just(Event::Visit),
        1 => Just(Event::Stop),
        2 => (0..200_usize, 0..64_usize).prop_map(|(steps, which)| Event::Cut(steps, which)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_durable_is_lost(events in prop::collection::vec(event(), 1..60), sectors in 5..9_usize) {
        let mut host = Host::default();
        let mut durable = 0;
        let mut flash = Nor::<4>::new(sectors);
        let mut events = events.into_iter();
        let mut going = true;
        let mut torn = 0;
        while going {
            flash.tear(torn);
            flash.journal.clear();
            let worked = with_device(&mut flash, |device| {
                assert!(device.ring().damage().is_none());
                assert!(device.ring().head().size() >= durable);
                loop {
                    let done = match events.next() {
                        Some(Event::Decide(len)) => decide(device, &"m".repeat(len)).map(drop),
                        Some(Event::Visit) => {
                            let _ = visit(device, &mut host);
                            Ok(())
                        }
                        Some(Event::Stop) => device.stop("", Now::SinceStart(1)).map(drop),
                        Some(Event::Cut(steps, which)) => {
                            torn = which;
                            device.ring().flash().left = Some(steps);
                            Ok(())
                        }
                        None => return false,
                    };
                    match done {
                        Ok(()) => durable = device.ring().head().size(),
                        Err(why) if why == FULL => {}
                        Err(_) => return true,
                    }
                }
            });
            going = worked.expect("it starts");
        }
        flash.tear(torn);
        with_device(&mut flash, |device| {
            assert!(device.ring().damage().is_none());
            visit(device, &mut host).unwrap();
            decide(device, "at last").unwrap();
            visit(device, &mut host).unwrap();
        })
        .expect("it starts");
        prop_assert!(host.verify().size() > durable);
    }
}
