import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./page.mjs";

const { follow, pauseFor } = await load("poll.js");
const usual = { failed: 0, idle: false, leading: true, chance: 0 };

test("somebody at the page hears every five seconds, and every thirty when nobody touches it", () => {
  assert.equal(pauseFor(usual), 5000);
  assert.equal(pauseFor({ ...usual, idle: true }), 30000);
});

test("a server that cannot be reached is asked ever more seldom, though once a minute", () => {
  const pauses = [1, 2, 3, 4, 20].map((failed) => pauseFor({ ...usual, failed }));

  assert.deepEqual(pauses, [10000, 20000, 40000, 60000, 60000]);
  assert.equal(pauseFor({ ...usual, failed: 1, idle: true }), 10000);
});

test("the other tabs wait a little longer, each another while", () => {
  assert.equal(pauseFor({ ...usual, leading: false }), 5400);
  assert.equal(pauseFor({ ...usual, leading: false, chance: 1 }), 6200);
});

test("a tab takes what another one heard, unless it knows as much", () => {
  assert.equal(follow("17", { status: 200, tag: "18" }), "take");
  assert.equal(follow("17", { status: 200, tag: "17~5.2" }), "take");
  assert.equal(follow("17", { status: 200, tag: "17" }), "");
  assert.equal(follow("19", { status: 200, tag: "18" }), "");
});

test("a tab asks itself where another one has already heard what it has not", () => {
  assert.equal(follow("17", { status: 304, tag: "18" }), "ask");
  assert.equal(follow("18~5.2", { status: 304, tag: "18" }), "");
  assert.equal(follow("17", { status: 0, tag: "18" }), "");
});
