import { expect, expectAccessible, test } from "../support/fixtures.js";
import { table } from "../support/pages.js";
import { newApp, post } from "../support/people.js";

const KEY = "com.harbour.time-sheets";
const WHY = 'A drill that "both sides" agreed on & announced.';

/** What a field for a date and a time takes, this long after `at`. */
function minute(at: string, minutes: number): string {
  return new Date(Date.parse(at) + minutes * 60_000).toISOString().slice(0, 16);
}

test("a waiver is shown, filed, seen by the partner and revoked", async ({ page, people, mailbox, target }) => {
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const administrator = await people.staff(staff);
  const pia = await people.staff({ mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] }, page);
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  const owner = harbour.owner.page;
  await post(owner, "/apps/new", newApp(harbour, target, KEY, "Timesheets"));
  await post(administrator.page, `/apps/${KEY}/measuring/start`, {});
  await target.waitForHits(3);
  target.setStatus(503);
  await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/);
  await target.waitForHits(4);
  target.setStatus(200);
  await mailbox.waitForMailTo("olga@harbour.example", /\[OK\]/);
  await owner.goto(`/apps/${KEY}/breaches`);
  const history = table(owner, "Breach history");
  await expect(history.getByRole("row").nth(1)).toContainText("counts");
  const opened = (await history.locator("time").first().getAttribute("datetime")) ?? "";

  await pia.page.goto("/ledger");
  await expect(pia.page.getByText("Nothing is excluded")).toBeVisible();
  await pia.page.getByRole("link", { name: "File a waiver" }).click();
  const form = pia.page.locator("#waiver");
  const field = (label: string) => form.getByLabel(label, { exact: true });
  await test.step("what cannot be used comes back as it was typed", async () => {
    await form.getByLabel("Key of the app").fill(KEY);
    await form.getByLabel("From, UTC").fill(minute(opened, 60));
    await form.getByLabel("To, UTC").fill(minute(opened, -30));
    await form.getByLabel("Reason").fill(WHY);
    await form.getByRole("button", { name: "Show what it changes" }).click();
    await expect(form.getByRole("alert")).toContainText("The end has to be after the beginning.");
    await expect(form.getByLabel("Key of the app")).toHaveValue(KEY);
    await expect(form.getByLabel("Reason")).toHaveValue(WHY);
    await expect(field("Service level indicator")).toHaveValue("");
    await expectAccessible(pia.page);
  });
  await test.step("what it changes is shown first", async () => {
    await form.getByLabel("From, UTC").fill(minute(opened, -30));
    await form.getByLabel("To, UTC").fill(minute(opened, 60));
    await form.getByRole("button", { name: "Show what it changes" }).click();
    const breach = table(pia.page, "Breaches whose standing changes").getByRole("row").nth(1);
    await expect(breach).toContainText("counts");
    await expect(breach).toContainText("excused");
    await expect(table(pia.page, "Figures over 28 days").getByRole("row")).toHaveCount(2);
    await expectAccessible(pia.page);
    await owner.reload();
    await expect(history.getByRole("row").nth(1)).toContainText("counts");
  });
  await test.step("then it is filed", async () => {
    await pia.page.getByRole("button", { name: "File this waiver" }).click();
    await expect(pia.page.getByRole("status")).toContainText("Filed.");
    await expect(pia.page.getByText("in force")).toBeVisible();
    await owner.reload();
    await expect(history.getByRole("row").nth(1)).toContainText("excused");
  });
  await test.step("the partner reads why", async () => {
    await history.getByRole("link").first().click();
    await expect(owner.getByText("It is excused:")).toBeVisible();
    await owner.getByRole("link", { name: /^waiver: Pia: A drill/ }).click();
    await expect(table(owner, "Exclusion ledger")).toContainText(WHY);
    await expectAccessible(owner);
  });
  await test.step("and it is revoked", async () => {
    await expect(pia.page.getByRole("heading", { name: "What revoking it changes" })).toBeVisible();
    await pia.page.getByText("Revoke this entry", { exact: true }).click();
    await pia.page.getByRole("button", { name: "Revoke", exact: true }).click();
    await expect(pia.page.locator("#revoke-entry").getByRole("alert")).toContainText("Enter why it is revoked");
    await pia.page.getByLabel("Reason").fill("It was the wrong app.");
    await pia.page.getByRole("button", { name: "Revoke", exact: true }).click();
    await expect(pia.page.getByRole("status")).toContainText("Revoked.");
    await expect(pia.page.getByText("It was the wrong app.")).toBeVisible();
    await owner.goto(`/apps/${KEY}/breaches`);
    await expect(history.getByRole("row").nth(1)).toContainText("counts");
  });
});
