import { randomUUID } from "node:crypto";
import type { APIResponse, Page } from "@playwright/test";
import { expect, test } from "../support/fixtures.js";
import { incidentData } from "../support/schema.js";
import type { IncidentData } from "../support/schema.js";
import { table } from "../support/pages.js";
import { PASSWORD, newApp, post, send } from "../support/people.js";
import type { Fields, Partner, People, Person } from "../support/people.js";
import type { Mailbox } from "../support/mailbox.js";
import type { Target } from "../support/target.js";

const KEY = "com.harbour.sheets";
const OTHER_KEY = "com.lagoon.board";

interface World {
  administrator: Person;
  harbour: Partner;
  harbourMember: Person;
  lagoon: Partner;
  lagoonMember: Person;
  /** What Harbour's things are called in addresses. */
  ids: { incident: string; mail: string; series: string; member: string; invitation: string; session: string };
}

/** Two partners with an app each; Harbour's app has a breach, mails, an open invitation and a second session. */
async function world(people: People, page: Page, target: Target, mailbox: Mailbox): Promise<World> {
  const roles = ["administrator", "reviewer"];
  const administrator = await people.staff({ mail: "ada@platform.example", name: "Ada", roles });
  const harbour = await people.partner(administrator, "Harbour GmbH", "olga@harbour.example", "Olga Harbour");
  target.setStatus(503);
  const app = { ...newApp(harbour, target, KEY, "Harbour Sheets"), alert_address: "on-call@harbour.example" };
  await post(harbour.owner.page, "/apps/new", app);
  await post(administrator.page, `/apps/${KEY}/measuring/start`, {});
  const alert = mailbox.waitForMailTo(harbour.owner.mail, /ANOMALOUS/);

  const harbourMember = await people.member(harbour, "mika@harbour.example", "Mika Harbour");
  const lagoon = await people.partner(administrator, "Lagoon Ltd", "lena@lagoon.example", "Lena Lagoon");
  const lagoonMember = await people.member(lagoon, "luis@lagoon.example", "Luis Lagoon", "member");
  await post(lagoon.owner.page, "/apps/new", newApp(lagoon, target, OTHER_KEY, "Lagoon Board"));
  await post(harbour.owner.page, `/partners/${harbour.id}/invite`, { mail: "pete@harbour.example", role: "member" });
  await post(page, "/sign-in", { mail: harbour.owner.mail, password: PASSWORD, next: "" });
  // Every browser has shown what it was last told, so that answers differ by their addresses alone.
  for (const person of [lagoon.owner, lagoonMember]) await read(person.page, "/account");

  const owner = harbour.owner.page;
  const { incidentId } = incidentData(await alert) as IncidentData;
  const settings = await read(owner, `/apps/${KEY}/settings`);
  const overview = await read(owner, `/apps/${KEY}`);
  const team = await read(owner, `/partners/${harbour.id}`);
  const account = await read(owner, "/account");
  return {
    administrator,
    harbour,
    harbourMember,
    lagoon,
    lagoonMember,
    ids: {
      incident: incidentId,
      mail: found(settings, /href="\/mail\/([^"]+)"/),
      series: found(overview, /metrics\?series=([^"&]+)/),
      member: found(team, /\/members\/([^"/]+)\/remove/),
      invitation: found(team, /\/invitations\/([^"/]+)\/withdraw/),
      session: found(account, /\/sessions\/([^"/]+)\/revoke/),
    },
  };
}

async function read(page: Page, path: string): Promise<string> {
  const answer = await page.request.get(path);
  expect(answer.status(), path).toBe(200);
  return await answer.text();
}

function found(text: string, pattern: RegExp): string {
  const id = text.match(pattern)?.[1];
  if (id === undefined) throw new Error(`there is no ${pattern}`);
  return id;
}

/** An answer without what differs from request to request. */
async function comparable(answer: APIResponse) {
  const { date: _date, "x-request-id": _id, "content-length": _length, ...headers } = answer.headers();
  const nonce = headers["content-security-policy"]?.match(/'nonce-([^']+)'/)?.[1] ?? "no nonce";
  const plain = (text: string) => text.replaceAll(nonce, "NONCE").replaceAll(/<time\b.*?<\/time>/g, "TIME");
  return {
    status: answer.status(),
    headers: Object.entries(headers).map(([name, value]) => `${name}: ${plain(value)}`),
    body: plain(await answer.text()),
  };
}

/** What people did to a partner's things, by its log; the measuring goes on by itself meanwhile. */
async function done(page: Page): Promise<string[]> {
  const rows = (await read(page, "/audit.csv")).split("\r\n");
  return rows.filter((row) => !row.includes(",Rampart,breach."));
}

/** The same address, where nothing of it exists. */
function unknown(path: string, { harbour, ids }: World): string {
  return path
    .replace(KEY, "com.nobody.nothing")
    .replace(harbour.id, randomUUID())
    .replace(ids.incident, "AAAAAAAAAAA")
    .replace(ids.mail, randomUUID())
    .replace(ids.member, randomUUID())
    .replace(ids.invitation, randomUUID())
    .replace(ids.session, randomUUID());
}

/** All that is Harbour's and must not be read by others. */
function secrets({ harbour, ids }: World): RegExp {
  const words = ["harbour", KEY, harbour.id, ...Object.values(ids)];
  return new RegExp(words.map((word) => word.replaceAll(".", "\\.")).join("|"), "i");
}

test("nobody sees another partner's things", async ({ page, people, target, mailbox }) => {
  const all = await world(people, page, target, mailbox);
  const { harbour, ids } = all;
  const today = new Date().toISOString().slice(0, 10);
  const addresses = [
    `/apps/${KEY}`,
    `/apps/${KEY}/metrics`,
    `/apps/${KEY}/metrics?series=${ids.series}`,
    `/apps/${KEY}/metrics/budget?series=${ids.series}`,
    `/apps/${KEY}/metrics?series=${ids.series}&day=${today}`,
    `/apps/${KEY}/metrics?series=${ids.series}&day=${today}&hour=9`,
    `/apps/${KEY}/breaches`,
    `/apps/${KEY}/breaches?page=2`,
    `/apps/${KEY}/breaches/${ids.incident}`,
    `/apps/${KEY}/ledger`,
    `/apps/${KEY}/settings`,
    `/partners/${harbour.id}`,
    `/mail/${ids.mail}`,
    // Their own app is no way to another's breach.
    `/apps/${OTHER_KEY}/breaches/${ids.incident}`,
  ];

  for (const { page: reader } of [all.lagoon.owner, all.lagoonMember]) {
    for (const path of addresses) {
      const answer = await comparable(await reader.request.get(path));
      expect(answer, path).toEqual(await comparable(await reader.request.get(unknown(path, all))));
      expect(answer.status, path).toBe(404);
      expect(answer.body, path).toContain("There is no such page");
      expect(answer.body, path).not.toMatch(secrets(all));
    }
  }
  // Their own people see each of them.
  for (const { page: reader } of [harbour.owner, all.harbourMember]) {
    for (const path of addresses.slice(0, -1)) await read(reader, path);
  }
});

test("nobody changes another partner's things", async ({ page, people, target, mailbox }) => {
  const all = await world(people, page, target, mailbox);
  const { harbour, ids } = all;
  const app = `/apps/${KEY}`;
  const partner = `/partners/${harbour.id}`;
  const contacts = { support_contact: "x", operations_contacts: "y" };
  const details = { version: "1", name: "Mine", kind: "forge", products: "jira", ...contacts };
  const forms: [path: string, fields: Fields][] = [
    [`${app}/settings`, details],
    [`${app}/settings`, { ...details, name: "" }],
    [`${app}/health-check`, { version: "1", health_path: "/", base_urls: target.url }],
    [`${app}/health-check`, { version: "1", health_path: "wrong", base_urls: "wrong" }],
    [`${app}/test`, {}],
    [`${app}/alert-address`, { address: "spy@lagoon.example" }],
    [`${app}/alert-address`, { address: "wrong" }],
    [`${app}/alert-address/resend`, {}],
    [`${app}/measuring/start`, {}],
    [`${app}/measuring/stop`, { why: "because" }],
    [`${app}/breaches/${ids.incident}/assessment`, { version: "0", note: "no emergency" }],
    [`${app}/breaches/${ids.incident}/assessment`, { note: "" }],
    [`${app}/breaches/${ids.incident}/assessment/withdraw`, { version: "0" }],
    [`${app}/installations/new`, { site: "wrong" }],
    [`${app}/archive`, {}],
    [`${app}/restore`, {}],
    [`${partner}/edit`, { version: "1", name: "Mine" }],
    [`${partner}/archive`, {}],
    [`${partner}/invite`, { mail: "spy@lagoon.example", role: "owner" }],
    [`${partner}/invite`, { mail: "wrong", role: "wrong" }],
    [`${partner}/tokens/new`, { name: "spy" }],
    [`${partner}/invitations/${ids.invitation}/withdraw`, {}],
    [`${partner}/members/${ids.member}/role`, { role: "owner" }],
    [`${partner}/members/${ids.member}/remove`, {}],
    [`/account/sessions/${ids.session}/revoke`, {}],
    [`/mail/${ids.mail}/retry`, {}],
  ];
  // What only administrators do is refused before it is looked for.
  const staff: [path: string, fields: Fields][] = [
    [`/people/invitations/${ids.invitation}/withdraw`, {}],
    [`/people/${ids.member}/roles`, { roles: "administrator" }],
    [`/people/${ids.member}/disable`, {}],
    [`/people/${ids.member}/enable`, {}],
  ];
  const before = await done(harbour.owner.page);
  expect(before).not.toHaveLength(0);

  for (const { page: reader } of [all.lagoon.owner, all.lagoonMember]) {
    for (const [path, fields] of [...forms, ...staff]) {
      const answer = await comparable(await send(reader, path, fields));
      expect(answer, `POST ${path}`).toEqual(await comparable(await send(reader, unknown(path, all), fields)));
      expect(answer.body, `POST ${path}`).not.toMatch(secrets(all));
    }
    for (const [path, fields] of forms) {
      expect((await send(reader, path, fields)).status(), `POST ${path}`).toBe(404);
    }
    for (const [path, fields] of staff) {
      expect((await send(reader, path, fields)).status(), `POST ${path}`).toBe(403);
    }
    // Nor is an app put among another partner's.
    const smuggled = newApp(harbour, target, "com.lagoon.smuggled", "Smuggled");
    const answer = await comparable(await send(reader, "/apps/new", smuggled));
    const nowhere = await comparable(await send(reader, "/apps/new", { ...smuggled, partner: randomUUID() }));
    const withoutId = ({ body, ...rest }: typeof answer) => ({ ...rest, body: body.replaceAll(/[0-9a-f-]{36}/g, "") });
    expect(withoutId(answer)).toEqual(withoutId(nowhere));
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
  // A key that is taken does not say by whom.
  const taken = await send(all.lagoon.owner.page, "/apps/new", newApp(all.lagoon, target, KEY, "Mine"));
  expect(taken.status()).toBe(422);
  expect(await taken.text()).toContain("This key cannot be registered.");
  expect((await taken.text()).replaceAll(KEY, "").replaceAll("help@harbour.example", "")).not.toMatch(/harbour/i);

  expect(await done(harbour.owner.page)).toEqual(before);
  await page.goto(`${app}/settings`);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Harbour Sheets");
  expect(mailbox.mails.flatMap(({ recipients }) => recipients)).not.toContain("spy@lagoon.example");
});

test("lists show a partner's people only what is theirs", async ({ page, people, target, mailbox }) => {
  const all = await world(people, page, target, mailbox);
  for (const { page: reader } of [all.lagoon.owner, all.lagoonMember]) {
    await reader.goto("/apps");
    await expect(reader.getByText("1 app", { exact: true })).toBeVisible();
    const apps = table(reader, "Apps");
    await expect(apps.getByRole("rowheader")).toHaveText([/Lagoon Board/]);
    await expect(apps.getByRole("columnheader", { name: "Partner" })).toHaveCount(0);

    await reader.getByLabel("Name or key").fill("Harbour");
    await reader.getByRole("button", { name: "Show" }).click();
    await expect(reader.getByText("No app matches “Harbour”")).toBeVisible();
    const own = [`/apps/${OTHER_KEY}`, `/partners/${all.lagoon.id}`, "/account"];
    for (const path of ["/apps", "/apps?archived=yes", "/apps?page=2", ...own]) {
      expect((await read(reader, path)).replaceAll("help@harbour.example", ""), path).not.toMatch(secrets(all));
    }
    // Harbour's series is none of their own app's.
    const foreign = await reader.request.get(`/apps/${OTHER_KEY}/metrics?series=${all.ids.series}`);
    expect(await foreign.text()).not.toMatch(secrets(all));
    expect((await reader.request.get("/people")).status()).not.toBe(200);
    expect((await reader.request.get("/mail")).status()).not.toBe(200);
  }
  // The log of an owner ends at the partner's door; a member has none.
  const owner = all.lagoon.owner.page;
  const logs = ["/audit", "/audit.csv", "/audit?who=Olga", "/audit?action=breach.opened", `/audit?subject=${KEY}`];
  for (const path of logs) {
    const log = (await read(owner, path)).replaceAll("help@harbour.example", "").replaceAll(/value="[^"]*"/g, "");
    expect(log.replaceAll(/[?&;][a-z]+=[^"&;]*/g, ""), path).not.toMatch(secrets(all));
  }
  expect(await read(owner, "/audit.csv")).toContain("Lagoon Board");
  expect((await all.lagoonMember.page.request.get("/audit.csv")).status()).toBe(403);

  // The staff see both.
  await all.administrator.page.goto("/apps");
  await expect(table(all.administrator.page, "Apps").getByRole("rowheader")).toHaveCount(2);
});
