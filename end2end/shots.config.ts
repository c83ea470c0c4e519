import config from "./playwright.config.js";

// Three looks instead of the two ways to use a page.
const { use: browser } = config.projects?.find(({ name }) => name === "scripts") ?? {};
const wide = { ...browser, viewport: { width: 1280, height: 900 } };

export default {
  ...config,
  testDir: "support",
  testMatch: "shots.ts",
  outputDir: "test-results/shots",
  reporter: "list",
  projects: [
    { name: "light", use: { ...wide, colorScheme: "light" as const } },
    { name: "dark", use: { ...wide, colorScheme: "dark" as const } },
    { name: "narrow", use: { ...browser, colorScheme: "light" as const, viewport: { width: 320, height: 640 } } },
  ],
};
