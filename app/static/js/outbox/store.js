// What was sent and is not answered yet, by person: an entry of localStorage for each message, so that tabs that write at
// one moment take nothing from each other.

import { bubbleOf, user } from "../dom.js";

const unkept = new Map(); // Where the browser keeps nothing (full, or forbidden), this tab does as long as it is open.
const hear = [];

export const prefix = () => `outbox:${user()}:`;
export const onChange = (act) => hear.push(act);
export const changed = () => { for (const act of hear) act(); };
export const isAnyUnkept = () => unkept.size > 0;

const names = () => { try { return Object.keys(localStorage); } catch { return []; } };
const entry = (name) => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
const kept = () => names().filter((name) => name.startsWith(prefix())).map(entry);

export const list = () => [...kept(), ...unkept.values()].filter(Boolean).sort((one, other) => one.at - other.at);
export const find = (key) => list().find((item) => item.key === key);
export const ofTalk = (conversation) => list().filter((item) => item.conversation === conversation);

export function keep(item) {
  try {
    localStorage.setItem(prefix() + item.key, JSON.stringify(item));
    unkept.delete(item.key);
  } catch { unkept.set(item.key, item); }
  changed();
}

export function update(key, news) {
  const item = find(key);
  if (item) keep({ ...item, ...news });
}

export function drop(key, sent) {
  if (sent) update(key, { sent }); // The other tabs see it go, and know that it was not taken back.
  unkept.delete(key);
  try { localStorage.removeItem(prefix() + key); } catch { /* It was in this tab alone. */ }
  bubbleOf(key)?.remove();
  changed();
}

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A clock that was set back changes no order.
export const nextMoment = () => Math.max(Date.now(), (list().at(-1)?.at ?? 0) + 1);

// What an earlier version kept, in one entry for all.
export function adopt() {
  const name = `pending:${user()}`, before = JSON.parse(localStorage.getItem(name) ?? "{}");
  for (const [key, { words, conversation, known }] of Object.entries(before)) {
    keep({ key, conversation, words, known, name: "", at: Date.now(), tries: 1, posted: true, asks: "old" });
  }
  localStorage.removeItem(name);
}
