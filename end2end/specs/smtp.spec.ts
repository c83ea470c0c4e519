import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures.js";
import { links } from "../support/mailbox.js";
import type { Mailbox } from "../support/mailbox.js";
import { table } from "../support/pages.js";
import { confirmAlertAddress, newApp, post } from "../support/people.js";
import { expectIncidentData, incidentData } from "../support/schema.js";

async function inviteReviewer(page: Page, mail: string): Promise<void> {
  await post(page, "/people/invite", { mail, name: "Somebody", roles: "reviewer" });
}

/** Loads the queue until the mail to `address` stands there like this. */
async function queueComesToSay(page: Page, address: string, ...words: (string | RegExp)[]): Promise<void> {
  const row = table(page, "Outgoing mail").getByRole("row").filter({ hasText: address });
  await expect(async () => {
    await page.goto("/mail");
    for (const word of words) await expect(row).toContainText(word, { timeout: 1_000 });
  }).toPass({ intervals: [250], timeout: 30_000 });
}

async function openMail(page: Page, address: string): Promise<void> {
  await table(page, "Outgoing mail").getByRole("row").filter({ hasText: address }).getByRole("link").click();
  await expect(page.getByRole("complementary", { name: "Delivery" })).toContainText(address);
}

function to(mailbox: Mailbox, address: string) {
  return mailbox.mails.filter(({ recipients }) => recipients.includes(address));
}

test("mail that the server does not take now is sent later, once", async ({ page, people, mailbox }) => {
  await people.staff({ mail: "ada@platform.example", name: "Ada", roles: ["administrator"] }, page);

  await test.step("refused for now", async () => {
    mailbox.refuse(451, "4.7.1 greylisted, come back later");
    await inviteReviewer(page, "first@platform.example");
    expect(await mailbox.waitForRefusal()).toBe("first@platform.example");
    const said = ["451", "4.7.1 greylisted, come back later"];
    await queueComesToSay(page, "first@platform.example", "Retrying", ...said, "next try");
    await openMail(page, "first@platform.example");
    await expect(page.getByText("The mail server said")).toContainText("greylisted");
    const messageId = await page.getByRole("definition").last().innerText();
    expect(to(mailbox, "first@platform.example")).toHaveLength(0);

    mailbox.accept();
    const mail = await mailbox.waitForMailTo("first@platform.example");
    expect(mail.messageId).toBe(messageId);
    await queueComesToSay(page, "first@platform.example", "Sent");
    await openMail(page, "first@platform.example");
    await expect(page.getByRole("button", { name: "Send again" })).toHaveCount(0);
    await expect(page.getByText("The mail server said")).toHaveCount(0);
  });

  await test.step("not reached, then sent again by hand", async () => {
    await mailbox.down();
    await inviteReviewer(page, "second@platform.example");
    await queueComesToSay(page, "second@platform.example", "Retrying");
    await expect(page.getByText("1 retrying")).toBeVisible();
    await page.getByRole("link", { name: /^Waiting/ }).click();
    await expect(table(page, "Outgoing mail").getByRole("row")).toHaveCount(2);

    // While nothing can be sent: the server tries by itself as well, and what is sent is not sent again.
    await openMail(page, "second@platform.example");
    await page.getByRole("button", { name: "Send again" }).click();
    await expect(page.getByRole("status").first()).toContainText("Queued");
    await mailbox.up();
    await mailbox.waitForMailTo("second@platform.example");
    await queueComesToSay(page, "second@platform.example", "Sent");
  });

  await inviteReviewer(page, "third@platform.example");
  await mailbox.waitForMailTo("third@platform.example");
  await page.goto("/mail");
  await expect(page.getByText("0 retrying")).toBeVisible();
  for (const address of ["first", "second", "third"]) {
    expect(to(mailbox, `${address}@platform.example`), address).toHaveLength(1);
  }
});

test("an alert address that refuses for good gives way to the owners", async ({
  page,
  rampart,
  people,
  mailbox,
  target,
}) => {
  const staff = { mail: "ada@platform.example", name: "Ada", roles: ["administrator", "reviewer"] };
  const administrator = await people.staff(staff);
  const partner = await people.partner(administrator, "Harbour", "olga@harbour.example", "Olga Owner", page);
  const key = "com.harbour.sheets";
  const app = newApp(partner, target, key, "Sheets");
  await post(page, "/apps/new", app);
  await confirmAlertAddress(page, mailbox, key, "on-call@harbour.example");

  mailbox.refuse(550, "5.1.1 no such mailbox here", "on-call@harbour.example");
  target.setStatus(503);
  await post(administrator.page, `/apps/${key}/measuring/start`, {});
  expect(await mailbox.waitForRefusal()).toBe("on-call@harbour.example");
  const alert = await mailbox.waitForMailTo("olga@harbour.example", /ANOMALOUS/);
  const data = incidentData(alert);
  await expectIncidentData(rampart.url, data);
  expect(data).toMatchObject({ appKey: key, incidentStatus: "ANOMALOUS" });
  expect(links(alert).join()).toContain(`${rampart.url}/apps/${key}/breaches/`);

  await test.step("everybody is told", async () => {
    await page.goto(`/apps/${key}`);
    const alerts = page.getByRole("region", { name: "Alert mails" });
    await expect(alerts).toContainText("on-call@harbour.example refused mail on");
    await expect(alerts).toContainText("Alerts go to the owners of the team");
    await expect(alerts.getByRole("listitem")).toHaveText(["olga@harbour.example"]);
    const todo = page.getByRole("region", { name: "What needs you" });
    await todo.getByRole("link", { name: "Replace the alert address" }).click();
    await expect(page).toHaveURL(new RegExp(`/apps/${key}/settings#alert`));
    await expect(alerts).toBeInViewport();
    await expect(alerts).toContainText("The mail server of on-call@harbour.example refused for good on");
    await expect(alerts).toContainText("5.1.1 no such mailbox here");

    await administrator.page.goto("/mail?filter=failed");
    const failed = table(administrator.page, "Outgoing mail").getByRole("row").nth(1);
    await expect(failed).toContainText("on-call@harbour.example");
    await expect(failed).toContainText("Failed");
    await expect(failed).toContainText("550");
    await administrator.page.goto("/audit?action=alert_address.failed");
    await expect(table(administrator.page, "Audit log").getByRole("row")).toHaveCount(2);
    await expect(table(administrator.page, "Audit log")).toContainText("5.1.1 no such mailbox here");
  });

  await test.step("another address takes over", async () => {
    const alerts = page.getByRole("region", { name: "Alert mails" });
    await page.getByLabel("Alert address").fill("alerts@harbour.example");
    await page.getByRole("button", { name: "Send a drill mail" }).click();
    const flash = page.getByRole("status").first();
    await expect(flash).toContainText("A drill mail is on its way to alerts@harbour.example.");
    await expect(alerts).toContainText("alerts@harbour.example is not confirmed yet.");
    const drill = await mailbox.waitForMailTo("alerts@harbour.example", /^DRILL/);
    await page.goto(links(drill).find((link) => link.includes("/alert-address/")) ?? "");
    await page.getByRole("button", { name: "Confirm this address" }).click();
    await page.goto(`/apps/${key}/settings`);
    await expect(alerts).not.toContainText("refused for good");
    await expect(alerts.getByRole("definition").first()).toContainText("alerts@harbour.example, since");
  });
  // The owners got what the address refused, once.
  expect(to(mailbox, "olga@harbour.example").filter(({ subject }) => subject?.includes("ANOMALOUS"))).toHaveLength(1);
});
