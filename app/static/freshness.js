// Words that depend on now (hoy, en 20 días, espera hace 5 min) say until when they hold. When that has passed and
// somebody looks, the piece around them is asked for again: across midnight, and after a laptop slept.
(() => {
  "use strict";

  const EVERY = 5000, APART = 60000;
  const askedFor = new Map(); // When each piece was asked for last, by the id of what asks.

  const heldUntil = (words) => Number(words.dataset.holdsUntil) * 1000;
  const old = (root) => [...root.querySelectorAll("[data-holds-until]")].filter((words) => heldUntil(words) <= Date.now());

  // The element that asks for the piece in which `words` stand: the piece itself, or the one that it names.
  function askerOf(words) {
    const piece = words.closest("[data-renew]"), name = piece?.dataset.renew;
    return name ? document.querySelector(name) : piece;
  }

  function look() {
    if (document.visibilityState !== "visible" || !navigator.onLine) return;
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
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const asker = ctx.sourceElement, rows = asker.dataset.rows && document.querySelector(asker.dataset.rows);
    const ids = rows ? old(rows).map((words) => words.closest("li[id]").id.replace(/^[a-z]-/, "")) : [];
    if (ids.length) ctx.request.body.set("old", [...new Set(ids)].slice(0, 50).join(","));
    if (asker.id === "whatsapp-feed" && old(asker).length) ctx.request.body.set("old", "badge");
  });

  document.addEventListener("visibilitychange", look);
  for (const name of ["focus", "online", "pageshow"]) addEventListener(name, look);
  setInterval(look, EVERY);
})();
