// Who is here: this person, by when they touched the page last; colleagues, as the poll tells; and what the client sees of
// who writes.

import { $, csrf, here, onReady, onSwap, visible } from "./dom.js";

const IDLE_AFTER = 300000; // Whoever left a chat open and went to lunch wants to be told.
const ATTENTION = 60000, TYPING = 8000;

let lastTouch = Date.now();
let typedAt = 0;
const hear = [];

export const isIdle = () => Date.now() - lastTouch > IDLE_AFTER;
export const attends = () => Date.now() - lastTouch <= ATTENTION;
export const inUse = () => visible() && document.hasFocus() && !isIdle();
export const isTyping = () => Date.now() - typedAt < TYPING;

// Return whether somebody begins to write.
export function noteWriting(words) {
  const begins = !isTyping() && Boolean(words.trim());
  typedAt = words.trim() ? Date.now() : 0;
  return begins;
}

// `act` is told whether the person had been away.
export const onTouch = (act) => hear.push(act);

function touched() {
  const wasAway = isIdle();
  lastTouch = Date.now();
  for (const act of hear) act(wasAway);
}

// ---- Colleagues in the open conversation, and the client.

const EVERY = 20000; // The client sees it for 25 seconds; the server asks Twilio no oftener than this either.

const toldAt = new Map();

// As the last poll told.
function showOthers() {
  const place = $("#present");
  if (!place) return;
  const others = JSON.parse($("#whatsapp-badge").dataset.others || "[]").filter((one) => String(one.conversation) === here());
  const typing = others.filter((one) => one.typing), named = typing.length ? typing : others;
  const data = place.dataset;
  const words = named.length ? (typing.length ? data.typing : named.length > 1 ? data.several : data.here) : "";
  const text = words.replace("#", named.map((one) => one.name).join(data.and));
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

// Somebody types: say so now and then. Nobody waits for it, and nothing is said when it fails.
export function tellTyping(words) {
  const url = $("#typing")?.dataset.url;
  if (!url || !words.trim() || Date.now() - (toldAt.get(url) ?? 0) < EVERY) return;
  toldAt.set(url, Date.now());
  fetch(url, { method: "POST", headers: { "X-CSRF-TOKEN": csrf() }, keepalive: true }).catch(() => {});
}

export function init() {
  for (const name of ["pointerdown", "keydown", "wheel"]) document.addEventListener(name, touched, { passive: true });
  onSwap(showOthers);
  onReady(showOthers);
}
