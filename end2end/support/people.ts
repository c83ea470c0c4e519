import { expect } from "@playwright/test";
import type { APIResponse, Browser, BrowserContext, Page } from "@playwright/test";
import { links } from "./mailbox.js";
import type { Mailbox } from "./mailbox.js";
import type { NewUser, Rampart } from "./rampart.js";
import type { Target } from "./target.js";

/** Everybody's password in the tests. */
export const PASSWORD = "copper window seventeen geese";

export interface Person {
  mail: string;
  name: string;
  /** A browser in which they are signed in. */
  page: Page;
}

export interface Partner {
  id: string;
  name: string;
  owner: Person;
}

export type Fields = Record<string, string | string[]>;

/** People with a browser each. What a test is about it does by hand on the pages; this makes what it needs besides. */
export class People {
  #browser: Browser;
  #rampart: Rampart;
  #mailbox: Mailbox;
  #watch: (context: BrowserContext) => void;
  #contexts: BrowserContext[] = [];

  constructor(browser: Browser, rampart: Rampart, mailbox: Mailbox, watch: (context: BrowserContext) => void) {
    this.#browser = browser;
    this.#rampart = rampart;
    this.#mailbox = mailbox;
    this.#watch = watch;
  }

  /** Another browser, in which nobody is signed in. */
  async newBrowser(): Promise<Page> {
    const context = await this.#browser.newContext();
    this.#contexts.push(context);
    this.#watch(context);
    return await context.newPage();
  }

  /** Somebody of the staff, invited from the command line. */
  async staff(user: NewUser, page?: Page): Promise<Person> {
    const link = await this.#rampart.addUser(user);
    return await this.accept(link, user.mail, user.name, page);
  }

  /** A partner with one owner. */
  async partner(administrator: Person, name: string, mail: string, owner: string, page?: Page): Promise<Partner> {
    const answer = await post(administrator.page, "/partners/new", { name, owner_mail: mail });
    const id = answer.headers()["location"]?.split("/").at(-1) ?? "";
    return { id, name, owner: await this.accept(await this.invitation(mail), mail, owner, page) };
  }

  /** A further person of a partner. */
  async member(partner: Partner, mail: string, name: string, role: "member" | "owner" = "member"): Promise<Person> {
    await post(partner.owner.page, `/partners/${partner.id}/invite`, { mail, role });
    return await this.accept(await this.invitation(mail), mail, name);
  }

  /** The link of the invitation that somebody got by mail. */
  async invitation(mail: string): Promise<string> {
    const invitation = await this.#mailbox.waitForMailTo(mail, /invitation/i);
    const link = links(invitation).find((url) => url.includes("/invitation/"));
    if (link === undefined) throw new Error(`the invitation of ${mail} has no link`);
    return link;
  }

  /** Makes the account that an invitation is for; they are signed in then. */
  async accept(link: string, mail: string, name: string, page?: Page): Promise<Person> {
    const person = { mail, name, page: page ?? (await this.newBrowser()) };
    await post(person.page, new URL(link).pathname, { name, password: PASSWORD, password_again: PASSWORD });
    return person;
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
  }
}

/** Posts a form as the person whose browser it is, without showing it, and expects it to be taken. */
export async function post(page: Page, path: string, fields: Fields): Promise<APIResponse> {
  const answer = await send(page, path, fields);
  expect(answer.status(), `POST ${path}: ${answer.status() === 303 ? "" : await answer.text()}`).toBe(303);
  return answer;
}

/** Posts a form and returns the answer, whatever it is; a redirect is not followed. */
export async function send(page: Page, path: string, fields: Fields): Promise<APIResponse> {
  const body = new URLSearchParams();
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values].flat()) body.append(name, value);
  }
  return await page.request.post(path, {
    data: body.toString(),
    headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" },
    maxRedirects: 0,
  });
}

/** The fields of the form that registers an app whose health the target answers for. */
export function newApp(partner: Partner, target: Target, key: string, name: string): Fields {
  return {
    partner: partner.id,
    key,
    name,
    kind: "connect",
    products: ["jira", "confluence"],
    health_path: "/health",
    base_urls: target.url,
    alert_address: "",
    support_contact: "help@harbour.example",
    operations_contacts: "Mika, on call, +49 30 1234567",
  };
}

/** Gives an app an alert address, by the drill mail's link. */
export async function confirmAlertAddress(page: Page, mailbox: Mailbox, key: string, address: string): Promise<void> {
  await post(page, `/apps/${key}/alert-address`, { address });
  const drill = await mailbox.waitForMailTo(address, /^DRILL/);
  const link = links(drill).find((url) => url.includes("/alert-address/"));
  await post(page, new URL(link ?? "").pathname, {});
}
