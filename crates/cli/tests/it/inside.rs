//! Parts of the program that cannot be made to go wrong from outside: signals at the worst moment, threads that break off.

// The program is no library that a test could ask.
#[cfg(unix)]
#[path = "../../src/signals.rs"]
#[allow(dead_code, reason = "the program uses all of it")]
mod signals;
#[path = "../../src/commands/serve/routing/telling.rs"]
mod telling;

use std::sync::mpsc;
use telling::Telling;

/// Says to the test program that it is the child which is sent a signal.
#[cfg(unix)]
const CHILD: &str = "TESTS_SENT_A_SIGNAL";

/// Where it came too soon, it would end the process: one of its own, since who listens once does not end by signals.
#[cfg(unix)]
#[test]
fn a_signal_that_comes_right_after_the_call_is_heard_by_all_who_wait_for_it() {
    if std::env::var_os(CHILD).is_none() {
        let name =
            "inside::a_signal_that_comes_right_after_the_call_is_heard_by_all_who_wait_for_it";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact"])
            .env(CHILD, "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let asked = signals::Asked::listen().unwrap();
    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &std::process::id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(asked.clone().wait());
    assert!(asked.is_so());
    runtime.block_on(asked.wait());
}

/// As a second Ctrl-C does: who was asked once is at work on its end, which may take longer than somebody waits.
#[cfg(unix)]
#[test]
fn a_second_signal_ends_the_process_at_once() {
    if std::env::var_os(CHILD).is_none() {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "inside::a_second_signal_ends_the_process_at_once",
                "--exact",
            ])
            .env(CHILD, "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert_eq!(child.status.code(), Some(130), "{said}");
        return;
    }
    let (tell, heard) = mpsc::channel();
    signals::then(move || tell.send(()).unwrap()).unwrap();
    let send = |name: &str| {
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &std::process::id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    };
    send("TERM");
    heard.recv().unwrap();
    send("INT");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn a_thread_that_breaks_off_is_heard_as_one_that_ends() {
    let (to, outcomes) = mpsc::channel();
    let (done, broken) = (Telling::of(&to), Telling::of(&to));
    done.says(Ok(7));
    assert_eq!(outcomes.recv().unwrap().unwrap(), 7);
    drop(broken);
    let error = outcomes.recv().unwrap().unwrap_err().to_string();
    assert!(error.contains("broke off"), "{error}");
}
