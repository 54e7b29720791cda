// What was pressed and did not happen, for want of a network or of an answer that is ours: it says so, and can be done
// again as it was. Messages are outbox.js's, half-written forms those of drafts.js, and templates have a place of their own.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  // Only what asks itself: the buttons of the quick replies stand in the composer's form, the templates in their place.
  const OTHERS = "#seen, #new-template-feed, form[data-draft]";
  const byOthers = (ctx) => Boolean(ctx.sourceElement.matches?.(OTHERS));

  // Every answer of ours has this header; the page of a proxy or of a venue's network has not, and must not take the
  // place of anything here.
  const isOurs = ({ status, headers }) => status === 304 || headers.has("Content-Security-Policy");

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (isOurs(ctx.response) || byOthers(ctx)) return;
    ctx.foreign = true;
    ctx.hx = { reswap: "none" };
  });

  function say(ctx, sure) {
    const alert = $("#not-done").content.firstElementChild.cloneNode(true), { dataset } = alert;
    $("span", alert).textContent = sure ? dataset.sure : dataset.unsure;
    alert.failed = ctx;
    $("#alerts").replaceChildren(alert);
  }

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const { method, signal } = ctx.request, late = signal?.reason === "timeout";
    if (method === "GET" || byOthers(ctx) || (ctx.response && !ctx.foreign)) return;
    if (signal?.aborted && !late) return; // A newer one took its place.
    say(ctx, !late && !ctx.foreign);
  });

  // The same once more, with the values that it had: what it stood in may have been drawn anew since. The page's header
  // brings the CSRF value: the form's own may be of a session before.
  function again({ sourceElement, request, target, swap }) {
    const { csrf_token: _old, ...values } = Object.fromEntries(request.body), lost = !target?.isConnected;
    const source = sourceElement.isConnected ? sourceElement : document.body;
    htmx.ajax(request.method, request.action, { source, values, target: lost ? document.body : target, swap: lost ? "none" : swap });
  }

  document.addEventListener("click", (event) => {
    const alert = event.target.closest("[data-again]")?.closest(".alert");
    if (!alert) return;
    alert.remove();
    again(alert.failed);
  });
})();
