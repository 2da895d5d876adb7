//! Real conversations: recorded, verified, exported, verified again.

use crate::run::Place;

#[test]
fn tau_bench_goes_all_the_way() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/corpora/tau-bench/historical_trajectories/gpt-4o-airline.json"
    );
    if !std::path::Path::new(path).exists() {
        println!("SKIPPED: tau-bench: ../shared is absent");
        return;
    }
    let place = Place::new();
    let args = [
        "record",
        "audit",
        path,
        "--format",
        "openai-messages",
        "--messages-at",
        "traj",
        "--json",
    ];
    let done = place.run(&args).good().json();
    assert_eq!(
        (
            &done["decisions"],
            &done["tool_intents"],
            &done["tool_outcomes"]
        ),
        (&2454.into(), &1164.into(), &1164.into())
    );
    place
        .run(&["checkpoint", "audit", "-o", "kept.note"])
        .good();
    place.run(&["export", "audit", "-o", "p.zip"]).good();
    let done = place
        .run(&[
            "verify",
            "p.zip",
            "--key",
            "audit/log.pub",
            "--checkpoint",
            "kept.note",
            "--json",
        ])
        .good();
    assert!(
        done.json()["open_tool_intents"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}
