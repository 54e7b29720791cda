import assert from "node:assert/strict";
import { test } from "node:test";

import { load, page } from "./page.mjs";

test("a draft is kept for one person and one conversation", async () => {
  const kept = page({ user: "7" });
  const { draftOf, saveDraft } = await load("drafts.js");

  saveDraft("Llegamos a las", "12");

  assert.deepEqual({ ...kept }, { "draft:7:12": "Llegamos a las" });
  assert.equal(draftOf("12"), "Llegamos a las");
  assert.equal(draftOf("13"), "");
  document.body.dataset.user = "8";
  assert.equal(draftOf("12"), "");
});

test("a draft of nothing but blanks is none", async () => {
  const kept = page();
  const { saveDraft } = await load("drafts.js");

  saveDraft("Llegamos", "12");
  saveDraft("  \n", "12");

  assert.deepEqual({ ...kept }, {});
});

test("what the browser has no room for is kept while the tab is open", async () => {
  page({ full: true });
  const { draftOf, saveDraft, takeDraft } = await load("drafts.js");

  saveDraft("Llegamos a las", "12");

  assert.equal(draftOf("12"), "Llegamos a las");
  assert.equal(takeDraft("12"), "Llegamos a las");
  assert.equal(draftOf("12"), "");
});

test("words that come back stand before what was written since", async () => {
  page();
  const { addToDraft, draftOf } = await load("drafts.js");

  addToDraft("¿A qué hora?", "12");
  addToDraft("Hola", "12");

  assert.equal(draftOf("12"), "Hola\n¿A qué hora?");
});
