//! (p, delta, k)-satisfaction and the reliability index, against what can be worked out by hand.

use ai_audit_contracts::{Contract, Kept, Satisfied, Session, State, Summary, Tally, Verdict};

/// Two soft rules, so that one broken rule is a deviation of 0.5.
fn contract(delta: f64, k: u64, window: u64) -> Contract {
    Contract::parse(&format!(
        "
name: c
version: 1
invariants:
  hard: [{{name: h, check: {{field: h, equals: true}}}}]
  soft:
    - {{name: a, check: {{field: a, equals: true}}, recovery_window: {window}}}
    - {{name: b, check: {{field: b, equals: true}}, recovery_window: {window}}}
satisfaction: {{p: 0.9, delta: {delta}, k: {k}}}
"
    ))
    .unwrap()
}

/// One letter a state: `.` compliant, `a` and `b` break that rule, `x` both, `h` the hard one.
fn state(letter: char) -> State {
    let holds = |broken: &[char]| !broken.contains(&letter);
    let (a, b, h) = (holds(&['a', 'x']), holds(&['b', 'x']), holds(&['h']));
    State::parse(&format!(r#"{{"a": {a}, "b": {b}, "h": {h}}}"#)).unwrap()
}

fn kept(contract: &Contract, letters: &str) -> Kept {
    let mut session = Session::new(contract);
    for letter in letters.chars() {
        session.push(&contract.evaluate(&state(letter)));
    }
    session.kept()
}

fn tally(contract: &Contract, sessions: &[&str]) -> Summary {
    let mut tally = Tally::new(contract);
    for (number, letters) in sessions.iter().enumerate() {
        for letter in letters.chars() {
            let found = contract.evaluate(&state(letter));
            tally.push(&number.to_string(), &found).unwrap();
        }
    }
    tally.summary()
}

#[test]
fn recovery_within_k_states_is_tracked() {
    let contract = contract(0.0, 2, 3);
    for (letters, expected) in [
        ("", Kept::Yes),
        ("....", Kept::Yes),
        (".a.", Kept::Yes),
        (".aa.", Kept::Yes),
        (".aaa.", Kept::No),
        // The two together are above delta all the time, though each is back at once.
        (".aba.", Kept::No),
        (".aaa", Kept::No),
        (".aa", Kept::Open),
        (".a", Kept::Open),
        (".a.aa.a.", Kept::Yes),
        (".h.", Kept::No),
        (".ah", Kept::No),
    ] {
        assert_eq!(kept(&contract, letters), expected, "{letters}");
    }
}

#[test]
fn a_deviation_of_delta_is_allowed() {
    let contract = contract(0.5, 1, 3);
    for (letters, expected) in [
        ("aaaa", Kept::Yes),
        ("axa", Kept::Yes),
        ("axxa", Kept::No),
        ("ax", Kept::Open),
    ] {
        assert_eq!(kept(&contract, letters), expected, "{letters}");
    }
    let third = Contract::parse(
        "{name: c, version: 1, satisfaction: {p: 0.9, delta: 0.3333333333333333, k: 1}, invariants: {soft: [
          {name: a, check: {field: a, equals: true}}, {name: b, check: {field: b, equals: true}},
          {name: c, check: {field: c, equals: true}}]}}",
    )
    .unwrap();
    let mut session = Session::new(&third);
    for _ in 0..5 {
        let state = State::parse(r#"{"a": true, "b": true, "c": false}"#).unwrap();
        session.push(&third.evaluate(&state));
    }
    assert_eq!(session.kept(), Kept::Yes);
}

#[test]
fn episodes_of_each_rule_have_their_own_window() {
    let contract = contract(1.0, 1, 2);
    let found = tally(&contract, &["a.aa.aaaa.", "bx.a"]);
    let a = found.soft_rules["a"];
    assert_eq!((a.in_time, a.late, a.open, a.longest), (3, 1, 1, 4));
    let b = found.soft_rules["b"];
    assert_eq!((b.in_time, b.late, b.open, b.longest), (1, 0, 0, 2));
}

#[test]
fn sessions_have_bounds_and_the_bounds_decide() {
    let contract = contract(0.0, 1, 1);
    let good = vec!["..a."; 36];
    let found = tally(&contract, &good);
    assert_eq!((found.sessions, found.kept, found.open), (36, 36, 0));
    // 0.025^(1/36) = 0.9026: above 0.9; of 35 it is 0.8999.
    assert!((found.probability.lower - 0.025_f64.powf(1.0 / 36.0)).abs() < 1e-9);
    assert_eq!(found.satisfaction, Satisfied::Satisfied);
    assert_eq!(
        tally(&contract, &good[1..]).satisfaction,
        Satisfied::Undecided
    );
    let mut mixed = good.clone();
    mixed.extend(["..a"; 4]);
    let found = tally(&contract, &mixed);
    assert_eq!(
        (found.kept, found.open, found.satisfaction),
        (36, 4, Satisfied::Undecided)
    );
    assert_eq!(found.probability.upper, 1.0);
    let found = tally(&contract, &["h", "h", "h", ".", ".", "h"]);
    assert_eq!((found.kept, found.without_breach), (2, 2));
    assert_eq!(found.satisfaction, Satisfied::Violated);
}

#[test]
fn theta_is_what_its_formula_says() {
    let contract = contract(0.0, 1, 1);
    let found = tally(&contract, &["..a.", ".aa.", "...h"]);
    let index = found.reliability;
    // Three states with two of three rules, one with two of three too.
    let compliance = (8.0 + 4.0 * 2.0 / 3.0) / 12.0;
    assert!((index.compliance - compliance).abs() < 1e-12);
    // One hard breach and two episodes in three sessions; one of the two is late.
    assert_eq!((index.events, index.recovery), (1.0, 0.5));
    let expected = 0.35 * compliance + 0.25 * (1.0 - index.drift) + 0.2 * 0.5 + 0.2 * 0.5;
    assert!((index.theta - expected).abs() < 1e-12);
    assert!(index.drift > 0.0 && index.drift < 0.5);
    assert_eq!(tally(&contract, &[]).reliability.theta, 1.0);
}

#[test]
fn interleaved_sessions_are_kept_apart() {
    let contract = contract(0.0, 1, 1);
    let mut tally = Tally::new(&contract);
    assert_eq!(tally.worst(), Verdict::Compliant);
    for (session, letter) in [("1", 'a'), ("2", 'a'), ("1", '.'), ("2", '.'), ("2", '.')] {
        let found = contract.evaluate(&state(letter));
        tally.push(session, &found).unwrap();
    }
    assert_eq!(
        (
            tally.states_of("1"),
            tally.states_of("2"),
            tally.states_of("3")
        ),
        (2, 3, 0)
    );
    assert_eq!(tally.worst(), Verdict::SoftViolation);
    assert_eq!(tally.summary().kept, 2);
}
