//! What each form does: authorise and act through the service, then say where to go.

mod account;
mod approval;
mod apps;
mod breaches;
mod escalation;
mod installations;
mod ledger;
mod mail;
mod partners;
mod people;
mod policies;
mod readiness;
mod remediation;
mod sign_in;
mod tokens;

use super::form::{Form, Forms};

/// Every form of the portal: id, what it is posted to, and the page it stands on.
pub(super) fn all() -> Forms {
    let form = |id, action, page| Form {
        id,
        action,
        page,
        public: false,
    };
    let public = |id, action| Form {
        id,
        action,
        page: action,
        public: true,
    };
    Forms::default()
        .with(public("sign-in", "/sign-in"), sign_in::sign_in)
        .with(
            public("accept-invitation", "/invitation/{token}"),
            sign_in::accept_invitation,
        )
        .with(
            public("confirm-alert-address", "/alert-address/{token}"),
            sign_in::confirm_alert_address,
        )
        .with(
            Form {
                page: "/sign-in",
                ..public("sign-out", "/sign-out")
            },
            account::sign_out,
        )
        .with(
            form("change-password", "/account/password", "/account"),
            account::change_password,
        )
        .with(
            form("sign-out-everywhere", "/account/sign-out-everywhere", "/account"),
            account::sign_out_everywhere,
        )
        .with(
            form("revoke-{session}", "/account/sessions/{session}/revoke", "/account"),
            account::revoke_session,
        )
        .with(form("new-app", "/apps/new", "/apps/new"), apps::register)
        .with(
            form("app-details", "/apps/{key}/settings", "/apps/{key}/settings"),
            apps::change_details,
        )
        .with(
            form("health-check", "/apps/{key}/health-check", "/apps/{key}/settings"),
            apps::change_health_check,
        )
        .with(
            form("excluded-sites", "/apps/{key}/excluded-sites", "/apps/{key}/settings"),
            apps::change_excluded_sites,
        )
        .with(
            form(
                "burn-rate-alerts",
                "/apps/{key}/burn-rate-alerts",
                "/apps/{key}/settings",
            ),
            apps::switch_burn_rate_alerts,
        )
        .with(
            form("test-health-check", "/apps/{key}/test", "/apps/{key}/settings"),
            apps::test_health_check,
        )
        .with(
            form("alert-address", "/apps/{key}/alert-address", "/apps/{key}/settings"),
            apps::request_alert_address,
        )
        .with(
            form(
                "resend-drill",
                "/apps/{key}/alert-address/resend",
                "/apps/{key}/settings",
            ),
            apps::resend_drill,
        )
        .with(
            form("start-measuring", "/apps/{key}/measuring/start", "/apps/{key}"),
            apps::start_measuring,
        )
        .with(
            form("stop-measuring", "/apps/{key}/measuring/stop", "/apps/{key}"),
            apps::stop_measuring,
        )
        .with(
            form("archive-app", "/apps/{key}/archive", "/apps/{key}/settings"),
            apps::archive,
        )
        .with(
            form("restore-app", "/apps/{key}/restore", "/apps/{key}/settings"),
            apps::restore,
        )
        .with(
            form(
                "new-installation",
                "/apps/{key}/installations/new",
                "/apps/{key}/settings",
            ),
            installations::create,
        )
        .with(
            form(
                "rotate-{installation}",
                "/apps/{key}/installations/{installation}/rotate",
                "/apps/{key}/settings",
            ),
            installations::rotate,
        )
        .with(
            form(
                "modules-{installation}",
                "/apps/{key}/installations/{installation}/modules",
                "/apps/{key}/settings",
            ),
            installations::change_module_types,
        )
        .with(
            form(
                "end-{installation}",
                "/apps/{key}/installations/{installation}/end",
                "/apps/{key}/settings",
            ),
            installations::end,
        )
        .with(
            form(
                "assess-breach",
                "/apps/{key}/breaches/{incident}/assessment",
                "/apps/{key}/breaches/{incident}",
            ),
            breaches::assess,
        )
        .with(
            form(
                "withdraw-assessment",
                "/apps/{key}/breaches/{incident}/assessment/withdraw",
                "/apps/{key}/breaches/{incident}",
            ),
            breaches::withdraw,
        )
        .with(
            form(
                "decide-{act}",
                "/apps/{key}/escalation/decide/{act}",
                "/apps/{key}/escalation",
            ),
            escalation::decide,
        )
        .with(
            form("answers", "/apps/{key}/readiness/answers", "/apps/{key}/readiness"),
            readiness::answer,
        )
        .with(
            form("answers", "/apps/{key}/readiness/submit", "/apps/{key}/readiness"),
            readiness::submit,
        )
        .with(
            form(
                "review",
                "/apps/{key}/readiness/review/{number}/answers",
                "/apps/{key}/readiness/review",
            ),
            readiness::review,
        )
        .with(
            form(
                "review",
                "/apps/{key}/readiness/review/{number}/accept-others",
                "/apps/{key}/readiness/review",
            ),
            readiness::accept_others,
        )
        .with(
            form(
                "review",
                "/apps/{key}/readiness/review/{number}/decide",
                "/apps/{key}/readiness/review",
            ),
            readiness::decide,
        )
        .with(
            form(
                "announce-withdrawal",
                "/apps/{key}/readiness/withdrawal",
                "/apps/{key}/readiness",
            ),
            readiness::announce_withdrawal,
        )
        .with(
            form(
                "call-withdrawal-off",
                "/apps/{key}/readiness/withdrawal/call-off",
                "/apps/{key}/readiness",
            ),
            readiness::call_withdrawal_off,
        )
        .with(
            form(
                "new-comment",
                "/apps/{key}/readiness/questions/{question}/comment",
                "/apps/{key}/readiness/questions/{question}",
            ),
            readiness::comment,
        )
        .with(
            form(
                "edit-comment-{comment}",
                "/apps/{key}/readiness/questions/{question}/comments/{comment}/edit",
                "/apps/{key}/readiness/questions/{question}",
            ),
            readiness::edit_comment,
        )
        .with(
            form(
                "resolve",
                "/apps/{key}/readiness/questions/{question}/resolve",
                "/apps/{key}/readiness/questions/{question}",
            ),
            readiness::resolve,
        )
        .with(
            form(
                "reopen",
                "/apps/{key}/readiness/questions/{question}/reopen",
                "/apps/{key}/readiness/questions/{question}",
            ),
            readiness::reopen,
        )
        .with(
            form(
                "contact",
                "/apps/{key}/remediation/{plan}/contact",
                "/apps/{key}/remediation/{plan}",
            ),
            remediation::assign_contact,
        )
        .with(
            form(
                "new-action",
                "/apps/{key}/remediation/{plan}/actions/new",
                "/apps/{key}/remediation/{plan}",
            ),
            remediation::propose,
        )
        .with(
            form(
                "edit-{action}",
                "/apps/{key}/remediation/{plan}/actions/{action}/edit",
                "/apps/{key}/remediation/{plan}",
            ),
            remediation::edit,
        )
        .with(
            form(
                "{step}-{action}",
                "/apps/{key}/remediation/{plan}/actions/{action}/{step}",
                "/apps/{key}/remediation/{plan}",
            ),
            remediation::step,
        )
        .with(
            form(
                "new-comment",
                "/apps/{key}/remediation/{plan}/comment",
                "/apps/{key}/remediation/{plan}",
            ),
            remediation::comment,
        )
        .with(
            form(
                "edit-comment-{comment}",
                "/apps/{key}/remediation/{plan}/comments/{comment}/edit",
                "/apps/{key}/remediation/{plan}",
            ),
            remediation::edit_comment,
        )
        .with(
            form("ask-approval", "/apps/{key}/approval/ask", "/apps/{key}/approval"),
            approval::ask,
        )
        .with(
            form(
                "confirm-{series}",
                "/apps/{key}/approval/series/{series}/confirm",
                "/apps/{key}/approval",
            ),
            approval::confirm_series,
        )
        .with(
            form(
                "flag-{series}",
                "/apps/{key}/approval/series/{series}/flag",
                "/apps/{key}/approval",
            ),
            approval::flag_series,
        )
        .with(
            form(
                "answer-{review}",
                "/apps/{key}/approval/reviews/{review}/answer",
                "/apps/{key}/approval",
            ),
            approval::answer_flag,
        )
        .with(
            form(
                "new-instance",
                "/apps/{key}/approval/instances/new",
                "/apps/{key}/approval",
            ),
            approval::add_instance,
        )
        .with(
            form(
                "remove-{instance}",
                "/apps/{key}/approval/instances/{instance}/remove",
                "/apps/{key}/approval",
            ),
            approval::remove_instance,
        )
        .with(
            form(
                "training-watched",
                "/apps/{key}/approval/training",
                "/apps/{key}/approval",
            ),
            approval::note_training,
        )
        .with(
            form(
                "ask-{item}",
                "/apps/{key}/approval/items/{item}/ask",
                "/apps/{key}/approval",
            ),
            approval::ask_for_waiver,
        )
        .with(
            form(
                "waive-{item}",
                "/apps/{key}/approval/items/{item}/waive",
                "/apps/{key}/approval",
            ),
            approval::waive,
        )
        .with(
            form(
                "decline-{item}",
                "/apps/{key}/approval/items/{item}/decline",
                "/apps/{key}/approval",
            ),
            approval::decline_waiver,
        )
        .with(
            form(
                "take-back-{item}",
                "/apps/{key}/approval/items/{item}/take-back",
                "/apps/{key}/approval",
            ),
            approval::take_waiver_back,
        )
        .with(
            form("approve", "/apps/{key}/approval/approve", "/apps/{key}/approval"),
            approval::approve,
        )
        .with(
            form("refuse", "/apps/{key}/approval/refuse", "/apps/{key}/approval"),
            approval::refuse,
        )
        .with(
            form("new-comment", "/apps/{key}/approval/comment", "/apps/{key}/approval"),
            approval::comment,
        )
        .with(
            form(
                "edit-comment-{comment}",
                "/apps/{key}/approval/comments/{comment}/edit",
                "/apps/{key}/approval",
            ),
            approval::edit_comment,
        )
        .with(
            form(
                "set-aside",
                "/apps/{key}/escalation/set-aside",
                "/apps/{key}/escalation",
            ),
            escalation::set_aside,
        )
        .with(
            form("freeze-all", "/escalation/freeze", "/escalation"),
            escalation::freeze_all,
        )
        .with(
            form("thaw-all", "/escalation/thaw", "/escalation"),
            escalation::thaw_all,
        )
        .with(
            form("keep-freeze", "/escalation/keep-freeze", "/escalation"),
            escalation::keep_freeze,
        )
        .with(form("new-partner", "/partners/new", "/partners/new"), partners::create)
        .with(
            form("partner-details", "/partners/{id}/edit", "/partners/{id}"),
            partners::rename,
        )
        .with(
            form("archive-partner", "/partners/{id}/archive", "/partners/{id}"),
            partners::archive,
        )
        .with(
            form("invite-member", "/partners/{id}/invite", "/partners/{id}"),
            partners::invite,
        )
        .with(
            form(
                "withdraw-{invitation}",
                "/partners/{id}/invitations/{invitation}/withdraw",
                "/partners/{id}",
            ),
            partners::withdraw,
        )
        .with(
            form(
                "member-role-{user}",
                "/partners/{id}/members/{user}/role",
                "/partners/{id}",
            ),
            partners::set_role,
        )
        .with(
            form(
                "member-remove-{user}",
                "/partners/{id}/members/{user}/remove",
                "/partners/{id}",
            ),
            partners::remove_member,
        )
        .with(
            form("make-token", "/partners/{id}/tokens/new", "/partners/{id}"),
            tokens::make_for_partner,
        )
        .with(
            form(
                "revoke-token-{api_token}",
                "/partners/{id}/tokens/{api_token}/revoke",
                "/partners/{id}",
            ),
            tokens::revoke_of_partner,
        )
        .with(form("make-token", "/tokens/new", "/tokens"), tokens::make_for_platform)
        .with(
            form("revoke-token-{api_token}", "/tokens/{api_token}/revoke", "/tokens"),
            tokens::revoke_of_platform,
        )
        .with(form("waiver", "/ledger/new", "/ledger/new"), ledger::waiver)
        .with(
            form("revoke-entry", "/ledger/{id}/revoke", "/ledger/{id}"),
            ledger::revoke,
        )
        .with(form("invite-staff", "/people/invite", "/people"), people::invite)
        .with(
            form(
                "withdraw-{invitation}",
                "/people/invitations/{invitation}/withdraw",
                "/people",
            ),
            people::withdraw,
        )
        .with(
            form("roles-{user}", "/people/{user}/roles", "/people"),
            people::set_roles,
        )
        .with(
            form("disable-{user}", "/people/{user}/disable", "/people"),
            people::disable,
        )
        .with(
            form("enable-{user}", "/people/{user}/enable", "/people"),
            people::enable,
        )
        .with(
            form(
                "measurement-policy",
                "/policies/measurement/review",
                "/policies/measurement/edit",
            ),
            policies::review,
        )
        .with(
            form(
                "measurement-policy",
                "/policies/measurement/publish",
                "/policies/measurement/edit",
            ),
            policies::publish,
        )
        .with(
            form(
                "escalation-policy",
                "/policies/escalation/what-if",
                "/policies/escalation/edit",
            ),
            policies::ask_what_if,
        )
        .with(
            form(
                "replay-again",
                "/policies/escalation/what-if/{id}/again",
                "/policies/escalation/what-if/{id}",
            ),
            policies::ask_what_if_again,
        )
        .with(
            form(
                "cancel-replay",
                "/policies/escalation/what-if/{id}/cancel",
                "/policies/escalation/what-if/{id}",
            ),
            policies::cancel_what_if,
        )
        .with(
            form(
                "publish-escalation-policy",
                "/policies/escalation/what-if/{id}/publish",
                "/policies/escalation/what-if/{id}",
            ),
            policies::publish_escalation,
        )
        .with(form("retry-mail", "/mail/{id}/retry", "/mail/{id}"), mail::retry)
}
