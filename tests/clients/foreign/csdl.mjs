// OASIS's own converter of CSDL, strict: reads a document from standard input, prints what it understood.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const installed = createRequire(join(process.env.CLIENTS, "node", "package.json"));
const { xml2json } = installed("odata-csdl");
const messages = [];
console.log(JSON.stringify({ model: xml2json(readFileSync(0, "utf8"), { strict: true, messages }), messages }));
