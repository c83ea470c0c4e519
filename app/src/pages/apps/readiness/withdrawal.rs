//! The designation of an app whose document expired: that it will be withdrawn, and the form of whoever decides so.

use leptos::prelude::*;

use crate::{
    model::{AnnouncedWithdrawal, Withdrawing},
    ui::{
        Card, Notice, Time, TimeStyle, Tone,
        form::{Confirm, TextArea},
    },
};

/// What everybody is told once a withdrawal is announced.
#[component]
pub(super) fn WithdrawalNotice(withdrawal: AnnouncedWithdrawal) -> impl IntoView {
    let AnnouncedWithdrawal { by, at, effective, why } = withdrawal;
    view! {
        <Notice tone=Tone::Bad>
            <p>
                <strong>"The designation will be withdrawn on "<Time at=effective/></strong>
                ", because this document has expired. Once it is approved, nothing is withdrawn; while it is with the reviewers, the
                withdrawal waits for them."
            </p>
            <p>"Announced by "{by}", "<Time at style=TimeStyle::Short/></p>
            <p class="preserved">{why}</p>
        </Notice>
    }
}

/// The decision of a program manager.
#[component]
pub(super) fn WithdrawalCard(withdrawing: Withdrawing, base: String) -> impl IntoView {
    let content = match withdrawing {
        Withdrawing::Nothing => return ().into_any(),
        Withdrawing::NotNow(why) => view! { <p class="quiet">{why}</p> }.into_any(),
        Withdrawing::Announce => view! {
            <Confirm
                id="announce-withdrawal"
                action=format!("{base}/withdrawal")
                label="Announce the withdrawal"
                confirm="Announce the withdrawal"
                explanation="In 28 days the app loses the designation, unless its document is approved before. The owners of the partner get a mail."
            >
                <TextArea name="why" label="Reason" help="The partner reads it."/>
            </Confirm>
        }
        .into_any(),
        Withdrawing::CallOff => view! {
            <Confirm
                id="call-withdrawal-off"
                action=format!("{base}/withdrawal/call-off")
                label="Call the withdrawal off"
                confirm="Call it off"
                explanation="The app keeps the designation. The owners of the partner get a mail."
                look="primary"
            >
                <TextArea name="why" label="Reason" help="The partner reads it."/>
            </Confirm>
        }
        .into_any(),
    };
    view! {
        <Card title="Withdrawal">
            <div class="body stack tight">{content}</div>
        </Card>
    }
    .into_any()
}
