// The element that polls, the tag of what it heard last, and the pieces of the page that have grown old: they are behind
// that, or hold words that depend on now.

import { $, all, onHtmx, statusOf, visible } from "./dom.js";

const TRIES = 3; // For each number: one that the server cannot reach is not asked for without end.

export const feed = () => $("#whatsapp-feed");
const isReady = (piece) => Boolean(piece?.matches("[data-htmx-powered]"));
export const isFeedReady = () => isReady(feed());

// A tag is the number of the last change, and after it who else is in the open chat: `17~5.2`.
export const numberOf = (tag) => Number(tag.split("~")[0]);
export const tagOf = (piece) => piece.getAttribute("hx-ptag");
export const keepTag = (tag) => feed().setAttribute("hx-ptag", tag);

// ---- A piece that is older than what the poll knows, and not being fetched: the event that would have renewed it went
// by while the piece was on its way, or went to the one whose place it took. It is asked for again.

const underway = new Set(), caughtUp = new Map();

export function catchUp() {
  const newest = isFeedReady() ? numberOf(tagOf(feed())) : 0;
  for (const piece of all("[data-as-of]")) {
    const name = piece.getAttribute("hx-get");
    if (Number(piece.dataset.asOf) >= newest || [...underway].some((ctx) => ctx.piece === name)) continue;
    if (!isReady(piece)) { setTimeout(catchUp, 20); continue; } // Just put there: it hears nothing yet.
    const [number, tries] = caughtUp.get(name) ?? [];
    if (number === newest && tries === TRIES) continue;
    caughtUp.set(name, [newest, number === newest ? tries + 1 : 1]);
    htmx.trigger(piece, "behind", {}, false);
  }
}

// What is on its way to a place where something else is wanted now comes too late.
export function abortFor(selector) {
  for (const ctx of underway) if (ctx.target?.matches?.(selector)) ctx.request.abort();
}

// ---- Words that depend on now (hoy, en 20 días, espera hace 5 min) say until when they hold. When that has passed and
// somebody looks, the piece around them is asked for again: across midnight, and after a laptop slept.

const EVERY = 5000, APART = 60000, MOST = 50;
const askedFor = new Map(); // When each piece was asked for last, by the id of what asks.

const heldUntil = (words) => Number(words.dataset.holdsUntil) * 1000;
const old = (root) => all("[data-holds-until]", root).filter((words) => heldUntil(words) <= Date.now());

// The element that asks for the piece in which `words` stand: the piece itself, or the one that it names.
function askerOf(words) {
  const piece = words.closest("[data-renew]"), name = piece?.dataset.renew;
  return name ? $(name) : piece;
}

function look() {
  if (!visible() || !navigator.onLine) return;
  const due = new Set();
  for (const words of old(document)) {
    const asker = askerOf(words), last = asker && (askedFor.get(asker.id) ?? 0);
    // What the answer left as it was, since it was lost or the clocks differ, waits a while.
    if (asker && (heldUntil(words) > last || Date.now() - last > APART)) due.add(asker);
  }
  for (const asker of due) {
    askedFor.set(asker.id, Date.now());
    htmx.trigger(asker, "old", {}, false);
  }
}

// A thread answers with what changed; of the rest it has to be told which rows have grown old.
function ask({ sourceElement: asker, request: { body } }) {
  const rows = asker.dataset.rows && $(asker.dataset.rows);
  const ids = rows ? old(rows).map((words) => words.closest("li[id]").id.replace(/^[a-z]-/, "")) : [];
  if (ids.length) body.set("old", [...new Set(ids)].slice(0, MOST).join(","));
  if (asker.id === "whatsapp-feed" && old(asker).length) body.set("old", "badge");
}

export function init() {
  onHtmx("config:request", ({ sourceElement, request }) => {
    const tag = tagOf(sourceElement);
    if (tag) request.headers["HX-PTag"] = tag;
  });
  onHtmx("after:request", ({ sourceElement, response }) => {
    const tag = response.headers.get("HX-PTag");
    if (tag && sourceElement === feed()) keepTag(tag);
  });
  onHtmx("before:request", (ctx) => {
    ctx.piece = ctx.sourceElement.getAttribute("hx-get");
    underway.add(ctx);
  });
  onHtmx("finally:request", (ctx) => {
    underway.delete(ctx);
    const status = statusOf(ctx);
    if (status && status < 400) setTimeout(catchUp); // What failed is asked for by the poll that succeeds.
  });
  onHtmx("config:request", ask);
  document.addEventListener("visibilitychange", look);
  for (const name of ["focus", "online", "pageshow"]) addEventListener(name, look);
  setInterval(look, EVERY);
}
