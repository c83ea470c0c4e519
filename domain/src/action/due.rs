use chrono::{Days, NaiveDate};

use crate::sli::text_key;

text_key! {
    /// By when an action has to be done (SPEC section 4).
    pub enum Priority, "priority" {
        FourWeeks = "four_weeks",
        EightWeeks = "eight_weeks",
        /// On a day that was chosen for it.
        Chosen = "chosen",
    }
}

impl Priority {
    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::FourWeeks => "Priority: 4 weeks after it is accepted",
            Self::EightWeeks => "Priority: 8 weeks after it is accepted",
            Self::Chosen => "On a day of your choice",
        }
    }

    /// The day by the end of which an action that is accepted on this day is due; `chosen` is that of an action without
    /// priority.
    pub fn due(self, accepted: NaiveDate, chosen: Option<NaiveDate>) -> Option<NaiveDate> {
        let weeks = |weeks: u64| accepted.checked_add_days(Days::new(weeks * 7));
        match self {
            Self::FourWeeks => weeks(4),
            Self::EightWeeks => weeks(8),
            Self::Chosen => chosen,
        }
    }
}

/// Whether the day on which an action was due is over.
pub fn is_overdue(due: NaiveDate, today: NaiveDate) -> bool {
    today > due
}

/// The day of the reminder that is to be sent today: the latest one that has come, unless one was sent on it or later, or the
/// action was accepted then or later (`last`). Reminders are 7 days and 1 day before the action is due, and weekly after it.
pub fn reminder_due(due: NaiveDate, last: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
    let late = (today - due).num_days();
    let latest = match late {
        7.. => due.checked_add_days(Days::new((late / 7 * 7).unsigned_abs())),
        -1..=6 => due.checked_sub_days(Days::new(1)),
        -7..=-2 => due.checked_sub_days(Days::new(7)),
        _ => None,
    };
    latest.filter(|day| *day > last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 1)
            .unwrap()
            .checked_add_days(Days::new(u64::from(day)))
            .unwrap()
    }

    #[test]
    fn a_priority_action_is_due_weeks_after_it_is_accepted() {
        assert_eq!(Priority::FourWeeks.due(day(0), Some(day(1))), Some(day(28)));
        assert_eq!(Priority::EightWeeks.due(day(0), None), Some(day(56)));
        assert_eq!(Priority::Chosen.due(day(0), Some(day(9))), Some(day(9)));
        assert_eq!(Priority::Chosen.due(day(0), None), None);
    }

    #[test]
    fn an_action_is_overdue_once_its_day_is_over() {
        assert!(!is_overdue(day(9), day(8)));
        assert!(!is_overdue(day(9), day(9)));
        assert!(is_overdue(day(9), day(10)));
    }

    #[test]
    fn reminders_come_a_week_and_a_day_before_and_weekly_after() {
        // Day by day, from the acceptance on day 0, of what is due on day 20.
        let (mut last, mut sent) = (day(0), Vec::new());
        for today in 0..45 {
            if let Some(reminder) = reminder_due(day(20), last, day(today)) {
                last = reminder;
                sent.push(today);
            }
        }
        assert_eq!(sent, [13, 19, 27, 34, 41]);
    }

    #[test]
    fn a_reminder_that_was_missed_comes_late_and_only_the_latest_does() {
        assert_eq!(reminder_due(day(20), day(0), day(15)), Some(day(13)));
        assert_eq!(reminder_due(day(20), day(0), day(26)), Some(day(19)));
        assert_eq!(reminder_due(day(20), day(0), day(50)), Some(day(48)));
        assert_eq!(reminder_due(day(20), day(48), day(50)), None);
    }

    #[test]
    fn what_is_accepted_shortly_before_it_is_due_is_not_reminded_of_at_once() {
        assert_eq!(reminder_due(day(20), day(16), day(16)), None);
        assert_eq!(reminder_due(day(20), day(16), day(19)), Some(day(19)));
        assert_eq!(reminder_due(day(20), day(40), day(40)), None);
        assert_eq!(reminder_due(day(20), day(40), day(41)), Some(day(41)));
    }
}
