import { defineConfig, devices } from "@playwright/test";
import { chromium } from "./support/browser.js";

const browser = { ...devices["Desktop Chrome"], launchOptions: chromium };

export default defineConfig({
  testDir: "specs",
  outputDir: "test-results/files",
  // A day of the server's clock, which runs 60 times as fast, is 24 minutes: what a test waits for
  // is announced by an event, and the limit is only for what never comes.
  timeout: 120_000,
  expect: { timeout: 15_000 },
  workers: 2,
  fullyParallel: true,
  // A test that passes now and then is a test that fails.
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  reporter: [["line"], ["json", { outputFile: "test-results/report.json" }]],
  use: {
    locale: "en-GB",
    timezoneId: "UTC",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "scripts", use: browser },
    // How much scripts weigh is a question about scripts.
    { name: "no-scripts", testIgnore: "budget.spec.ts", use: { ...browser, javaScriptEnabled: false } },
  ],
});
