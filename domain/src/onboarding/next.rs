use super::{Checklist, Facts, Party};

/// Who has to act next on an open ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// In the order of [`Party::ALL`]; there is one at least.
    pub parties: Vec<Party>,
    /// In one sentence.
    pub sentence: String,
}

/// Who has to act next: whoever the required items wait for, and a program manager for requests and for the decision.
pub fn next(facts: &Facts, checklist: &Checklist) -> Next {
    let asked = facts.asked.len();
    let waiting = |party: Party| {
        let open = checklist.open().filter(move |entry| entry.waits_for == Some(party));
        open.filter(|entry| !facts.asked.contains(&entry.item)).count()
    };
    let mut clauses: Vec<(Party, String)> = Vec::new();
    match waiting(Party::Partner) {
        0 => {}
        n => clauses.push((Party::Partner, format!("the partner does {}", items(n)))),
    }
    match waiting(Party::Reviewers) {
        0 => {}
        n => clauses.push((Party::Reviewers, format!("a reviewer sees to {}", items(n)))),
    }
    match waiting(Party::ProgramManagers) {
        0 => {}
        n => clauses.push((Party::ProgramManagers, format!("a program manager waives {}", items(n)))),
    }
    match asked {
        0 => {}
        1 => clauses.push((
            Party::ProgramManagers,
            "a program manager answers a request for a waiver".to_owned(),
        )),
        n => clauses.push((
            Party::ProgramManagers,
            format!("a program manager answers {n} requests for waivers"),
        )),
    }
    if clauses.is_empty() {
        clauses.push((
            Party::ProgramManagers,
            "everything required is done or waived, and a program manager decides".to_owned(),
        ));
    }
    let mut parties: Vec<Party> = clauses.iter().map(|(party, _)| *party).collect();
    parties.dedup();
    let clauses: Vec<String> = clauses.into_iter().map(|(_, clause)| clause).collect();
    Next {
        parties,
        sentence: sentence(&clauses),
    }
}

fn items(n: usize) -> String {
    match n {
        1 => "1 required item".to_owned(),
        n => format!("{n} required items"),
    }
}

/// "The one, the other and the third."
fn sentence(clauses: &[String]) -> String {
    let joined = match clauses {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{}, and {last}", before.join(", ")),
    };
    let mut letters = joined.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{}.", first.into_iter().chain(letters).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onboarding::{
        AlertAddress, Item, ReviewState,
        checklist::tests::{everything, now, series},
    };

    fn of(facts: &Facts) -> (Vec<Party>, String) {
        let next = next(facts, &Checklist::of(facts, now()));
        (next.parties, next.sentence)
    }

    #[test]
    fn a_program_manager_decides_once_nothing_is_left() {
        let (parties, sentence) = of(&everything());
        assert_eq!(parties, [Party::ProgramManagers]);
        assert_eq!(
            sentence,
            "Everything required is done or waived, and a program manager decides."
        );
    }

    #[test]
    fn everybody_for_whom_something_waits_is_named() {
        let facts = Facts {
            alert_address: AlertAddress::Missing,
            series: vec![series(ReviewState::Flagged)],
            trial_closed: None,
            rollout: Vec::new(),
            ..everything()
        };
        let (parties, sentence) = of(&facts);
        assert_eq!(parties, Party::ALL);
        assert_eq!(
            sentence,
            "The partner does 2 required items, a reviewer sees to 1 required item, and a program manager waives 1 required item."
        );
    }

    #[test]
    fn an_item_for_which_a_waiver_is_asked_waits_for_the_answer() {
        let facts = Facts {
            rollout: Vec::new(),
            asked: vec![Item::Rollout],
            ..everything()
        };
        let (parties, sentence) = of(&facts);
        assert_eq!(parties, [Party::ProgramManagers]);
        assert_eq!(sentence, "A program manager answers a request for a waiver.");
    }
}
