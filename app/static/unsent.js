// How what is not sent yet is shown: as a bubble at the end of its thread, as a mark on its row of the list, and, where
// it asks something and its thread is not open, as a notice with the words.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const outbox = globalThis.coordinaOutbox;
  if (!outbox) return;

  const MOST_WORDS = 280;
  const says = () => $("#outbox").dataset;
  const make = (template) => $(template).content.firstElementChild.cloneNode(true);
  const bubbleOf = (key) => $(`[data-pending="${CSS.escape(key)}"]`);
  const waits = (item) => Boolean(item.asks || item.why) && !outbox.going.has(item.key);
  const putAway = new Set();

  // Why it is not out: what it asks, what holds it up, or that the one before it is not out.
  function reason(item, before) {
    if (item.asks) return (says()[item.asks] ?? says().refused).replace("#", item.says ?? "");
    return before ? says().behind : says()[item.why] ?? "";
  }

  function dress(bubble, item, before) {
    const held = waits(item) || Boolean(before && waits(before)), open = Boolean($("#composer-form"));
    bubble.item = item;
    bubble.classList.toggle("pending", !held);
    $(".tick", bubble).toggleAttribute("hidden", held);
    const line = $(".failed", bubble), words = reason(item, before);
    line.hidden = !held;
    line.classList.toggle("unsure", !item.asks);
    if ($("span", line).textContent !== words) $("span", line).textContent = words;
    $("[data-resend]", line).hidden = Boolean(item.asks || before || item.why === "busy");
    $("[data-send-anyway]", line).hidden = !item.asks || !open;
    const back = $("[data-take-words-back]", line);
    back.hidden = !item.asks && item.posted;
    back.textContent = open ? says().back : says().later;
  }

  function showBubbles() {
    const thread = $("#messages"), end = thread?.closest(".thread");
    if (!thread) return;
    const ended = end.scrollHeight - end.scrollTop - end.clientHeight < 80;
    const before = {};
    for (const item of outbox.all().filter(outbox.isHere)) {
      let bubble = bubbleOf(item.key);
      if (!bubble) {
        bubble = make("#unsent-bubble");
        bubble.dataset.pending = item.key;
        $(".text", bubble).textContent = item.words;
        thread.append(bubble);
      }
      dress(bubble, item, before[item.conversation]);
      before[item.conversation] ??= item;
    }
    if (ended) end.scrollTop = end.scrollHeight;
  }

  function showRows(items) {
    for (const row of document.querySelectorAll("a.row[id^=open-]")) {
      const count = items.filter((item) => `open-${item.conversation}` === row.id).length, line = $(".line", row);
      let mark = $(".unsent-mark", row);
      if (!count) { mark?.remove(); continue; }
      if (!mark) line.prepend(mark = make("#unsent-mark"));
      const words = says().count.replace("#", count);
      if ($("span", mark).textContent !== words) $("span", mark).textContent = words;
    }
  }

  function noticeOf(item) {
    const notice = make("#unsent-notice"), words = item.words.length > MOST_WORDS ? `${item.words.slice(0, MOST_WORDS)}\u2026` : item.words;
    $("b", notice).textContent = item.name ? says().to.replace("#", item.name) : says().nobody;
    $("q", notice).textContent = words;
    $("[data-why]", notice).textContent = reason(item);
    $("a", notice).href = says().chat.replace("/0", `/${item.conversation}`);
    notice.item = item;
    return notice;
  }

  function showNotices(items) {
    const asking = items.filter((item) => item.asks && !outbox.isHere(item) && !putAway.has(item.key));
    const firsts = asking.filter((item, at) => asking.findIndex((one) => one.conversation === item.conversation) === at);
    const list = $("#unsent-notices"), shown = firsts.map((item) => item.key + item.asks).join(" ");
    if (list.dataset.shown === shown) return;
    list.dataset.shown = shown;
    list.replaceChildren(...firsts.map(noticeOf));
  }

  function show() {
    const items = outbox.all();
    showBubbles();
    showRows(items.filter((item, at) => waits(item) || items.slice(0, at).some((one) => one.conversation === item.conversation && waits(one))));
    showNotices(items);
  }

  // A thread that has just been opened may show already what was waiting for its answer.
  function opened() {
    for (const { key } of outbox.all().filter(outbox.isHere)) {
      if ($(`#messages [data-sent-as="${CSS.escape(key)}"]`)) outbox.drop(key, true);
    }
    show();
  }

  const newest = () => Math.max(0, ...[...document.querySelectorAll("#messages .msg[id^=m-]")].map((row) => Number(row.id.slice(2))));
  const itemAt = (button, place) => button.closest(place).item;

  const clicks = {
    "[data-resend]": (button) => {
      const item = itemAt(button, "li");
      if (!outbox.find(item.key)) outbox.keep(item); // The browser forgot it; the screen did not.
      outbox.resend(item);
    },
    "[data-send-anyway]": (button) => outbox.sendAnyway(itemAt(button, "li"), newest()),
    "[data-take-words-back]": (button) => {
      outbox.giveBack(itemAt(button, "li"));
      ($("#composer-text") ?? $("#conversation-name"))?.focus();
    },
    "[data-open-unsent]": (link, event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("open-conversation", { detail: itemAt(link, ".notice").conversation }));
    },
    "[data-not-now-unsent]": (button) => { putAway.add(itemAt(button, ".notice").key); show(); },
  };

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const found = event.target.closest(selector);
      if (found) return act(found, event);
    }
  });

  document.addEventListener("outbox", show);
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("chat-opened", opened);
  document.addEventListener("message-here", ({ detail: key }) => {
    if (outbox.find(key)) outbox.drop(key, true);
    else bubbleOf(key)?.remove(); // Of a template, of a file, or of what another tab sent.
  });
  // One that was taken back in another tab goes; one that went out stays until the thread has the message itself.
  addEventListener("storage", ({ key, oldValue, newValue }) => {
    const gone = newValue === null && oldValue && key?.startsWith("outbox:") ? JSON.parse(oldValue) : null;
    if (gone && !gone.sent) bubbleOf(gone.key)?.remove();
  });
})();
