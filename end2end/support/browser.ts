import { test } from "@playwright/test";
import type { LaunchOptions } from "@playwright/test";

/** The system's Chromium; none is ever downloaded. */
export const chromium: LaunchOptions = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // Without these it looks for its maker's hosts at every start, which a closed network refuses many
  // at a time.
  args: [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
};

/** Whether the running test is one of those with scripts. */
export function scriptsEnabled(): boolean {
  return test.info().project.use.javaScriptEnabled !== false;
}
