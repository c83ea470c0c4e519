//! What whoever runs a server sees of it: doctor, health, figures, logs.

mod doctor;
mod figures;
mod health;
mod logs;
