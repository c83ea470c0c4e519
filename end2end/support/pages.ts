import type { Locator, Page } from "@playwright/test";

/** The table with this label. */
export function table(page: Page, label: string): Locator {
  return page.getByRole("region", { name: `${label}, table`, exact: true }).getByRole("table");
}

/** How the app is doing, as the head of each of its pages says it. */
export function state(page: Page): Locator {
  return page.locator('[data-live="state"]');
}
