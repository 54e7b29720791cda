// The service worker: it shows what is pushed, keeps one page for when there is no network, and hands over what other
// apps share. It keeps nothing of anybody's: `COORDINA`, which the server writes above, says what it may keep.
"use strict";

const CACHE = "offline";
const PATIENCE = 300; // A tab that sleeps does not answer, and a click allows to open another only for a moment.
const HELD = 240000; // How long what was shared waits for somebody to sign in.

// ---- One page for when there is no network.

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(COORDINA.kept.map((url) => new Request(url, { cache: "reload" })));
}

async function forget() {
  const cache = await caches.open(CACHE);
  for (const request of await cache.keys()) {
    const { pathname, search } = new URL(request.url);
    if (!COORDINA.kept.includes(pathname + search)) await cache.delete(request);
  }
}

addEventListener("install", (event) => {
  // What the pages ask for by themselves, the poll above all, need not wake this up.
  for (const requestMode of ["cors", "same-origin"]) {
    event.addRoutes?.({ condition: { requestMode }, source: "network" }).catch(() => {});
  }
  event.waitUntil(keep().then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([forget(), registration.navigationPreload?.enable(), clients.claim()]));
});

async function visit(event) {
  try {
    return (await event.preloadResponse) || (await fetch(event.request));
  } catch {
    return (await caches.match(COORDINA.page, { ignoreVary: true })) || Response.error();
  }
}

async function fetchOrKept(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { ignoreVary: true })) || Response.error();
  }
}

addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname, search } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === "POST" && pathname === COORDINA.share) event.respondWith(receive(event));
  else if (request.method !== "GET") return;
  else if (request.mode === "navigate") event.respondWith(visit(event));
  else if (COORDINA.kept.includes(pathname + search)) event.respondWith(fetchOrKept(request));
});

// ---- Asking the open tabs.

function ask(tab, question) {
  return new Promise((answer) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => answer(data);
    setTimeout(() => answer(null), PATIENCE);
    tab.postMessage(question, [port2]);
  });
}

async function tabs() {
  const all = await clients.matchAll({ type: "window", includeUncontrolled: true });
  return Promise.all(all.map(async (tab) => ({ tab, state: await ask(tab, { ask: "state" }) })));
}

// ---- Notices: one for each conversation, renewed by what comes after, none for what somebody has before their eyes.

const conversationOf = (tag) => tag?.match(/^conversation-(\d+)$/)?.[1];

async function showCount(unread) {
  if (typeof unread !== "number" || !navigator.setAppBadge) return;
  await (unread ? navigator.setAppBadge(unread) : navigator.clearAppBadge()).catch(() => {});
}

// Safari ends a subscription whose pushes show nothing, whatever is on the screen.
const mustShow = async () => (await registration.pushManager.getSubscription())?.endpoint.includes(".push.apple.com");

async function tell(notice) {
  await showCount(notice.unread);
  const conversation = conversationOf(notice.tag);
  const seen = conversation && (await tabs()).some(({ state }) => state?.looking && state.conversation === conversation);
  if (seen && !(await mustShow())) return;
  await registration.showNotification(notice.title, {
    body: notice.body, tag: notice.tag, renotify: !seen, silent: seen || undefined, timestamp: notice.timestamp,
    icon: COORDINA.icon, badge: COORDINA.badge, data: { url: notice.url, lasting: notice.lasting, change: notice.change },
  });
  if (seen) for (const shown of await registration.getNotifications({ tag: notice.tag })) shown.close();
}

addEventListener("push", (event) => {
  if (event.data) event.waitUntil(tell(event.data.json()));
});

// A tab that is open is asked to show the conversation, and keeps whatever is being written in it.
async function show(url) {
  const conversation = url.match(`^${COORDINA.conversation.replace("0", "(\\d+)")}$`)?.[1];
  const open = (await tabs()).filter(({ state }) => state);
  const there = ({ tab, state }) => conversation ? state.conversation === conversation : new URL(tab.url).pathname === url;
  const { tab } = open.find(there) ?? (conversation && open[0]) ?? {};
  if (!tab) return clients.openWindow(url);
  if (conversation) tab.postMessage({ open: conversation });
  return tab.focus();
}

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.url ?? COORDINA.inbox));
});

// ---- A subscription that the browser or its push service ended is asked for anew, under the name it had.

async function renew({ oldSubscription, newSubscription }) {
  const { key, csrf } = await (await fetch(COORDINA.key)).json();
  const options = { userVisibleOnly: true, applicationServerKey: key };
  const fresh = newSubscription ?? (await registration.pushManager.subscribe(options));
  const headers = { "Content-Type": "application/json", "X-CSRF-TOKEN": csrf };
  const body = JSON.stringify({ ...fresh.toJSON(), replaces: oldSubscription?.endpoint });
  await fetch(COORDINA.devices, { method: "POST", headers, body });
}

addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

// ---- What other apps share: held here until the page that it leads to asks for it, and written down nowhere.

const shared = new Map();

async function receive(event) {
  const form = await event.request.formData().catch(() => null);
  if (!form) return Response.redirect(`${COORDINA.shared}?lost=1`, 303);
  const key = crypto.randomUUID();
  const text = ["title", "text", "url"].map((name) => form.get(name)).filter(Boolean).join("\n");
  const files = form.getAll("files").filter((file) => file instanceof File && file.size);
  // A service worker with nothing to do is ended, and what it holds with it.
  event.waitUntil(new Promise((done) => {
    shared.set(key, { text, files, done });
    setTimeout(done, HELD);
  }).then(() => shared.delete(key)));
  return Response.redirect(`${COORDINA.shared}?key=${key}`, 303);
}

addEventListener("message", ({ data, ports }) => {
  const held = shared.get(data?.key);
  if (data?.collect) ports[0].postMessage(held ? { text: held.text, files: held.files } : null);
  if (data?.drop) held?.done();
});
