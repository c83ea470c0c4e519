import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { freePort } from "./ports.js";

const run = promisify(execFile);

/** The server's clock runs this many times as fast; its rules and windows are the real ones. */
export const CLOCK_RATE = 60;

/** 32 bytes that anybody can know. */
const SECRETS_KEY = Buffer.alloc(32, "known ").toString("base64");

const READY = /listening on (http:\/\/\S+)/;
const READY_WITHIN = 60_000;
/** How long filling the database with demonstration data may take besides. */
const FILLED_WITHIN = 180_000;
const STOPPED_WITHIN = 15_000;

export type Settings = Record<string, string>;

export interface NewUser {
  mail: string;
  name: string;
  roles: string[];
  /** Further arguments of `rampart user add`. */
  more?: string[];
}

/** The real program with a data folder of its own. */
export class Rampart {
  readonly url: string;
  readonly log: string[] = [];
  #program: string;
  #folder: string;
  #environment: NodeJS.ProcessEnv;
  #arguments: string[] = [];
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(program: string, folder: string, url: string, environment: NodeJS.ProcessEnv) {
    this.#program = program;
    this.#folder = folder;
    this.url = url;
    this.#environment = environment;
  }

  /** Starts it with demonstration data, by a clock that runs as fast as any other. */
  static async demonstration(seed: number): Promise<Rampart> {
    return await Rampart.start({ RAMPART_TEST_CLOCK_RATE: "1" }, ["--demo", "--seed", String(seed)]);
  }

  /** Starts it and waits until it listens. Settings are `RAMPART_SECTION_KEY` variables. */
  static async start(settings: Settings = {}, args: string[] = []): Promise<Rampart> {
    const program = process.env.RAMPART_BIN;
    if (!program) throw new Error("RAMPART_BIN has to name the rampart binary; cargo xtask test sets it");
    const folder = await mkdtemp(join(tmpdir(), "rampart-end2end-"));
    const address = `127.0.0.1:${await freePort()}`;
    const url = `http://${address}`;
    // Nobody's own settings may reach a test.
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("RAMPART_"));
    const rampart = new Rampart(program, folder, url, {
      ...Object.fromEntries(inherited),
      RAMPART_TEST_CLOCK_RATE: String(CLOCK_RATE),
      // Started again, it goes on in time instead of back.
      RAMPART_TEST_CLOCK_SINCE: new Date().toISOString(),
      RAMPART_DATABASE_PATH: folder,
      RAMPART_SERVER_LISTEN: address,
      RAMPART_SERVER_PUBLIC_URL: url,
      RAMPART_SECRETS_KEY: SECRETS_KEY,
      ...settings,
    });
    rampart.#arguments = args;
    try {
      await rampart.launch();
    } catch (error) {
      await rampart.stop();
      throw error;
    }
    return rampart;
  }

  /** Starts the program (again, after `kill`) on the same data. */
  async launch(): Promise<void> {
    const child = spawn(this.#program, ["serve", ...this.#arguments], {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    this.#ended = new Promise((resolve) => {
      child.once("close", resolve);
      child.once("error", resolve);
    });
    const limit = READY_WITHIN + (this.#arguments.includes("--demo") ? FILLED_WITHIN : 0);
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure(`is not ready after ${limit} ms`)), limit);
      const settle = (result: () => void) => {
        clearTimeout(timer);
        result();
      };
      createInterface(child.stdout).on("line", (line) => {
        this.log.push(line);
        if (READY.test(line)) settle(resolve);
      });
      child.once("error", (error) => settle(() => reject(error)));
      child.once("close", (code, signal) => settle(() => reject(this.#failure(`ended (${signal ?? code})`))));
    });
    createInterface(child.stderr).on("line", (line) => this.log.push(line));
    await ready;
  }

  /** Whether it runs; false when it crashed. */
  get running(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Runs another command of the program on the same data and returns what it prints. */
  async command(...args: string[]): Promise<string> {
    const options = { cwd: this.#folder, env: this.#environment, timeout: READY_WITHIN };
    const { stdout, stderr } = await run(this.#program, args, options);
    this.log.push(`$ rampart ${args.join(" ")}`, ...stderr.split("\n").filter(Boolean));
    return stdout;
  }

  /** Adds a user and returns the one-time link to sign in with. */
  async addUser({ mail, name, roles, more = [] }: NewUser): Promise<string> {
    const role = roles.flatMap((one) => ["--role", one]);
    const printed = await this.command("user", "add", "--mail", mail, "--name", name, ...role, ...more);
    const link = printed.match(/https?:\/\/\S+/)?.[0];
    if (link === undefined) throw new Error(`rampart user add printed no link:\n${printed}`);
    return link;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    if (this.running) this.#process?.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends it in good order and removes its data. */
  async stop(): Promise<void> {
    if (this.running) {
      const timer = setTimeout(() => this.#process?.kill("SIGKILL"), STOPPED_WITHIN);
      this.#process?.kill("SIGTERM");
      await this.#ended;
      clearTimeout(timer);
    }
    await this.#ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  #failure(what: string): Error {
    return new Error(`rampart ${what}; its last lines:\n${this.log.slice(-40).join("\n")}`);
  }
}

/** Makes an empty database in the tests' PostgreSQL and returns its URL. */
export async function freshDatabase(): Promise<string> {
  const server = process.env.RAMPART_TEST_POSTGRES;
  if (!server) throw new Error("RAMPART_TEST_POSTGRES has to name a PostgreSQL server; cargo xtask test sets it");
  const name = `end2end_${randomBytes(8).toString("hex")}`;
  const child = spawn("psql", ["--no-psqlrc", "--quiet", "--command", `create database ${name}`, server], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error("psql could not make a database");
  return Object.assign(new URL(server), { pathname: `/${name}` }).toString();
}
