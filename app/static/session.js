// A session that ended, or became another, while this page was open. The page stays as it is: somebody may be writing in
// it. It says what happened, leads to the sign-in and back, and takes what a new session in another tab gives it.
(() => {
  "use strict";

  const { user } = document.body.dataset;
  if (!user) return;
  const HEADERS = "hx-headers:inherited";
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel(`session-${user}`) : null;
  const polls = "BroadcastChannel" in window ? new BroadcastChannel(`poll-${user}`) : null;
  const shown = () => document.querySelector("#session-notice");
  const csrf = () => JSON.parse(document.body.getAttribute(HEADERS))["X-CSRF-TOKEN"];

  function show(state) {
    if (shown()?.dataset.state === state) return; // Every poll hears it again.
    const notice = document.querySelector("#session-notices").content.querySelector(`[data-state="${state}"]`).cloneNode(true);
    const here = location.pathname + location.search;
    const link = notice.querySelector("a");
    link.href = state === "ended" ? `${link.getAttribute("href")}?${new URLSearchParams({ next: here, ended: 1 })}` : here;
    document.querySelector("#alerts").replaceChildren(notice);
  }

  function heard(status) {
    if (status === 401) show("ended");
    else if (status && status < 400 && shown()?.dataset.state === "ended") shown().remove();
  }

  // What the forms and requests of this page bring back from now on.
  function renew(fresh) {
    const old = csrf();
    if (fresh === old) return;
    document.body.setAttribute(HEADERS, JSON.stringify({ "X-CSRF-TOKEN": fresh }));
    for (const field of document.querySelectorAll("input[name=csrf_token]")) if (field.value === old) field.value = fresh;
    heard(200);
    document.dispatchEvent(new Event("session-renewed")); // What waited for it can go.
  }

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, { status, headers } = ctx.response, fresh = headers.get("X-CSRF-TOKEN");
    heard(status);
    // Nothing is put anywhere, nor told to those who wait for that; nobody asked for what the page says by itself.
    if (status === 401 || (status === 403 && fresh && ctx.sourceElement.id === "seen")) event.preventDefault();
    if (!fresh) return;
    if (headers.get("X-User") === user) {
      renew(fresh);
      return tabs?.postMessage(fresh);
    }
    // Somebody else signed in with this browser: what this page would show and send now is not of who opened it.
    event.preventDefault();
    show("other");
  });

  // Only one tab polls, and the others hear what it hears.
  if (tabs) tabs.onmessage = ({ data }) => renew(data);
  if (polls) polls.onmessage = ({ data }) => heard(data.status);
})();
