//! The rules at work on real databases: evaluation, breaches, mails.

mod agreement;
mod appeals;
mod breach;
mod burn_rates;
mod compaction;
mod escalation;
mod figures;
mod flapping;
mod freezes;
mod ingest;
mod ingest_gap;
mod ledger;
mod mail;
mod mending;
mod miss;
mod own_outage;
pub(crate) mod policy;
mod readiness;
mod recount;
mod remediation;
mod slo;
mod synthetics;
mod transfer;
