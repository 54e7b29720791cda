// Upload in parts, which are kept by the server, so that what broke off goes on where it was; one file after the other,
// since on a venue's network two at once both arrive late.

import { csrf } from "../dom.js";
import { prepare } from "./files.js";

const PART_PATIENCE = 240000;

export class Broken extends Error {} // The network, or the server for now: the same again can help.

function request(item, method, url, body, type, onProgress) {
  return new Promise((done, fail) => {
    const asking = new XMLHttpRequest();
    item.asking = asking;
    asking.open(method, url);
    asking.timeout = PART_PATIENCE;
    asking.setRequestHeader("X-CSRF-TOKEN", csrf());
    if (type) asking.setRequestHeader("Content-Type", type);
    asking.upload.onprogress = (event) => onProgress?.(event.loaded);
    asking.onerror = asking.ontimeout = () => fail(new Broken(item.says.offline));
    asking.onabort = () => fail(new DOMException("", "AbortError"));
    asking.onload = () => {
      const { status } = asking;
      const said = /json/.test(asking.getResponseHeader("Content-Type")) ? JSON.parse(asking.responseText) : null;
      if (status >= 200 && status < 300 && (said || status === 204)) return done(said);
      if (status === 401 || status === 403 || (status < 300 && !said)) return fail(new Broken(item.says.session));
      if (status >= 500 || status === 429) return fail(new Broken(said?.detail || item.says.offline));
      fail(Object.assign(new Error(Object.values(said?.errors ?? {})[0] || said?.detail || item.says.unsupported), { status }));
    };
    asking.send(body);
  });
}

// `ask` is how the server is asked; `progress` is called as the bytes go.
export async function upload(item, progress, ask = request) {
  const { blob } = item;
  const json = (value) => [JSON.stringify(value), "application/json"];
  if (!item.upload) {
    const begun = await ask(item, "POST", item.uploads, ...json({ filename: item.name, size: blob.size }));
    item.upload = { url: `${item.uploads}/${begun.id}`, bytes: begun.part_bytes, next: 0 };
  }
  const { url, bytes } = item.upload;
  for (; item.upload.next * bytes < blob.size; item.upload.next += 1) {
    const at = item.upload.next * bytes;
    await ask(item, "PUT", `${url}/parts/${item.upload.next}`, blob.slice(at, at + bytes), "application/octet-stream",
      (loaded) => { item.done = Math.min(at + loaded, blob.size) / blob.size; progress(item); });
  }
  item.media = await ask(item, "POST", `${url}/finish`, ...json({}));
}

let line = Promise.resolve();

// What became of a file whose upload failed: it can be tried again, or it is not taken.
export function noteFailure(item, error) {
  if (error.status === 404) item.upload = null; // It was too long ago, and swept away.
  item.state = error instanceof Broken || error.status === 404 ? "broken" : "refused";
  item.error = error.message || item.says.offline;
}

// Put `item` at the end of the line. `shown` is called as its state changes, and told whether it has become another file.
export function queue(item, { shown, progress, make = prepare, ask = request }) {
  item.state = "waiting";
  item.ready = line = line.then(async () => {
    if (item.dropped) return;
    item.state = "working";
    shown(item);
    try {
      if (!item.prepared) { await make(item); item.prepared = true; shown(item, true); }
      await upload(item, progress, ask);
      item.state = "ready";
    } catch (error) {
      if (item.dropped) return;
      noteFailure(item, error);
    }
    shown(item);
  });
}
