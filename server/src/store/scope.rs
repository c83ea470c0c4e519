use rampart_domain::access::{Action, Actor};
use uuid::Uuid;

/// Which partners' data a read may see (SPEC section 1). Every query of partner data has the condition
/// `($1 or partner_id in (select partner_id from membership where account_id = $2))` with the scope's two values, so a
/// membership that ends stops showing anything with the next query.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    everything: bool,
    account: Uuid,
}

impl Scope {
    /// What the actor may see of `action`'s kind.
    pub fn of(actor: &Actor, action: Action) -> Self {
        Self {
            everything: actor.may_everywhere(action),
            account: actor.user.0,
        }
    }

    /// Everything: for the rules and jobs, which act for no person.
    pub fn system() -> Self {
        Self {
            everything: true,
            account: Uuid::nil(),
        }
    }

    pub(super) fn everything(self) -> bool {
        self.everything
    }

    pub(super) fn account(self) -> Uuid {
        self.account
    }
}
