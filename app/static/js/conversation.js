// A list or a conversation that has just been put on the page: where it stands, what has the focus, which row is open.

import { $, all, here, onHtmx, onReady, onSwap, toEnd } from "./dom.js";
import { moved } from "./history.js";
import { opened } from "./outbox/unsent.js";
import { isOpenedByHand, isRestoring, restored } from "./panel.js";
import { feed } from "./pieces.js";
import { poll } from "./poll.js";
import { settle } from "./thread.js";

// What is put on the page is taken up once.
function fresh(selector) {
  const piece = $(`${selector}:not([data-ready], [aria-busy])`);
  if (piece) piece.dataset.ready = "";
  return piece;
}

function takeUp(chat) {
  opened();
  settle($("#thread"));
  setTimeout(poll); // Colleagues see who came, and who came sees them.
  const write = $("#composer-text");
  const writes = write && (matchMedia("(pointer: fine)").matches || "focusComposer" in chat.dataset);
  if (!isRestoring()) (writes ? write : $("#conversation-name")).focus(); // Else nobody asked for it just now.
}

function markRow() {
  for (const row of all("a.row")) {
    if (row.id === `open-${here()}`) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
}

function prepare() {
  const list = fresh("#list-pane"), chat = fresh("#conversation"), past = fresh(".history .thread");
  if (list && isOpenedByHand() && !isRestoring() && !$("#conversation")) $("#list-title").focus();
  if (chat) takeUp(chat);
  if (past) toEnd(past);
  if (list || chat) {
    restored();
    moved();
  }
  markRow();
}

export function init() {
  onHtmx("config:request", ({ sourceElement, request }) => {
    if (sourceElement.id === "conversation-list") request.body.set("shown", all("#conversation-list .row").length);
  });
  onSwap((ctx) => {
    // htmx's own history is off: it would take pages from its memory that have changed since.
    if (ctx?.hx?.replaceurl) history.replaceState(history.state, "", ctx.hx.replaceurl);
    prepare();
  });
  onReady(() => { if (feed()) prepare(); });
  // A phone's keyboard leaves less to see than the layout knows of.
  window.visualViewport?.addEventListener("resize", () => {
    document.documentElement.style.setProperty("--seen", `${window.visualViewport.height}px`);
  });
}
