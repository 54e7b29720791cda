// Coordina as an app on this device: its service worker, the count on its icon, notices that go when their messages are
// read, and the conversation that a notice leads to.
(() => {
  "use strict";

  const workers = navigator.serviceWorker;
  const $ = (selector) => document.querySelector(selector);
  if (!workers) return;

  // ---- What the service worker asks of an open tab, and tells it.

  const IN_USE = 300000; // Whoever left a chat open and went to lunch wants to be told.
  let touched = Date.now();
  for (const name of ["pointerdown", "keydown", "wheel"]) addEventListener(name, () => { touched = Date.now(); }, { passive: true });
  const inView = () => document.visibilityState === "visible" && document.hasFocus() && Date.now() - touched < IN_USE;

  workers.addEventListener("message", ({ data, ports }) => {
    const conversation = $("#conversation")?.dataset.conversation ?? null;
    if (data.ask === "state" && $("#whatsapp-feed")) ports[0].postMessage({ conversation, looking: inView() });
    if (data.open) document.dispatchEvent(new CustomEvent("open-conversation", { detail: data.open }));
  });
  workers.startMessages();

  // ---- The icon's count follows the badge, and a notice goes when what it told of is read, here or elsewhere.

  const close = async (wanted) => {
    const registration = await workers.getRegistration();
    for (const shown of (await registration?.getNotifications?.()) ?? []) if (wanted(shown)) shown.close();
  };

  let told = null;

  function count() {
    const unread = Number($("#whatsapp-badge")?.dataset.count ?? 0), feed = $("#whatsapp-feed");
    const heard = parseInt(feed?._htmx?.ptag ?? feed?.getAttribute("hx-ptag"), 10);
    if (told === `${unread} ${heard}`) return;
    told = `${unread} ${heard}`;
    if (unread) navigator.setAppBadge?.(unread)?.catch(() => {});
    else navigator.clearAppBadge?.()?.catch(() => {});
    // What came after this page heard that all is read is not read.
    if (!unread) close(({ tag, data }) => tag.startsWith("conversation-") && !data?.lasting && !(data?.change > heard));
  }

  function closeOpened() {
    const chat = $("#conversation");
    if (chat && inView()) close(({ tag }) => tag === `conversation-${chat.dataset.conversation}`);
  }

  // ---- This browser's subscription is told to the server anew when the person signed in again, or it was renewed
  // while nobody was signed in. Nobody is asked for anything here.

  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}")["X-CSRF-TOKEN"];
  const name = () => `device:${document.body.dataset.user}`;
  const kept = () => JSON.parse(localStorage.getItem(name()) ?? "null");

  async function keep(subscription, replaces) {
    const answer = await fetch("/settings/notifications/devices", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-TOKEN": csrf(), "HX-Request": "true" },
      body: JSON.stringify({ ...subscription.toJSON(), replaces }),
    });
    if (answer.status !== 201) throw Object.assign(new Error(), { page: await answer.text() });
    const { id } = await answer.json();
    localStorage.setItem(name(), JSON.stringify({ id, endpoint: subscription.endpoint, csrf: csrf() }));
    return id;
  }

  async function keepAnew() {
    const known = kept();
    if (!known || globalThis.Notification?.permission !== "granted") return;
    const registration = await workers.ready, subscription = await registration.pushManager?.getSubscription();
    if (!subscription) return localStorage.removeItem(name());
    if (known.endpoint === subscription.endpoint && known.csrf === csrf()) return;
    await keep(subscription, known.endpoint).catch(() => {});
  }

  globalThis.coordinaDevice = { keep, kept, drop: () => localStorage.removeItem(name()) };

  document.addEventListener("DOMContentLoaded", () => {
    if (!$("#whatsapp-feed")) { // Nobody is signed in: what others may not read goes from the screen.
      navigator.clearAppBadge?.()?.catch(() => {});
      return close(() => true);
    }
    workers.register("/sw.js", { updateViaCache: "none" }).then(keepAnew).catch(() => {});
    count();
    closeOpened();
  });
  for (const happened of ["htmx:after:swap", "htmx:finally:request"]) document.addEventListener(happened, count);
  document.addEventListener("htmx:after:swap", closeOpened);
  addEventListener("focus", closeOpened);
})();
