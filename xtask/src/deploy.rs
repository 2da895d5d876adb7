//! How it is run: the unit of systemd is held to its own tools, the image is built and tried.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::release;
use crate::shell::{Cmd, Show};
use crate::tools;
use crate::workspace::Workspace;

const UNIT: &str = "docs/deploy/ai-audit.service";
const PROGRAM: &str = "/usr/local/bin/ai-audit";
/// Of `systemd-analyze security`, in tenths: 0 is a process that may do nothing, 100 one that may do all.
const EXPOSURE: &str = "15";
/// Where the certificates of public authorities are on Debian and its kin.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
const IMAGE: &str = "ai-audit";

/// Holds the unit to what systemd says of it, or says why not.
///
/// # Errors
/// When systemd finds a mistake, or more left open than the bound.
pub(crate) fn unit(workspace: &Workspace) -> Result<Option<String>> {
    if !tools::there(workspace, "systemd-analyze") {
        return Ok(Some("SKIPPED: the unit: systemd-analyze is absent".into()));
    }
    let text = fs::read_to_string(workspace.root.join(UNIT)).context(UNIT)?;
    ensure!(text.contains(PROGRAM), "{UNIT} does not run {PROGRAM}");
    // A unit whose program is not there is none, and here it need not be installed.
    let there = std::env::current_exe()?;
    let text = text.replace(PROGRAM, &there.display().to_string());
    let folder = workspace.target.join("deploy");
    fs::create_dir_all(&folder)?;
    let file = folder.join("ai-audit.service");
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    let said = Cmd::new(workspace, "sh")
        .args(["-c", "systemd-analyze verify \"$0\" 2>&1"])
        .arg(&file)
        .read()?;
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("ai-audit"))
        .collect();
    ensure!(ours.is_empty(), "{UNIT}: systemd says {ours:?}");
    let mut last = String::new();
    Cmd::new(workspace, "systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(format!("--threshold={EXPOSURE}"))
        .arg(&file)
        .run_lines(|line| {
            if line.contains("Overall exposure") {
                line.clone_into(&mut last);
            }
            Show::No
        })
        .with_context(|| format!("{UNIT} leaves too much open: {last}"))?;
    println!("unit: {}", last.trim_start_matches(['→', ' ']));
    Ok(None)
}

/// Builds the image of the static program, and has it open a log and verify it.
///
/// # Errors
/// When it cannot be built, or does not do that.
pub(crate) fn image(workspace: &Workspace, small: bool) -> Result<Option<String>> {
    let program = match release::static_program(workspace, small)? {
        Ok(program) => program,
        Err(skipped) => return Ok(Some(skipped)),
    };
    let context = workspace.target.join("image");
    if context.exists() {
        fs::remove_dir_all(&context).with_context(|| context.display().to_string())?;
    }
    fs::create_dir_all(context.join("audit"))?;
    let copy = |from: &Path, to: &str| {
        fs::copy(from, context.join(to)).with_context(|| from.display().to_string())
    };
    copy(&program, "ai-audit")?;
    copy(Path::new(AUTHORITIES), "ca-certificates.crt")?;
    copy(&workspace.root.join("docs/deploy/Dockerfile"), "Dockerfile")?;
    let shown = workspace.relative(&context);
    println!("laid out in {shown}; with docker or podman: docker build -t {IMAGE} {shown}");
    if !tools::there(workspace, "buildah") {
        let installed = tools::debian(workspace, &["buildah"]);
        if installed.is_err() || !tools::there(workspace, "buildah") {
            return Ok(Some(
                "SKIPPED: the image: buildah is missing; install it with: apt-get install buildah"
                    .into(),
            ));
        }
    }
    // Needs nothing of the kernel that a container itself may lack.
    let buildah = || Cmd::new(workspace, "buildah").args(["--storage-driver", "vfs"]);
    buildah()
        .args(["build", "--isolation", "chroot", "--tag", IMAGE])
        .arg(&context)
        .run()?;
    let container = buildah()
        .args(["from", "--pull-never", IMAGE])
        .read()?
        .trim()
        .to_owned();
    let tried = try_out(&|args: &[&str]| {
        buildah()
            .args([
                "run",
                "--isolation",
                "chroot",
                &container,
                "--",
                "/ai-audit",
            ])
            .args(args)
            .run()
    });
    buildah().args(["rm", &container]).run()?;
    tried?;
    Ok(None)
}

/// As the image's user: a log is opened in the volume, written to, and verified.
fn try_out(run: &dyn Fn(&[&str]) -> Result<()>) -> Result<()> {
    run(&["init", "/audit/log", "--name", "example.org/image"])?;
    run(&["token", "create", "/audit/log", "--scope", "append"])?;
    run(&["checkpoint", "/audit/log", "-o", "/audit/kept.note"])?;
    run(&[
        "verify",
        "/audit/log",
        "--key",
        "/audit/log/log.pub",
        "--checkpoint",
        "/audit/kept.note",
    ])
}
