//! The portal through its real router.

mod alert_address;
mod approval;
mod assessments;
mod audit;
mod connect;
mod designations;
mod escalation;
mod escalation_policy;
mod events;
mod forms;
mod installations;
mod isolation;
mod matrix;
mod people;
mod policy;
mod readiness;
mod remediation;
mod security;
mod sign_in;
mod tokens;
