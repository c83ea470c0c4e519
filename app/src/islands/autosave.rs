//! Saves each answer of a form while it is typed, and keeps the rest of the page up to date.
//!
//! What is posted is the same form as without scripts, with just the fields of one answer: those whose names begin with
//! the key in `data-question`. What comes back when it is refused is the same page, too, and what it says of the answer is
//! taken over. Nothing that is typed is ever replaced.

use leptos::prelude::*;

/// Stands once on the page at `page` with the form `form`; a form that was refused stands at another address.
#[island]
pub fn Autosave(form: String, page: String) -> impl IntoView {
    Effect::new(move || {
        #[cfg(feature = "hydrate")]
        live::start(&form, &page);
        let _ = (&form, &page);
    });
}

#[cfg(feature = "hydrate")]
mod live {
    use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

    use leptos::{prelude::*, task::spawn_local};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        Document, Element, Event, FormData, Headers, HtmlElement, HtmlFormElement, HtmlInputElement, RequestInit,
        Response, SubmitEvent, UrlSearchParams,
    };

    use crate::islands::{
        fetch::{fetch, parse},
        local_times::localise,
    };

    /// How long after something was typed it is saved (SPEC section 3 allows two seconds).
    const SOON: Duration = Duration::from_millis(1_200);
    const TRIED_AGAIN: Duration = Duration::from_secs(5);
    /// How often what others do is looked at.
    const PERIOD: Duration = Duration::from_secs(20);
    const UNREACHABLE: &str = "Not saved yet: the server cannot be reached. It is tried again.";
    const SIGNED_OUT: &str = "Not saved yet: your session has ended. Sign in again in another tab; this is saved then.";

    /// How far the answer to a question is saved. Edits are counted.
    #[derive(Default)]
    struct Progress {
        edits: u32,
        saved: u32,
        /// The edits that the server refused; they are not sent again as they are.
        refused: u32,
        is_saving: bool,
        /// Whether it is about to be saved.
        is_planned: bool,
        /// After a conflict: until the person says that theirs is to be saved.
        waits: bool,
    }

    impl Progress {
        fn is_dirty(&self) -> bool {
            self.edits > self.saved
        }
    }

    type Answers = Rc<RefCell<HashMap<String, Progress>>>;

    #[derive(Clone)]
    struct Autosave {
        form: HtmlFormElement,
        page: Rc<str>,
        answers: Answers,
        /// The button that sends the form once everything is saved.
        leaving: Rc<RefCell<Option<HtmlElement>>>,
    }

    /// What became of an answer that was sent.
    enum Sent {
        /// With its version now.
        Saved(String),
        SignedOut,
        /// The page that says what is wrong, and whether trying again may help.
        Refused(Document, bool),
    }

    pub(super) fn start(form: &str, page: &str) {
        let Some(form) = document().get_element_by_id(form).and_then(|form| form.dyn_into().ok()) else {
            return;
        };
        let autosave = Autosave {
            form,
            page: page.into(),
            answers: Answers::default(),
            leaving: Rc::default(),
        };
        autosave.note_refused();
        let form = &autosave.form;
        let on = autosave.clone();
        listen(form, "input", move |event| on.edited(&event));
        let on = autosave.clone();
        listen(form, "focusout", move |event| on.left(&event));
        let on = autosave.clone();
        listen(form, "submit", move |event| on.submitted(&event));
        let on = autosave.clone();
        listen(&window(), "beforeunload", move |event| {
            if on.has_unsaved() {
                event.prevent_default();
            }
        });
        let on = autosave.clone();
        listen(&window(), "online", move |_| on.save_all());
        set_interval(
            move || {
                if !document().hidden() {
                    autosave.save_all();
                    autosave.clone().look();
                }
            },
            PERIOD,
        );
    }

    impl Autosave {
        /// What came back because it was refused is not saved; where somebody else saved, the person decides.
        fn note_refused(&self) {
            let mut answers = self.answers.borrow_mut();
            for item in elements(&document(), "[data-question]").unwrap_or_default() {
                let has = |wanted| item.query_selector(wanted).is_ok_and(|found| found.is_some());
                let waits = has(".theirs");
                if waits || has(".error") {
                    let key = item.get_attribute("data-question").unwrap_or_default();
                    let answer = answers.entry(key).or_default();
                    (answer.edits, answer.refused, answer.waits) = (1, 1, waits);
                }
            }
        }

        fn edited(&self, event: &Event) {
            let Some((key, _)) = question(event) else { return };
            {
                let mut answers = self.answers.borrow_mut();
                let answer = answers.entry(key.clone()).or_default();
                answer.edits += 1;
                if std::mem::replace(&mut answer.is_planned, true) {
                    return;
                }
            }
            let autosave = self.clone();
            set_timeout(move || autosave.save(&key), SOON);
        }

        /// Saves an answer once the focus has moved on to another one.
        fn left(&self, event: &Event) {
            let Some((key, item)) = question(event) else { return };
            let to = event
                .dyn_ref::<web_sys::FocusEvent>()
                .and_then(web_sys::FocusEvent::related_target);
            let to = to.and_then(|to| to.dyn_into::<Element>().ok());
            if !to.is_some_and(|to| item.contains(Some(&to))) {
                self.save(&key);
            }
        }

        /// "Save" saves in place; any other button sends the form.
        fn submitted(&self, event: &Event) {
            let submitter = event.dyn_ref::<SubmitEvent>().and_then(SubmitEvent::submitter);
            if let Some(button) = submitter.clone().filter(|button| button.has_attribute("formaction")) {
                // What is typed is saved first: a save under way and the form would both be based on the same version.
                if self.has_unsaved() {
                    event.prevent_default();
                    *self.leaving.borrow_mut() = Some(button);
                    self.save_all();
                }
                return;
            }
            event.prevent_default();
            // The return key presses the first button of the form, wherever it is typed.
            let focused = document().active_element();
            let pressed = submitter.filter(|button| focused.as_ref() == Some(button));
            let item = pressed.and_then(|button| button.closest("[data-question]").ok().flatten());
            match item.and_then(|item| Some((item.get_attribute("data-question")?, item))) {
                Some((key, item)) => {
                    self.decided(&key, &item);
                    self.save(&key);
                }
                None => self.save_all(),
            }
        }

        /// The person pressed the button of this answer: it is saved, also in place of what somebody else saved.
        fn decided(&self, key: &str, item: &Element) {
            let waited = {
                let mut answers = self.answers.borrow_mut();
                let answer = answers.entry(key.to_owned()).or_default();
                answer.edits += 1;
                std::mem::replace(&mut answer.waits, false)
            };
            if let Some(theirs) = hidden_field(item, "theirs").filter(|_| waited) {
                set_version(key, &theirs.value());
            }
        }

        fn has_unsaved(&self) -> bool {
            let answers = self.answers.borrow();
            answers.values().any(|answer| answer.is_dirty() || answer.is_saving)
        }

        fn save_all(&self) {
            let keys: Vec<String> = self.answers.borrow().keys().cloned().collect();
            keys.iter().for_each(|key| self.save(key));
        }

        fn is(&self, key: &str, what: impl Fn(&Progress) -> bool) -> bool {
            self.answers.borrow().get(key).is_some_and(what)
        }

        /// Sends the answer if there is something to save and nothing on its way.
        fn save(&self, key: &str) {
            let sent = {
                let mut answers = self.answers.borrow_mut();
                let Some(answer) = answers.get_mut(key) else { return };
                answer.is_planned = false;
                if !answer.is_dirty() || answer.is_saving || answer.waits || answer.refused == answer.edits {
                    return;
                }
                if item(key).is_some_and(|item| is_half_typed(&item)) {
                    answer.refused = answer.edits;
                    drop(answers);
                    return say(key, "Not saved yet: this is not complete.");
                }
                answer.is_saving = true;
                answer.edits
            };
            say(key, "Saving…");
            let (autosave, key) = (self.clone(), key.to_owned());
            spawn_local(async move {
                let came_of_it = autosave.send(&key).await;
                let goes_on = autosave.note(&key, sent, came_of_it);
                autosave.leave();
                if let Some(pause) = goes_on {
                    set_timeout(move || autosave.save(&key), pause);
                }
            });
        }

        async fn send(&self, key: &str) -> Result<Sent, JsValue> {
            let headers = Headers::new()?;
            headers.set("accept", "text/html")?;
            headers.set("prefer", "return=minimal")?;
            let request = RequestInit::new();
            request.set_method("POST");
            request.set_headers(&headers);
            request.set_body(&self.fields(key)?.into());
            let sent = window().fetch_with_str_and_init(&self.form.action(), &request);
            let response: Response = JsFuture::from(sent).await?.dyn_into()?;
            let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
            if response.headers().has("preference-applied")? {
                let version = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
                return Ok(Sent::Saved(version.unwrap_or_default().to_owned()));
            }
            if response.status() == 401 {
                return Ok(Sent::SignedOut);
            }
            let page = parse(&text)?;
            Ok(Sent::Refused(page, response.status() >= 429))
        }

        /// The fields of the answer; without what the form showed, so that it counts as changed.
        fn fields(&self, key: &str) -> Result<UrlSearchParams, JsValue> {
            let fields = UrlSearchParams::new()?;
            let all = FormData::new_with_form(&self.form)?;
            for entry in js_sys::try_iter(&all)?.into_iter().flatten() {
                let entry: js_sys::Array = entry?.dyn_into()?;
                let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) else {
                    continue;
                };
                let field = name.strip_prefix(key).and_then(|rest| rest.strip_prefix('-'));
                if field.is_some_and(|field| field != "shown" && field != "theirs") {
                    fields.append(&name, &value);
                }
            }
            Ok(fields)
        }

        /// Sends the form if somebody waits for that and nothing is left to save.
        fn leave(&self) {
            if self.has_unsaved() {
                // Where something was refused, the person looks at it first.
                let is_refused = |answer: &Progress| answer.is_dirty() && answer.refused == answer.edits;
                if self.answers.borrow().values().any(is_refused) {
                    self.leaving.borrow_mut().take();
                }
                return;
            }
            let button = self.leaving.borrow_mut().take();
            if let Some(button) = button {
                let _ = self.form.request_submit_with_submitter(Some(&button));
            }
        }

        /// Changes what is known of an answer. Nothing of the page is touched meanwhile: that may tell this one in turn.
        fn change(&self, key: &str, change: impl FnOnce(&mut Progress)) {
            if let Some(answer) = self.answers.borrow_mut().get_mut(key) {
                change(answer);
            }
        }

        /// Says what became of an answer; when to go on if something is left to save.
        fn note(&self, key: &str, sent: u32, came_of_it: Result<Sent, JsValue>) -> Option<Duration> {
            self.change(key, |answer| answer.is_saving = false);
            match came_of_it {
                Ok(Sent::Saved(version)) => {
                    self.change(key, |answer| answer.saved = sent);
                    set_version(key, &version);
                    clear(key);
                    say(key, "Saved");
                    self.clone().look();
                    self.is(key, Progress::is_dirty).then_some(SOON)
                }
                Ok(Sent::Refused(page, may_help)) => {
                    let waits = take_over_refusal(key, &page);
                    self.change(key, |answer| {
                        answer.waits = waits;
                        if !may_help {
                            answer.refused = sent;
                        }
                    });
                    (may_help || self.is(key, |answer| answer.edits > sent)).then_some(TRIED_AGAIN)
                }
                Ok(Sent::SignedOut) => {
                    say(key, SIGNED_OUT);
                    Some(TRIED_AGAIN)
                }
                Err(_) => {
                    say(key, UNREACHABLE);
                    Some(TRIED_AGAIN)
                }
            }
        }

        /// Takes over what others saved and what changed beside the answers.
        fn look(self) {
            spawn_local(async move {
                // A failed attempt changes nothing; the next one follows.
                if let Ok(Some(page)) = fetch(&self.page).await {
                    let _ = self.take_over(&page);
                }
            });
        }

        fn take_over(&self, page: &Document) -> Result<(), JsValue> {
            for part in elements(&document(), "[data-live]")? {
                let name = part.get_attribute("data-live").unwrap_or_default();
                if let Some(fresh) = page.query_selector(&format!("[data-live=\"{name}\"]"))? {
                    if part.inner_html() != fresh.inner_html() && !part.matches(":focus-within")? {
                        part.set_inner_html(&fresh.inner_html());
                        localise(&part);
                    }
                }
            }
            let asked = elements(page, "[data-question]")?;
            let keys: Vec<String> = asked
                .iter()
                .filter_map(|item| item.get_attribute("data-question"))
                .collect();
            let mut before: Option<Element> = None;
            for (key, fresh) in keys.iter().zip(asked) {
                let item = match item(key) {
                    Some(item) if self.is_left_alone(key, &item)? || version(&item) == version(&fresh) => {
                        take_over_part(&item, &fresh, "[data-saved]")?;
                        item
                    }
                    // A page that was overtaken by what was saved since.
                    Some(item) if version(&fresh).is_some_and(|fresh| version(&item) > Some(fresh)) => item,
                    Some(item) => {
                        item.replace_with_with_node_1(&fresh)?;
                        localise(&fresh);
                        fresh
                    }
                    None => {
                        // Asked since another answer was given: behind the question before it, or the first of its list.
                        let area = area(&fresh);
                        match before.as_ref().filter(|before| self::area(before) == area) {
                            Some(before) => before.after_with_node_1(&fresh)?,
                            None => {
                                let lists = elements(&document(), "[data-area]")?;
                                let list = lists.iter().find(|list| list.get_attribute("data-area") == area);
                                list.map_or(Ok(()), |list| list.prepend_with_node_1(&fresh))?;
                            }
                        }
                        localise(&fresh);
                        fresh
                    }
                };
                before = Some(item);
            }
            for item in elements(&document(), "[data-question]")? {
                let key = item.get_attribute("data-question").unwrap_or_default();
                if !keys.is_empty() && !keys.contains(&key) && !self.is_left_alone(&key, &item)? {
                    item.remove();
                }
            }
            Ok(())
        }

        /// Whether somebody is about to change an answer, so that nothing may take its place.
        fn is_left_alone(&self, key: &str, item: &Element) -> Result<bool, JsValue> {
            let is_under_way = self.is(key, |answer| answer.is_dirty() || answer.is_saving || answer.waits);
            Ok(is_under_way || item.matches(":focus-within")?)
        }
    }

    /// Takes over what the page says is wrong with an answer. Says whether the person has to decide first, since somebody
    /// else saved another one.
    fn take_over_refusal(key: &str, page: &Document) -> bool {
        clear(key);
        let select = |wanted: &str| {
            page.query_selector(&format!("[data-question=\"{key}\"] {wanted}"))
                .ok()
                .flatten()
        };
        let theirs = select(".theirs");
        let reason = match select(".error") {
            Some(error) => error.text_content(),
            None if theirs.is_some() => Some("somebody else saved another answer meanwhile.".to_owned()),
            None => page
                .query_selector(".summary p + p")
                .ok()
                .flatten()
                .and_then(|p| p.text_content()),
        };
        let reason = reason.unwrap_or_else(|| "the server refused it.".to_owned());
        say(key, &format!("Not saved: {}", reason.trim()));
        let Some(theirs) = theirs else { return false };

        if let Some(submit) = item(key).and_then(|item| item.query_selector(".submit").ok().flatten()) {
            // With its version, for whoever decides to replace it.
            if let Some(version) = item_in(page, key).and_then(|item| hidden_field(&item, "theirs")) {
                let _ = theirs.append_with_node_1(&version);
            }
            let _ = submit.before_with_node_1(&theirs);
            localise(&theirs);
        }
        true
    }

    /// Takes away what was said of an answer before.
    fn clear(key: &str) {
        let stale = item(key).and_then(|item| item.query_selector(".theirs").ok().flatten());
        if let Some(stale) = stale {
            stale.remove();
        }
    }

    /// Says how far an answer is, beside its button.
    fn say(key: &str, what: &str) {
        if let Some(state) = item(key).and_then(|item| item.query_selector("[data-state]").ok().flatten()) {
            state.set_text_content(Some(what));
        }
    }

    fn take_over_part(item: &Element, fresh: &Element, part: &str) -> Result<(), JsValue> {
        if let (Some(part), Some(fresh)) = (item.query_selector(part)?, fresh.query_selector(part)?) {
            part.set_inner_html(&fresh.inner_html());
            localise(&part);
        }
        Ok(())
    }

    /// The list that a question stands in.
    fn area(item: &Element) -> Option<String> {
        item.parent_element()?.get_attribute("data-area")
    }

    fn item(key: &str) -> Option<Element> {
        item_in(&document(), key)
    }

    fn item_in(page: &Document, key: &str) -> Option<Element> {
        page.query_selector(&format!("[data-question=\"{key}\"]"))
            .ok()
            .flatten()
    }

    fn hidden_field(item: &Element, field: &str) -> Option<HtmlInputElement> {
        let wanted = format!("input[type=hidden][name$=\"-{field}\"]");
        item.query_selector(&wanted).ok().flatten()?.dyn_into().ok()
    }

    fn version(item: &Element) -> Option<u64> {
        hidden_field(item, "version")?.value().parse().ok()
    }

    /// Whether a day or a time is there in part only, which a browser keeps to itself.
    fn is_half_typed(item: &Element) -> bool {
        let Ok(fields) = item.query_selector_all("input") else {
            return false;
        };
        let mut fields = (0..fields.length()).filter_map(|i| fields.item(i)?.dyn_into::<HtmlInputElement>().ok());
        fields.any(|field| field.validity().bad_input())
    }

    fn set_version(key: &str, version: &str) {
        if let Some(field) = item(key).and_then(|item| hidden_field(&item, "version")) {
            field.set_value(version);
        }
    }

    fn question(event: &Event) -> Option<(String, Element)> {
        let target: Element = event.target()?.dyn_into().ok()?;
        let item = target.closest("[data-question]").ok().flatten()?;
        Some((item.get_attribute("data-question")?, item))
    }

    fn elements(page: &Document, wanted: &str) -> Result<Vec<Element>, JsValue> {
        let found = page.query_selector_all(wanted)?;
        let all = (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok());
        Ok(all.collect())
    }

    fn listen(target: &web_sys::EventTarget, name: &str, heard: impl FnMut(Event) + 'static) {
        let heard = Closure::<dyn FnMut(Event)>::new(heard);
        let _ = target.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
        // It listens as long as the page is there.
        heard.forget();
    }
}
