import { simpleParser } from "mailparser";
import type { AddressObject, ParsedMail } from "mailparser";
import { SMTPServer } from "smtp-server";
import { Arrivals } from "./events.js";
import { freePort, listen } from "./ports.js";

export interface Mail extends ParsedMail {
  /** Whom the envelope names, in small letters. */
  recipients: string[];
  /** The page of the mail, "" when it has none. */
  page: string;
}

interface Refusal {
  code: number;
  message: string;
  /** The only recipient that is refused; else every one is. */
  address?: string | undefined;
}

/** A mail server for everybody: it keeps what it is sent, or refuses it. */
export class Mailbox {
  readonly #port: number;
  #server: SMTPServer | undefined;
  #mails = new Arrivals<Mail>();
  #refusals = new Arrivals<string>();
  #refusal: Refusal | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<Mailbox> {
    const mailbox = new Mailbox(await freePort());
    await mailbox.up();
    return mailbox;
  }

  /** The address of the server, as `mail.relay` takes it. */
  get relay(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  /** All mails so far, oldest first. */
  get mails(): readonly Mail[] {
    return this.#mails.all;
  }

  /** The first mail, arrived or still to come, for which `wanted` holds. */
  waitFor(wanted: (mail: Mail) => boolean, timeout = 60_000): Promise<Mail> {
    return this.#mails.waitFor(wanted, "the mail waited for", timeout);
  }

  /** The first mail to somebody whose subject matches. */
  waitForMailTo(address: string, subject: RegExp = /(?:)/, timeout = 60_000): Promise<Mail> {
    const wanted = (mail: Mail) => mail.recipients.includes(address.toLowerCase()) && subject.test(mail.subject ?? "");
    return this.#mails.waitFor(wanted, `a mail to ${address} about ${subject}`, timeout);
  }

  /** Refuses every recipient or just one: for now with a 4xx code, for good with a 5xx code. */
  refuse(code = 451, message = "not now", address?: string): void {
    this.#refusal = { code, message, address };
  }

  accept(): void {
    this.#refusal = undefined;
  }

  /** Waits for a recipient to be refused and says which. */
  waitForRefusal(timeout = 60_000): Promise<string> {
    return this.#refusals.waitFor(() => true, "a refused mail", timeout);
  }

  /** Forgets mails and refusals so far, so that the next ones can be waited for. */
  clear(): void {
    this.#mails.clear();
    this.#refusals.clear();
  }

  /** Takes connections, at first and again after `down`. */
  async up(): Promise<void> {
    this.#server = this.#newServer();
    await listen(this.#server.server, this.#port);
  }

  /** Ends all connections and takes no more. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async stop(): Promise<void> {
    await this.down();
  }

  #newServer(): SMTPServer {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["AUTH", "STARTTLS"],
      disableReverseLookup: true,
      closeTimeout: 100,
      onRcptTo: ({ address }, _session, callback) => {
        const refusal = this.#refusal;
        if (refusal === undefined || (refusal.address ?? address) !== address) return callback();
        this.#refusals.add(address);
        callback(Object.assign(new Error(refusal.message), { responseCode: refusal.code }));
      },
      onData: (stream, session, callback) => {
        simpleParser(stream).then(
          (parsed) => {
            const recipients = session.envelope.rcptTo.map(({ address }) => address.toLowerCase());
            this.#mails.add(Object.assign(parsed, { recipients, page: parsed.html || "" }));
            callback();
          },
          (error: Error) => callback(error),
        );
      },
    });
    // A client that hangs up in the middle is its own business.
    server.on("error", () => {});
    return server;
  }
}

/** The addresses of a header such as To or From. */
export function addresses(header: AddressObject | AddressObject[] | undefined): string[] {
  return [header ?? []].flat().flatMap(({ value }) => value.map(({ address }) => address ?? ""));
}

/** The links of a mail's text, in their order. */
export function links(mail: Mail): string[] {
  return (mail.text ?? "").match(/https?:\/\/[^\s<>"')\]]+/g) ?? [];
}
