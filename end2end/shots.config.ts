import config from "./playwright.config.js";

const { use: browser = {} } = config.projects?.find(({ name }) => name === "scripts") ?? {};

export default {
  ...config,
  testDir: "support",
  testMatch: "shots.ts",
  outputDir: "test-results/shots",
  reporter: "list",
  timeout: 600_000,
  projects: [{ name: "shots", use: browser }],
};
