//! The measurement policy, for everybody who is signed in, and its editor.

use rampart_app::model::{PolicyEditor, PolicyPage, PolicyVersion, SliRules, VersionStanding};
use rampart_domain::{
    access::{Action, Actor},
    policy::{MeasurementPolicy, Policies},
};

use super::super::{
    Result, Service,
    access::require,
    policies::{changes, rows},
};
use crate::store::policies::{self, Version};

impl Service {
    pub(super) async fn measurement_policy_page(&self, actor: &Actor) -> Result<PolicyPage> {
        let history = policies::history(&self.store.portal).await?;
        let policies = Policies::new(history.iter().map(|v| v.published).collect());
        let now = self.clock.minute();
        let holds = policies.at(now);
        let planned: Vec<u32> = policies.planned(now).iter().map(|p| p.policy.version).collect();
        let standard = MeasurementPolicy::standard();
        let versions: Vec<PolicyVersion> = history
            .iter()
            .enumerate()
            .map(|(i, version)| {
                let before = history.get(i + 1).map_or(&standard, |v| &v.published.policy);
                let this = &version.published;
                let standing = if this.policy.version == holds.version {
                    VersionStanding::Holds
                } else if planned.contains(&this.policy.version) {
                    VersionStanding::Planned
                } else if policies.at(this.starts).version == this.policy.version {
                    VersionStanding::Earlier
                } else {
                    VersionStanding::Replaced
                };
                shown(version, before, standing)
            })
            .collect();
        let mut planned: Vec<PolicyVersion> = versions
            .iter()
            .filter(|v| v.standing == VersionStanding::Planned)
            .cloned()
            .collect();
        planned.sort_by_key(|v| v.starts);
        Ok(PolicyPage {
            version: holds.version,
            since: versions
                .iter()
                .find(|v| v.standing == VersionStanding::Holds)
                .map(|v| v.starts),
            rules: rules(holds),
            planned,
            versions,
            may_publish: actor.may_everywhere(Action::ManagePolicies),
        })
    }

    pub(super) async fn policy_editor_page(&self, actor: &Actor) -> Result<PolicyEditor> {
        require(actor, Action::ManagePolicies)?;
        let policies = self.policies().await?;
        let latest = policies.latest();
        let planned = policies.planned(self.clock.minute());
        Ok(PolicyEditor {
            base: latest.version,
            rules: rules(latest),
            starts: planned
                .iter()
                .find(|p| p.policy.version == latest.version)
                .map(|p| p.starts.start()),
        })
    }
}

fn rules(policy: &MeasurementPolicy) -> Vec<SliRules> {
    rows(policy)
        .map(|(sli, policy)| SliRules { sli, policy: *policy })
        .collect()
}

fn shown(version: &Version, before: &MeasurementPolicy, standing: VersionStanding) -> PolicyVersion {
    PolicyVersion {
        version: u64::from(version.published.policy.version),
        starts: version.published.starts.start(),
        by: version.by.clone(),
        at: version.at,
        reason: version.reason.clone(),
        changes: changes(before, &version.published.policy),
        standing,
    }
}
