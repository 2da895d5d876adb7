//! The pages of docs/quickstarts, run as they stand.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

/// One page, and what is different here from what it says.
#[derive(Debug)]
pub struct Quickstart {
    script: String,
    env: Vec<(&'static str, OsString)>,
}

impl Quickstart {
    /// The blocks of shell of `docs/quickstarts/NAME.md`, one after the other. The first command that fails ends
    /// them, and what they left in `SERVER` is killed.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/quickstarts");
        let page = fs::read_to_string(docs.join(format!("{name}.md"))).unwrap();
        let mut script =
            String::from("set -euo pipefail\ntrap 'kill ${SERVER:-} 2> /dev/null || true' EXIT\n");
        let blocks = page.split("\n```sh\n").skip(1);
        assert!(blocks.clone().count() > 0, "{name} has no commands");
        for block in blocks {
            script.push_str(block.split("\n```").next().unwrap());
            script.push('\n');
        }
        Self {
            script,
            env: Vec::new(),
        }
    }

    /// Something that may be taken on this machine, and what stands in its place.
    #[must_use]
    pub fn replaced(mut self, written: &str, here: &str) -> Self {
        assert!(self.script.contains(written), "{written}");
        self.script = self.script.replace(written, here);
        self
    }

    /// A variable of the environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Runs it in a folder, without our settings in the environment and with the folder of `program` before others
    /// in the search path. Gives what it said; it ends well, and in time.
    #[must_use]
    pub fn run(self, folder: &Path, program: &Path) -> String {
        assert!(program.exists(), "{}", program.display());
        let first = program.parent().unwrap().to_path_buf();
        let others = env::var_os("PATH").unwrap();
        let path = [first].into_iter().chain(env::split_paths(&others));
        // What waits for a server that never comes would wait for ever.
        let mut command = Command::new("timeout");
        command
            .args(["400", "bash", "-c", &self.script])
            .current_dir(folder);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("AI_AUDIT_") {
                command.env_remove(name);
            }
        }
        let output = command
            .env_remove("COLUMNS")
            .env("PATH", env::join_paths(path).unwrap())
            .env("HOME", folder)
            .envs(self.env)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let cried = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{cried}");
        said
    }
}
