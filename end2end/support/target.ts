import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Arrivals } from "./events.js";
import { listen } from "./ports.js";

export interface Hit {
  /** How many came before this one and with it. */
  number: number;
  method: string;
  path: string;
  userAgent: string;
}

/** What a health check asks: an HTTP server whose behaviour the test decides. */
export class Target {
  readonly port: number;
  readonly url: string;
  #server: Server;
  #hits = new Arrivals<Hit>();
  #count = 0;
  #status = 200;
  #headers: Record<string, string> = {};
  #delay = 0;
  #hanging = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    server.on("request", (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<Target> {
    const server = createServer();
    return new Target(server, await listen(server));
  }

  /** Answers with this status from now on. */
  setStatus(status: number, headers: Record<string, string> = {}): void {
    this.#status = status;
    this.#headers = headers;
    this.#hanging = false;
  }

  /** Answers only after so many milliseconds. */
  setDelay(milliseconds: number): void {
    this.#delay = milliseconds;
    this.#hanging = false;
  }

  /** Takes requests and never answers them, until a status or a delay is set. */
  hang(): void {
    this.#hanging = true;
  }

  get hits(): number {
    return this.#count;
  }

  get requests(): readonly Hit[] {
    return this.#hits.all;
  }

  /** Waits for that many more requests. */
  async waitForHits(more: number, timeout = 60_000): Promise<void> {
    const number = this.#count + more;
    await this.#hits.waitFor((hit) => hit.number >= number, `request ${number} of the target`, timeout);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#count += 1;
    this.#hits.add({
      number: this.#count,
      method: request.method ?? "",
      path: request.url ?? "",
      userAgent: request.headers["user-agent"] ?? "",
    });
    if (this.#hanging) return;
    const { statusCode, headers } = { statusCode: this.#status, headers: this.#headers };
    const timer = setTimeout(() => {
      response.writeHead(statusCode, { "content-type": "text/plain", ...headers });
      response.end(request.method === "HEAD" ? undefined : `${statusCode}\n`);
    }, this.#delay);
    response.once("close", () => clearTimeout(timer));
  }
}
