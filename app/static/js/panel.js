// The panel beside every page, and the chat that is open in it or in the inbox. The way back is history.js's: it is told
// what was opened or closed, and says what shall be open.
// Beside it, what else opens on a page and closes again: menus, choices, alerts.

import { $, addressOf, all, held, here, onClick, onHtmx, onReady, onSwap, statusOf, wasReplaced, wide } from "./dom.js";
import { moved, onGoTo } from "./history.js";
import { abortFor } from "./pieces.js";

let openedBy = null;
let restoring = false; // The history opens what was open: nobody asked for it just now, and the focus stays.
let shell = "";

const panel = () => $("aside#chat-panel");
const button = () => $("#whatsapp-button");
const opener = () => openedBy?.isConnected ? openedBy : button();

export const isRestoring = () => restoring;
export const restored = () => { restoring = false; };
export const isOpenedByHand = () => Boolean(panel() && openedBy);
const holdsFocus = () => Boolean(panel()?.contains(document.activeElement));

// Where the panel covers the page, the page behind it is out of reach of the keyboard too.
function cover() {
  if (!button()) return;
  const open = Boolean(panel()) && !panel().hidden;
  for (const behind of [$("header.top"), $("main")]) behind.inert = open && !wide();
  button().setAttribute("aria-expanded", String(open));
}

function showBroken(broken) {
  const words = panel() && $(".load-error", panel());
  if (!words) return;
  words.hidden = !broken;
  $(".skeletons", panel()).hidden = broken;
}

function showPanel() {
  if (!panel()) return;
  panel().hidden = false;
  cover();
  showBroken(false);
}

function closePanel() {
  if (!panel() || panel().hidden) return;
  htmx.swap({ sourceElement: document.body, target: panel(), swap: "outerHTML", text: shell });
  cover();
  moved();
  opener().focus();
}

function closeConversation() {
  const chat = $("#conversation");
  if (!chat) return;
  htmx.swap({ sourceElement: document.body, target: $("#conversation-slot"), swap: "innerHTML swapEmpty:true", text: "" });
  moved();
  ($(`#open-${chat.dataset.conversation}`) || $("#list-title"))?.focus();
}

function openChat(chat) {
  const slot = $("#conversation-slot"), url = chat && addressOf($("#whatsapp-feed").dataset.chat, chat);
  if (slot && chat) return htmx.ajax("GET", url, { source: slot, target: slot, swap: "innerHTML" });
  showPanel();
  const query = chat ? `?conversation=${chat}` : "";
  htmx.ajax("GET", button().getAttribute("hx-get") + query, { source: panel(), target: panel(), swap: "outerHTML" });
}

// A notice was clicked: the tab that is open shows its conversation, and what is being written elsewhere stays.
export function openConversation(conversation) {
  if (here() === conversation) return;
  openChat(conversation);
  moved();
}

function goTo({ open, chat, quiet, there }) {
  abortFor("#conversation-slot, #chat-panel"); // Too late.
  if (there) return;
  if (!open) return closePanel();
  if (!chat && $("#conversation")) return closeConversation();
  restoring = quiet;
  openChat(chat);
}

// ---- Clicks. What else leads into the panel opens it at once, with the shape of what is about to come.

const CLOSES = "[data-close-panel]", OPENS = "[data-open-panel]", LEAVES = "[data-close-conversation]";

function clicked(event) {
  const { target } = event;
  if (target.closest(CLOSES)) return closePanel();
  if (target.closest(OPENS)) return opener().click();
  if (target.closest(LEAVES)) {
    event.preventDefault();
    return closeConversation();
  }
  const by = target.closest("#whatsapp-button") ?? (target.closest("[hx-target='#chat-panel']") && target.closest("button, a"));
  if (!by || !panel() || (by === button() && held(event))) return;
  openedBy = by;
  if (by === button() || panel().hidden) showPanel();
  moved();
}

// ---- Menus, choices that stand in place of what they change, alerts.

const CANCEL = "#assignee .cancel, #context .cancel";

function closeDetails(details) {
  details.open = false;
  $("summary", details).focus();
}

// A choice that opened in place of what it changes closes as menus do; the focus goes where the click went.
function putChoicesAway(target) {
  for (const cancel of all(CANCEL)) {
    const choice = cancel.closest("#assignee, #context");
    if (!$("#conversation")?.contains(choice) || choice.contains(target)) continue;
    htmx.ajax("GET", `${cancel.getAttribute("hx-get")}?away=1`, { source: cancel, target: choice, swap: "outerHTML" });
  }
}

function closeWhatIsLeft({ target }) {
  for (const open of all("details[open]")) if (!open.contains(target)) open.open = false;
  if (!target.closest("a.row")) putChoicesAway(target);
}

function escape(event) {
  if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
  if (event.target.matches("input, textarea") && event.target.value) return;
  const open = $("details[open]"), choosing = $(CANCEL);
  if (open) closeDetails(open);
  else if (choosing) choosing.click();
  else if (!holdsFocus()) return;
  else if ($("#conversation") && !wide()) closeConversation();
  else closePanel();
}

export function init() {
  document.addEventListener("click", closeWhatIsLeft);
  onClick({
    "[data-dismiss]": (cross) => cross.closest(".alert").remove(),
    "#done button": (done) => closeDetails(done.closest("details")),
  });
  document.addEventListener("keydown", escape);
  onGoTo(goTo);
  document.addEventListener("click", clicked);
  document.addEventListener("close-conversation", closeConversation); // It is unread again: nobody reads it here now.
  matchMedia("(min-width: 1100px)").addEventListener("change", cover);
  onHtmx("finally:request", (ctx) => {
    const status = statusOf(ctx);
    if (!wasReplaced(ctx) && (!status || status >= 400) && ctx.target?.id === "chat-panel") showBroken(true);
  });
  onSwap(cover);
  onReady(() => {
    shell = panel()?.outerHTML ?? "";
    cover();
  });
}
