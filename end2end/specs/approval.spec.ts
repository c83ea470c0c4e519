import { expect, expectAccessible, test } from "../support/fixtures.js";
import { table } from "../support/pages.js";
import { confirmAlertAddress, newApp, post } from "../support/people.js";

const KEY = "com.harbour.time-sheets";
const WHY = 'They have done this for another app, "reviewed" & measured.';

test("an app is asked for, worked off, waived where it must be, and approved", async ({ page, people, mailbox, target }) => {
  test.slow();
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const administrator = await people.staff(staff);
  const pia = await people.staff({ mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] }, page);
  const manager = pia.page;
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  const owner = harbour.owner.page;
  const app = { ...newApp(harbour, target, KEY, "Timesheets"), fails_when_down: "yes" };
  await post(owner, "/apps/new", app);

  await test.step("the owner finds what is asked, and asks for approval", async () => {
    await owner.goto(`/apps/${KEY}`);
    await owner.getByRole("link", { name: "Ask for approval" }).click();
    await expect(owner.getByText("Approval was not asked for yet.")).toBeVisible();
    await expectAccessible(owner);
    await owner.getByRole("button", { name: "Ask for approval" }).click();
    await expect(owner.getByRole("status")).toContainText("Approval is asked for.");
    await expect(owner.locator("#approval")).toContainText("Next:");
  });
  await test.step("staff start the measuring, and the alert address is confirmed", async () => {
    await post(administrator.page, `/apps/${KEY}/measuring/start`, {});
    await confirmAlertAddress(owner, mailbox, KEY, "on-call@harbour.example");
    await target.waitForHits(32);
  });
  await test.step("the owner looks at the series, and names an instance of each product", async () => {
    await owner.goto(`/apps/${KEY}/approval`);
    await owner.getByRole("button", { name: /^It is as expected/ }).click();
    await expect(owner.locator("#item-slis")).toContainText("Done");
    const form = owner.locator("#new-instance");
    await form.getByLabel("Product").selectOption("confluence");
    await form.getByLabel("Site").fill("no site at all");
    await form.getByRole("button", { name: "Name the instance" }).click();
    await expect(form.getByRole("alert")).toContainText("is no site");
    await expect(form.getByLabel("Site")).toHaveValue("no site at all");
    await expect(form.getByLabel("Product")).toHaveValue("confluence");
    await expectAccessible(owner);
    for (const product of ["confluence", "jira"]) {
      await form.getByLabel("Product").selectOption(product);
      await form.getByLabel("Site").fill(`harbour-${product}.atlassian.net`);
      await form.getByRole("button", { name: "Name the instance" }).click();
      await expect(owner.getByRole("status")).toContainText("The instance is named.");
    }
    await expect(owner.locator("#item-developer_first_rollout")).toContainText("Done");
    await expect(owner.locator("#item-health_check")).toContainText("Done");
    await expect(owner.locator("#item-alert_mail")).toContainText("Done");
  });
  await test.step("the owner asks for a waiver of what cannot be done here", async () => {
    const item = owner.locator("#item-trial_ticket");
    await item.getByText("Ask for a waiver", { exact: true }).first().click();
    await owner.locator("#ask-trial_ticket").getByLabel("Reason").fill(WHY);
    await owner.locator("#ask-trial_ticket").getByRole("button", { name: "Ask for a waiver" }).click();
    await expect(owner.getByRole("status")).toContainText("The waiver is asked for.");
    await expect(item).toContainText(WHY);
  });
  await test.step("a program manager finds the ticket in the queue, and waives what is left", async () => {
    await manager.goto("/approvals");
    await expectAccessible(manager);
    await expect(table(manager, "Approvals").getByRole("row").nth(1)).toContainText("4 of 6");
    await manager.getByRole("link", { name: "Timesheets" }).click();
    await expectAccessible(manager);
    for (const item of ["trial_ticket", "readiness"]) {
      const form = manager.locator(`#waive-${item}`);
      await manager.locator(`#item-${item}`).getByText("Waive", { exact: true }).click();
      await form.getByLabel("Reason").fill(WHY);
      await form.getByRole("button", { name: "Waive it" }).click();
      await expect(form.getByRole("alert")).toContainText("Enter a day from today on");
      await expect(form.getByLabel("Reason")).toHaveValue(WHY);
      const until = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
      await form.getByLabel("Last day").fill(until);
      await form.getByRole("button", { name: "Waive it" }).click();
      await expect(manager.getByRole("status")).toContainText("The requirement is waived");
    }
    await mailbox.waitForMailTo("olga@harbour.example", /waived: Trial ticket/);
    await mailbox.waitForMailTo("pia@platform.example", /ready for a decision/);
  });
  await test.step("and approves the app, which is designated then", async () => {
    await manager.goto(`/apps/${KEY}/approval`);
    await manager.getByText("Approve", { exact: true }).click();
    await manager.locator("#approve").getByLabel("Reason").fill("Everything is there.");
    await manager.getByRole("button", { name: "Approve the app" }).click();
    await expect(manager.getByRole("status")).toContainText("The app is approved");
    await expectAccessible(manager);
    await mailbox.waitForMailTo("olga@harbour.example", /Timesheets: approved/);
    await owner.goto(`/apps/${KEY}/escalation`);
    await expect(owner.locator("[aria-current=step]")).toContainText("In good standing");
    await manager.goto("/approvals");
    await expect(manager.getByText("No ticket is open")).toBeVisible();
  });
  await test.step("the requirements are there for everybody", async () => {
    await owner.goto("/requirements#error-budget");
    await expect(owner.locator("#error-budget")).toBeVisible();
    await expectAccessible(owner);
  });
});
