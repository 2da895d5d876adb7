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
    traces(&place);
    taint(&place);
}

/// Each conversation is a trace of its own, whole.
fn traces(place: &Place) {
    let listed = ["trace", "list", "audit", "-n", "1000", "--json"];
    let listed = place.run(&listed).good().json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 200);
    let (mut steps, mut edges, mut deepest) = (0, 0, 0);
    for trace in listed {
        let trace = trace["trace"].as_str().unwrap();
        let graph = place.run(&["trace", "show", "audit", trace, "--json"]);
        let graph = graph.good().json();
        let none = |name: &str| graph[name].as_array().unwrap().is_empty();
        assert!(none("problems") && none("outside"), "{trace}");
        steps += graph["steps"].as_u64().unwrap();
        edges += graph["edges"].as_u64().unwrap();
        deepest = deepest.max(graph["depth"].as_u64().unwrap());
    }
    assert_eq!((steps, edges, deepest), (4782, 5695, 84));
}

/// What is changed there follows from tool results of which nobody says anything; who trusts the
/// look-ups is left with what follows from earlier changes; who trusts all finds nothing.
fn taint(place: &Place) {
    let changes = [
        "book_reservation",
        "cancel_reservation",
        "send_certificate",
        "update_reservation_baggages",
        "update_reservation_flights",
        "update_reservation_passengers",
    ];
    let lookups = [
        "calculate",
        "get_reservation_details",
        "get_user_details",
        "list_all_airports",
        "search_direct_flight",
        "search_onestop_flight",
        "think",
    ];
    let found = |trusted: &[&str]| {
        let mut args: Vec<String> = ["trace", "taint", "audit", "--json"]
            .map(String::from)
            .into();
        args.extend(
            changes
                .iter()
                .flat_map(|tool| ["--privileged".into(), (*tool).into()]),
        );
        args.extend(
            trusted
                .iter()
                .flat_map(|tool| ["--trust".into(), format!("{tool}=90")]),
        );
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let told = place.run(&args).json();
        let count = |name: &str| told[name].as_u64().unwrap();
        let findings = told["findings"].as_array().unwrap().len();
        (count("privileged"), findings, count("tainted_traces"))
    };
    let (privileged, findings, _) = found(&[]);
    assert_eq!((privileged, findings), (250, 249));
    assert_eq!(found(&lookups).1, 132);
    assert_eq!(found(&[&changes[..], &lookups[..]].concat()), (250, 0, 0));
}
