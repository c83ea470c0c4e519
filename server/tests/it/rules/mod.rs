//! The rules at work on real databases: evaluation, breaches, mails.

mod breach;
mod compaction;
mod figures;
mod ingest;
mod ledger;
mod mail;
mod own_outage;
mod recount;
mod slo;
mod transfer;
