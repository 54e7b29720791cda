// What the pages need beyond htmx: when to poll, the panel, the thread's place, the composer. It decides nothing that
// the server could: it dispatches events, keeps drafts, and leaves focus, scroll and typed text where people have them.
(() => {
  "use strict";

  const FAST = 5000, SLOW = 30000, IDLE_AFTER = 300000, LONGEST_PAUSE = 60000, ATTENTION = 60000, TYPING = 8000;
  const $ = (selector, root = document) => root.querySelector(selector);
  const visible = () => document.visibilityState === "visible";
  const say = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail })); // To outbox.js and its like.
  const wide = () => matchMedia("(min-width: 1100px)").matches;

  let lastTouch = Date.now();
  let failures = 0;
  let timer = 0;
  let openedBy = null;
  let restoring = false;
  let missed = false; // A piece that could not be fetched, although the poll has moved on: all ask again.

  // ---- The poll: one per browser, when somebody looks, slower when nobody touches, never when hidden. The tab that
  // asked last asks again; what it hears, it tells the others, who wait a little longer and so ask only when it is gone.

  const tabs = document.body.dataset.user && "BroadcastChannel" in window ? new BroadcastChannel(`poll-${document.body.dataset.user}`) : null;
  let leads = true; // Until another tab is heard.
  let asked = ""; // The tag with which the last poll went out.

  const pause = () => failures ? Math.min(FAST * 2 ** failures, LONGEST_PAUSE)
    : Date.now() - lastTouch > IDLE_AFTER ? SLOW : FAST;

  function schedule() {
    clearTimeout(timer);
    if (visible() && $("#whatsapp-feed")) timer = setTimeout(poll, pause() + (leads ? 0 : 400 + Math.random() * 800));
  }

  const tagOf = (feed) => feed._htmx?.ptag ?? feed.getAttribute("hx-ptag");
  const numberOf = (tag) => Number(tag.split("~")[0]);

  // What this tab heard, for the others.
  function tell(ctx, status) {
    leads = true;
    const heard = { status, before: asked, tag: tagOf($("#whatsapp-feed")) };
    if (status === 200) Object.assign(heard, { html: ctx.text, events: ctx.response.headers.get("HX-Trigger") ?? "" });
    tabs?.postMessage(heard);
  }

  // What another tab heard, as if this one had asked.
  function hear({ data }) {
    if (data.inView) return clearTimeout(ringing);
    const feed = $("#whatsapp-feed");
    if (!feed?._htmx || !visible()) return;
    leads = false;
    const own = tagOf(feed), { status, tag } = data;
    // Tags also tell who is in the chat of the tab that asked: only their numbers can be compared.
    if (status === 304 && numberOf(own) < numberOf(tag)) return poll();
    if (status === 200 && own !== tag && numberOf(own) <= numberOf(tag)) {
      feed._htmx.ptag = tag;
      htmx.swap({ sourceElement: feed, target: $("#whatsapp-badge"), swap: "outerHTML", text: data.html });
      const all = own === data.before ? data.events.split(", ") : ["whatsapp-changed", "whatsapp-notices"];
      for (const name of all) if (name) htmx.trigger(document.body, name);
    }
    polled(status);
  }

  if (tabs) tabs.onmessage = hear;

  // What this browser has before somebody's eyes: the open conversation of the tab in focus, while it is in use.
  const isHere = () => visible() && document.hasFocus() && Date.now() - lastTouch < IDLE_AFTER && Boolean($("#conversation"));
  let typedAt = 0;

  // Who else is in the open conversation, as the last poll told.
  function showOthers() {
    const place = $("#present");
    if (!place) return;
    const others = JSON.parse($("#whatsapp-badge").dataset.others || "[]").filter((one) => String(one.conversation) === here());
    const typing = others.filter((one) => one.typing), named = typing.length ? typing : others;
    const data = place.dataset;
    const words = named.length ? (typing.length ? data.typing : named.length > 1 ? data.several : data.here) : "";
    const text = words.replace("#", named.map((one) => one.name).join(data.and));
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  }

  function poll() {
    clearTimeout(timer);
    if (!visible() || !$("#whatsapp-feed")) return;
    htmx.trigger($("#whatsapp-feed"), "poll");
    schedule(); // Whatever becomes of this one; its answer sets the pause anew.
  }

  function polled(status) {
    const reached = status === 200 || status === 304;
    if (reached && failures) say("network-back");
    failures = reached ? 0 : failures + 1;
    $("#offline").hidden = reached || status === 429 || status === 401;
    if (reached) showCount(Number($("#whatsapp-badge").dataset.count));
    if (status === 304 && missed) {
      missed = false;
      htmx.trigger(document.body, "whatsapp-changed");
    }
    if (reached) setTimeout(catchUp); // What this answer wakes is on its way by then.
    schedule();
  }

  // A piece that is older than what the poll knows, and not being fetched: the event that would have renewed it went by
  // while the piece was on its way, or went to the one whose place it took. It is asked for again.
  const TRIES = 3; // For each number: one that the server cannot reach is not asked for without end.
  const underway = new Set(), caughtUp = new Map();

  function catchUp() {
    const feed = $("#whatsapp-feed"), newest = feed?._htmx ? numberOf(tagOf(feed)) : 0;
    for (const piece of document.querySelectorAll("[data-as-of]")) {
      const name = piece.getAttribute("hx-get");
      if (Number(piece.dataset.asOf) >= newest || [...underway].some((ctx) => ctx.piece === name)) continue;
      if (!piece.matches("[data-htmx-powered]")) { setTimeout(catchUp, 20); continue; } // Just put there: it hears nothing yet.
      const [number, tries] = caughtUp.get(name) ?? [];
      if (number === newest && tries === TRIES) continue;
      caughtUp.set(name, [newest, number === newest ? tries + 1 : 1]);
      htmx.trigger(piece, "behind", {}, false);
    }
  }

  const plainTitle = () => document.title.replace(/^\(\d+\+?\) /, "");

  let counted = 0;

  function showCount(count) {
    if (count > counted && !$("#conversation")) announce($("#whatsapp-badge").textContent.trim());
    if (count > counted && leads) ring();
    counted = count;
    const shown = count > 99 ? "99+" : String(count);
    document.title = (count ? `(${shown}) ` : "") + plainTitle();
    const icon = $("link[rel=icon]");
    icon.dataset.plain ??= icon.getAttribute("href");
    const dot = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0a7a4b"/>` +
      `<text x="16" y="23" font-family="sans-serif" font-weight="700" font-size="${shown.length > 2 ? 15 : 20}" text-anchor="middle" fill="#fff">${shown}</text></svg>`;
    icon.setAttribute("href", count ? `data:image/svg+xml,${encodeURIComponent(dot)}` : icon.dataset.plain);
  }

  // ---- A soft sound when a client writes, but not for what comes in before somebody's eyes.

  // The box on the page of notices.
  function prepareSound() {
    const box = $("#sound-on");
    if (!box) return;
    $("#sound").hidden = false;
    box.checked = !quiet();
    box.addEventListener("change", () => {
      localStorage.setItem(`quiet:${document.body.dataset.user}`, box.checked ? "0" : "1");
      if (box.checked) chime();
    });
  }

  const quiet = () => localStorage.getItem(`quiet:${document.body.dataset.user}`) === "1";
  let ringing = 0;
  let speaker = null;

  function ring() {
    clearTimeout(ringing);
    ringing = setTimeout(() => { if (!quiet()) chime(); }, 1500); // The thread, if it is open, has it by then.
  }

  // Two soft notes; browsers let a page sound only once somebody has touched it.
  function chime() {
    if (!navigator.userActivation?.hasBeenActive) return;
    speaker ??= new AudioContext();
    [[660, 0], [880, 0.14]].forEach(([pitch, after]) => {
      const tone = speaker.createOscillator(), volume = speaker.createGain(), start = speaker.currentTime + after;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.06, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
      tone.connect(volume).connect(speaker.destination);
      tone.start(start);
      tone.stop(start + 0.4);
    });
    document.dispatchEvent(new CustomEvent("chime"));
  }

  function touched() {
    const wasAway = Date.now() - lastTouch > IDLE_AFTER;
    lastTouch = Date.now();
    if (wasAway) poll();
    seen();
  }

  // ---- A thread takes messages in their order, replaces nothing that is the same, and stays where it was read.

  const atEnd = (thread) => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const toEnd = (thread) => { thread.scrollTop = thread.scrollHeight; };

  // A composer that grows, or becomes a sentence, must not cover what was said last.
  function keepEnd(thread) {
    let ended = atEnd(thread);
    thread.addEventListener("scroll", () => { ended = atEnd(thread); }, { passive: true });
    const watcher = new ResizeObserver(() => { if (ended) toEnd(thread); });
    watcher.observe(thread);
    watcher.observe($("#messages"));
  }

  function anchorOf(thread) {
    const top = thread.getBoundingClientRect().top;
    const row = [...thread.querySelectorAll(".msg")].find((item) => item.getBoundingClientRect().bottom > top);
    return row && { row, offset: row.getBoundingClientRect().top };
  }

  // Whether the server says the same as before; what media.js made of it, or asked of a video, does not count.
  function same(known, fresh) {
    if (known.matches?.("video")) return fresh.matches?.("video") && known.getAttribute("src") === fresh.getAttribute("src");
    if (!known.querySelector?.("[data-made], video")) return known.isEqualNode(fresh);
    const pieces = [...known.childNodes].filter((piece) => piece.dataset?.made === undefined);
    return known.cloneNode(false).isEqualNode(fresh.cloneNode(false)) && pieces.length === fresh.childNodes.length
      && pieces.every((piece, at) => same(piece, fresh.childNodes[at]));
  }

  function renew(row, fresh) {
    const said = $(".said", row), news = $(".said", fresh);
    row.className = fresh.className;
    if (fresh.dataset.change) row.dataset.change = fresh.dataset.change;
    if (!said || !news || !same(said, news)) return row.replaceChildren(...fresh.childNodes);
    for (const child of [...row.children]) if (child !== said) child.remove();
    for (const child of [...fresh.children]) if (child !== news) row.append(child);
  }

  function place(list, fresh) {
    const key = fresh.dataset.key;
    let before = list.lastElementChild;
    while (before && (before.dataset.key ?? "~") > key) before = before.previousElementSibling;
    if (before) before.after(fresh); else list.prepend(fresh);
  }

  function swapThread(style, list, fragment) {
    if (style !== "thread") return false;
    const thread = list.closest(".thread"), stay = atEnd(thread), anchor = anchorOf(thread);
    const newest = list.lastElementChild?.dataset.key ?? "";
    const changed = [];
    for (const fresh of [...fragment.children]) {
      if (fresh.dataset.sentAs) say("message-here", fresh.dataset.sentAs);
      const known = fresh.id && list.querySelector(`#${CSS.escape(fresh.id)}`);
      if (known && (same(known, fresh) || Number(fresh.dataset.change) < Number(known.dataset.change))) continue;
      if (known) renew(known, fresh); else place(list, fresh);
      if (!known && fresh.matches(".msg.in") && fresh.dataset.key > newest) arrived(thread, fresh, stay);
      changed.push(known || fresh);
    }
    if (changed.length) $("li.empty", list)?.remove();
    if (stay) toEnd(thread);
    else if (anchor?.row.isConnected) thread.scrollTop += anchor.row.getBoundingClientRect().top - anchor.offset;
    return changed;
  }

  function announce(words) {
    const announcer = $("#announcer");
    announcer.textContent = `${announcer.dataset.says}: ${words}`;
  }

  function arrived(thread, message, inView) {
    announce(message.dataset.says ?? $(".said", message).textContent.trim().slice(0, 200));
    if (inView && document.hasFocus()) {
      clearTimeout(ringing);
      tabs?.postMessage({ inView }); // The tab that asks is the one that rings.
    }
    const button = $("#to-end");
    if (inView || !button || !thread.contains(button)) return;
    const count = $(".count", button);
    count.textContent = Number(count.textContent || 0) + 1;
    count.hidden = button.hidden = false;
  }

  function fetchOlder(thread) {
    if (thread.scrollTop < 300 && $("a#older", thread)) htmx.trigger($("#older"), "near");
  }

  function scrolled(event) {
    const button = event.target.id === "thread" && $("#to-end");
    if (!button) return;
    fetchOlder(event.target);
    button.hidden = atEnd(event.target);
    if (button.hidden) {
      seen();
      $(".count", button).textContent = "";
      $(".count", button).hidden = true;
    }
  }

  // ---- Read is what somebody had before their eyes: the tab in sight, a hand on it in the last minute, the thread at
  // its end.

  function seen() {
    const form = $("#seen[data-unread]");
    if (!form || !visible() || Date.now() - lastTouch > ATTENTION || !atEnd($("#thread"))) return;
    delete form.dataset.unread;
    htmx.trigger(form, "seen");
  }

  // ---- The panel.

  const panel = () => $("aside#chat-panel");
  let shell = "";

  // Where the panel covers the page, the page behind it is out of reach of the keyboard too.
  function cover() {
    const open = Boolean(panel()) && !panel().hidden;
    for (const behind of [$("header.top"), $("main")]) behind.inert = open && !wide();
    $("#whatsapp-button").setAttribute("aria-expanded", String(open));
  }

  function showPanel() {
    if (!panel()) return;
    panel().hidden = false;
    cover();
    const broken = $(".load-error", panel());
    if (broken) { broken.hidden = true; $(".skeletons", panel()).hidden = false; }
  }

  function closePanel() {
    if (!panel() || panel().hidden) return;
    htmx.swap({ sourceElement: document.body, target: panel(), swap: "outerHTML", text: shell });
    cover();
    moved();
    (openedBy?.isConnected ? openedBy : $("#whatsapp-button")).focus();
  }

  function closeConversation() {
    const chat = $("#conversation");
    if (!chat) return;
    htmx.swap({ sourceElement: document.body, target: $("#conversation-slot"), swap: "innerHTML swapEmpty:true", text: "" });
    moved();
    ($(`#open-${chat.dataset.conversation}`) || $("#list-title"))?.focus();
  }

  // ---- The way back is history.js's: it is told what was opened or closed, and says what shall be open.

  const moved = () => document.dispatchEvent(new Event("moved"));

  function openChat(chat) {
    const slot = $("#conversation-slot"), url = chat && `/whatsapp/conversations/${chat}/chat`;
    if (slot && chat) return htmx.ajax("GET", url, { source: slot, target: slot, swap: "innerHTML" });
    showPanel();
    const query = chat ? `?conversation=${chat}` : "";
    htmx.ajax("GET", $("#whatsapp-button").getAttribute("hx-get") + query, { source: panel(), target: panel(), swap: "outerHTML" });
  }

  document.addEventListener("go-to", ({ detail: { open, chat, quiet, there } }) => {
    for (const ctx of underway) if (ctx.target?.matches?.("#conversation-slot, #chat-panel")) ctx.request.abort(); // Too late.
    if (there) return;
    if (!open) return closePanel();
    if (!chat && $("#conversation")) return closeConversation();
    restoring = quiet;
    openChat(chat);
  });

  // A notice was clicked: the tab that is open shows its conversation, and what is being written elsewhere stays.
  document.addEventListener("open-conversation", ({ detail: conversation }) => {
    if (here() === conversation) return;
    openChat(conversation);
    moved();
  });

  // ---- A conversation that has just been put on the page.

  function prepare() {
    const list = $("#list-pane:not([data-ready], [aria-busy])");
    if (list) {
      list.dataset.ready = "";
      if (panel() && openedBy && !restoring && !$("#conversation")) $("#list-title").focus();
    }
    const chat = $("#conversation:not([data-ready])");
    if (chat) {
      chat.dataset.ready = "";
      const thread = $("#thread"), mark = $("#new-mark");
      say("chat-opened");
      toEnd(thread);
      const above = mark ? thread.getBoundingClientRect().top + 60 - mark.getBoundingClientRect().top : 0;
      if (above > 0) thread.scrollTop -= above;
      keepEnd(thread);
      setTimeout(poll); // Colleagues see who came, and who came sees them.
      const write = $("#composer-text");
      const writes = write && (matchMedia("(pointer: fine)").matches || "focusComposer" in chat.dataset);
      if (!restoring) (writes ? write : $("#conversation-name")).focus(); // Else nobody asked for it just now.
    }
    const past = $(".history .thread:not([data-ready])");
    if (past) {
      past.dataset.ready = "";
      toEnd(past);
    }
    prepareComposer();
    showOthers();
    if ($("#thread")) fetchOlder($("#thread"));
    if ($("#whatsapp-button")) cover();
    if (list || chat) { restoring = false; moved(); }
    for (const row of document.querySelectorAll("a.row")) {
      if (row.id === `open-${here()}`) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    }
    seen();
  }

  // ---- The composer: a draft per conversation. What is sent goes through outbox.js.

  const here = () => $("#conversation")?.dataset.conversation;
  const draftName = (conversation) => `draft:${document.body.dataset.user}:${conversation}`;
  const unkept = new Map(); // What the browser has no room for, this tab keeps as long as it is open.
  const draftOf = (conversation) => unkept.get(conversation) ?? (localStorage.getItem(draftName(conversation)) || "");

  function saveDraft(text, conversation = here()) {
    unkept.delete(conversation);
    try {
      if (text.trim()) localStorage.setItem(draftName(conversation), text);
      else localStorage.removeItem(draftName(conversation));
    } catch { unkept.set(conversation, text); }
  }

  // Words that came back where there is no place to write them.
  function keepWords(text, conversation) {
    saveDraft([text, draftOf(conversation)].filter(Boolean).join("\n"), conversation);
    const kept = conversation === here() && $("[data-draft-kept]");
    if (kept) kept.hidden = false;
  }

  let writing = false; // Whether the composer had the focus before it was replaced.

  function prepareComposer() {
    const area = $("#composer:not([data-ready])");
    if (!area) return;
    area.dataset.ready = "";
    const draft = draftOf(here()), text = $("#composer-text");
    if (!text) {
      const kept = $("[data-draft-kept]", area);
      if (kept) kept.hidden = !draft;
      if (writing) $("#conversation-name").focus(); // It was written in, and is gone.
      return;
    }
    text.form.noValidate = true;
    if (!text.value) text.value = draft;
    knowAll();
    typed(text);
  }

  // What is before the eyes of whoever begins to write: what colleagues answer after it, they are told before it goes.
  function knowAll() {
    const ids = [...document.querySelectorAll("#messages .msg[id^=m-]")].map((row) => Number(row.id.slice(2)));
    const known = $("#composer-form")?.elements.known;
    if (known && ids.length) known.value = Math.max(...ids);
  }

  function typed(text) {
    const counter = $("#composer-counter"), limit = Number(text.dataset.limit), left = limit - text.value.length;
    if (!CSS.supports("field-sizing", "content")) {
      text.style.height = "auto";
      text.style.height = `${Math.min(text.scrollHeight + 2, 140)}px`;
    }
    counter.hidden = left > 200;
    counter.classList.toggle("over", left < 0);
    counter.textContent = counter.hidden ? "" : `${text.value.length} / ${limit}`;
    if (left < 0) counter.textContent = text.dataset.over.replace("#", -left);
    if (text.value.trim()) text.dataset.begun = ""; else delete text.dataset.begun;
    saveDraft(text.value);
  }

  function insert(words) {
    const text = $("#composer-text");
    text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
    text.closest("form").querySelectorAll("details[open]").forEach((open) => { open.open = false; });
    text.focus();
    typed(text);
  }

  document.addEventListener("close-conversation", closeConversation); // It is unread again: nobody reads it here now.
  document.addEventListener("keep-words", ({ detail: { text, conversation } }) => keepWords(text, conversation));

  // ---- What people do.

  function closeDetails(details) {
    details.open = false;
    $("summary", details).focus();
  }

  // A choice that opened in place of what it changes closes as menus do; the focus goes where the click went.
  function putChoicesAway(target) {
    for (const cancel of document.querySelectorAll("#assignee .cancel, #context .cancel")) {
      const choice = cancel.closest("#assignee, #context");
      if (!$("#conversation")?.contains(choice) || choice.contains(target)) continue;
      htmx.ajax("GET", `${cancel.getAttribute("hx-get")}?away=1`, { source: cancel, target: choice, swap: "outerHTML" });
    }
  }

  const clicks = {
    "[data-dismiss]": (button) => button.closest(".alert").remove(),
    "[data-close-panel]": closePanel,
    "[data-open-panel]": () => (openedBy?.isConnected ? openedBy : $("#whatsapp-button")).click(),
    "[data-close-conversation]": (_link, event) => { event.preventDefault(); closeConversation(); },
    "[data-insert]": (button) => insert(button.dataset.insert),
    "#done button": (button) => closeDetails(button.closest("details")),
    "[data-not-now]": () => { $("#composer-note").replaceChildren(); $("#composer-text").focus(); },
    "#to-end": () => toEnd($("#thread")),
    "#whatsapp-button": (button, event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || !panel()) return;
      openedBy = button;
      showPanel();
      moved();
    },
  };

  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
    if (!event.target.closest("a.row")) putChoicesAway(event.target);
    for (const [selector, act] of Object.entries(clicks)) {
      const found = event.target.closest(selector);
      if (found) return act(found, event);
    }
    const opener = event.target.closest("[hx-target='#chat-panel']") && event.target.closest("button, a");
    if (!opener || !panel()) return;
    openedBy = opener;
    if (panel().hidden) showPanel();
    moved();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || (event.target.matches("input, textarea") && event.target.value)) return;
    const open = $("details[open]"), choosing = $("#context .cancel, #assignee .cancel");
    if (open) closeDetails(open);
    else if (choosing) choosing.click();
    else if (!panel()?.contains(document.activeElement)) return;
    else if ($("#conversation") && !wide()) closeConversation();
    else closePanel();
  });

  document.addEventListener("input", ({ target }) => {
    if (target.id !== "composer-text") return;
    if (!("begun" in target.dataset) || !target.value) knowAll();
    const begins = Date.now() - typedAt > TYPING && target.value.trim();
    typedAt = target.value.trim() ? Date.now() : 0;
    typed(target);
    if (begins) poll(); // Colleagues see it at their next one.
  });
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  for (const name of ["pointerdown", "keydown", "wheel"]) document.addEventListener(name, touched, { passive: true });

  document.addEventListener("visibilitychange", () => { if (visible()) poll(); else clearTimeout(timer); });
  addEventListener("focus", poll);
  addEventListener("online", () => { failures = Math.min(failures, 1); poll(); }); // One that is under way fails yet.
  document.addEventListener("sent", poll);
  document.addEventListener("network-back", seen);
  document.addEventListener("unreached", () => polled(0));
  addEventListener("offline", () => { if ($("#offline")) polled(0); });

  // ---- What htmx does.

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement.id === "whatsapp-feed") {
      asked = tagOf(ctx.sourceElement);
      if (isHere()) ctx.request.body.set("here", here());
      if (isHere() && Date.now() - typedAt < TYPING) ctx.request.body.set("typing", here());
    }
    if (ctx.sourceElement.id === "thread-feed") ctx.request.body.set("state", $("#composer").dataset.state);
    if (ctx.sourceElement.id === "conversation-list") {
      ctx.request.body.set("shown", document.querySelectorAll("#conversation-list .row").length);
    }
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { status } = ctx.response;
    if (status < 400) return;
    if (ctx.sourceElement.id === "whatsapp-feed") Object.assign(ctx.hx, { retarget: "#whatsapp-feed", reswap: "none" });
  });
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.piece = ctx.sourceElement.getAttribute("hx-get");
    underway.add(ctx);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    underway.delete(ctx);
    const status = ctx.foreign ? 0 : ctx.response?.status ?? 0, { signal } = ctx.request;
    if (status && status < 400) setTimeout(catchUp); // What failed is asked for by the poll that succeeds.
    if (!status && signal?.aborted && signal.reason !== "timeout") return; // A newer one took its place.
    if (ctx.sourceElement.id === "whatsapp-feed") {
      tell(ctx, status);
      return polled(status);
    }
    const broken = panel() && $(".load-error", panel());
    if (broken && (!status || status >= 400) && ctx.target?.id === "chat-panel") {
      broken.hidden = false;
      $(".skeletons", panel()).hidden = true;
    }
    if (ctx.sourceElement.id === "seen" && (!status || status >= 400)) ctx.sourceElement.dataset.unread = "";
    if (ctx.sourceElement.closest(".failed") && status === 201) ctx.sourceElement.remove();
    if (ctx.request.method === "GET" && (!status || status >= 500)) missed = true;
    if (!status) polled(0);
    else if (ctx.request.method !== "GET" && status !== 401 && status < 500) poll();
  });
  document.addEventListener("htmx:before:swap", () => { writing = document.activeElement?.id === "composer-text"; });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    // htmx's own history is off: it would take pages from its memory that have changed since.
    if (ctx?.hx?.replaceurl) history.replaceState(history.state, "", ctx.hx.replaceurl);
    prepare();
  });

  // A phone's keyboard leaves less to see than the layout knows of.
  window.visualViewport?.addEventListener("resize", () => {
    document.documentElement.style.setProperty("--seen", `${window.visualViewport.height}px`);
  });
  matchMedia("(min-width: 1100px)").addEventListener("change", () => { if ($("#whatsapp-button")) cover(); });

  htmx.registerExtension("thread", { handle_swap: swapThread });

  // htmx, which came first, makes itself ready in the next turn; this is the turn after.
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
    if (!$("#whatsapp-feed")) return;
    shell = panel()?.outerHTML ?? "";
    counted = Number($("#whatsapp-badge").dataset.count);
    showCount(counted);
    prepareSound();
    prepare();
    catchUp();
    // A page that comes out of the browser's memory may be old; one from the server is not.
    if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") poll(); else schedule();
  }));
})();
