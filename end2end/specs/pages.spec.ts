import type { Page } from "@playwright/test";
import { scriptsEnabled } from "../support/browser.js";
import { expect, expectAccessible, hydrated, test } from "../support/fixtures.js";
import { links } from "../support/mailbox.js";
import type { Mailbox } from "../support/mailbox.js";
import { state } from "../support/pages.js";
import { PASSWORD, newApp, post } from "../support/people.js";
import type { Partner, People, Person } from "../support/people.js";
import type { Target } from "../support/target.js";

const KEY = "com.harbour.sheets";
const NARROW = { width: 320, height: 640 };
const WIDE = { width: 1280, height: 720 };

interface World {
  administrator: Person;
  harbour: Partner;
  /** Addresses that only the running server knows. */
  breach: string;
  mail: string;
  series: string;
  day: string;
  hour: string;
}

/** A partner with an app in breach and one that is not measured, with people, invitations and mails. */
async function world(people: People, mailbox: Mailbox, target: Target, page?: Page): Promise<World> {
  const roles = ["administrator", "reviewer", "incident_manager", "program_manager"];
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada Admin", roles });
  const harbour = await people.partner(administrator, "Harbour & Sons", "olga@harbour.example", "Olga Owner", page);
  const owner = harbour.owner.page;
  target.setStatus(503);
  // One word to a browser, and wider than a narrow screen.
  const url = `${target.url}/harbour.timesheets.production.eu-central`;
  const timesheets = newApp(harbour, target, KEY, "Harbour Timesheets");
  const app = { ...timesheets, base_urls: url, alert_address: "on-call@harbour.example" };
  await post(owner, "/apps/new", app);
  await post(administrator.page, `/apps/${KEY}/measuring/start`, {});
  await post(owner, "/apps/new", newApp(harbour, target, "com.harbour.unmeasured", "Not measured yet"));
  await post(owner, `/partners/${harbour.id}/invite`, { mail: "mika@harbour.example", role: "member" });
  await post(administrator.page, "/people/invite", { mail: "rui@platform.example", name: "Rui", roles: ["reviewer"] });
  await people.staff({ mail: "paula@platform.example", name: "Paula Program", roles: ["program_manager"] });
  await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/);

  const href = async (path: string, pattern: RegExp) => {
    const text = await (await owner.request.get(path)).text();
    const found = text.match(pattern)?.[1]?.replaceAll("&amp;", "&");
    if (found === undefined) throw new Error(`${path} has no ${pattern}`);
    return found;
  };
  const series = await href(`/apps/${KEY}/metrics`, /href="([^"]+metrics\?series=[^"&]+)"/);
  const day = await href(series, /href="([^"]+day=[^"]+)"/);
  return {
    administrator,
    harbour,
    series,
    day,
    breach: await href(`/apps/${KEY}/breaches`, /href="(\/apps\/[^"]+\/breaches\/[^"?]+)"/),
    mail: await href(`/apps/${KEY}/settings`, /href="(\/mail\/[^"]+)"/),
    hour: await href(day, /href="([^"]+hour=[^"]+)"/),
  };
}

/** A page as it should be: accessible in light and dark, and no wider than a narrow screen. */
async function expectGood(page: Page, path: string, status = 200): Promise<void> {
  await test.step(path, async () => {
    const response = await page.goto(path);
    expect(response?.status(), path).toBe(status);
    await expectGoodAsItIs(page);
  });
}

async function expectGoodAsItIs(page: Page): Promise<void> {
  if ((await page.locator("leptos-island").count()) > 0) await hydrated(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(page).toHaveTitle(/ · Rampart$/);
  await expectAccessible(page);
  await page.setViewportSize(NARROW);
  expect(await tooWide(page), `${page.url()} at ${NARROW.width} px`).toEqual([]);
  await page.setViewportSize(WIDE);
}

/** What makes a page scroll sideways. */
async function tooWide(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      if (element.closest(".scroll, .visually-hidden, svg") !== null && !element.matches(".scroll")) return false;
      return element.getBoundingClientRect().right > clientWidth + 0.5;
    });
    const named = wide.map((e) => `${e.tagName.toLowerCase()}.${e.className} ${e.getBoundingClientRect().right}`);
    return [`${scrollWidth} px`, ...named];
  });
}

test("the pages of a partner's people", async ({ page, people, mailbox, target }) => {
  const { breach, series, day, hour, mail, harbour } = await world(people, mailbox, target, page);
  for (const path of [
    "/apps",
    "/apps?q=nothing",
    "/apps?archived=yes",
    "/apps/new",
    `/apps/${KEY}`,
    "/apps/com.harbour.unmeasured",
    "/apps/levels",
    "/apps/levels?order=0",
    "/apps/levels?q=nothing",
    `/apps/${KEY}/metrics`,
    series,
    series.replace("/metrics?", "/metrics/budget?"),
    "/apps/com.harbour.unmeasured/metrics",
    day,
    hour,
    `/apps/${KEY}/breaches`,
    "/apps/com.harbour.unmeasured/breaches",
    breach,
    `/apps/${KEY}/ledger`,
    `/apps/${KEY}/settings`,
    `/partners/${harbour.id}`,
    mail,
    "/policies/measurement",
    "/policies/escalation",
    "/audit",
    "/account",
  ]) {
    await expectGood(page, path);
  }
  await expectGood(page, "/people", 403);
  await expectGood(page, "/no/such/page", 404);

  await test.step("a form that was refused", async () => {
    await page.goto("/apps/new");
    await page.getByLabel("Base URLs").fill("http://10.0.0.5/\nnot a URL, but a rather long text without a sense");
    await page.getByRole("button", { name: "Register the app" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await expectGoodAsItIs(page);
  });
  await test.step("a health check that was tested", async () => {
    await page.goto(`/apps/${KEY}/settings`);
    await page.getByRole("button", { name: "Test now" }).click();
    await expect(page.locator("#test-results")).toContainText("503");
    await expectGoodAsItIs(page);
  });
});

test("the pages of the staff", async ({ people, mailbox, target }) => {
  const { administrator, breach, mail, harbour } = await world(people, mailbox, target);
  const staff = administrator.page;
  for (const path of [
    "/apps",
    "/apps?q=nothing",
    `/apps/${KEY}`,
    "/apps/com.harbour.unmeasured",
    `/apps/${KEY}/settings`,
    breach,
    "/partners",
    "/partners/new",
    `/partners/${harbour.id}`,
    "/people",
    "/ledger",
    "/ledger?q=nothing",
    "/ledger/new",
    "/policies/measurement",
    "/policies/measurement/edit",
    "/policies/escalation",
    "/policies/escalation/edit",
    "/tokens",
    "/audit",
    "/audit?action=breach.opened",
    "/audit?who=nobody",
    "/mail",
    "/mail?filter=failed",
    mail,
    "/account",
  ]) {
    await expectGood(staff, path);
  }
  await expectGood(staff, "/apps/new", 403);
  await test.step("with everything opened that can be", async () => {
    for (const path of ["/people", `/partners/${harbour.id}`, "/account", `/apps/${KEY}`]) {
      await staff.goto(path);
      for (const summary of await staff.locator("main summary").all()) await summary.click();
      await expectGoodAsItIs(staff);
    }
  });
});

test("the pages of who is not signed in", async ({ page, people, mailbox, target }) => {
  await world(people, mailbox, target);
  const drill = await mailbox.waitForMailTo("on-call@harbour.example", /^DRILL/);
  const confirmation = links(drill).find((link) => link.includes("/alert-address/")) ?? "";
  for (const path of ["/sign-in", await people.invitation("mika@harbour.example"), confirmation]) {
    await expectGood(page, path);
  }
  await expectGood(page, "/invitation/never-was", 404);
  await page.goto("/audit");
  await expect(page).toHaveURL("/sign-in?next=%2Faudit");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expectGoodAsItIs(page);
});

/** Presses Tab and says what has the focus then; fails when nobody can see that it has. */
async function tab(page: Page): Promise<string> {
  await page.keyboard.press("Tab");
  const focused = page.locator(":focus");
  await expect(focused).toHaveCount(1);
  await expect(focused).toBeInViewport();
  return await focused.evaluate((element) => {
    const name = element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "";
    const label = (element as HTMLInputElement).labels?.[0]?.textContent?.trim();
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2;
    if (!outlined) throw new Error(`nobody sees that ${element.outerHTML.slice(0, 200)} has the focus`);
    return label ?? name;
  });
}

/** Presses Tab until `wanted` has the focus, and returns what had it on the way there. */
async function tabTo(page: Page, wanted: string | RegExp, most = 40): Promise<string[]> {
  const passed: string[] = [];
  while (passed.length < most) {
    const name = await tab(page);
    if (typeof wanted === "string" ? name === wanted : wanted.test(name)) return passed;
    passed.push(name);
  }
  throw new Error(`Tab does not lead to ${wanted}, but to ${passed.join(", ")}`);
}

test("everything is reached and done with the keyboard", async ({ page, people, mailbox, target }) => {
  const { harbour, breach } = await world(people, mailbox, target);

  await test.step("signing in", async () => {
    await page.goto("/apps");
    expect(await tabTo(page, "Mail address")).toEqual(["Skip to content", "Rampart"]);
    await page.keyboard.type(harbour.owner.mail);
    expect(await tab(page)).toBe("Password");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Apps");
    await hydrated(page);
  });

  await test.step("skipping to the content and to the main action", async () => {
    expect(await tab(page)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("main")).toBeFocused();
    expect(await tabTo(page, "Register an app")).toEqual([]);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Register an app");
  });

  await test.step("filling in a form", async () => {
    await hydrated(page);
    await tabTo(page, "App key");
    await page.keyboard.type("com.harbour.keys");
    await tabTo(page, "Name");
    await page.keyboard.type("Keys");
    await tabTo(page, "Connect");
    await page.keyboard.press("ArrowDown");
    await tabTo(page, "Jira");
    await page.keyboard.press("Space");
    await tabTo(page, "Path");
    await page.keyboard.type("/health");
    await tabTo(page, "Base URLs");
    await page.keyboard.type("wrong");
    await tabTo(page, "Register the app");
    await page.keyboard.press("Enter");
    // The summary has the focus; its first link leads to the field.
    await expect(page.getByRole("alert")).toBeFocused();
    await tabTo(page, /"wrong" is not a URL/);
    await page.keyboard.press("Enter");
    await expect(page.getByLabel("Base URLs")).toBeFocused();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(target.url);
    await tabTo(page, "Register the app");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keys");
    await page.goto("/apps/com.harbour.keys/settings");
    await expect(page.getByRole("radio", { name: "Forge" })).toBeChecked();
    await expect(page.getByRole("checkbox", { name: "Jira", exact: true })).toBeChecked();
  });

  await test.step("getting about in an app", async () => {
    await page.goto(`/apps/${KEY}`);
    await hydrated(page);
    await expect(state(page)).toHaveText("Breach open");
    const passed = await tabTo(page, "Settings");
    expect(passed).toEqual(expect.arrayContaining(["Overview", "Metrics", "Breaches1"]));
    await page.goto(breach);
    await hydrated(page);
    if (scriptsEnabled()) {
      const reader = page.getByRole("slider");
      // In its first five minutes a chart has one column, and nothing to move to.
      await expect(async () => {
        await page.reload();
        await hydrated(page);
        expect(Number(await reader.getAttribute("aria-valuemax"))).toBeGreaterThan(0);
      }).toPass();
      await tabTo(page, /^Read values: App availability/);
      await expect(reader).toBeFocused();
      const last = await reader.getAttribute("aria-valuetext");
      expect(last).toMatch(/UTC: (no data|[\d.]+\s%)/);
      await page.keyboard.press("Home");
      await expect(reader).not.toHaveAttribute("aria-valuetext", last ?? "");
      await page.keyboard.press("End");
      await expect(reader).toHaveAttribute("aria-valuetext", last ?? "");
    }
    // Tables that scroll do so by keyboard.
    await tabTo(page, "Probes, table");
  });

  await test.step("what cannot be undone asks first", async () => {
    await page.goto("/account");
    await hydrated(page);
    await tabTo(page, "Sign out everywhere");
    await expect(page.getByText("Every session ends, this one too.")).toBeHidden();
    await page.keyboard.press("Enter");
    await expect(page.getByText("Every session ends, this one too.")).toBeVisible();
    expect(await tab(page)).toBe("Sign out everywhere");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  });
});
