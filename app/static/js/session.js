// A session that ended, or became another, while this page was open. The page stays as it is: somebody may be writing in
// it. It says what happened, leads to the sign-in and back, and takes what a new session in another tab gives it.

import { $, all, csrf, onHtmx, setCsrf, user } from "./dom.js";

let tabs = null;
const hearRenewed = [];

// `act` is called when the person signed in again, elsewhere: what waited for that can go.
export const onRenewed = (act) => hearRenewed.push(act);

const shown = () => $("#session-notice");

function show(state) {
  if (shown()?.dataset.state === state) return; // Every poll hears it again.
  const notice = $("#session-notices").content.querySelector(`[data-state="${state}"]`).cloneNode(true);
  const here = location.pathname + location.search;
  const link = $("a", notice);
  link.href = state === "ended" ? `${link.getAttribute("href")}?${new URLSearchParams({ next: here, ended: "1" })}` : here;
  $("#alerts").replaceChildren(notice);
}

function heard(status) {
  if (status === 401) show("ended");
  else if (status && status < 400 && shown()?.dataset.state === "ended") shown().remove();
}

// What the forms and requests of this page bring back from now on.
function renew(fresh) {
  const old = csrf();
  if (fresh === old) return;
  setCsrf(fresh);
  for (const field of all("input[name=csrf_token]")) if (field.value === old) field.value = fresh;
  heard(200);
  for (const act of hearRenewed) act();
}

function answered({ sourceElement, response: { status, headers } }, event) {
  const fresh = headers.get("X-CSRF-TOKEN");
  heard(status);
  // Nothing is put anywhere, nor told to those who wait for that; nobody asked for what the page says by itself.
  if (status === 401 || (status === 403 && fresh && sourceElement.id === "seen")) event.preventDefault();
  if (!fresh) return;
  if (headers.get("X-User") === user()) {
    renew(fresh);
    return tabs?.postMessage(fresh);
  }
  // Somebody else signed in with this browser: what this page would show and send now is not of who opened it.
  event.preventDefault();
  show("other");
}

export function init() {
  if (!user()) return;
  onHtmx("after:request", answered);
  if (!("BroadcastChannel" in window)) return;
  tabs = new BroadcastChannel(`session-${user()}`);
  tabs.onmessage = ({ data }) => renew(data);
  // Only one tab polls, and the others hear what it hears.
  new BroadcastChannel(`poll-${user()}`).onmessage = ({ data }) => heard(data.status);
}
