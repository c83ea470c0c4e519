import { SymmetricAlgorithm, createQueryStringHash, encodeSymmetric } from "atlassian-jwt";
import type { APIResponse, Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures.js";
import { newApp, post } from "../support/people.js";

// Tokens are made by this machine's clock.
test.use({ settings: { RAMPART_TEST_CLOCK_RATE: "1" } });

const KEY = "com.harbour.sheets";
const PUBLISH = `/rest/atlassian-connect/latest/addons-metrics/${KEY}/publish`;
const ITEMS = [
  { metricsType: "IFRAME", moduleType: "generalPages", durationInMillis: 840, status: "SUCCESS" },
  { metricsType: "SYNTHETIC", status: "FAIL" },
];

function token(secret: string, claims: object = {}, algorithm = SymmetricAlgorithm.HS256): string {
  const now = Math.floor(Date.now() / 1000);
  const qsh = createQueryStringHash({ method: "PUT", pathname: PUBLISH, query: {} });
  return encodeSymmetric({ iss: KEY, iat: now, exp: now + 180, qsh, ...claims }, secret, algorithm);
}

async function publish(page: Page, jwt: string, data: unknown = ITEMS): Promise<APIResponse> {
  return await page.request.put(PUBLISH, { data, headers: { authorization: `JWT ${jwt}` } });
}

test("an app publishes with the secret of its installation", async ({ people, target }) => {
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] });
  const partner = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner");
  const owner = partner.owner.page;
  await post(owner, "/apps/new", newApp(partner, target, KEY, "Sheets"));

  const secret = await test.step("the owner adds an installation, and the secret is shown once", async () => {
    await owner.goto(`/apps/${KEY}/settings`);
    await owner.getByText("Add an installation", { exact: true }).click();
    const form = owner.locator("#new-installation");
    await form.getByLabel("Site").fill("acme.atlassian.net");
    await form.getByLabel("Product").selectOption("Jira");
    await form.getByLabel("Module types").fill("two words");
    await form.getByRole("button", { name: "Add the installation" }).click();
    await expect(owner.getByRole("alert")).toContainText("is no module type");
    await expect(form.getByLabel("Site")).toHaveValue("acme.atlassian.net");
    await expectAccessible(owner);
    await form.getByLabel("Module types").fill("generalPages\nadminPages");
    await form.getByRole("button", { name: "Add the installation" }).click();
    const shown = owner.locator("#new-secret");
    await expect(shown).toContainText("it is not shown again");
    await expectAccessible(owner);
    const made = (await shown.locator(".secret").textContent()) ?? "";
    expect(made).toHaveLength(43);
    await owner.goto(`/apps/${KEY}/settings`);
    await expect(owner.locator("#installations")).toContainText("generalPages, adminPages");
    expect(await owner.content()).not.toContain(made);
    return made;
  });

  await test.step("what the reference client signs is taken", async () => {
    const answer = await publish(owner, token(secret));
    expect(answer.status(), await answer.text()).toBe(204);
  });

  await test.step("what is wrong is said, and which item it is", async () => {
    const wrong: [string, string, number, string][] = [
      ["another secret", token("another secret"), 401, "Wrong authentication signature"],
      ["another algorithm", token(secret, {}, SymmetricAlgorithm.HS512), 401, "HS256"],
      ["expired", token(secret, { exp: Math.floor(Date.now() / 1000) - 60 }), 401, "expired"],
      ["another request", token(secret, { qsh: "context-qsh" }), 401, "context-qsh"],
      ["another app", token(secret, { iss: "com.harbour.other" }), 401, "Wrong authentication signature"],
    ];
    for (const [what, jwt, status, said] of wrong) {
      const answer = await publish(owner, jwt);
      expect(answer.status(), what).toBe(status);
      expect(answer.headers()["content-type"]).toBe("application/problem+json");
      expect(await answer.text(), what).toContain(said);
    }
    const answer = await publish(owner, token(secret), [...ITEMS, { metricsType: "IFRAME", status: "FAILURE" }]);
    expect(answer.status()).toBe(400);
    expect(await answer.json()).toMatchObject({ status: 400, item: 2 });
    expect((await publish(owner, token(secret), " ".repeat(256 * 1024 + 1))).status()).toBe(413);
  });

  await test.step("a secret is replaced, and the old one holds for a day", async () => {
    await owner.getByText("Replace the secret", { exact: true }).click();
    await expect(owner.getByLabel("Hours for which the old secret stays valid")).toHaveValue("24");
    await owner.getByRole("button", { name: "Replace it" }).click();
    const second = (await owner.locator("#new-secret .secret").textContent()) ?? "";
    for (const valid of [secret, second]) expect((await publish(owner, token(valid))).status()).toBe(204);
    await expect(owner.locator("#installations")).toContainText("the one before is valid until");
  });

  await test.step("an installation ends, and is refused", async () => {
    await owner.goto(`/apps/${KEY}/settings`);
    await owner.locator("#installations").getByText("End", { exact: true }).click();
    await owner.getByRole("button", { name: "End it" }).click();
    await expect(owner.locator("#installations")).toContainText("Ended");
    const answer = await publish(owner, token(secret));
    expect(answer.status()).toBe(403);
    expect(await answer.text()).toContain("valid installation");
  });
});
