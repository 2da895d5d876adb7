//! A file with passwords, in the form of PostgreSQL's: `host:port:database:user:password`, a line each.
//!
//! A password goes to nobody else than whom its line names. Settings that a stranger wrote could otherwise
//! name a file of ours and a server of his.

use super::address::{Login, StoreAddress};
use crate::DirectoryError;
use crate::durable::plain;
use crate::error::io_at;
use crate::key_files::read_secret;
use std::path::Path;
use zeroize::Zeroizing;

/// The password of a file for an address. All hosts of the address must have the same.
pub(super) fn find(
    file: &Path,
    address: &StoreAddress,
    private_only: bool,
) -> Result<String, DirectoryError> {
    // A stranger's settings may name it.
    plain(file).map_err(io_at(file))?;
    let text = read_secret(file, private_only)?;
    let wrong = |what: String| DirectoryError::Key {
        path: file.into(),
        what,
    };
    let mut found: Option<Zeroizing<String>> = None;
    for login in address.logins() {
        let password = text.lines().find_map(|line| of(line, &login));
        let password = password.ok_or_else(|| DirectoryError::NoLine {
            path: file.into(),
            login: login.to_string(),
        })?;
        if found.as_ref().is_some_and(|found| *found != password) {
            return Err(wrong(format!(
                "the hosts of {address} have different passwords there; expected one for all"
            )));
        }
        found = Some(password);
    }
    found
        .map(|password| (*password).clone())
        .ok_or_else(|| wrong("the address has no host".into()))
}

/// The password of a line that is for this login.
fn of(line: &str, login: &Login) -> Option<Zeroizing<String>> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields: [Zeroizing<String>; 5] = Default::default();
    let mut at = 0;
    let mut characters = line.trim_end_matches('\r').chars();
    while let Some(c) = characters.next() {
        let c = match c {
            '\\' => characters.next()?,
            // What is behind the fourth is the password.
            ':' if at < 4 => {
                at += 1;
                continue;
            }
            c => c,
        };
        fields.get_mut(at)?.push(c);
    }
    let [host, port, database, user, password] = fields;
    let fits = |field: &str, value: &str| field == "*" || field == value;
    let it = at == 4
        && !password.is_empty()
        && fits(&host, &login.host)
        && fits(&port, &login.port)
        && fits(&database, &login.database)
        && fits(&user, &login.user);
    it.then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_password_goes_to_whom_its_line_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passwords");
        fs::write(
            &file,
            "# ours\ndb.example.org:5432:audit:writer:hunter2\n\
             db.example.org:5432:audit:eraser:with\\:colon\\\\and:more\r\n*:6379:*:*:any\n::1:1:2\n\nempty:5432:a:b:\n",
        )
        .unwrap();
        let find = |address: &str| {
            let address = StoreAddress::parse(address).unwrap();
            find(&file, &address, false)
        };
        assert_eq!(
            find("postgres://writer@db.example.org/audit").unwrap(),
            "hunter2"
        );
        assert_eq!(
            find("postgres://eraser@db.example.org:5432/audit").unwrap(),
            "with:colon\\and:more"
        );
        assert_eq!(find("redis://cache/4").unwrap(), "any");
        for other in [
            "postgres://writer@evil.example/audit",
            "postgres://writer@db.example.org:5433/audit",
            "postgres://writer@db.example.org/other",
            "postgres://other@db.example.org/audit",
            "postgres://writer@db.example.org,evil.example/audit",
            "postgres://b@empty/a",
        ] {
            let error = find(other).unwrap_err().to_string();
            assert!(
                error.contains("no line is for") && !error.contains("hunter2"),
                "{other}: {error}"
            );
        }
    }
}
