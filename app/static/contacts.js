// Who is who and how long they can be written to: clocks that run down, the dialog about a contact, the notice of windows
// that close, and drafts of conversations that were joined.
(() => {
  "use strict";

  const TICK = 5000;
  const $ = (selector, root = document) => root.querySelector(selector);

  // ---- Clocks. The server says how many seconds are left, since the clock of this computer may be wrong.

  const ends = new WeakMap();

  function left(clock) {
    const said = clock.dataset.left, known = ends.get(clock);
    if (known?.said === said) return known.at - Date.now();
    ends.set(clock, { said, at: Date.now() + said * 1000 });
    return said * 1000;
  }

  function words(milliseconds) {
    const minutes = Math.max(1, Math.floor(milliseconds / 60000));
    return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`;
  }

  function tick() {
    for (const clock of document.querySelectorAll("[data-left]")) {
      const remaining = left(clock), line = clock.closest(".window-left"), notice = clock.closest(".closing");
      if (remaining <= 0 && line) line.textContent = line.dataset.over;
      else if (remaining <= 0 && notice) notice.hidden = true;
      else if (clock.textContent !== words(remaining)) clock.textContent = words(remaining);
      line?.classList.toggle("soon", remaining < line.dataset.soon * 1000);
    }
  }

  // ---- The notice: put away in this browser, until another window is about to close.

  const awayName = () => `closing-away:${document.body.dataset.user}`;
  const away = () => new Set((localStorage.getItem(awayName()) || "").split(" "));

  function showNotice() {
    const notice = $("#closing-notice");
    if (!notice?.dataset.key) return;
    const seen = away(), here = $("#conversation")?.dataset.conversation;
    // The header of the open chat says it already.
    const isNew = notice.dataset.key.split(" ").some((one) => !seen.has(one) && one.split(":")[0] !== here);
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
      document.querySelectorAll(".chat-menu[open]").forEach((menu) => { menu.open = false; });
      dialog().showModal();
    }
    ($("[type=search]", dialog()) || $("#who-title")).focus();
  }

  function closeDialog() {
    dialog().close();
    $("#who").replaceChildren();
    $(".chat-menu summary")?.focus();
  }

  // ---- What was typed in a conversation that is part of another now goes on in that one.

  function bringDrafts() {
    const chat = $("#conversation"), text = $("#composer-text");
    if (!chat?.dataset.joined || !text) return;
    for (const id of chat.dataset.joined.split(" ")) {
      const name = `draft:${document.body.dataset.user}:${id}`, draft = localStorage.getItem(name);
      if (!draft) continue;
      localStorage.removeItem(name);
      text.value = [text.value, draft].filter(Boolean).join("\n");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function ready() {
    tick();
    showNotice();
    openDialog();
    bringDrafts();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss-closing]")) dismissNotice(event.target.closest(".closing"));
    const close = event.target.closest("[data-close-dialog]");
    if (dialog()?.open && (close || event.target === dialog())) {
      event.preventDefault();
      closeDialog();
    }
  });

  // Before anybody else: Escape closes what lies on top, and no more than that.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const naming = event.target.closest?.("#contact-name-form");
    if (dialog()?.open) closeDialog();
    else if (naming) $("[data-cancel-name]", naming).click();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // Renaming begins with the name as it is: whoever writes at once writes another.
  document.addEventListener("focusin", ({ target }) => {
    if (!target.matches("#contact-name-form input[name=name]") || target.dataset.chosen !== undefined) return;
    target.dataset.chosen = "";
    if (target.value === target.defaultValue) target.select();
  });
  document.addEventListener("htmx:after:swap", ready);
  document.addEventListener("click", () => setTimeout(showNotice)); // A chat may have been closed.
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("DOMContentLoaded", () => setTimeout(ready));
  setInterval(tick, TICK);
})();
