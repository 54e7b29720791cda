// How what is not sent yet is shown: as a bubble at the end of its thread, as a mark on its row of the list, and, where
// it asks something and its thread is not open, as a notice with the words.

import { $, addressOf, all, atEnd, bubbleOf, held, make, messageOf, newest, onClick, onSwap, toEnd, user } from "../dom.js";
import { openConversation } from "../panel.js";
import { giveBack, going, isHere, resend, sendAnyway } from "./sending.js";
import { drop, find, keep, list, onChange } from "./store.js";

const MOST_WORDS = 280;
const says = () => $("#outbox").dataset;
const waits = (item) => Boolean(item.asks || item.why) && !going.has(item.key);
const putAway = new Set();

// Why it is not out: what it asks, what holds it up, or that the one before it is not out.
function reason(item, before) {
  if (item.asks) return (says()[item.asks] ?? says().refused).replace("#", item.says ?? "");
  return before ? says().behind : says()[item.why] ?? "";
}

function dress(bubble, item, before) {
  const waiting = waits(item) || Boolean(before && waits(before)), open = Boolean($("#composer-form"));
  bubble.item = item;
  bubble.classList.toggle("pending", !waiting);
  $(".tick", bubble).toggleAttribute("hidden", waiting);
  const line = $(".failed", bubble), words = reason(item, before);
  line.hidden = !waiting;
  line.classList.toggle("unsure", !item.asks);
  if ($("span", line).textContent !== words) $("span", line).textContent = words;
  $("[data-resend]", line).hidden = Boolean(item.asks || before || item.why === "busy");
  $("[data-send-anyway]", line).hidden = !item.asks || !open;
  const back = $("[data-take-words-back]", line);
  back.hidden = !item.asks && item.posted;
  back.textContent = open ? says().back : says().later;
}

function showBubbles() {
  const thread = $("#messages"), end = thread?.closest(".thread");
  if (!thread) return;
  const ended = atEnd(end);
  const before = {};
  for (const item of list().filter(isHere)) {
    let bubble = bubbleOf(item.key);
    if (!bubble) {
      bubble = make("#unsent-bubble");
      bubble.dataset.pending = item.key;
      $(".text", bubble).textContent = item.words;
      thread.append(bubble);
    }
    dress(bubble, item, before[item.conversation]);
    before[item.conversation] ??= item;
  }
  if (ended) toEnd(end);
}

function showRows(items) {
  for (const row of all("a.row[id^=open-]")) {
    const count = items.filter((item) => `open-${item.conversation}` === row.id).length, line = $(".line", row);
    let mark = $(".unsent-mark", row);
    if (!count) { mark?.remove(); continue; }
    if (!mark) line.prepend(mark = make("#unsent-mark"));
    const words = says().count.replace("#", count);
    if ($("span", mark).textContent !== words) $("span", mark).textContent = words;
  }
}

function noticeOf(item) {
  const notice = make("#unsent-notice"), words = item.words.length > MOST_WORDS ? `${item.words.slice(0, MOST_WORDS)}\u2026` : item.words;
  $("b", notice).textContent = item.name ? says().to.replace("#", item.name) : says().nobody;
  $("q", notice).textContent = words;
  $("[data-why]", notice).textContent = reason(item);
  $("a", notice).href = addressOf(says().chat, item.conversation);
  notice.item = item;
  return notice;
}

function showNotices(items) {
  const asking = items.filter((item) => item.asks && !isHere(item) && !putAway.has(item.key));
  const firsts = asking.filter((item, at) => asking.findIndex((one) => one.conversation === item.conversation) === at);
  const place = $("#unsent-notices"), shown = firsts.map((item) => item.key + item.asks).join(" ");
  if (place.dataset.shown === shown) return;
  place.dataset.shown = shown;
  place.replaceChildren(...firsts.map(noticeOf));
}

function show() {
  const items = list();
  showBubbles();
  showRows(items.filter((item, at) => waits(item) || items.slice(0, at).some((one) => one.conversation === item.conversation && waits(one))));
  showNotices(items);
}

// A thread that has just been opened may show already what was waiting for its answer.
export function opened() {
  for (const { key } of list().filter(isHere)) if (messageOf(key)) drop(key, true);
  show();
}

// The thread has the message itself: the bubble of a text, of a template, of a file, or of what another tab sent, goes.
export function messageCame(key) {
  if (find(key)) drop(key, true); else bubbleOf(key)?.remove();
}

// One that was taken back in another tab goes; one that went out stays until the thread has the message itself.
function stored({ key, oldValue, newValue }) {
  const gone = newValue === null && oldValue && key?.startsWith("outbox:") ? JSON.parse(oldValue) : null;
  if (gone && !gone.sent) bubbleOf(gone.key)?.remove();
}

const itemAt = (button, place) => button.closest(place).item;

export function init() {
  if (!user()) return;
  onClick({
    "[data-resend]": (button) => {
      const item = itemAt(button, "li");
      if (!find(item.key)) keep(item); // The browser forgot it; the screen did not.
      resend(item);
    },
    "[data-send-anyway]": (button) => sendAnyway(itemAt(button, "li"), newest()),
    "[data-take-words-back]": (button) => {
      giveBack(itemAt(button, "li"));
      ($("#composer-text") ?? $("#conversation-name"))?.focus();
    },
    "[data-open-unsent]": (link, event) => {
      if (held(event)) return;
      event.preventDefault();
      openConversation(itemAt(link, ".notice").conversation);
    },
    "[data-not-now-unsent]": (button) => { putAway.add(itemAt(button, ".notice").key); show(); },
  });
  onChange(show);
  onSwap(show);
  addEventListener("storage", stored);
}
