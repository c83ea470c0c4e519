/**
 * Pictures of the pages, in light and dark colours and 320 pixels wide: `npm run shots`.
 *
 * They show a server that has been at work for an hour and a half of its clock: two partners, an app that is in breach
 * for the second time, one that is well, one that nobody measures, an alert address that refuses mail.
 *
 * SHOTS_ONLY  a part of the names of the pictures to take, else all are taken
 */
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, hydrated, test as base } from "./fixtures.js";
import { links } from "./mailbox.js";
import { confirmAlertAddress, newApp, post } from "./people.js";
import { Target } from "./target.js";

const LOOKS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "narrow", colorScheme: "light", viewport: { width: 320, height: 640 } },
] as const;

const folder = join(import.meta.dirname, "../screenshots");
const only = process.env.SHOTS_ONLY ?? "";

/** Takes the pictures of the page that is open. */
async function shoot(page: Page, name: string): Promise<void> {
  if (!name.includes(only)) return;
  if ((await page.locator("leptos-island").count()) > 0) await hydrated(page);
  for (const { name: look, colorScheme, viewport } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    const path = join(folder, `${name}-${look}.png`);
    await page.screenshot({ path, fullPage: true, animations: "disabled" });
    console.log(path);
  }
}

async function visit(page: Page, name: string, path: string): Promise<void> {
  await page.goto(path);
  await shoot(page, name);
}

const test = base.extend<{ second: Target }>({
  /** The target of an app that is well. */
  second: async ({}, use) => {
    const second = await Target.start();
    await use(second);
    await second.stop();
  },
  settings: async ({ target, second }, use) => {
    await use({ RAMPART_PROBE_ALLOW_PORTS: `${target.port},${second.port}` });
  },
});

test("screenshots", async ({ page, people, mailbox, target, second }) => {
  const roles = ["administrator", "reviewer", "program_manager"];
  const administrator = await people.staff({ mail: "ada.lovelace@platform.example", name: "Ada Lovelace", roles });
  const staff = administrator.page;
  const harbour = await people.partner(administrator, "Harbour & Sons GmbH", "olga@harbour.example", "Olga Obermeier");
  const lagoon = await people.partner(administrator, "Lagoon Ltd", "lena@lagoon.example", "Lena Lund");
  const owner = harbour.owner.page;
  await people.member(harbour, "mika.meyer@harbour.example", "Mika Meyer");
  await post(owner, `/partners/${harbour.id}/invite`, { mail: "pete@harbour.example", role: "member" });
  await people.staff({ mail: "rui@platform.example", name: "Rui Reis", roles: ["reviewer", "incident_manager"] });
  const paula = { mail: "paula@platform.example", name: "Paula Prado", roles: ["program_manager"] };
  await post(staff, "/people/invite", paula);

  const broken = "com.harbour.time-sheets";
  const urls = `${target.url}\n${target.url}/eu-central`;
  const timesheets = newApp(harbour, target, broken, "Harbour Timesheets for Jira");
  await post(owner, "/apps/new", { ...timesheets, base_urls: urls });
  await post(owner, "/apps/new", newApp(harbour, target, "com.harbour.drafts", "Drafts"));
  await post(lagoon.owner.page, "/apps/new", newApp(lagoon, second, "com.lagoon.board", "Lagoon Board"));
  await confirmAlertAddress(owner, mailbox, broken, "on-call@harbour.example");
  await post(lagoon.owner.page, "/apps/com.lagoon.board/alert-address", { address: "alerts@lagoon.example" });
  const drill = await mailbox.waitForMailTo("alerts@lagoon.example", /^DRILL/);

  await test.step("an hour and a half of the server's clock", async () => {
    for (const key of [broken, "com.lagoon.board"]) await post(staff, `/apps/${key}/measuring/start`, {});
    await second.waitForHits(20, 120_000);
    target.setStatus(503);
    await second.waitForHits(4, 120_000);
    target.setStatus(200);
    await mailbox.waitForMailTo("on-call@harbour.example", /\[OK\]/, 120_000);
    await second.waitForHits(10, 120_000);
    mailbox.refuse(550, "5.1.1 no such mailbox here", "on-call@harbour.example");
    target.setStatus(302, { location: "https://harbour.example/sign-in?from=health" });
    await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/, 120_000);
    await second.waitForHits(4, 120_000);
  });

  // What was said about the steps so far belongs to no picture.
  for (const reader of [staff, owner, lagoon.owner.page]) await reader.goto("/account");
  await visit(page, "sign-in", "/sign-in");
  await visit(page, "invitation", await people.invitation("pete@harbour.example"));
  await visit(page, "alert-address", links(drill).find((link) => link.includes("/alert-address/")) ?? "");

  await visit(owner, "apps", "/apps");
  await visit(owner, "apps-none", "/apps?q=nothing");
  await visit(owner, "apps-new", "/apps/new");
  await owner.getByLabel("App key").fill("com.harbour.new app");
  await owner.getByLabel("Base URLs").fill("http://10.0.0.5/\nharbour.example");
  await owner.getByRole("button", { name: "Register the app" }).click();
  await expect(owner.getByRole("alert")).toBeVisible();
  await shoot(owner, "apps-new-refused");
  await visit(owner, "overview", `/apps/${broken}`);
  await visit(owner, "overview-unmeasured", "/apps/com.harbour.drafts");
  await visit(owner, "metrics", `/apps/${broken}/metrics`);
  await owner.getByRole("rowheader").getByRole("link").first().click();
  await shoot(owner, "metrics-day");
  await owner.getByRole("row").filter({ hasText: /\d\.\d+\s%/ }).first().getByRole("link").click();
  await shoot(owner, "metrics-hour");
  await visit(owner, "breaches", `/apps/${broken}/breaches`);
  await owner.getByRole("rowheader").getByRole("link").last().click();
  await expect(owner.getByRole("heading", { name: "What happened" })).toBeVisible();
  await shoot(owner, "breach");
  await visit(owner, "settings", `/apps/${broken}/settings`);
  await owner.getByRole("button", { name: "Test now" }).click();
  await expect(owner.locator("#test-results")).toBeVisible();
  await shoot(owner, "settings-tested");
  const installation = { site: "acme.atlassian.net", product: "jira", group: "prod", module_types: "generalPages" };
  await post(owner, `/apps/${broken}/installations/new`, { ...installation, secret: "of the partner: 32 characters or more" });
  await owner.goto(`/apps/${broken}/settings`);
  await owner.getByText("Replace the secret", { exact: true }).click();
  await owner.getByText("Add an installation", { exact: true }).click();
  await shoot(owner, "settings-installations");
  await owner.getByRole("button", { name: "Replace it" }).click();
  await expect(owner.locator("#new-secret")).toBeVisible();
  await shoot(owner, "settings-secret");
  await visit(staff, "staff-settings", `/apps/${broken}/settings`);
  await visit(owner, "team", `/partners/${harbour.id}`);
  await visit(owner, "account", "/account");
  await visit(owner, "not-found", "/no/such/page");

  await visit(lagoon.owner.page, "overview-good", "/apps/com.lagoon.board");

  await visit(staff, "staff-apps", "/apps");
  await visit(staff, "staff-overview", `/apps/${broken}`);
  await visit(staff, "partners", "/partners");
  await visit(staff, "partners-new", "/partners/new");
  await visit(staff, "people", "/people");
  await staff.locator("main summary").first().click();
  await shoot(staff, "people-open");
  await visit(staff, "audit", "/audit");
  await visit(staff, "mail", "/mail");
  await staff.getByRole("row").filter({ hasText: "ANOMALOUS" }).getByRole("link").first().click();
  await expect(staff.getByRole("heading", { level: 1 })).toContainText("ANOMALOUS");
  await shoot(staff, "mail-item");
});
