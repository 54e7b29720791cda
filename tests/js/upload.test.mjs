import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./page.mjs";

const { Broken, queue, upload } = await load("attach/upload.js");
const { hasCaption, typeOf } = await load("attach/files.js");

const says = { offline: "Se cortó", unsupported: "No va" };
const item = (name, bytes = 10) => ({ name, blob: new Blob([new Uint8Array(bytes)]), uploads: "/uploads", says });

// A server that keeps parts of four bytes, and what it was asked; `failing` decides which request fails, and how.
function server(failing = () => null) {
  const asked = [];
  const ask = async (one, method, url, body, _type, progress) => {
    asked.push(`${one.name} ${method} ${url} ${body.size ?? body}`);
    progress?.(body.size);
    const error = failing(one, url, asked.length);
    if (error) throw error;
    return url === "/uploads" ? { id: 3, part_bytes: 4 } : { id: 9 };
  };
  return { asked, ask };
}

const put = async (ask, ...items) => {
  const states = [];
  const shown = (one) => states.push(`${one.name} ${one.state}`);
  for (const one of items) queue(one, { shown, progress: () => {}, make: async () => {}, ask });
  for (const one of items) await one.ready;
  return states;
};

test("a file goes up in parts, and says how far it is", async () => {
  const { asked, ask } = server();
  const done = [];
  const file = item("a");

  await upload(file, (one) => done.push(one.done), ask);

  assert.deepEqual(asked, [
    'a POST /uploads {"filename":"a","size":10}',
    "a PUT /uploads/3/parts/0 4",
    "a PUT /uploads/3/parts/1 4",
    "a PUT /uploads/3/parts/2 2",
    "a POST /uploads/3/finish {}",
  ]);
  assert.deepEqual(done, [0.4, 0.8, 1]);
  assert.deepEqual(file.media, { id: 9 });
});

test("what broke off goes on where it was", async () => {
  const { asked, ask } = server((_one, url, count) => (url.endsWith("/1") && count === 3 ? new Broken("Se cortó") : null));
  const file = item("a");

  await put(ask, file);
  assert.equal(file.state, "broken");
  await put(ask, file);

  assert.equal(file.state, "ready");
  assert.deepEqual(asked.slice(3).map((line) => line.split(" ")[2]), ["/uploads/3/parts/1", "/uploads/3/parts/2", "/uploads/3/finish"]);
});

test("an upload that the server has swept away begins anew", async () => {
  const { asked, ask } = server((_one, _url, count) => (count === 2 ? Object.assign(new Error("No está"), { status: 404 }) : null));
  const file = item("a", 4);

  await put(ask, file);
  assert.equal(file.state, "broken");
  await put(ask, file);

  assert.equal(file.state, "ready");
  assert.deepEqual(asked.map((line) => line.split(" ")[2]), ["/uploads", "/uploads/3/parts/0", "/uploads", "/uploads/3/parts/0", "/uploads/3/finish"]);
});

test("one file goes after the other, and one that is refused holds up none", async () => {
  const { asked, ask } = server((one) => (one.name === "a" ? new Error("No va") : null));

  const states = await put(ask, item("a", 4), item("b", 4));

  assert.deepEqual(asked.map((line) => line.slice(0, 6)), ["a POST", "b POST", "b PUT ", "b POST"]);
  assert.deepEqual(states, ["a working", "a working", "a refused", "b working", "b working", "b ready"]);
});

test("a file that was taken out is not asked for", async () => {
  const { asked, ask } = server();

  await put(ask, { ...item("a"), dropped: true });

  assert.deepEqual(asked, []);
});

test("a file is what its first bytes say, whatever its name", () => {
  const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const type = (text, said = "") => typeOf(bytes(text), { type: said });

  assert.equal(type("\xff\xd8\xff", "image/png"), "image/jpeg");
  assert.equal(type("\0\0\0\x18ftypheic"), "image/heic");
  assert.equal(type("\0\0\0\x18ftypM4A "), "audio/mp4");
  assert.equal(type("\0\0\0\x18ftypisom"), "video/mp4");
  assert.equal(type("%PDF-1.7", "image/jpeg"), "application/pdf");
  assert.equal(type("<svg>", "image/png"), "text/html");
  assert.equal(type("????", "text/plain"), "text/plain");
  assert.equal(type("????"), "application/octet-stream");
});

test("WhatsApp shows words with photos and videos alone", () => {
  assert.deepEqual(["image/jpeg", "image/png", "video/mp4", "image/webp", "audio/ogg", "application/pdf"].map(hasCaption), [true, true, true, false, false, false]);
});
