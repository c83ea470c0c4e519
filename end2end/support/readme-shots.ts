/**
 * The pictures in README.md, of a demonstration: `npm run readme-shots`. RAMPART_BIN names the binary.
 *
 * They are of the present day, since the apps are measured while the pictures are taken; everything else is the same
 * every time.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import type { Browser, Page } from "@playwright/test";
import { Rampart } from "./rampart.js";

const PASSWORD = "rampart-demo-only";
const SEED = 1;

const folder = join(import.meta.dirname, "../../docs/images");

const WIDE = { width: 1280, height: 860 };
/** As far down as the chart. */
const TALL = { width: 1280, height: 1010 };
const NARROW = { width: 320, height: 900 };

interface Look {
  colorScheme?: "light" | "dark";
  viewport?: { width: number; height: number };
}

async function signedIn(browser: Browser, url: string, mail: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByLabel("Mail address").fill(mail);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Apps");
  return page;
}

async function shoot(page: Page, path: string, name: string, { colorScheme = "light", viewport = WIDE }: Look = {}) {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  await page.goto(path);
  if ((await page.locator("leptos-island").count()) > 0) {
    await page.locator("[data-hydrated]").first().waitFor({ state: "attached" });
  }
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

test("pictures for README.md", async ({ browser }) => {
  await mkdir(folder, { recursive: true });
  const rampart = await Rampart.demonstration(SEED);
  try {
    const manager = await signedIn(browser, rampart.url, "priya@platform.example");
    await shoot(manager, "/apps", "apps");
    const owner = await signedIn(browser, rampart.url, "petra@mossystone.example");
    const app = "/apps/example.mossystone.approvals";
    await shoot(owner, app, "app", { viewport: TALL });
    await shoot(owner, app, "app-dark", { colorScheme: "dark", viewport: TALL });
    await shoot(owner, app, "app-narrow", { viewport: NARROW });
    await manager.goto("/apps/example.paperlantern.diagrams/breaches");
    const breach = await manager.getByRole("rowheader").getByRole("link").first().getAttribute("href");
    await shoot(manager, breach ?? "", "breach");
  } finally {
    await rampart.stop();
  }
});
