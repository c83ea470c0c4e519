import type { Locator, Page } from "@playwright/test";
import { scriptsEnabled } from "../support/browser.js";
import { expect, hydrated, test } from "../support/fixtures.js";
import { addresses, links } from "../support/mailbox.js";
import type { Mail } from "../support/mailbox.js";
import { state, table } from "../support/pages.js";
import { PASSWORD } from "../support/people.js";
import { expectIncidentData, incidentData } from "../support/schema.js";
import type { IncidentData } from "../support/schema.js";

const KEY = "com.harbour.time-sheets";
const APP = "Harbour Timesheets";
const ALERTS = "on-call@harbour.example";

/** The link to our own pages under `path` that a mail has, in its text and behind a button of its page alike. */
function linkOf(mail: Mail, path: string): string {
  const link = links(mail).find((url) => url.includes(path));
  expect(link, `a link to ${path} in the text of "${mail.subject}"`).toBeDefined();
  expect(mail.page).toContain(`href="${link}"`);
  return link ?? "";
}

/**
 * Waits until an open page says so. With scripts the page keeps itself up to date, and the clock of its timers is moved
 * on; without, the reader loads it again.
 */
async function comesToSay(page: Page, place: Locator, words: RegExp): Promise<void> {
  await expect(async () => {
    if (scriptsEnabled()) await page.clock.runFor(30_000);
    else await page.reload();
    await expect(place).toHaveText(words, { timeout: 1_000 });
  }).toPass({ intervals: [250], timeout: 60_000 });
}

async function chooseAccount(page: Page, name: string): Promise<void> {
  const field = page.getByLabel("Your name");
  if ((await field.inputValue()) === "") await field.fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("The same password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Accept the invitation" }).click();
  await expect(page.getByRole("status").first()).toContainText("Welcome. You are signed in.");
}

test("from the first administrator to a closed breach", async ({ page: admin, rampart, mailbox, target, people }) => {
  test.setTimeout(180_000);
  const owner = await people.newBrowser();
  const reviewer = await people.newBrowser();
  const stranger = await people.newBrowser();

  await test.step("the first administrator sets a password", async () => {
    const link = await rampart.addUser({ mail: "ada@platform.example", name: "Ada Admin", roles: ["administrator"] });
    await admin.goto(link);
    await expect(admin.getByRole("heading", { level: 1 })).toHaveText("You are invited");
    await expect(admin.locator("dl.facts")).toContainText("Administrator");
    await chooseAccount(admin, "Ada Admin");
    await expect(admin.getByRole("link", { name: "Ada Admin" })).toBeVisible();
    // The link worked once.
    await stranger.goto(link);
    await expect(stranger.getByRole("heading", { level: 1 })).toHaveText("There is no such page");
  });

  await test.step("the administrator adds a partner", async () => {
    await admin.getByRole("link", { name: "Partners" }).click();
    await admin.getByRole("link", { name: "Add a partner" }).click();
    await admin.getByLabel("Name of the company").fill("Harbour & Sons <GmbH>");
    await admin.getByLabel("Mail address of the first owner").fill("olga@harbour.example");
    await admin.getByRole("button", { name: "Add the partner" }).click();
    await expect(admin.getByRole("heading", { level: 1 })).toHaveText("Harbour & Sons <GmbH>");
    await expect(table(admin, "Invitations")).toContainText("olga@harbour.example");
  });

  await test.step("its owner follows the mail and makes an account", async () => {
    const mail = await mailbox.waitForMailTo("olga@harbour.example");
    expect(addresses(mail.to)).toEqual(["olga@harbour.example"]);
    expect(mail.subject).toContain("invitation");
    expect(mail.text).toContain("owner at Harbour & Sons <GmbH>");
    await owner.goto(linkOf(mail, "/invitation/"));
    await expect(owner.locator("dl.facts")).toContainText("olga@harbour.example");
    await chooseAccount(owner, "Olga Owner");
  });

  await test.step("the owner registers an app", async () => {
    await expect(owner.getByText("There is no app yet")).toBeVisible();
    await owner.getByRole("link", { name: "Register an app" }).first().click();
    await owner.getByLabel("App key").fill(KEY);
    await owner.getByLabel("Name", { exact: true }).fill(APP);
    await owner.getByRole("radio", { name: "Connect" }).check();
    await owner.getByRole("checkbox", { name: "Jira", exact: true }).check();
    await owner.getByLabel("Path").fill("/health");
    await owner.getByLabel("Base URLs").fill(target.url);
    await owner.getByLabel("Alert address").fill(ALERTS);
    await owner.getByLabel("Support contact").fill("https://harbour.example/help");
    await owner.getByLabel("Operations contacts").fill("Mika Meyer, +49 30 1234567\nNights: Noor Najjar");
    await owner.getByRole("button", { name: "Register the app" }).click();
    await expect(owner.getByRole("heading", { level: 1 })).toHaveText(APP);
    await expect(owner).toHaveURL(new RegExp(`/apps/${KEY}$`));
    await expect(state(owner)).toHaveText("Not measured");
  });

  await test.step("the drill mail's link does nothing by itself, its button confirms the address", async () => {
    const drill = await mailbox.waitForMailTo(ALERTS);
    expect(drill.subject).toMatch(/^DRILL/);
    const data = incidentData(drill, "incident-data-drill");
    await expectIncidentData(rampart.url, data);
    expect(data).toMatchObject({ appKey: KEY, appDetails: { name: APP, partnerName: "Harbour & Sons <GmbH>" } });

    await stranger.goto(linkOf(drill, "/alert-address/"));
    await expect(stranger.getByRole("heading", { level: 1 })).toHaveText("The drill mail arrived");
    await stranger.reload();
    await owner.goto(`/apps/${KEY}/settings`);
    const alerts = owner.getByRole("region", { name: "Alert mails" });
    await expect(alerts).toContainText(`${ALERTS} is not confirmed yet.`);
    await expect(alerts).toContainText("none; the owners of the team get the alerts");

    await stranger.getByRole("button", { name: "Confirm this address" }).click();
    await expect(stranger.getByRole("status").first()).toContainText(`alerts about ${APP} come to this address`);
    await owner.reload();
    await expect(alerts).not.toContainText("is not confirmed yet");
    await expect(alerts.getByRole("definition").first()).toContainText(`${ALERTS}, since`);
    await stranger.goto(linkOf(drill, "/alert-address/"));
    await expect(stranger.getByRole("heading", { level: 1 })).toHaveText("There is no such page");
  });

  await test.step("the owner tests the health check", async () => {
    const hits = target.hits;
    await owner.getByRole("button", { name: "Test now" }).click();
    const result = owner.locator("#test-results");
    await expect(result).toContainText("good, 200");
    await expect(result).toContainText(`${target.url}/health`);
    const timings = result.getByRole("table");
    await expect(timings.getByRole("columnheader")).toHaveText(["Connect", "First byte", "Total"]);
    for (const cell of await timings.getByRole("cell").all()) await expect(cell).toHaveText(/^<?\s?[\d.,]+\sm?s$/);
    expect(target.hits).toBe(hits + 1);
    expect(target.requests.at(-1)).toMatchObject({ method: "GET", path: "/health" });
    expect(target.requests.at(-1)?.userAgent).toMatch(/rampart/i);
  });

  await test.step("the administrator invites a reviewer, who starts measuring", async () => {
    await admin.getByRole("link", { name: "People" }).click();
    await admin.getByLabel("Mail address").fill("rui@platform.example");
    await admin.getByLabel("Name", { exact: true }).fill("Rui Reviewer");
    // Among the boxes of the form, not of the table.
    await admin.locator("#invite-staff").getByRole("checkbox", { name: "Reviewer" }).check();
    await admin.getByRole("button", { name: "Send the invitation" }).click();
    await expect(admin.getByRole("status").first()).toContainText("rui@platform.example");
    await reviewer.goto(linkOf(await mailbox.waitForMailTo("rui@platform.example"), "/invitation/"));
    await chooseAccount(reviewer, "Rui Reviewer");

    // The owner's page lies open meanwhile.
    if (scriptsEnabled()) await owner.clock.install();
    await owner.goto(`/apps/${KEY}`);
    await hydrated(owner);
    await expect(state(owner)).toHaveText("Not measured");

    await reviewer.getByRole("link", { name: APP }).click();
    await reviewer.getByRole("button", { name: "Start measuring" }).click();
    await expect(reviewer.getByRole("status").first()).toContainText("Measuring has started");
  });

  await test.step("the owner's open page turns to good", async () => {
    await owner.evaluate(() => document.body.setAttribute("data-same-document", ""));
    await comesToSay(owner, state(owner), /On target/);
    const same = scriptsEnabled() ? 1 : 0;
    await expect(owner.locator("body[data-same-document]")).toHaveCount(same);
    await expect(owner.locator('[data-live="standing"]')).toContainText("No breach is open");
    await expect(owner.locator('[data-live="health"]')).toContainText(/200 in \d+ ms/);
    await expect(owner.locator('[data-live="complete"]')).toContainText(/data up to .*\d\d:\d\d\sUTC/);
    await expect(owner.locator('[data-live="alerts"]')).toContainText(ALERTS);
  });

  const opened = await test.step("the target breaks, and the alert address gets a mail", async () => {
    target.setStatus(503);
    const mail = await mailbox.waitForMailTo(ALERTS, /ANOMALOUS/);
    expect(mail.recipients).toEqual([ALERTS]);
    const data = incidentData(mail) as IncidentData;
    await expectIncidentData(rampart.url, data);
    expect(data).toMatchObject({
      appKey: KEY,
      appDetails: { name: APP, partnerName: "Harbour & Sons <GmbH>" },
      incidentStatus: "ANOMALOUS",
      metricName: "App Availability",
      metricUnit: "PERCENT",
      measurementDurationSeconds: 900,
      sloValue: 99.9,
    });
    expect(data.sliValue).toBeLessThan(99.9);
    expect(mail.subject).toContain(APP);
    expect(mail.text).toContain(`App Availability of ${APP} is below 99.9 % over the past 15 min.`);
    expect(mail.text).toMatch(/Since: \d+ \w+ \d{4}, \d\d:\d\d UTC/);
    expect(mail.text).not.toMatch(/<[a-z]/i);
    return { data, link: linkOf(mail, `/breaches/${data.incidentId}`) };
  });

  await test.step("the breach is on the app's page and on its own", async () => {
    // Four failed probes, so that it counts.
    await target.waitForHits(4);
    await comesToSay(owner, state(owner), /Breach open/);
    if (scriptsEnabled()) await expect(owner.getByText("State is now: Breach open")).toBeAttached();
    await expect(owner.locator('[data-live="standing"]')).toContainText(/has been below 99\.9\s%\s+since/);
    await expect(table(owner, "Latest breaches").getByRole("row")).toHaveCount(2);

    await owner.goto(opened.link);
    await expect(owner.getByRole("heading", { name: "What happened" })).toBeVisible();
    await expect(owner.getByRole("main")).toContainText(opened.data.incidentId);
    const probes = table(owner, "Probes");
    await expect(probes.getByRole("row").nth(1)).toContainText("The server answered 503 instead of 200");
    await expect(table(owner, "Mails about this breach")).toContainText(ALERTS);
  });

  await test.step("the target is mended, and a second mail closes the incident", async () => {
    target.setStatus(200);
    const mended = target.waitForHits(31);

    // Half an hour of the server's clock passes meanwhile.
    await admin.getByRole("link", { name: "Mail", exact: true }).click();
    const mails = table(admin, "Outgoing mail");
    await expect(mails.getByRole("row")).toHaveCount(5);
    for (const row of (await mails.getByRole("row").all()).slice(1)) await expect(row).toContainText("Sent");
    await reviewer.goto("/apps");
    const row = table(reviewer, "Apps").getByRole("row").filter({ hasText: KEY });
    await expect(row).toContainText("Breach open");
    await expect(row).toContainText("Harbour & Sons <GmbH>");
    await owner.goto(`/apps/${KEY}/metrics`);
    await table(owner, "Series: Production").getByRole("link", { name: "App availability" }).click();
    // Below 100 %.
    const failing = { hasText: /\d\.\d+\s%/ };
    await table(owner, "Figures by day").getByRole("row").filter(failing).first().getByRole("link").click();
    await table(owner, "Figures by five minutes").getByRole("row").filter(failing).first().getByRole("link").click();
    await expect(table(owner, "Probes")).toContainText("503");
    await owner.goto(`/apps/${KEY}`);
    await mended;

    const mail = await mailbox.waitForMailTo(ALERTS, /\[OK\]/);
    const data = incidentData(mail) as IncidentData;
    await expectIncidentData(rampart.url, data);
    expect(data).toMatchObject({ incidentId: opened.data.incidentId, incidentStatus: "OK", sliValue: 100 });
    expect(Date.parse(data.time)).toBeGreaterThan(Date.parse(opened.data.time));
    linkOf(mail, `/breaches/${data.incidentId}`);
  });

  await test.step("the history keeps it, counted, and the month is below its target", async () => {
    await comesToSay(owner, state(owner), /Below target/);
    await expect(owner.locator('[data-live="standing"]')).toContainText(/below its target of 99\.9\s%/);
    await expect(owner.locator('[data-live="standing"]')).toContainText(/this clears on \d/);
    await owner.getByRole("navigation", { name: "App" }).getByRole("link", { name: /Breaches/ }).click();
    const history = table(owner, "Breach history");
    await expect(history.getByRole("row")).toHaveCount(2);
    const row = history.getByRole("row").nth(1);
    await expect(row).toContainText("counts");
    await expect(row).toContainText(/\d+\smin/);
    await expect(row).not.toContainText("open");
    await row.getByRole("link").click();
    await expect(owner.getByRole("main")).toContainText("It counts: it had");
    await expect(owner.getByRole("complementary", { name: "Figures" })).toContainText("closed");
    await expect(table(owner, "Mails about this breach").getByRole("row")).toHaveCount(3);
    expect(mailbox.mails.filter(({ recipients }) => recipients.includes(ALERTS))).toHaveLength(3);
  });

  await test.step("the audit log tells all of it", async () => {
    await admin.getByRole("link", { name: "Audit" }).click();
    await expect(admin.getByText(/^The chain of all \d+ rows is whole\.$/)).toBeVisible();
    const log = table(admin, "Audit log");
    // The latest first.
    const actions = (await log.locator("td.code").allTextContents()).reverse();
    expect(actions).toEqual([
      "staff.invited",
      "invitation.accepted",
      "partner.created",
      "invitation.accepted",
      "app.registered",
      "alert_address.confirmed",
      "staff.invited",
      "invitation.accepted",
      "app.measuring_started",
      "breach.opened",
      "breach.counted",
      "breach.closed",
    ]);
    await expect(log.getByRole("row").filter({ hasText: "app.measuring_started" })).toContainText("Rui Reviewer");
    const confirmed = log.getByRole("row").filter({ hasText: "alert_address.confirmed" });
    await expect(confirmed).toContainText(ALERTS);
    await expect(confirmed).toContainText("127.0.0.1");
  });
});
