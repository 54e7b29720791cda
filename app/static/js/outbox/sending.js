// Each message of the outbox goes out by itself, once (its key sees to that) and in the order of its conversation, from
// whichever page is open.

import { keepWords, write, writeBefore } from "../composer.js";
import { $, addressOf, csrf, onReady, putPieces, toEnd, user } from "../dom.js";
import { onNetworkBack, poll, unreached } from "../poll.js";
import { onRenewed } from "../session.js";
import { adopt, changed, drop, find, isAnyUnkept, keep, list, newKey, nextMoment, ofTalk, onChange, prefix, update } from "./store.js";

const PATIENCE = 45000, PAUSE = 5000, LONGEST_PAUSE = 60000, OTHERS_TURN = 10000, STUCK = 90000, OLD = 12 * 3600000;

// `known` is the newest message that was on the screen while this was written: the server asks when a colleague
// answered after it.
export function add({ conversation, words, known }) {
  const name = isHere({ conversation }) ? nameHere() : "";
  keep({ key: newKey(), conversation, name, words, known, at: nextMoment(), tries: 0 });
  send(conversation, HURRIED);
}

// ---- Sending: one tab at a time for each conversation, where the browser has locks; everywhere else the key alone
// sees to it that nothing arrives twice.

const HURRIED = { hurry: true, queue: true };
const attempts = new Set();
export const going = new Set();
let heldUntil = 0; // The server said: not before.
let timer = 0;

// What another tab has just taken over it sends itself, unless that tab is gone.
export const dueAt = (item) => item.until ?? item.at + OTHERS_TURN;
const due = (item) => Math.max(dueAt(item), heldUntil);

// How long to wait for the next try of one that was tried so often, spread so that not all tabs come at once.
export const pauseAfter = (tries, chance) => Math.min(PAUSE * 2 ** tries, LONGEST_PAUSE) * (1 + chance / 5);

function plan() {
  clearTimeout(timer);
  const next = Math.min(...list().filter((item) => !item.asks).map(due));
  if (next < Date.now() + OLD) timer = setTimeout(sendAll, Math.max(1000, next - Date.now()));
}

function sendAll(how = {}) {
  for (const conversation of new Set(list().map((item) => item.conversation))) send(conversation, how);
}

const running = new Set();

async function alone(conversation, work) {
  if (running.has(conversation)) return;
  running.add(conversation);
  try { await work(); } finally { running.delete(conversation); }
}

async function send(conversation, { hurry = false, queue = false } = {}) {
  const work = () => empty(conversation, hurry);
  if (!navigator.locks) await alone(conversation, work);
  else if (!queue) await navigator.locks.request(prefix() + conversation, { ifAvailable: true }, (lock) => lock && work());
  else {
    // A tab that a phone has put to sleep may hold the lock and never come back.
    const signal = AbortSignal.timeout(STUCK);
    await navigator.locks.request(prefix() + conversation, { signal }, work).catch((error) =>
      error.name === "TimeoutError" && navigator.locks.request(prefix() + conversation, { steal: true }, work));
  }
  plan();
}

// One after the other: what waits, or asks somebody, holds up what was written after it.
async function empty(conversation, hurry) {
  for (let item; ([item] = ofTalk(conversation)) && item; hurry = true) {
    const now = Date.now();
    if (item.asks || heldUntil > now || (!hurry && due(item) > now)) return;
    if (!item.anyway && now - item.at > OLD) return update(item.key, { asks: "old" });
    if (!(await post(item))) return;
  }
}

async function ask(item) {
  const controller = new AbortController(), late = setTimeout(() => controller.abort(), PATIENCE);
  const headers = { "HX-Request": "true", "X-CSRF-TOKEN": csrf() };
  const body = new URLSearchParams({ key: item.key, body: item.words, known: item.known ?? "" });
  attempts.add(controller);
  try {
    const url = addressOf($("#outbox").dataset.send, item.conversation);
    const answer = await fetch(url, { method: "POST", headers, body, signal: controller.signal });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch {
    return { status: 0, headers: new Headers(), text: "" };
  } finally {
    clearTimeout(late);
    attempts.delete(controller);
  }
}

// What the answer means. A proxy's words, or those of a venue's network, are not ours: only the message itself says
// that it went out, and only our own header that it did not.
export function read({ status, headers, text }, key) {
  const refusal = headers.get("Coordina-Refusal");
  if (refusal) return refusal;
  if (status >= 200 && status < 300 && text.includes(`data-sent-as="${key}"`)) return "sent";
  if (status === 401) return "session";
  if (status === 403) return "stale";
  if (status === 429) return "busy";
  return status >= 400 && status < 500 && ![408, 425].includes(status) ? "refused" : status ? "lost" : "network";
}

const sentence = (text) => $(".note span, .alert span", new DOMParser().parseFromString(text, "text/html"))?.textContent.trim() ?? "";

// Return whether to go on with the next one.
async function post(item) {
  // Without a network nothing can have left; anything else may be there, whatever comes back.
  going.add(item.key);
  update(item.key, navigator.onLine ? { posted: true } : {});
  const answer = await ask(item), outcome = read(answer, item.key), tries = item.tries + 1;
  going.delete(item.key);
  if (outcome === "sent") return arrived(item, answer.text);
  if (!find(item.key)) return true; // A poll brought it meanwhile.
  if (outcome === "network") unreached();
  if (outcome === "session" || outcome === "stale") poll(); // The poll learns why.
  if (["network", "lost", "stale"].includes(outcome)) {
    update(item.key, { tries, why: outcome, until: Date.now() + pauseAfter(item.tries, Math.random()) });
  } else if (outcome === "session") update(item.key, { tries, why: outcome, until: Number.MAX_SAFE_INTEGER });
  else if (outcome === "busy") {
    heldUntil = Date.now() + 1000 * Math.max(1, parseInt(answer.headers.get("Retry-After"), 10) || 15);
    update(item.key, { why: outcome, until: heldUntil });
  } else refused(item, outcome, answer.text);
  return false;
}

const talksHere = () => { const chat = $("#conversation")?.dataset; return chat ? [chat.conversation, ...chat.joined.split(" ")] : []; };
export const isHere = (item) => talksHere().includes(item.conversation);
const nameHere = () => $("#conversation-name")?.textContent ?? "";

function arrived(item, text) {
  if (isHere(item)) putPieces(text);
  drop(item.key, true);
  poll();
  return true;
}

// Whoever has just pressed the button gets the words back where they were written. Of what waited it is asked where it
// stands in the thread, and on every other page.
function refused(item, code, text) {
  if (item.tries || item.why || !isHere(item) || ofTalk(item.conversation).length > 1) {
    update(item.key, { asks: code, says: sentence(text) });
  } else {
    giveBack(item);
    putPieces(text);
  }
  poll();
}

export function giveBack(item) {
  drop(item.key);
  if (isHere(item) && $("#composer-text")) writeBefore([item.words]); else keepWords(item.words, item.conversation);
}

// Somebody has seen what happened since, and wants it to go: so do the ones behind it, which say no more than that.
export function sendAnyway(item, known) {
  for (const one of ofTalk(item.conversation)) {
    update(one.key, { known: Math.max(known, one.known || 0), asks: null, why: null, until: null, anyway: true });
  }
  resend(item);
}

export const resend = (item) => send(item.conversation, HURRIED);

// ---- When.

const sendAllNow = () => sendAll(HURRIED);

function submitted(event) {
  if (event.target.id !== "composer-form") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const text = $("#composer-text"), words = text.value;
  if (!words.trim() || words.length > Number(text.dataset.limit)) return text.focus();
  const known = (event.submitter?.name === "anyway" && event.submitter.value) || event.target.elements.known.value;
  add({ conversation: $("#conversation").dataset.conversation, words, known });
  write("");
  $("#composer-note").replaceChildren();
  toEnd($("#thread"));
}

function stored({ key, oldValue, newValue }) {
  if (!key?.startsWith(prefix())) return;
  if (newValue === null && JSON.parse(oldValue)?.sent) poll();
  changed();
}

export function init() {
  if (!user()) return;
  onChange(plan);
  // Capturing, so that the form is not sent as a page as well; attach/ stands before it, for files.
  document.addEventListener("submit", submitted, true);
  addEventListener("online", () => {
    for (const attempt of attempts) attempt.abort(); // It left through a network that is gone.
    sendAllNow();
  });
  onNetworkBack(sendAllNow);
  onRenewed(sendAllNow);
  addEventListener("storage", stored);
  addEventListener("beforeunload", (event) => { if (isAnyUnkept()) event.preventDefault(); });
  onReady(() => { // htmx makes itself ready first.
    try { adopt(); } catch { /* Nothing was kept here. */ }
    sendAll({ hurry: true });
    changed();
  });
}
