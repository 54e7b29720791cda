import assert from "node:assert/strict";
import { test } from "node:test";

import { load, page } from "./page.mjs";

const { dueAt, pauseAfter, read } = await load("outbox/sending.js");
const answer = (status, text = "", headers = {}) => ({ status, text, headers: new Headers(headers) });

test("only the message itself says that it went out", () => {
  assert.equal(read(answer(201, '<li data-sent-as="k1">'), "k1"), "sent");
  assert.equal(read(answer(201, '<li data-sent-as="k2">'), "k1"), "lost");
  assert.equal(read(answer(200, "<h1>Wi-Fi</h1>"), "k1"), "lost");
});

test("only our own header says why it did not", () => {
  assert.equal(read(answer(409, "", { "Coordina-Refusal": "window_closed" }), "k1"), "window_closed");
  assert.equal(read(answer(422), "k1"), "refused");
});

test("what may pass is tried again, and what has to be signed in waits for that", () => {
  const outcomes = [0, 401, 403, 408, 425, 429, 500, 502].map((status) => read(answer(status), "k1"));

  assert.deepEqual(outcomes, ["network", "session", "stale", "lost", "lost", "busy", "lost", "lost"]);
});

test("each try waits longer than the one before, though not much more than a minute", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 30].map((tries) => pauseAfter(tries, 0)), [5000, 10000, 20000, 40000, 60000, 60000]);
  assert.equal(pauseAfter(30, 1), 72000);
});

test("the tab in which it was written has the first ten seconds", () => {
  assert.equal(dueAt({ at: 1000 }), 11000);
  assert.equal(dueAt({ at: 1000, until: 3000 }), 3000);
});

test("each message has an entry of its own, and they stay in their order though the clock is set back", async () => {
  const kept = page({ user: "7" });
  const { drop, keep, list, nextMoment } = await load("outbox/store.js");
  const ahead = Date.now() + 3600000;

  keep({ key: "a", conversation: "12", at: ahead });
  keep({ key: "b", conversation: "12", at: nextMoment() });

  assert.deepEqual(Object.keys(kept), ["outbox:7:a", "outbox:7:b"]);
  assert.deepEqual(list().map((item) => item.key), ["a", "b"]);
  assert.equal(list()[1].at, ahead + 1);
  drop("a");
  assert.deepEqual(list().map((item) => item.key), ["b"]);
});
