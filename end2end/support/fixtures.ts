import { expect, test as base } from "@playwright/test";
import type { BrowserContext, ConsoleMessage, Page } from "@playwright/test";
import { scriptsEnabled } from "./browser.js";
import { Mailbox } from "./mailbox.js";
import { People } from "./people.js";
import { Rampart } from "./rampart.js";
import type { Settings } from "./rampart.js";
import { Target } from "./target.js";

export { expect };
export { expectAccessible } from "./accessible.js";

/** Errors of the browser; any that is not allowed fails the test. */
export class BrowserErrors {
  readonly found: string[] = [];
  #allowed: RegExp[] = [];
  #navigations = new Set<string>();

  /** Lets errors pass that a test brings about on purpose. */
  allow(pattern: RegExp): void {
    this.#allowed.push(pattern);
  }

  watch(context: BrowserContext): void {
    context.on("page", (page) => this.#watchPage(page));
  }

  get unexpected(): string[] {
    return this.found.filter((error) => !this.#allowed.some((pattern) => pattern.test(error)));
  }

  #watchPage(page: Page): void {
    page.on("pageerror", (error) => this.found.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on("request", (request) => {
      if (request.isNavigationRequest()) this.#navigations.add(request.url());
    });
    page.on("console", (message) => this.#look(page, message));
  }

  #look(page: Page, message: ConsoleMessage): void {
    if (message.type() !== "error") return;
    const { url } = message.location();
    // A page that is itself answered with 404 or 422 is logged like a file that is missing.
    if (message.text().startsWith("Failed to load resource") && this.#navigations.has(url)) return;
    this.found.push(`${page.url()}: ${message.text()} (${url})`);
  }
}

interface Fixtures {
  /** Settings of the server beside the usual ones; set them by `test.use`. */
  settings: Settings;
  mailbox: Mailbox;
  target: Target;
  rampart: Rampart;
  /** More people than the one whose browser is `page`. */
  people: People;
  browserErrors: BrowserErrors;
}

export const test = base.extend<Fixtures>({
  settings: [{}, { option: true }],

  mailbox: async ({}, use) => {
    const mailbox = await Mailbox.start();
    await use(mailbox);
    await mailbox.stop();
  },

  target: async ({}, use) => {
    const target = await Target.start();
    await use(target);
    await target.stop();
  },

  rampart: async ({ mailbox, target, settings }, use, testInfo) => {
    const rampart = await Rampart.start({
      RAMPART_MAIL_RELAY: mailbox.relay,
      // The prober reaches no private network unless it is told to.
      RAMPART_PROBE_ALLOW_NETWORKS: "127.0.0.0/8",
      RAMPART_PROBE_ALLOW_PORTS: String(target.port),
      ...settings,
    });
    await use(rampart);
    const crashed = !rampart.running;
    await rampart.stop();
    if (crashed || testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach("rampart.log", { body: rampart.log.join("\n"), contentType: "text/plain" });
    }
    expect(crashed, "rampart ended before its test did").toBe(false);
  },

  people: async ({ browser, rampart, mailbox, browserErrors }, use) => {
    const people = new People(browser, rampart, mailbox, (context) => browserErrors.watch(context));
    await use(people);
    await people.close();
  },

  baseURL: async ({ rampart }, use) => use(rampart.url),

  browserErrors: [
    async ({ context }, use) => {
      const errors = new BrowserErrors();
      errors.watch(context);
      await use(errors);
      expect(errors.unexpected, "errors in the browser").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the islands of a page work; with scripts off there is nothing to wait for. */
export async function hydrated(page: Page): Promise<void> {
  if (!scriptsEnabled()) return;
  await page.locator("[data-hydrated]").first().waitFor({ state: "attached" });
}
