import { expect, expectAccessible, test } from "../support/fixtures.js";
import { table } from "../support/pages.js";
import { newApp, post, send } from "../support/people.js";

const KEY = "com.harbour.time-sheets";
const WHY = 'It meets every condition, "reviewed" & measured.';

test("a designation is given, explained and proved by its receipt", async ({ page, people, target }) => {
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] });
  const pia = await people.staff({ mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] }, page);
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  const owner = harbour.owner.page;
  await post(owner, "/apps/new", newApp(harbour, target, KEY, "Timesheets"));

  await test.step("before, the page says who gives it", async () => {
    await owner.goto(`/apps/${KEY}/escalation`);
    await expect(owner.getByText("A program manager of the platform gives it the designation.")).toBeVisible();
    await expectAccessible(owner);
  });
  await test.step("it is given with a reason", async () => {
    await pia.page.goto(`/apps/${KEY}/escalation`);
    await pia.page.getByText("Give the designation", { exact: true }).click();
    await pia.page.getByRole("button", { name: "Give it" }).click();
    const form = pia.page.locator("#decide-designate");
    await expect(form.getByRole("alert")).toContainText("This was not saved");
    await expectAccessible(pia.page);
    await form.getByLabel("Reason").fill(WHY);
    await form.getByRole("button", { name: "Give it" }).click();
    await expect(pia.page.getByRole("status")).toContainText("The app carries the designation.");
    await expect(pia.page.locator("[aria-current=step]")).toContainText("In good standing");
  });
  await test.step("an owner has nothing to appeal yet", async () => {
    await owner.reload();
    await expect(owner.getByText("There is nothing to appeal")).toBeVisible();
    await expect(owner.getByRole("button", { name: "Open the appeal" })).toHaveCount(0);
    const answer = await send(owner, `/apps/${KEY}/escalation/decide/appeal`, { why: "To be sure." });
    expect(answer.status()).toBe(409);
    expect(await answer.text()).toContain("There is nothing to appeal");
  });
  await test.step("the decision leads to its receipt", async () => {
    const decisions = table(owner, "Decisions");
    await expect(decisions.getByRole("row").nth(1)).toContainText("Without the designation → in good standing");
    await expectAccessible(owner);
    await decisions.getByRole("link", { name: "Receipt" }).click();
    await expect(table(owner, "What it rests on")).toContainText("A program manager gave the designation.");
    await expect(owner.getByText("rampart replay --policy policy.json")).toBeVisible();
    await expectAccessible(owner);
    const download = owner.waitForEvent("download");
    await owner.getByRole("link", { name: "facts.jsonl" }).click();
    expect((await download).suggestedFilename()).toBe("facts.jsonl");
  });
  await test.step("and the board shows the app", async () => {
    await pia.page.goto("/escalation");
    await expect(table(pia.page, "Escalation").getByRole("row").nth(1)).toContainText(KEY);
    await expectAccessible(pia.page);
    await pia.page.getByRole("link", { name: /^Demoted/ }).click();
    await expect(pia.page.getByText("No app matches")).toBeVisible();
  });
});

test("an appeal is opened, shown as it would be granted, and granted", async ({ page, people, mailbox, target }) => {
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const administrator = await people.staff(staff);
  const pia = await people.staff({ mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] }, page);
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  const owner = harbour.owner.page;
  await post(owner, "/apps/new", newApp(harbour, target, KEY, "Timesheets"));
  await post(pia.page, `/apps/${KEY}/escalation/decide/designate`, { why: WHY });
  await post(administrator.page, `/apps/${KEY}/measuring/start`, {});
  await target.waitForHits(3);
  target.setStatus(503);
  await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/);
  await target.waitForHits(4);
  target.setStatus(200);
  await mailbox.waitForMailTo("olga@harbour.example", /\[OK\]/);
  await mailbox.waitForMailTo("olga@harbour.example", /Timesheets: notified/);

  await test.step("an owner chooses what it is about", async () => {
    await owner.goto(`/apps/${KEY}/escalation`);
    await owner.getByText("Appeal", { exact: true }).click();
    const form = owner.locator("#decide-appeal");
    const breach = form.getByRole("checkbox", { name: /^Breach of availability/ });
    await expect(breach).toBeChecked();
    await breach.uncheck();
    await form.getByLabel("Reason").fill(WHY);
    await form.getByRole("button", { name: "Open the appeal" }).click();
    await expect(form.getByRole("alert")).toContainText("Choose at least one breach or missed target.");
    await expect(form.getByLabel("Reason")).toHaveValue(WHY);
    await expectAccessible(owner);
    await breach.check();
    await form.getByRole("button", { name: "Open the appeal" }).click();
    await expect(owner.getByRole("status")).toContainText("The appeal is open.");
    await expect(owner.getByText("If it is granted, the app is in good standing")).toBeVisible();
    await expectAccessible(owner);
  });
  await test.step("a program manager finds it", async () => {
    await pia.page.goto("/escalation");
    await expect(pia.page.getByText(/waits? for a program manager/)).toBeVisible();
    await expectAccessible(pia.page);
    await pia.page.goto(`/apps/${KEY}`);
    await pia.page.getByRole("link", { name: "Decide on the appeal" }).click();
    await expect(pia.page.getByText("Granting it files these waivers")).toBeVisible();
  });
  await test.step("and grants it, with a reason", async () => {
    await pia.page.getByText("Decide on the appeal", { exact: true }).click();
    const form = pia.page.locator("#decide-close-appeal");
    await form.getByLabel("Reason").fill("The platform was down.");
    await form.getByRole("button", { name: "Decide" }).click();
    await expect(form.getByRole("alert")).toContainText("Choose whether the appeal is granted or refused.");
    await form.getByLabel("Granted").check();
    await form.getByRole("button", { name: "Decide" }).click();
    await expect(pia.page.getByRole("status")).toContainText("The appeal is granted");
    await expect(pia.page.locator("[aria-current=step]")).toContainText("In good standing");
    await expectAccessible(pia.page);
  });
  await test.step("the owner is told, and reads it on the page", async () => {
    const mail = await mailbox.waitForMailTo("olga@harbour.example", /appeal granted/);
    expect(mail.text).toContain("is in good standing now");
    await owner.goto(`/apps/${KEY}/escalation`);
    await expect(table(owner, "Appeals")).toContainText("The platform was down.");
    await owner.getByRole("link", { name: "What anybody may read" }).click();
    await expect(owner.getByText('"status":"designated"')).toBeVisible();
  });
});
