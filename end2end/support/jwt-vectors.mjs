/**
 * Writes domain/tests/jwt-vectors.json: requests and tokens as the npm package atlassian-jwt, the reference client, makes
 * them. `node support/jwt-vectors.mjs` in end2end/.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "node:querystring";
import * as jwt from "atlassian-jwt";

const NOW = 1_800_000_000;
const SECRET = "a shared secret of an installation";
const PUBLISH = "/rest/atlassian-connect/latest/addons-metrics/com.example.app/publish";

// The path is handed over as it is: url.parse would encode "'" in it, which no product does.
const request = ({ method, path, query }) => ({ method, pathname: path, query: parse(query ?? "") });

const requests = [
  { method: "PUT", path: PUBLISH },
  { method: "put", path: `${PUBLISH}/` },
  { method: "GET", path: "" },
  { method: "GET", path: "/" },
  { method: "GET", path: "//" },
  { method: "GET", path: "/a//" },
  { method: "GET", path: "rest/api" },
  { method: "GET", path: "/path!$%26'()*+,;=" },
  { method: "GET", path: "/path-._~/%2f%2F" },
  { method: "GET", path: "/project&a=b", query: "x=y" },
  { method: "GET", path: "/project", query: "a=b&x=y" },
  { method: "GET", path: "/p", query: "" },
  { method: "GET", path: "/p", query: "a" },
  { method: "GET", path: "/p", query: "a=" },
  { method: "GET", path: "/p", query: "=x" },
  { method: "GET", path: "/p", query: "&&a=1&" },
  { method: "GET", path: "/p", query: "a=1=2" },
  { method: "GET", path: "/p", query: "b=2&a=1&A=3&a10=5&a1=4&_=6&%7E=7" },
  { method: "GET", path: "/p", query: "a=x+y&b=x%20y&c=x%2By&a+b=1" },
  { method: "GET", path: "/p", query: "a=!%27()*-._~&b=%2f%C3%bc%E2%82%AC%F0%9F%98%80" },
  { method: "GET", path: "/p", query: "a=ü&ü=a" },
  { method: "GET", path: "/p", query: "ids=:1&ids=.1&ids=.2&ids=:2" },
  { method: "GET", path: "/p", query: "ids=-1&ids=.1&ids=10&ids=2&ids=B&ids=a&ids=%C3%A4" },
  { method: "GET", path: "/p", query: "a=1,2&a=0&a" },
  { method: "GET", path: "/p", query: "jwt=x.y.z&a=1&jwt=2&JWT=3" },
  { method: "GET", path: "/p", query: "a=100%&b=%zz&c=%2" },
  { method: "DELETE", path: "/p", query: "a:b=1&a.b=2&a%3Ab=3" },
].map((r) => ({
  ...r,
  canonical: jwt.createCanonicalRequest(request(r), false),
  qsh: jwt.createQueryStringHash(request(r), false),
}));

const qsh = jwt.createQueryStringHash({ method: "PUT", pathname: PUBLISH, query: {} }, false);
const good = { iss: "com.example.app", iat: NOW, exp: NOW + 180, qsh };
const sign = (claims, { secret = SECRET, algorithm } = {}) => jwt.encodeSymmetric(claims, secret, algorithm);
const without = (claim) => Object.fromEntries(Object.entries(good).filter(([name]) => name !== claim));
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const tokens = [
  ["good", true, sign(good)],
  ["good, with claims that are not asked for", true, sign({ ...good, sub: "user", aud: "x", context: { user: {} } })],
  ["expired within the leeway", true, sign({ ...good, exp: NOW - 30 })],
  ["expired", false, sign({ ...good, exp: NOW - 31 })],
  ["expires too far ahead", false, sign({ ...good, exp: NOW + 3600 })],
  ["another secret", false, sign(good, { secret: "another" })],
  ["HS384", false, sign(good, { algorithm: "HS384" })],
  ["HS512", false, sign(good, { algorithm: "HS512" })],
  ["no algorithm", false, `${part({ typ: "JWT", alg: "none" })}.${part(good)}.`],
  ["numbers as texts", false, sign({ ...good, exp: String(NOW + 180) })],
  ["no iss", false, sign(without("iss"))],
  ["no iat", false, sign(without("iat"))],
  ["no exp", false, sign(without("exp"))],
  ["no qsh", false, sign(without("qsh"))],
  ["a token of a page's context", false, sign({ ...good, qsh: "context-qsh" })],
  ["the hash of another request", false, sign({ ...good, qsh: requests[2].qsh })],
  ["two parts", false, sign(good).split(".").slice(0, 2).join(".")],
].map(([name, accepted, token]) => ({ name, accepted, token }));

const file = join(import.meta.dirname, "../../domain/tests/jwt-vectors.json");
const vectors = { madeWith: `atlassian-jwt ${jwt.version}`, requests, secret: SECRET, at: NOW, method: "PUT", path: PUBLISH, tokens };
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
