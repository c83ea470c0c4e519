import type { Locator, Page } from "@playwright/test";
import { expect, hydrated, test } from "../support/fixtures.js";
import { table } from "../support/pages.js";
import { PASSWORD, newApp, post } from "../support/people.js";
import type { Partner, People } from "../support/people.js";

/** What can be typed into the form of a new app, with characters that are easily lost or taken for markup. */
const TYPED = {
  key: "com.harbour.time_sheets-2",
  name: 'Zeiterfassung "Pro" & <b>Söhne</b> 🕰',
  path: "/health?deep=1&who=a+b%20c",
  support: "https://harbour.example/help?topic=%C3%A9&from=rampart",
  operations: "\n  Mika Meyer; 'on call', +49 30 1234567\n\n</textarea><script>boo()</script>\n\tNoor: 50% of nights ",
  alerts: "on-call+eu@harbour.example",
};

async function harbour(people: People, page: Page): Promise<Partner> {
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] });
  return await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner", page);
}

/** The fields of the form that registers an app. */
function fields(page: Page) {
  const form = page.locator("#new-app");
  return {
    key: form.getByLabel("App key"),
    name: form.getByLabel("Name", { exact: true }),
    forge: form.getByRole("radio", { name: "Forge" }),
    confluence: form.getByRole("checkbox", { name: "Confluence" }),
    jira: form.getByRole("checkbox", { name: "Jira", exact: true }),
    path: form.getByLabel("Path"),
    urls: form.getByLabel("Base URLs"),
    alerts: form.getByLabel("Alert address"),
    support: form.getByLabel("Support contact"),
    operations: form.getByLabel("Operations contacts"),
    send: form.getByRole("button", { name: "Register the app" }),
  };
}

async function fillIn(page: Page, urls: string): Promise<void> {
  const field = fields(page);
  await field.key.fill(TYPED.key);
  await field.name.fill(TYPED.name);
  await field.forge.check();
  await field.confluence.check();
  await field.path.fill(TYPED.path);
  await field.urls.fill(urls);
  await field.alerts.fill(TYPED.alerts);
  await field.support.fill(TYPED.support);
  await field.operations.fill(TYPED.operations);
}

async function expectFilledIn(page: Page, urls: string): Promise<void> {
  const field = fields(page);
  await expect(field.key).toHaveValue(TYPED.key);
  await expect(field.name).toHaveValue(TYPED.name);
  await expect(field.forge).toBeChecked();
  await expect(field.confluence).toBeChecked();
  await expect(field.jira).not.toBeChecked();
  await expect(field.path).toHaveValue(TYPED.path);
  await expect(field.urls).toHaveValue(urls);
  await expect(field.alerts).toHaveValue(TYPED.alerts);
  await expect(field.support).toHaveValue(TYPED.support);
  await expect(field.operations).toHaveValue(TYPED.operations);
}

/** A field that was refused says so to everybody: beside it, above the form, and to assistive technology. */
async function expectRefused(page: Page, field: Locator, message: RegExp): Promise<void> {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(message);
  const id = await field.getAttribute("id");
  await expect(page.locator(`#${id}-error`)).toBeVisible();
  await expect(page.locator(`#${id}-error`)).toContainText(message);

  const summary = page.getByRole("alert");
  await expect(summary).toBeFocused();
  await expect(summary).toBeInViewport();
  await expect(summary).toContainText("What you typed is still here.");
  await summary.getByRole("link", { name: message }).click();
  await expect(field).toBeFocused();
}

async function expectRegistered(page: Page, url: string): Promise<void> {
  await expect(page).toHaveURL(`/apps/${TYPED.key}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(TYPED.name);
  await page.goto(`/apps/${TYPED.key}/settings`);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue(TYPED.name);
  await expect(page.getByRole("radio", { name: "Forge" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Confluence" })).toBeChecked();
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(1);
  await expect(page.getByLabel("Path")).toHaveValue(TYPED.path);
  await expect(page.getByLabel("Base URLs")).toHaveValue(url);
  await expect(page.getByLabel("Support contact")).toHaveValue(TYPED.support);
  // Only what surrounds the text is trimmed when it is saved.
  await expect(page.getByLabel("Operations contacts")).toHaveValue(TYPED.operations.trim());
  await expect(page.getByLabel("Alert address")).toHaveValue(TYPED.alerts);
}

test("a form with a bad field comes back as it was typed", async ({ page, people, target }) => {
  await harbour(people, page);
  await page.goto("/apps/new");
  await hydrated(page);

  await fillIn(page, "app.harbour.example");
  await fields(page).send.click();
  await expectFilledIn(page, "app.harbour.example");
  await expectRefused(page, fields(page).urls, /"app\.harbour\.example" is not a URL/);
  await expect(page.getByRole("alert")).toContainText("one thing needs another look");
  await expect(page.locator("[aria-invalid]")).toHaveCount(1);

  const urls = `${target.url}\nhttp://10.0.0.5/\nhttps://harbour.example:8443`;
  await fields(page).urls.fill(urls);
  await fields(page).send.click();
  await expectFilledIn(page, urls);
  await expectRefused(page, fields(page).urls, /10\.0\.0\.5.*only publicly reachable addresses are allowed/);
  await expect(page.getByRole("alert")).toContainText("Port 8443 is not allowed");

  await fields(page).urls.fill(target.url);
  await fields(page).path.fill("health");
  await fields(page).alerts.fill("on-call");
  await fields(page).send.click();
  await expect(fields(page).alerts).toHaveValue("on-call");
  await expectRefused(page, fields(page).path, /A path begins with/);
  await expect(fields(page).alerts).toHaveAccessibleDescription(/A mail address has one @/);
  await expect(page.getByRole("alert")).toContainText("2 things need another look");

  await fields(page).path.fill(TYPED.path);
  await fields(page).alerts.fill(TYPED.alerts);
  await fields(page).send.click();
  await expectRegistered(page, target.url);
});

test("two people who save at once lose nothing", async ({ page, people, target }) => {
  const partner = await harbour(people, page);
  await post(page, "/apps/new", newApp(partner, target, "com.harbour.sheets", "Sheets"));
  const second = (await people.member(partner, "mika@harbour.example", "Mika Member")).page;
  for (const reader of [page, second]) {
    await reader.goto("/apps/com.harbour.sheets/settings");
    await hydrated(reader);
  }
  const details = (of: Page) => of.locator("#app-details");

  await details(page).getByLabel("Operations contacts").fill("Olga at night\n& Pete by day");
  await details(page).getByLabel("Support contact").fill("olga@harbour.example");
  await details(page).getByRole("button", { name: "Save details" }).click();
  await expect(page.getByRole("status").first()).toContainText("Saved.");

  await details(second).getByLabel("Operations contacts").fill("Mika <always>");
  await details(second).getByLabel("Name", { exact: true }).fill("Sheets & more");
  await details(second).getByRole("checkbox", { name: "Compass" }).check();
  await details(second).getByRole("button", { name: "Save details" }).click();

  // Both texts side by side, and nothing is overwritten.
  const alert = second.getByRole("alert");
  await expect(alert).toBeFocused();
  await expect(alert).toContainText("Somebody else saved this form after you opened it");
  await expect(details(second).getByLabel("Operations contacts")).toHaveValue("Mika <always>");
  await expect(details(second).getByLabel("Name", { exact: true })).toHaveValue("Sheets & more");
  await expect(details(second).getByRole("checkbox", { name: "Compass" })).toBeChecked();
  const stored = details(second).locator(".stored");
  await expect(stored.filter({ hasText: "Olga at night" })).toContainText("& Pete by day");
  await expect(stored.filter({ hasText: "olga@harbour.example" })).toBeVisible();
  await page.reload();
  await expect(details(page).getByLabel("Operations contacts")).toHaveValue("Olga at night\n& Pete by day");
  await expect(details(page).getByLabel("Name", { exact: true })).toHaveValue("Sheets");

  // The second one takes over what they want to keep, and decides.
  await details(second).getByLabel("Operations contacts").fill("Mika <always>\nOlga at night\n& Pete by day");
  await details(second).getByLabel("Support contact").fill("olga@harbour.example");
  await details(second).getByRole("button", { name: "Save details" }).click();
  await expect(second.getByRole("status").first()).toContainText("Saved.");
  await page.reload();
  const both = "Mika <always>\nOlga at night\n& Pete by day";
  await expect(details(page).getByLabel("Operations contacts")).toHaveValue(both);
  await expect(details(page).getByLabel("Support contact")).toHaveValue("olga@harbour.example");
  await expect(details(page).getByLabel("Name", { exact: true })).toHaveValue("Sheets & more");
});

test("a form survives the end of the session", async ({ page, people, target }) => {
  const { owner } = await harbour(people, page);
  await page.goto("/apps/new");
  await hydrated(page);
  await fillIn(page, target.url);

  // Meanwhile the same person, elsewhere.
  const elsewhere = await people.newBrowser();
  await post(elsewhere, "/sign-in", { mail: owner.mail, password: PASSWORD, next: "" });
  await elsewhere.goto("/account");
  await elsewhere.getByText("Sign out everywhere").first().click();
  await elsewhere.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(elsewhere.getByRole("heading", { level: 1 })).toHaveText("Sign in");

  await fields(page).send.click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  const note = page.getByText("Your session had ended. What you typed is kept and will be sent once you sign in.");
  await expect(note).toBeVisible();

  // A slip of the finger loses nothing either.
  await page.getByLabel("Mail address").fill(owner.mail);
  await page.getByLabel("Password").fill("not my password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
  await expect(note).toBeVisible();
  await expect(page.getByLabel("Mail address")).toHaveValue(owner.mail);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();

  await expectRegistered(page, target.url);
  await page.goto("/apps");
  await expect(page.getByText("1 app", { exact: true })).toBeVisible();
});

test("a refused form survives the end of the session too", async ({ page, people }) => {
  const { owner } = await harbour(people, page);
  await page.goto("/apps/new");
  await hydrated(page);
  await fillIn(page, "http://10.0.0.5/");
  await page.context().clearCookies();
  await fields(page).send.click();
  await page.getByLabel("Mail address").fill(owner.mail);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expectFilledIn(page, "http://10.0.0.5/");
  await expectRefused(page, fields(page).urls, /10\.0\.0\.5/);
});

test("a wrong password tells nobody whether there is an account", async ({ page, people }) => {
  const { owner } = await harbour(people, await people.newBrowser());
  const answers: { status: number | undefined; text: string; title: string }[] = [];
  for (const mail of [owner.mail, "nobody@harbour.example"]) {
    await page.goto("/sign-in?next=%2Faudit");
    await page.getByLabel("Mail address").fill(mail);
    await page.getByLabel("Password").fill("wrong horse battery staple");
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.getByRole("button", { name: "Sign in" }).click();
    const status = (await answered).status();
    await expect(page.getByRole("alert")).toContainText("The mail address or the password is wrong.");
    await expect(page.getByLabel("Mail address")).toHaveValue(mail);
    await expect(page.getByLabel("Password")).toHaveValue("");
    await expect(page.getByLabel("Password")).toHaveAccessibleDescription("The mail address or the password is wrong.");
    answers.push({ status, text: await page.getByRole("main").innerText(), title: await page.title() });
  }
  expect(answers[0]?.status).toBe(422);
  expect(answers[1]).toEqual(answers[0]);

  // Signing in for good leads to where it was meant to.
  await page.getByLabel("Mail address").fill(owner.mail);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/audit");
});

test("a button that comes too late says so", async ({ page, people, target }) => {
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] });
  const partner = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  await post(partner.owner.page, "/apps/new", newApp(partner, target, "com.harbour.sheets", "Sheets"));
  await people.staff({ mail: "rui@platform.example", name: "Rui", roles: ["reviewer"] }, page);
  const colleague = (await people.staff({ mail: "rita@platform.example", name: "Rita", roles: ["reviewer"] })).page;
  for (const reader of [page, colleague]) {
    await reader.goto("/apps/com.harbour.sheets");
    await expect(reader.getByRole("button", { name: "Start measuring" })).toBeVisible();
  }
  await page.getByRole("button", { name: "Start measuring" }).click();
  await expect(page.getByRole("status").first()).toContainText("Measuring has started");
  await colleague.getByRole("button", { name: "Start measuring" }).click();
  await expect(colleague.getByRole("alert")).toContainText("This app is being measured already.");
  await expect(colleague.getByText("Stop measuring").first()).toBeVisible();

  // The owner withdraws an invitation that has been accepted in the meantime.
  const { owner } = partner;
  await post(owner.page, `/partners/${partner.id}/invite`, { mail: "mika@harbour.example", role: "member" });
  const link = await people.invitation("mika@harbour.example");
  await owner.page.goto(`/partners/${partner.id}`);
  await people.accept(link, "mika@harbour.example", "Mika Member");
  await owner.page.getByRole("button", { name: "Withdraw the invitation of mika@harbour.example" }).click();
  await expect(owner.page.getByRole("alert")).toContainText("This is not there any more. Nothing was changed.");
  await expect(table(owner.page, "Members").getByRole("rowheader", { name: "Mika Member" })).toBeVisible();
});
