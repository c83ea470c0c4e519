import { Ajv2020 } from "ajv/dist/2020.js";
import type { AnySchemaObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Mail } from "./mailbox.js";

/** The object that an alert mail carries, as far as the tests look into it. */
export interface IncidentData {
  incidentId: string;
  incidentStatus: "ANOMALOUS" | "OK" | "UNKNOWN";
  time: string;
  sliValue: number;
}

export type IncidentDataId = "incident-data" | "incident-data-drill";

/** The object that an alert mail carries for machines; fails when it carries none. */
export function incidentData(mail: Mail, id: IncidentDataId = "incident-data"): unknown {
  const elements = [...mail.page.matchAll(/<script\b([^>]*)>([^]*?)<\/script>/g)];
  const found = elements.filter(([, attributes = ""]) => new RegExp(`\\bid="${id}"`).test(attributes));
  const [, attributes, json] = found[0] ?? [];
  if (attributes === undefined || json === undefined || found.length !== 1) {
    throw new Error(`the mail "${mail.subject}" has ${found.length} elements ${id}`);
  }
  if (!attributes.includes('type="application/json"')) throw new Error(`${id} is not marked as JSON`);
  if (/[<>&]/.test(json)) throw new Error(`${id} has characters in it that have to be escaped: ${json}`);
  return JSON.parse(json);
}

/** Fails unless an object is what the schema that the server publishes asks for. */
export async function expectIncidentData(serverUrl: string, data: unknown): Promise<void> {
  const response = await fetch(new URL("/schemas/incident-data.json", serverUrl));
  if (!response.ok) throw new Error(`the schema is answered with ${response.status}`);
  const schema = (await response.json()) as AnySchemaObject;
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  if (!validate(data)) {
    throw new Error(`not valid incident data: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(data, null, 2)}`);
  }
}
