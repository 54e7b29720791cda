// Coordina as an app on this device: its service worker, the count on its icon, notices that go when their messages are
// read, and the conversation that a notice leads to.

import { $, csrf, here, onHtmx, onSwap, user } from "./dom.js";
import { openConversation } from "./panel.js";
import { feed, numberOf, tagOf } from "./pieces.js";
import { inUse } from "./presence.js";

const workers = () => navigator.serviceWorker;

// ---- What the service worker asks of an open tab, and tells it.

function answer({ data, ports }) {
  if (data.ask === "state" && feed()) ports[0].postMessage({ conversation: here() ?? null, looking: inUse() });
  if (data.open) openConversation(data.open);
}

// ---- The icon's count follows the badge, and a notice goes when what it told of is read, here or elsewhere.

async function close(isRead) {
  const registration = await workers().getRegistration();
  for (const shown of (await registration?.getNotifications?.()) ?? []) if (isRead(shown)) shown.close();
}

let counted = null;

function count() {
  const unread = Number($("#whatsapp-badge")?.dataset.count ?? 0), heard = feed() ? numberOf(tagOf(feed())) : NaN;
  if (counted === `${unread} ${heard}`) return;
  counted = `${unread} ${heard}`;
  if (unread) navigator.setAppBadge?.(unread)?.catch(() => {});
  else navigator.clearAppBadge?.()?.catch(() => {});
  // What came after this page heard that all is read is not read.
  if (!unread) close(({ tag, data }) => tag.startsWith("conversation-") && !data?.lasting && !(data?.change > heard));
}

function closeOpened() {
  if (here() && inUse()) close(({ tag }) => tag === `conversation-${here()}`);
}

// ---- This browser's subscription is told to the server anew when the person signed in again, or it was renewed
// while nobody was signed in. Nobody is asked for anything here.

const name = () => `device:${user()}`;
export const kept = () => JSON.parse(localStorage.getItem(name()) ?? "null");
export const drop = () => localStorage.removeItem(name());

export async function keep(subscription, replaces) {
  const response = await fetch(document.body.dataset.devices, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-TOKEN": csrf(), "HX-Request": "true" },
    body: JSON.stringify({ ...subscription.toJSON(), replaces }),
  });
  if (response.status !== 201) throw Object.assign(new Error(), { page: await response.text() });
  const { id } = await response.json();
  localStorage.setItem(name(), JSON.stringify({ id, endpoint: subscription.endpoint, csrf: csrf() }));
  return id;
}

async function keepAnew() {
  const known = kept();
  if (!known || globalThis.Notification?.permission !== "granted") return;
  const registration = await workers().ready, subscription = await registration.pushManager?.getSubscription();
  if (!subscription) return drop();
  if (known.endpoint === subscription.endpoint && known.csrf === csrf()) return;
  await keep(subscription, known.endpoint).catch(() => {});
}

function start() {
  if (!feed()) return;
  workers().register(document.body.dataset.worker, { updateViaCache: "none" }).then(keepAnew).catch(() => {});
  count();
  closeOpened();
}

export function init() {
  if (!workers()) return;
  workers().addEventListener("message", answer);
  workers().startMessages();
  document.addEventListener("DOMContentLoaded", start);
  onHtmx("finally:request", count);
  onSwap(() => {
    count();
    closeOpened();
  });
  addEventListener("focus", closeOpened);
}
