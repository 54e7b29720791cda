// Who is who and how long they can be written to: clocks that run down, the dialog about a contact, the notice of windows
// that close, and drafts of conversations that were joined.

import { writeAfter } from "./composer.js";
import { $, all, here, onReady, onSwap, user } from "./dom.js";
import { takeDraft } from "./drafts.js";

const TICK = 5000;

// ---- Clocks. The server says how many seconds are left, since the clock of this computer may be wrong.

const ends = new WeakMap();

function left(clock) {
  const given = clock.dataset.left, known = ends.get(clock);
  if (known?.given === given) return known.at - Date.now();
  ends.set(clock, { given, at: Date.now() + given * 1000 });
  return given * 1000;
}

function words(milliseconds) {
  const minutes = Math.max(1, Math.floor(milliseconds / 60000));
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
}

function tick() {
  for (const clock of all("[data-left]")) {
    const remaining = left(clock), line = clock.closest(".window-left"), notice = clock.closest(".closing");
    if (remaining <= 0 && line) line.textContent = line.dataset.over;
    else if (remaining <= 0 && notice) notice.hidden = true;
    else if (clock.textContent !== words(remaining)) clock.textContent = words(remaining);
    line?.classList.toggle("soon", remaining < line.dataset.soon * 1000);
  }
}

// ---- The notice: put away in this browser, until another window is about to close.

const awayName = () => `closing-away:${user()}`;
const away = () => new Set((localStorage.getItem(awayName()) || "").split(" "));

function showNotice() {
  const notice = $("#closing-notice");
  if (!notice?.dataset.key) return;
  const seen = away();
  // The header of the open chat says it already.
  const isNew = notice.dataset.key.split(" ").some((one) => !seen.has(one) && one.split(":")[0] !== here());
  if (notice.hidden === isNew) notice.hidden = !isNew;
}

function dismissNotice(notice) {
  // Only of those in this notice: the others are over, and nobody asks for them again.
  localStorage.setItem(awayName(), notice.dataset.key);
  notice.hidden = true;
  ($("#composer-text") || $("#main"))?.focus();
}

// ---- The dialog.

const dialog = () => $("#who-dialog");

function openDialog() {
  const shown = dialog() && $("[data-show]", dialog());
  if (!shown) return;
  delete shown.dataset.show;
  if (!dialog().open) {
    for (const menu of all(".chat-menu[open]")) menu.open = false;
    dialog().showModal();
  }
  ($("[type=search]", dialog()) || $("#who-title")).focus();
}

export function closeDialog() {
  dialog().close();
  $("#who").replaceChildren();
  $(".chat-menu summary")?.focus();
}

function clicked(event) {
  if (event.target.closest("[data-dismiss-closing]")) dismissNotice(event.target.closest(".closing"));
  const close = event.target.closest("[data-close-dialog]");
  if (dialog()?.open && (close || event.target === dialog())) {
    event.preventDefault();
    closeDialog();
  }
  setTimeout(showNotice); // A chat may have been closed.
}

// Before anybody else: Escape closes what lies on top, and no more than that.
function escape(event) {
  if (event.key !== "Escape" || event.isComposing) return;
  const naming = event.target.closest?.("#contact-name-form");
  if (dialog()?.open) closeDialog();
  else if (naming) $("[data-cancel-name]", naming).click();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

// Renaming begins with the name as it is: whoever writes at once writes another.
function chooseName({ target }) {
  if (!target.matches("#contact-name-form input[name=name]") || target.dataset.chosen !== undefined) return;
  target.dataset.chosen = "";
  if (target.value === target.defaultValue) target.select();
}

// ---- What was typed in a conversation that is part of another now goes on in that one.

function bringDrafts() {
  const chat = $("#conversation");
  if (!chat?.dataset.joined || !$("#composer-text")) return;
  for (const id of chat.dataset.joined.split(" ")) {
    const draft = takeDraft(id);
    if (draft) writeAfter(draft);
  }
}

function ready() {
  tick();
  showNotice();
  openDialog();
  bringDrafts();
}

export function init() {
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", escape, true);
  document.addEventListener("focusin", chooseName);
  document.addEventListener("visibilitychange", tick);
  onSwap(ready);
  onReady(ready);
  setInterval(tick, TICK);
}
