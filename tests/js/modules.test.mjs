import assert from "node:assert/strict";
import { test } from "node:test";

import { load, names } from "./page.mjs";

// Those that a page names itself begin at once.
const BEGINNINGS = ["start.js", "share.js", "notices.js", "signed-out.js"];

test("a module does nothing until it is begun", async () => {
  const modules = names().filter((name) => !BEGINNINGS.includes(name));

  assert.ok(modules.length > 20);
  for (const name of modules) await load(name);
});
