import { execFileSync } from "node:child_process";
import { expect, expectAccessible, test as base } from "../support/fixtures.js";
import { newApp, post } from "../support/people.js";
import { freshDatabase } from "../support/rampart.js";

const KEY = "com.harbour.time-sheets";
const TITLE = "Put deliveries into a queue";

const test = base.extend<{ database: string }>({
  database: async ({}, use) => use(await freshDatabase()),
  settings: async ({ database }, use) => use({ RAMPART_DATABASE_URL: database }),
});

/** Three breaches that count, as an app gets them within some days: the engine brings it into remediation. */
function breach(database: string): void {
  const fact = (number: number) => `
    with head as (update rampart_portal.fact_head set seq = seq + 1 returning seq, at)
    insert into rampart_portal.fact (seq, id, at, app_id, kind, line)
    select seq, 'breach-${number}', at, (select id from rampart_portal.app where key = '${KEY}'), 'breach',
           json_build_object('id', 'breach-${number}', 'at', to_char(to_timestamp(at) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                             'type', 'breach', 'app', '${KEY}', 'breach', 'b${number}', 'series', 'availability')::text
    from head;`;
  const script = ["begin;", fact(1), fact(2), fact(3), "commit;"].join("\n");
  execFileSync("psql", ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", script, database]);
}

test("an app in remediation carries out its plan", async ({ page, people, target, database }) => {
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] });
  const pia = await people.staff({ mail: "pia@platform.example", name: "Pia", roles: ["program_manager"] });
  const ian = await people.staff({ mail: "ian@platform.example", name: "Ian", roles: ["incident_manager"] });
  const harbour = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner", page);
  await post(page, "/apps/new", newApp(harbour, target, KEY, "Timesheets"));
  await post(pia.page, `/apps/${KEY}/escalation/decide/designate`, { why: "It qualifies." });
  breach(database);

  await test.step("the engine opens a plan", async () => {
    await expect(async () => {
      await page.goto(`/apps/${KEY}/escalation`);
      await expect(page.getByRole("link", { name: "Open the remediation plan" })).toBeVisible({ timeout: 1_000 });
    }).toPass();
    await page.getByRole("link", { name: "Open the remediation plan" }).click();
    await expect(page.getByText("Every action has to be verified by")).toBeVisible();
    await expect(page.getByText("No action is agreed on yet.")).toBeVisible();
    await expectAccessible(page);
  });
  await test.step("a program manager assigns the contact", async () => {
    await pia.page.goto(`/apps/${KEY}`);
    await pia.page.getByRole("link", { name: "Assign a contact" }).click();
    await pia.page.getByLabel("Reviewer, incident manager or program manager").selectOption("Ian");
    await pia.page.getByRole("button", { name: "Assign the contact" }).click();
    await expect(pia.page.getByRole("status")).toContainText("The contact is assigned");
    await expectAccessible(pia.page);
  });
  await test.step("the partner proposes an action; a slip costs nothing", async () => {
    await page.reload();
    await expect(page.getByText("ian@platform.example")).toBeVisible();
    const form = page.locator("#new-action");
    await form.getByLabel("What is to be done").fill(TITLE);
    await form.getByLabel("Description").fill("With an alert on its **length**.");
    await form.getByLabel("Link to your tracker").fill("tracker/1");
    await form.getByRole("button", { name: "Propose it" }).click();
    await expect(form.getByRole("alert")).toContainText("This was not saved");
    await expect(form.getByLabel("What is to be done")).toHaveValue(TITLE);
    await expectAccessible(page);
    await form.getByLabel("Who sees to it").selectOption("Olga Owner");
    await form.getByLabel("Link to your tracker").fill("https://tracker.example.com/1");
    await form.getByRole("button", { name: "Propose it" }).click();
    await expect(page.getByRole("status")).toContainText("The action is proposed.");
    await expect(page.locator("strong", { hasText: "length" })).toBeVisible();
  });
  const step = async (who: typeof page, label: string, confirm: string, text?: string) => {
    await who.goto(`/apps/${KEY}/remediation`);
    const details = who.locator("details", { has: who.getByText(label, { exact: true }) });
    await details.getByText(label, { exact: true }).click();
    if (text !== undefined) await details.getByRole("textbox").fill(text);
    await details.getByRole("button", { name: confirm }).click();
    await expect(who.getByRole("status")).toContainText("The action is");
  };
  await test.step("it is accepted, done, sent back, done and verified", async () => {
    await step(ian.page, "Accept", "Accept it");
    await step(page, "It is done", "Say that it is done", "See [the release](https://example.com/1).");
    await step(ian.page, "Send back", "Send it back", "Does it survive a restart?");
    await expectAccessible(ian.page);
    await page.goto(`/apps/${KEY}/remediation`);
    await expect(page.getByText("Does it survive a restart?")).toBeVisible();
    await step(page, "It is done", "Say that it is done", "It does: see the test.");
    await step(ian.page, "Verify", "Verify it");
  });
  await test.step("which completes the remediation", async () => {
    await page.reload();
    await page.goto(`/apps/${KEY}/remediation`);
    await expect(page.getByText("1 of 1 action verified.")).toBeVisible();
    await expect(page.getByText(/^Completed/)).toBeVisible();
    await expectAccessible(page);
    const facts = await page.request.get(`/apps/${KEY}/escalation/facts.jsonl`);
    expect((await facts.text()).match(/remediation_completed/g)).toHaveLength(1);
  });
  await test.step("the thread keeps what was said before", async () => {
    const form = page.locator("#new-comment");
    await form.getByLabel("Your comment").fill("**Thank you** <script>alert(1)</script>");
    await form.getByRole("button", { name: "Add the comment" }).click();
    await expect(page.locator(".prose", { hasText: "<script>alert(1)</script>" })).toBeVisible();
    await page.getByText("Edit", { exact: true }).click();
    await page.locator("form[id^=edit-comment]").getByRole("textbox").fill("Thank you all.");
    await page.getByRole("button", { name: "Save the comment" }).click();
    await expect(page.locator(".prose", { hasText: "Thank you all." })).toBeVisible();
    await page.getByText("What it said before (1").click();
    await expect(page.locator("strong", { hasText: "Thank you" })).toBeVisible();
    await expectAccessible(page);
    await ian.page.goto(`/apps/${KEY}/remediation`);
    await expect(ian.page.getByText("edited")).toBeVisible();
    await expect(ian.page.getByText("Edit", { exact: true })).toHaveCount(0);
  });
});
