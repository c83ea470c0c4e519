/**
 * Pictures of pages, in light and dark colours and 320 pixels wide: `npm run shots`.
 *
 * SHOTS_PAGES  paths to visit, separated by spaces (else PAGES below)
 * SHOTS_URL    a server that runs already (else RAMPART_BIN is started, with an empty database)
 * SHOTS_STATE  a file with cookies, as Playwright saves them, to visit the pages as somebody
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hydrated, test } from "./fixtures.js";

const PAGES = ["/"];

const { SHOTS_PAGES, SHOTS_URL, SHOTS_STATE } = process.env;
const paths = SHOTS_PAGES?.split(/\s+/).filter(Boolean) ?? PAGES;
const folder = join(import.meta.dirname, "../screenshots");

// A server that runs already needs none of ours.
if (SHOTS_URL) test.use({ baseURL: SHOTS_URL });
if (SHOTS_STATE && existsSync(SHOTS_STATE)) test.use({ storageState: SHOTS_STATE });

test("screenshots", async ({ page }, testInfo) => {
  for (const path of paths) {
    await page.goto(path, { waitUntil: "load" });
    if ((await page.locator("leptos-island").count()) > 0) await hydrated(page);
    const name = path.replaceAll(/[^a-z0-9]+/gi, "-").replaceAll(/^-|-$/g, "") || "home";
    const file = join(folder, `${name}-${testInfo.project.name}.png`);
    await page.screenshot({ path: file, fullPage: true, animations: "disabled" });
    console.log(file);
  }
});
