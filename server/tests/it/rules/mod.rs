//! The rules at work on real databases: evaluation, breaches, mails.

mod agreement;
mod breach;
mod compaction;
mod figures;
mod ingest;
mod mail;
mod own_outage;
mod slo;
mod transfer;
