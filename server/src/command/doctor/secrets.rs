use super::{Finding, database::Databases};
use crate::{
    config,
    store::{self, installations},
};

const CHECK: &str = "secrets";

/// Whether shared secrets can be kept, and those that are there be read.
pub(super) async fn check(secrets: &config::Secrets, databases: &Databases) -> [Finding; 1] {
    let Some(key) = &secrets.key else {
        return [Finding::warning(
            CHECK,
            "no key is set: no installation can be added, so that apps can publish nothing",
            "write the output of `openssl rand -base64 32` to a file that only the server can read, and set secrets.key_file",
        )];
    };
    let sealed_by_others: store::Result<i64> = match databases.portal() {
        Some(portal) => installations::sealed_by_others(portal, key.id()).await,
        None => Ok(0),
    };
    [match sealed_by_others {
        Ok(0) => Finding::ok(CHECK, format!("secrets are encrypted under the key {}", key.id())),
        Ok(count) => Finding::error(
            CHECK,
            format!(
                "{count} stored secrets were encrypted under another key than {}",
                key.id()
            ),
            "set the key that was set when they were stored; secrets whose key is lost have to be replaced",
        ),
        Err(error) => Finding::error(CHECK, format!("it cannot be seen: {error}"), "see the database above"),
    }]
}
