-- What an app in remediation has to do (SPEC section 6): one plan for each time it comes into remediation.
create table remediation_plan (
    id         uuid primary key,
    app_id     uuid not null references app (id),
    opened_at  timestamptz not null, -- the time of the decision
    closed_at  timestamptz,          -- null while the app is in remediation or proposed for demotion
    contact_id uuid references account (id) -- whom the partner asks at the platform
);
create unique index remediation_plan_open on remediation_plan (app_id) where closed_at is null;
create index remediation_plan_app on remediation_plan (app_id, opened_at);

-- Apps that are in remediation already.
insert into remediation_plan (id, app_id, opened_at)
select app_id, app_id, to_timestamp(entered)
from standing where state in ('remediation', 'demotion_proposed');

-- Something that was agreed on after something went wrong (SPEC section 4).
create table action_item (
    id          uuid primary key,
    parent_kind text not null,
    parent_id   uuid not null,
    partner_id  uuid not null references partner (id),
    title       text not null,
    description text not null, -- Markdown
    owner_id    uuid references account (id),
    owner_name  text not null, -- of somebody without an account; empty where there is an account
    kind        text not null,
    priority    text not null,
    chosen_on   date, -- the day that was chosen for an action without priority
    due_on      date, -- null until a priority action is accepted
    tracker     text not null, -- an address, or empty
    state       text not null,
    version     bigint not null, -- grows with each step
    reminded_on date -- the day of the last reminder, or of the acceptance
);
create index action_item_parent on action_item (parent_kind, parent_id);
create index action_item_due on action_item (due_on) where state = 'accepted';

-- What was done with an action, by whom and why; only added to.
create table action_event (
    action_id  uuid not null references action_item (id),
    version    bigint not null, -- of the action after it
    step       text not null,
    account_id uuid not null references account (id),
    at         timestamptz not null,
    text       text not null, -- the evidence, in Markdown, or the reason
    primary key (action_id, version)
);

create function action_events_are_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'steps of actions are append-only';
end $$;
create trigger action_event_no_change before update or delete on action_event for each row execute function action_events_are_append_only();
create trigger action_event_no_truncate before truncate on action_event for each statement execute function action_events_are_append_only();
