import type { Locator, Page } from "@playwright/test";
import { scriptsEnabled } from "../support/browser.js";
import { expect, expectAccessible, hydrated, test } from "../support/fixtures.js";
import { newApp, post } from "../support/people.js";

const KEY = "com.harbour.time-sheets";
const PAGE = `/apps/${KEY}/readiness`;
/** An answer to every question that is asked of an app that stores no data. */
const ANSWERS: Record<string, string> = {
  "scaling_factors-value": "Issues.",
  "concurrent_users-value": "It queues.",
  "large_datasets-value": "It pages.",
  "distributed_users-value": "It is in three regions.",
  "rate_limits-value": "It waits.",
  "scale_testing-value": "A load test each month.",
  "first_rollout_signed_up-value": "all",
  "first_rollout_testing-value": "Smoke tests.",
  "synthetic_tests-value": "no",
  "faulty_deployment-value": "We roll back.",
  "fix_to_production-value": "40",
  "fix_to_production-unit": "minutes",
  "stores_data-value": "no",
  "cover_hours-days": "mon",
  "cover_hours-from": "09:00",
  "cover_hours-to": "17:00",
  "cover_hours-zone": "UTC",
  "out_of_hours-value": "no",
  "discovery-value": "monitoring",
  "alerting-value": "no",
  "team_communication-value": "In a chat.",
  "customer_communication-value": "By mail.",
};

function question(page: Page, key: string): Locator {
  return page.locator(`[data-question=${key}]`);
}

function answer(page: Page, key: string): Locator {
  return question(page, key).locator(`[name=${key}-value]`);
}

/** Waits until what is typed is saved: by itself, or without scripts by a button. */
async function saved(page: Page, key: string): Promise<void> {
  if (scriptsEnabled()) await expect(question(page, key).locator("[data-state]")).toHaveText("Saved");
  else await question(page, key).getByRole("button", { name: "Save" }).click();
  await expect(question(page, key)).toContainText("Saved by");
}

test("a document is written by two people, reviewed, changed and approved", async ({
  page,
  people,
  mailbox,
  target,
  context,
  browserErrors,
}) => {
  test.slow();
  // What is refused is answered with 401, 409 and 422, which a browser logs.
  browserErrors.allow(/\/readiness\/answers/);
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const administrator = await people.staff(staff);
  const rea = await people.staff({ mail: "rea@platform.example", name: "Rea", roles: ["reviewer"] });
  const reviewer = rea.page;
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner", page);
  await post(page, "/apps/new", newApp(harbour, target, KEY, "Timesheets"));
  const second = await context.newPage();

  await test.step("two windows save different answers", async () => {
    for (const window of [page, second]) {
      await window.goto(PAGE);
      await hydrated(window);
    }
    await expectAccessible(page);
    await answer(page, "rate_limits").fill("We wait.");
    await answer(second, "scaling_factors").fill("Issues & <b>pages</b>.");
    await saved(page, "rate_limits");
    await saved(second, "scaling_factors");
    await page.goto(PAGE);
    await hydrated(page);
    await expect(answer(page, "scaling_factors")).toHaveValue("Issues & <b>pages</b>.");
    await expect(answer(page, "rate_limits")).toHaveValue("We wait.");
  });

  await test.step("a conflict shows both texts, and is decided by its own button", async () => {
    await second.goto(PAGE);
    await hydrated(second);
    await answer(page, "rate_limits").fill("Theirs: as long as we are told.");
    await saved(page, "rate_limits");
    await answer(second, "rate_limits").fill("Mine: with a queue.");
    if (!scriptsEnabled()) await question(second, "rate_limits").getByRole("button", { name: "Save" }).click();
    const item = question(second, "rate_limits");
    await expect(item.locator(".theirs")).toContainText("Theirs: as long as we are told.");
    await expect(answer(second, "rate_limits")).toHaveValue("Mine: with a queue.");
    await expectAccessible(second);
    await answer(second, "rate_limits").fill("Both: as long as we are told, with a queue.");
    // Another answer goes its own way meanwhile.
    await answer(second, "large_datasets").fill("It pages.");
    if (scriptsEnabled()) await saved(second, "large_datasets");
    await item.locator(".submit button").click();
    await expect(item.locator(".theirs")).toHaveCount(0);
    await second.goto(PAGE);
    await expect(answer(second, "rate_limits")).toHaveValue("Both: as long as we are told, with a queue.");
    await expect(answer(second, "large_datasets")).toHaveValue("It pages.");
  });

  await test.step("a question follows from an answer", async () => {
    await page.goto(PAGE);
    await hydrated(page);
    await expect(question(page, "backup_every")).toHaveCount(0);
    await answer(page, "stores_data").and(page.locator("[value=yes]")).check();
    if (!scriptsEnabled()) await question(page, "stores_data").getByRole("button", { name: "Save" }).click();
    await expect(question(page, "backup_every")).toBeVisible();
    await answer(page, "backup_every").fill("often");
    if (!scriptsEnabled()) await question(page, "backup_every").getByRole("button", { name: "Save" }).click();
    await expect(question(page, "backup_every")).toContainText(scriptsEnabled() ? "Not saved:" : "Enter a whole number");
    await expect(answer(page, "backup_every")).toHaveValue("often");
    await answer(page, "backup_every").fill("4");
    await saved(page, "backup_every");
  });

  await test.step("what is typed while the session has ended is saved after the sign-in", async () => {
    await page.goto(PAGE);
    await hydrated(page);
    const kept = await context.cookies();
    await context.clearCookies();
    await answer(page, "distributed_users").fill("Typed too late.");
    if (scriptsEnabled()) {
      await expect(question(page, "distributed_users").locator("[data-state]")).toContainText("your session has ended");
      await context.addCookies(kept);
      await saved(page, "distributed_users");
    } else {
      await question(page, "distributed_users").getByRole("button", { name: "Save" }).click();
      await expect(page.locator("[name='carried.distributed_users-value']")).toHaveValue("Typed too late.");
      await context.addCookies(kept);
      await post(page, `${PAGE}/answers`, { "distributed_users-version": "0", "distributed_users-value": "Typed too late." });
    }
    await page.goto(PAGE);
    await expect(answer(page, "distributed_users")).toHaveValue("Typed too late.");
  });

  await test.step("the owner completes and submits it, with what was typed last", async () => {
    await page.goto(PAGE);
    const fields: Record<string, string> = {};
    for (const [name, value] of Object.entries(ANSWERS)) {
      fields[name] = value;
      const key = name.slice(0, name.lastIndexOf("-"));
      fields[`${key}-version`] = await page.locator(`[name=${key}-version]`).inputValue();
    }
    await post(page, `${PAGE}/answers`, fields);
    await page.goto(PAGE);
    await hydrated(page);
    await answer(page, "team_communication").fill("In a chat, and by telephone.");
    await page.getByRole("button", { name: "Submit for review" }).click();
    await expect(page.getByRole("status").first()).toContainText("The document is submitted");
    await expect(page.getByText("In a chat, and by telephone.")).toBeVisible();
    await expectAccessible(page);
    await mailbox.waitForMailTo("rea@platform.example", /readiness document submitted/);
  });

  await test.step("a reviewer asks for a change, the partner makes it, and it is approved", async () => {
    await reviewer.goto(`${PAGE}/review`);
    await expectAccessible(reviewer);
    const review = reviewer.locator("#q-rate_limits");
    await review.getByLabel("Request a change").check();
    await review.getByLabel("What should change").fill("Which **limits**?");
    await review.getByRole("button", { name: "Save the review" }).click();
    await expect(reviewer.locator("#q-rate_limits")).toContainText("Change requested");
    await reviewer.getByRole("button", { name: "Accept all that are not reviewed" }).click();
    const decide = reviewer.getByRole("complementary", { name: "Decision" });
    await decide.getByLabel("Request changes").check();
    await decide.getByLabel("Reason").fill("One answer needs more.");
    await decide.getByRole("button", { name: "Decide" }).click();
    await expect(reviewer.getByRole("status").first()).toContainText("Your decision is recorded");

    await page.goto(PAGE);
    await hydrated(page);
    await expect(question(page, "rate_limits").locator(".request strong").last()).toHaveText("limits");
    await answer(page, "rate_limits").fill("Those of the REST API.");
    await saved(page, "rate_limits");
    await page.getByRole("button", { name: "Submit for review" }).click();
    await expect(page.getByRole("status").first()).toContainText("The document is submitted");

    await reviewer.goto(`${PAGE}/review`);
    await expect(reviewer.locator("#q-rate_limits ins")).toContainText("Those of the REST API.");
    await reviewer.getByRole("button", { name: "Accept all that are not reviewed" }).click();
    await decide.getByLabel("Approve the document for 12 months").check();
    await decide.getByLabel("Reason").fill("Everything is there.");
    await decide.getByRole("button", { name: "Decide" }).click();
    await expect(reviewer.getByRole("status").first()).toContainText("Your decision is recorded");
    await page.goto(`/apps/${KEY}/approval`);
    await expect(page.locator("#item-readiness")).toContainText("Approved until");
  });
});
