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
