// A thread takes messages in their order, replaces nothing that is the same, and stays where it was read. Read is what
// somebody had before their eyes.

import { announce } from "./badge.js";
import { $, atEnd, held, onClick, onHtmx, onReady, onSwap, statusOf, toEnd, visible, wasReplaced } from "./dom.js";
import { messageCame } from "./outbox/unsent.js";
import { onNetworkBack, tellInView } from "./poll.js";
import { attends, onTouch } from "./presence.js";

const NEAR_TOP = 300, SPOKEN = 200;

// ---- Its place.

// A composer that grows, or becomes a sentence, must not cover what was said last.
function keepEnd(thread) {
  let ended = atEnd(thread);
  thread.addEventListener("scroll", () => { ended = atEnd(thread); }, { passive: true });
  const watcher = new ResizeObserver(() => { if (ended) toEnd(thread); });
  watcher.observe(thread);
  watcher.observe($("#messages"));
}

// One that has just been opened stands at its end, or where what is new begins.
export function settle(thread) {
  const mark = $("#new-mark");
  toEnd(thread);
  const above = mark ? thread.getBoundingClientRect().top + 60 - mark.getBoundingClientRect().top : 0;
  if (above > 0) thread.scrollTop -= above;
  keepEnd(thread);
}

function anchorOf(thread) {
  const top = thread.getBoundingClientRect().top;
  const row = [...thread.querySelectorAll(".msg")].find((item) => item.getBoundingClientRect().bottom > top);
  return row && { row, offset: row.getBoundingClientRect().top };
}

function fetchOlder(thread) {
  if (thread.scrollTop < NEAR_TOP && $("a#older", thread)) htmx.trigger($("#older"), "near");
}

function scrolled({ target }) {
  const button = target.id === "thread" && $("#to-end");
  if (!button) return;
  fetchOlder(target);
  button.hidden = atEnd(target);
  if (!button.hidden) return;
  seen();
  $(".count", button).textContent = "";
  $(".count", button).hidden = true;
}

// ---- What comes in.

// Whether the server says the same as before; what media/ made of it, or asked of a video, does not count.
function same(known, fresh) {
  if (known.matches?.("video")) return fresh.matches?.("video") && known.getAttribute("src") === fresh.getAttribute("src");
  if (!known.querySelector?.("[data-made], video")) return known.isEqualNode(fresh);
  const pieces = [...known.childNodes].filter((piece) => piece.dataset?.made === undefined);
  return known.cloneNode(false).isEqualNode(fresh.cloneNode(false)) && pieces.length === fresh.childNodes.length
    && pieces.every((piece, at) => same(piece, fresh.childNodes[at]));
}

function renew(row, fresh) {
  const before = $(".said", row), news = $(".said", fresh);
  row.className = fresh.className;
  if (fresh.dataset.change) row.dataset.change = fresh.dataset.change;
  if (!before || !news || !same(before, news)) return row.replaceChildren(...fresh.childNodes);
  for (const child of [...row.children]) if (child !== before) child.remove();
  for (const child of [...fresh.children]) if (child !== news) row.append(child);
}

function place(list, fresh) {
  const key = fresh.dataset.key;
  let before = list.lastElementChild;
  while (before && (before.dataset.key ?? "~") > key) before = before.previousElementSibling;
  if (before) before.after(fresh); else list.prepend(fresh);
}

function swapThread(style, list, fragment) {
  if (style !== "thread") return false;
  const thread = list.closest(".thread"), stay = atEnd(thread), anchor = anchorOf(thread);
  const newest = list.lastElementChild?.dataset.key ?? "";
  const changed = [];
  for (const fresh of [...fragment.children]) {
    if (fresh.dataset.sentAs) messageCame(fresh.dataset.sentAs);
    const known = fresh.id && list.querySelector(`#${CSS.escape(fresh.id)}`);
    if (known && (same(known, fresh) || Number(fresh.dataset.change) < Number(known.dataset.change))) continue;
    if (known) renew(known, fresh); else place(list, fresh);
    if (!known && fresh.matches(".msg.in") && fresh.dataset.key > newest) arrived(thread, fresh, stay);
    changed.push(known || fresh);
  }
  if (changed.length) $("li.empty", list)?.remove();
  if (stay) toEnd(thread);
  else if (anchor?.row.isConnected) thread.scrollTop += anchor.row.getBoundingClientRect().top - anchor.offset;
  return changed;
}

function arrived(thread, message, inView) {
  announce(message.dataset.says ?? $(".said", message).textContent.trim().slice(0, SPOKEN));
  if (inView && document.hasFocus()) tellInView();
  const button = $("#to-end");
  if (inView || !button || !thread.contains(button)) return;
  const count = $(".count", button);
  count.textContent = Number(count.textContent || 0) + 1;
  count.hidden = button.hidden = false;
}

// ---- Read: the tab in sight, a hand on it in the last minute, the thread at its end.

function seen() {
  const form = $("#seen[data-unread]");
  if (!form || !visible() || !attends() || !atEnd($("#thread"))) return;
  delete form.dataset.unread;
  htmx.trigger(form, "seen");
}

function look() {
  if ($("#thread")) fetchOlder($("#thread"));
  seen();
}

// ---- From an answer to what it answers: here, or among what was said before, or on a page of its own.

const MOST_PAGES = 25, LIT = 1800;

// What htmx has just put on the page is ready for it in the next turn.
function fetchPage(older) {
  return new Promise((done) => {
    function ended(event) {
      if (older.isConnected && event.detail.ctx.sourceElement !== older) return; // Another request than this.
      document.removeEventListener("htmx:finally:request", ended);
      setTimeout(() => done(!older.isConnected));
    }
    document.addEventListener("htmx:finally:request", ended);
    setTimeout(() => htmx.trigger(older, "click"));
  });
}

async function jump(link) {
  const thread = link.closest(".thread"), list = link.closest("ol[id]");
  const id = `${list.id === "messages" ? "m" : "h"}-${link.dataset.jump}`;
  for (let page = 0; !document.getElementById(id) && page < MOST_PAGES; page++) {
    const older = $("a.older, button.older", thread);
    if (!older || !await fetchPage(older)) break;
  }
  const row = document.getElementById(id);
  if (row && link.isConnected) light(row); else location.assign(link.href);
}

function light(row) {
  row.scrollIntoView({ block: "center" });
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.classList.remove("flash");
  requestAnimationFrame(() => row.classList.add("flash"));
  setTimeout(() => row.classList.remove("flash"), LIT);
  row.addEventListener("blur", () => row.removeAttribute("tabindex"), { once: true });
}

function quoteClicked(event) {
  const quote = event.target.closest("a[data-jump]");
  if (held(event) || event.button || !quote?.closest(".thread")) return;
  event.preventDefault();
  jump(quote);
}

export function init() {
  document.addEventListener("DOMContentLoaded", () => htmx.registerExtension("thread", { handle_swap: swapThread }));
  onClick({ "#to-end": () => toEnd($("#thread")) });
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  onTouch(seen);
  onNetworkBack(seen);
  onHtmx("config:request", ({ sourceElement, request }) => {
    if (sourceElement.id === "thread-feed") request.body.set("state", $("#composer").dataset.state);
  });
  onHtmx("finally:request", (ctx) => {
    const status = statusOf(ctx), source = ctx.sourceElement;
    if (wasReplaced(ctx)) return;
    if (source.id === "seen" && (!status || status >= 400)) source.dataset.unread = "";
    if (source.closest(".failed") && status === 201) source.remove();
  });
  onSwap(look);
  onReady(look);
  document.addEventListener("click", quoteClicked);
}
