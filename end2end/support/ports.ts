import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";

/** Starts a server on a loopback port, which it returns; on a free one unless it is told which. */
export function listen(server: Pick<Server, "listen" | "once" | "address">, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** A port that was free a moment ago, for a program that has to be told its port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
