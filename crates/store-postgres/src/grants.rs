//! What roles may do.

use crate::error::invalid;
use crate::link::{Link, Purpose, Target};
use crate::options::Options;
use ai_audit_store::StoreError;

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// To read everything.
    Read,
    /// To read, and to append. It can change and delete nothing of a log. What it can change is leases, and where the
    /// writer is reached: no log hangs on them.
    Append,
    /// To read, to delete the bytes of receipts that are no control receipts, to put them back, and to
    /// delete ciphertexts. It can append nothing and take no row away.
    Erase,
}

/// Gives a role these rights on the tables, and takes all others on them away. The role must be there:
/// who makes roles and passwords is the administrator's matter.
///
/// # Errors
///
/// Where the server refuses, such as for a role that is not there or an address that is not the owner's.
pub fn grant(owner: &str, options: &Options, role: &str, rights: Rights) -> Result<(), StoreError> {
    if role.is_empty() || role.contains('\0') {
        return Err(invalid(format!(
            "role {role:?}: expected the name of a role"
        )));
    }
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let schema = options.schema.clone();
    let more = match rights {
        Rights::Read => "",
        Rights::Append => {
            "GRANT UPDATE (holder, changes, length, fence, changed_at) ON leases TO {role};
             GRANT UPDATE (address, pid, since) ON writer TO {role};
             GRANT INSERT ON logs, receipts, nodes, ciphertexts, checkpoints, leases, writer TO "
        }
        Rights::Erase => {
            "GRANT UPDATE (sealed, trace_id, session_id) ON receipts TO {role};
             GRANT INSERT, DELETE ON ciphertexts TO "
        }
    };
    let more = match more {
        "" => String::new(),
        more => format!("{}{role};", more.replace("{role}", &role)),
    };
    let mut link = Link::new(Target::new(owner, options)?, Purpose::Own);
    link.once("granting rights", |client| {
        // One message is one transaction.
        client.batch(&format!(
            "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
             GRANT USAGE ON SCHEMA {schema} TO {role};
             GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
             {more}"
        ))?;
        Ok(())
    })
}
