//! The rules at work on real databases: evaluation, breaches, mails.

mod breach;
mod compaction;
mod figures;
mod ingest;
mod mail;
mod miss;
mod own_outage;
pub(crate) mod policy;
mod slo;
mod transfer;
