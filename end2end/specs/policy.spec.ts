import { expect, expectAccessible, test } from "../support/fixtures.js";
import { table } from "../support/pages.js";
import { newApp, post } from "../support/people.js";

const KEY = "com.harbour.time-sheets";
const WHY = "The programme asks for more,\n& says so <early>.";
const NOTE = "Only our test site was affected; nobody works there.\nNo customer had to be told.";

test("new measurement rules are typed, reviewed, published and hold", async ({ page, people }) => {
  const manager = { mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] };
  await people.staff(manager, page);
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] });
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  const reader = harbour.owner.page;

  await page.goto("/policies/measurement");
  await page.getByRole("link", { name: "Change the rules" }).click();
  const form = page.locator("#measurement-policy");
  const availability = form.getByRole("region", { name: "App availability" });
  const objective = availability.getByLabel("Objective, 28 days, %");
  const settling = availability.getByLabel("Settling, min");
  const reason = form.getByLabel("Reason");

  await test.step("what cannot be used comes back as it was typed", async () => {
    await objective.fill("99,95");
    await settling.fill("600");
    await reason.fill(WHY);
    await form.getByRole("button", { name: "Review the changes" }).click();
    await expect(form.getByRole("alert")).toContainText("one thing needs another look");
    await expect(objective).toHaveValue("99,95");
    await expect(settling).toHaveValue("600");
    await expect(reason).toHaveValue(WHY);
    await expectAccessible(page);
    await objective.fill("99.95");
    await form.getByRole("button", { name: "Review the changes" }).click();
    await expect(form.getByRole("alert")).toContainText("Enter at most 60 minutes.");
    await expect(objective).toHaveValue("99.95");
  });
  await test.step("what changes is shown first", async () => {
    await settling.fill("1");
    await form.getByRole("button", { name: "Review the changes" }).click();
    const review = page.getByRole("region", { name: "What will change" });
    await expect(review.getByRole("listitem")).toHaveText(["App availability, objective over 28 days: 99.9 % → 99.95 %"]);
    await expect(review).toContainText("Version 2 takes over within two minutes.");
    await expect(objective).toHaveValue("99.95");
    await expect(reason).toHaveValue(WHY);
    await expectAccessible(page);
    await reader.goto("/policies/measurement");
    await expect(reader.getByText("Version 1 holds since the beginning")).toBeVisible();
  });
  await test.step("then it is published", async () => {
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await expect(page.getByRole("status")).toContainText("Published: version 2 holds from");
    await expectAccessible(page);
  });
  await test.step("and a partner reads what holds, and why", async () => {
    await expect(async () => {
      await reader.reload();
      await expect(reader.getByText("Version 2 holds since")).toBeVisible({ timeout: 1_000 });
    }).toPass();
    const row = table(reader, "What holds now").getByRole("row", { name: /^App availability/ });
    await expect(row).toContainText(/99\.95\s%/);
    await expect(table(reader, "Versions").getByText(WHY)).toBeVisible();
    await expect(reader.getByRole("link", { name: "Change the rules" })).toHaveCount(0);
    await expectAccessible(reader);
  });
});

test("a draft of the escalation rules is replayed, then published", async ({ page, people }) => {
  const manager = { mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] };
  await people.staff(manager, page);
  await page.goto("/policies/measurement");
  await page.getByRole("navigation", { name: "Rules" }).getByRole("link", { name: "Escalation" }).click();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Change the rules" }).click();
  const form = page.locator("#escalation-policy");
  const breaches = form.getByRole("region", { name: "Remediation" }).getByLabel("Breaches");
  const transition = form.getByRole("region", { name: "Transition" }).getByLabel("Days");

  await test.step("what cannot be used comes back as it was typed", async () => {
    await breaches.fill("two");
    await transition.fill("14");
    await form.getByRole("button", { name: "Replay the history" }).click();
    await expect(form.getByRole("alert")).toContainText("one thing needs another look");
    await expect(breaches).toHaveValue("two");
    await expect(transition).toHaveValue("14");
    await expectAccessible(page);
  });
  await test.step("the history is replayed before anything is published", async () => {
    await breaches.fill("2");
    await form.getByRole("button", { name: "Replay the history" }).click();
    // With and without scripts the page shows by itself what was found.
    const publishing = page.getByRole("region", { name: "Publish" });
    await expect(publishing).toBeVisible();
    const draft = page.getByRole("region", { name: "The draft" });
    await expect(draft.getByRole("listitem")).toHaveText(["Remediation, Breaches: 3 → 2", "Transition, Days: 28 → 14"]);
    await expect(page.getByText("No app differs")).toBeVisible();
    await expectAccessible(page);
    await publishing.getByRole("button", { name: "Publish" }).click();
    await expect(publishing.getByRole("alert")).toContainText("Enter why the rules change.");
  });
  await test.step("the draft can be changed", async () => {
    await page.getByRole("link", { name: "Change the draft" }).click();
    await expect(breaches).toHaveValue("2");
    await transition.fill("21");
    await form.getByRole("button", { name: "Replay the history" }).click();
    await expect(page.getByRole("region", { name: "The draft" })).toContainText("Transition, Days: 28 → 21");
  });
  await test.step("then it is published", async () => {
    const publishing = page.getByRole("region", { name: "Publish" });
    await publishing.getByLabel("Reason").fill(WHY);
    await publishing.getByRole("button", { name: "Publish" }).click();
    await expect(page.getByRole("status").first()).toContainText("Published: version 2 holds from");
    await expect(page.getByText("Version 2 holds since")).toBeVisible();
    await expect(table(page, "Versions").getByText(WHY)).toBeVisible();
    await expectAccessible(page);
  });
});

test("a partner says that a breach was no emergency, and takes it back", async ({ page, people, mailbox, target }) => {
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const reviewer = await people.staff(staff);
  const harbour = await people.partner(reviewer, "Harbour", "olga@harbour.example", "Olga Owner", page);
  target.setStatus(503);
  await post(page, "/apps/new", newApp(harbour, target, KEY, "Timesheets"));
  await post(reviewer.page, `/apps/${KEY}/measuring/start`, {});
  await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/);

  await page.goto(`/apps/${KEY}/breaches`);
  const history = table(page, "Breach history");
  await expect(history.getByRole("row").nth(1)).toContainText("not looked at");
  await history.getByRole("link").first().click();
  const assessment = page.getByRole("region", { name: "Assessment" });
  const form = page.locator("#assess-breach");
  const note = form.getByLabel("Why it was no emergency");
  await test.step("not without a word", async () => {
    await form.getByRole("button", { name: "It was no emergency" }).click();
    await expect(form.getByRole("alert")).toContainText("Enter why it was no emergency.");
    await expectAccessible(page);
  });
  await test.step("with one it is kept, for the reviewers to read", async () => {
    await note.fill(NOTE);
    await form.getByRole("button", { name: "It was no emergency" }).click();
    await expect(page.getByRole("status").first()).toContainText("Saved: no emergency.");
    await expect(assessment).toContainText("said by Olga Owner");
    await expect(note).toHaveValue(NOTE);
    await expectAccessible(page);
    await reviewer.page.goto(page.url());
    await expect(reviewer.page.getByRole("region", { name: "Assessment" }).getByText(NOTE)).toBeVisible();
    await expect(reviewer.page.locator("#assess-breach")).toHaveCount(0);
    await expectAccessible(reviewer.page);
  });
  await test.step("and it is taken back", async () => {
    await page.getByRole("button", { name: "Take it back" }).click();
    await expect(page.getByRole("status").first()).toContainText("Taken back");
    await expect(assessment).toContainText("not looked at");
    await expect(note).toHaveValue("");
  });
});
