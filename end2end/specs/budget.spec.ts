import type { Page } from "@playwright/test";
import { expect, hydrated, test } from "../support/fixtures.js";
import { newApp, post } from "../support/people.js";

/** What the first visit of a page may cost, in bytes over the wire with all headers. */
const BUDGET = 150_000;

interface Transfer {
  path: string;
  encoding: string;
  bytes: number;
}

/** Everything that a browser which has never been here fetches for a page. */
async function firstVisit(page: Page, path: string): Promise<Transfer[]> {
  const devtools = await page.context().newCDPSession(page);
  const pending = new Map<string, Transfer>();
  const finished: Transfer[] = [];
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => {
    pending.set(requestId, { path: new URL(request.url).pathname, encoding: "", bytes: 0 });
  });
  devtools.on("Network.responseReceived", ({ requestId, response }) => {
    const transfer = pending.get(requestId);
    const header = Object.entries(response.headers).find(([name]) => name.toLowerCase() === "content-encoding");
    if (transfer !== undefined) transfer.encoding = header?.[1] ?? "";
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const transfer = pending.get(requestId);
    if (transfer === undefined) return;
    pending.delete(requestId);
    finished.push({ ...transfer, bytes: encodedDataLength });
  });
  await devtools.send("Network.enable");
  await page.goto(path, { waitUntil: "load" });
  if ((await page.locator("leptos-island").count()) > 0) await hydrated(page);
  await expect.poll(() => [...pending.values()].map(({ path }) => path), { message: "still to come" }).toEqual([]);
  await devtools.detach();
  return finished;
}

function report(name: string, transfers: Transfer[]): number {
  const total = transfers.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = transfers.map(({ path, encoding, bytes }) => {
    return `  ${String(bytes).padStart(7)} ${encoding.padEnd(4)} ${path}`;
  });
  console.log([`first visit of ${name}: ${total} bytes of ${BUDGET}`, ...lines].join("\n"));
  return total;
}

test("a first visit stays within its budget", async ({ page, people, mailbox, target }) => {
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const administrator = await people.staff(staff);
  const partner = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  await post(partner.owner.page, "/apps/new", newApp(partner, target, "com.harbour.sheets", "Sheets"));
  // A page with everything on it: figures, chart, table, a breach.
  target.setStatus(503);
  await post(administrator.page, "/apps/com.harbour.sheets/measuring/start", {});
  await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/);

  // Nothing was loaded into these browsers yet; what people did so far went past their caches.
  const overview = await firstVisit(partner.owner.page, "/apps/com.harbour.sheets");
  await expect(partner.owner.page.locator('[data-live="state"]')).toHaveText("Breach open");
  await expect(partner.owner.page.getByRole("img").or(partner.owner.page.locator("figure")).first()).toBeVisible();
  const signIn = await firstVisit(page, "/sign-in");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");

  for (const [name, transfers] of [["the app overview", overview], ["the sign-in", signIn]] as const) {
    expect(report(name, transfers), name).toBeLessThanOrEqual(BUDGET);
    const paths = transfers.map(({ path }) => path);
    expect(paths, `${name}: nothing is fetched twice`).toEqual([...new Set(paths)]);
    for (const { path, encoding } of transfers) expect(encoding, path).toBe("br");
  }
  const wasm = (transfers: Transfer[]) => transfers.filter(({ path }) => path.endsWith(".wasm")).length;
  expect(wasm(overview)).toBe(1);
  expect(wasm(signIn), "nobody needs scripts to sign in").toBe(0);
});
