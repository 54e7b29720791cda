// The way back. A list and each chat that is opened are steps of the browser's history: on a phone and in the panel the
// chat stands on the list, on a wide screen one chat follows the other. The inbox's address says what it shows. panel.js
// tells when something was opened or closed (`moved`), and opens what is asked for here (`onGoTo`).

import { closeDialog } from "./contacts.js";
import { $, addressOf, here, onHtmx, onReady, onSwap, user, wasReplaced, wide } from "./dom.js";
import { closeLightbox } from "./media/pictures.js";

const inbox = () => $(".inbox");
const onePane = () => !inbox() || matchMedia("(max-width: 859px)").matches;
const installed = () => !matchMedia("(display-mode: browser)").matches;

let entry = null; // What the history keeps of where we are: what is open, its place, and how far below the others lie.
let going = false; // We go back ourselves: the page leads, and the history follows.
let awaited = false; // Somebody went back or forward: the history leads, and the page follows.
/** @type {(where: any) => void} */
let goTo = () => {};

// `act` opens or closes what shall be open from now on: { open, chat }, `quiet` where nobody asked for it just now, and
// `there` where it is already.
export const onGoTo = (act) => { goTo = act; };

// ---- What is open, and the address of it.

const CLOSED = 0, LIST = 1, CHAT = 2;
const level = ({ open, chat }) => chat ? CHAT : open ? LIST : CLOSED;
const same = (one, other) => one.open === other.open && one.chat === other.chat;

const place = () => ({
  open: Boolean(inbox() || $("aside#chat-panel:not([hidden])")),
  chat: here() ?? "",
});

function address({ chat }) {
  if (!inbox()) return location.href;
  const form = $("#conversation-filter"), asked = new URLSearchParams(/** @type {any} */ (new FormData(form)));
  if (!asked.get("q")?.trim()) asked.delete("q");
  if (asked.get("filter") === "all") asked.delete("filter");
  const url = new URL(chat ? addressOf($("#outbox").dataset.chat, chat) : form.action, location.href);
  url.search = asked.toString();
  return url.href;
}

function title() {
  if (!inbox() || (!$("#conversation") && $("#sharing"))) return;
  const name = $("#conversation") ? $("#conversation-name") : $("#list-title");
  const count = document.title.match(/^\(\d+\+?\) /)?.[0] ?? "";
  if (name) document.title = `${count}${name.textContent} · Coordina`;
}

// A panel that was open is open on the next page too, for the same person: the next one in this tab is another.
const panel = () => `panel:${user()}`;

function remember({ open, chat }) {
  if (inbox()) return;
  if (open) sessionStorage.setItem(panel(), chat || "list"); else sessionStorage.removeItem(panel());
}

// ---- Steps.

function replace(to, url) {
  entry = { at: 0, below: {}, ...entry, ...to };
  history.replaceState(entry, "", url);
}

function push(to) {
  const below = Object.fromEntries(Object.entries(entry.below).map(([one, steps]) => [one, steps + 1]));
  below[level(entry)] = 1;
  entry = { ...to, at: entry.at + 1, below };
  history.pushState(entry, "", address(to));
}

function go(steps) {
  going = true;
  history.go(steps);
}

// A conversation that was joined to another is the same step.
const joined = (chat) => $("#conversation")?.dataset.joined.split(" ").includes(chat);

export function moved() {
  const now = place();
  if (!entry) return; // The page has only just been put up.
  remember(now);
  title();
  if (going) return; // Once that is done.
  const rise = level(now) - level(entry), steps = entry.below[level(now)];
  if (same(now, entry) || awaited || (!rise && (onePane() || joined(entry.chat)))) replace(now, address(now));
  else if (rise < 0 && steps && onePane()) go(-steps);
  else if (rise < 0) replace(now, address(now)); // Beside the list there is no chat now, and the one before is still before.
  else {
    if (level(entry) === LIST) history.replaceState(entry, "", address(entry));
    if (level(now) === CHAT && level(entry) === CLOSED) push({ open: true, chat: "" });
    push(now);
  }
  awaited = false;
}

// What the address says of the list.
function narrow() {
  const form = $("#conversation-filter"), asked = new URLSearchParams(location.search);
  const q = asked.get("q") ?? "", chosen = asked.get("filter") ?? "all";
  if (form.elements.q.value === q && form.elements.filter.value === chosen) return;
  form.elements.q.value = q;
  form.elements.filter.value = chosen;
  htmx.trigger(form, "change");
}

function come(to, quiet = false) {
  if (inbox()) narrow();
  awaited = !same(place(), to);
  goTo({ ...to, quiet, there: !awaited });
  if (!awaited) moved();
}

// ---- Where somebody comes in.

function enter() {
  const known = history.state?.below && history.state, now = place(), last = sessionStorage.getItem(panel());
  replace(known || now);
  if (inbox()) {
    if (known) return same(known, now) || replace(now, address(now));
    if (now.chat && (onePane() || installed())) stand();
  } else if (known?.open) come(known, true);
  else if (last && !known && wide()) {
    replace({ open: true, chat: last === "list" ? "" : last });
    come(entry, true);
  }
}

// A chat that was opened by its address gets the list to stand on: Back then leads there, and not out of the inbox.
function stand() {
  const chat = place();
  replace({ open: true, chat: "" }, address({ chat: "" }));
  push(chat);
}

// What was asked for does not come: the address says what is there instead.
function ended(ctx) {
  const status = ctx.response?.status ?? 0;
  if (!awaited || !["conversation-slot", "chat-panel"].includes(ctx.target?.id)) return;
  if (wasReplaced(ctx)) return; // Another one was asked for since.
  if (!status || status >= 400) moved();
}

function stepped({ state }) {
  if (!entry) return;
  if (!state?.below) { // A jump within the page.
    const below = Object.fromEntries(Object.entries(entry.below).map(([one, steps]) => [one, steps + 1]));
    return replace({ at: entry.at + 1, below });
  }
  const way = entry.at - state.at, dialog = $("dialog[open]");
  if (going) {
    going = false;
    entry = state;
    return moved();
  }
  if (dialog && way) { // Back closes what lies on top, and no more than that.
    if (dialog.id === "lightbox") closeLightbox(); else closeDialog();
    return go(way);
  }
  entry = state;
  come(state);
}

export function init() {
  onSwap(() => { if (entry) title(); });
  onHtmx("before:request", ({ sourceElement }) => {
    if (sourceElement.id === "conversation-filter" && inbox() && !going) replace({}, address(entry));
  });
  onHtmx("finally:request", ended);
  addEventListener("popstate", stepped);
  addEventListener("pageshow", ({ persisted }) => { if (persisted && entry && history.state?.below) come(entry = history.state); });
  matchMedia("(max-width: 859px)").addEventListener("change", ({ matches }) => {
    if (matches && inbox() && entry?.chat && !entry.below[LIST] && !going) stand();
  });
  onReady(() => { if ($("#whatsapp-feed")) enter(); }); // After conversation.js, which puts the page up.
}
