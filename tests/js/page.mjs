// What of a browser the modules that decide ask for, with nothing behind it. A module does nothing when it is imported.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const SCRIPTS = fileURLToPath(new URL("../../app/static/js/", import.meta.url));

// Put a page there on which somebody is signed in, with a localStorage that is `full` where it is said so.
export function page({ user = "7", full = false } = {}) {
  const kept = {};
  Object.defineProperties(kept, {
    getItem: { value: (name) => (Object.hasOwn(kept, name) ? kept[name] : null) },
    setItem: { value: (name, value) => { if (full) throw new Error("QuotaExceededError"); kept[name] = value; } },
    removeItem: { value: (name) => { delete kept[name]; } },
  });
  globalThis.localStorage = kept;
  globalThis.CSS = { escape: (text) => text };
  globalThis.document = { body: { dataset: { user } }, querySelector: () => null, querySelectorAll: () => [] };
  return kept;
}

// A module of its own for each test, with nothing in it of the ones before.
let count = 0;
export const load = (name) => import(`${SCRIPTS}${name}?${(count += 1)}`);

export const names = () => readdirSync(SCRIPTS, { recursive: true }).filter((name) => name.endsWith(".js"));
