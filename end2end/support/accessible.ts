import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "@playwright/test";
import type { Page } from "@playwright/test";
import { scriptsEnabled } from "./browser.js";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];

/**
 * Fails when axe finds the page wanting by WCAG 2.2 AA, in light colours and in dark ones. The style sheet is the same
 * with scripts and without, so dark colours are looked at with scripts only.
 */
export async function expectAccessible(page: Page): Promise<void> {
  if (!scriptsEnabled()) {
    expect(await analyzeCopy(page), `accessibility of ${page.url()}`).toEqual([]);
    return;
  }
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await analyze(page), `accessibility of ${page.url()} in ${colorScheme} colours`).toEqual([]);
  }
}

async function analyze(page: Page) {
  // Legacy mode leaves out what is for frames, which no page has; what passes needs no selectors.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] }).withTags(TAGS);
  const { violations } = await axe.analyze();
  return violations.map(({ id, help, nodes }) => ({
    rule: `${id}: ${help}`,
    at: nodes.map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary ?? ""}`),
  }));
}

/** axe is a script itself: a page without scripts is shown to it as a copy, in a browser that runs axe's alone. */
async function analyzeCopy(page: Page) {
  const content = await page.content();
  const body = content.replaceAll(/<script\b[^]*?<\/script>/gi, "").replaceAll(/<\/?noscript>/gi, "");
  const context = await page.context().browser()?.newContext({
    javaScriptEnabled: true,
    viewport: page.viewportSize(),
  });
  if (context === undefined) throw new Error("the page has no browser");
  try {
    const copy = await context.newPage();
    await copy.route(page.url(), (route) => route.fulfill({ body, contentType: "text/html; charset=utf-8" }));
    await copy.goto(page.url());
    return await analyze(copy);
  } finally {
    await context.close();
  }
}
