// What was pressed and did not happen, for want of a network or of an answer that is ours: it says so, and can be done
// again as it was. Messages are the outbox's, half-written forms those of forms.js, and templates have a place of their
// own.

import { $, isOurs, make, onClick, onHtmx } from "./dom.js";

// Only what asks itself: the buttons of the quick replies stand in the composer's form, the templates in their place.
const OTHERS = "#seen, #new-template-feed, form[data-draft]";
const byOthers = (ctx) => Boolean(ctx.sourceElement.matches?.(OTHERS));

function tell(ctx, sure) {
  const alert = make("#not-done"), { dataset } = alert;
  $("span", alert).textContent = sure ? dataset.sure : dataset.unsure;
  alert.failed = ctx;
  $("#alerts").replaceChildren(alert);
}

// The same once more, with the values that it had: what it stood in may have been drawn anew since. The page's header
// brings the CSRF value: the form's own may be of a session before.
function again({ sourceElement, request, target, swap }) {
  const { csrf_token: _old, ...values } = Object.fromEntries(request.body), lost = !target?.isConnected;
  const source = sourceElement.isConnected ? sourceElement : document.body;
  htmx.ajax(request.method, request.action, { source, values, target: lost ? document.body : target, swap: lost ? "none" : swap });
}

export function init() {
  onHtmx("after:request", (ctx) => {
    const { status, headers } = ctx.response;
    if (status === 304 || isOurs(headers) || byOthers(ctx)) return;
    ctx.foreign = true;
    ctx.hx = { reswap: "none" };
  });
  onHtmx("finally:request", (ctx) => {
    const { method, signal } = ctx.request, late = signal?.reason === "timeout";
    if (method === "GET" || byOthers(ctx) || (ctx.response && !ctx.foreign)) return;
    if (signal?.aborted && !late) return; // A newer one took its place.
    tell(ctx, !late && !ctx.foreign);
  });
  onClick({
    "[data-again]": (button) => {
      const alert = button.closest(".alert");
      if (!alert) return;
      alert.remove();
      again(alert.failed);
    },
  });
}
