// Sound, pictures and quotes in a thread: a player that the keyboard reaches, one picture large, the way back to what
// somebody answered. Without it the browser's own controls and plain links do the same. What it makes is marked
// data-made, so that app.js can tell it from what the server says.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const SPEEDS = [1, 1.5, 2], STEP = 5, MOST_PAGES = 25, LIT = 1800, SWIPE = 48;

  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    element.className = className;
    element.append(...children);
    return element;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
  }

  function button(className, label, ...children) {
    const element = make("button", className, ...children);
    element.type = "button";
    if (label) element.setAttribute("aria-label", label);
    return element;
  }

  // ---- Sound. The player has an audio of its own: the server's stays as it came.

  const speedName = "sound-speed";
  const savedSpeed = () => SPEEDS.find((speed) => speed === Number(localStorage.getItem(speedName))) ?? 1;
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const shownSpeed = (speed) => `${speed.toLocaleString(document.documentElement.lang)}×`;

  const inSight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      inSight.unobserve(entry.target);
      // How long somebody spoke, and how a video begins, is worth knowing before one plays it.
      ($("audio", entry.target) ?? entry.target).preload = "metadata";
    }
  });

  function makePlayer(source) {
    const [playWord, pauseWord, placeWord, speedWord, brokenWord] = source.dataset.words.split("|");
    const name = source.getAttribute("aria-label");
    const sound = document.createElement("audio");
    const play = button("round", `${playWord}: ${name}`, icon("play"));
    const place = make("input", "");
    const speed = button("speed", "");
    const time = make("span", "clock", clock(0));
    const player = make("div", "player", sound, play, place, speed, time);
    player.dataset.made = "";
    player.setAttribute("role", "group");
    player.setAttribute("aria-label", name);
    Object.assign(place, { type: "range", min: 0, max: 0, step: 0.1, value: 0, disabled: true });
    place.setAttribute("aria-label", placeWord);
    Object.assign(sound, { preload: "none", src: source.src });

    const length = () => Number.isFinite(sound.duration) ? sound.duration : 0;

    function show() {
      const words = length() ? `${clock(sound.currentTime)} / ${clock(length())}` : clock(sound.currentTime);
      time.textContent = words;
      place.disabled = !length();
      place.max = length();
      place.value = sound.currentTime;
      place.setAttribute("aria-valuetext", words);
    }

    function showState() {
      play.title = sound.paused ? playWord : pauseWord;
      play.setAttribute("aria-label", `${play.title}: ${name}`);
      play.replaceChildren(icon(sound.paused ? "play" : "pause"));
    }

    function showSpeed() {
      sound.defaultPlaybackRate = sound.playbackRate = savedSpeed();
      speed.textContent = shownSpeed(sound.playbackRate);
      speed.setAttribute("aria-label", `${speedWord}: ${speed.textContent}`);
    }

    function broken() {
      if ($(".trouble", player)) return;
      const words = make("p", "trouble", brokenWord);
      words.setAttribute("role", "status");
      player.append(words);
    }

    function toggle() {
      $(".trouble", player)?.remove();
      if (sound.error) sound.load();
      if (sound.paused) sound.play().catch(() => { if (sound.error) broken(); }); else sound.pause();
    }

    play.addEventListener("click", toggle);
    speed.addEventListener("click", () => {
      localStorage.setItem(speedName, SPEEDS[(SPEEDS.indexOf(savedSpeed()) + 1) % SPEEDS.length]);
      document.dispatchEvent(new Event("sound-speed"));
    });
    place.addEventListener("input", () => { sound.currentTime = place.value; show(); });
    place.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP }[event.key];
      if (event.key === " ") toggle();
      else if (steps) sound.currentTime = Math.min(Math.max(sound.currentTime + steps, 0), length());
      else return;
      event.preventDefault();
      show();
    });
    for (const event of ["pointerenter", "focusin"]) {
      player.addEventListener(event, () => { if (sound.preload === "none") sound.preload = "metadata"; }, { once: true });
    }
    for (const event of ["play", "pause", "ended"]) sound.addEventListener(event, showState);
    for (const event of ["timeupdate", "durationchange", "seeked"]) sound.addEventListener(event, show);
    sound.addEventListener("ended", () => { sound.currentTime = 0; });
    sound.addEventListener("error", () => { if (sound.preload !== "metadata" || !sound.paused) broken(); });
    player.addEventListener("speed", showSpeed);
    showSpeed();
    source.after(player);
    if ("voice" in source.dataset) inSight.observe(player);
  }

  function makePlayers() {
    for (const source of document.querySelectorAll("audio[data-player]")) {
      if (!source.nextElementSibling?.matches(".player")) makePlayer(source);
    }
    for (const video of document.querySelectorAll("video[preload=none]:not([poster])")) inSight.observe(video);
  }

  document.addEventListener("sound-speed", () => {
    for (const player of document.querySelectorAll(".player")) player.dispatchEvent(new Event("speed"));
  });

  // One plays at a time, a video included.
  document.addEventListener("play", (event) => {
    for (const other of document.querySelectorAll("audio, video")) if (other !== event.target) other.pause();
  }, true);

  // ---- A picture that did not come says so in its own room, and comes once there is a line again.

  const whyLost = (image) => image.dataset.offline.split("|")[navigator.onLine ? 1 : 0];

  function lose(image) {
    const link = image.closest(".picture");
    if (link.nextElementSibling?.matches(".lost")) return $("span", link.nextElementSibling).replaceChildren(whyLost(image));
    const again = button("link", "", image.dataset.offline.split("|")[2]);
    const note = make("p", "lost", make("span", "", whyLost(image)), again);
    note.dataset.made = "";
    note.style.setProperty("--room", `${image.getAttribute("width")}px`);
    note.style.setProperty("--ratio", `${image.getAttribute("width")} / ${image.getAttribute("height")}`);
    again.addEventListener("click", () => fetchAgain(image));
    link.after(note);
  }

  const fetchAgain = (image) => { image.src = image.getAttribute("src"); };

  document.addEventListener("error", ({ target }) => { if (target.matches?.("img[data-offline]")) lose(target); }, true);
  document.addEventListener("load", ({ target }) => {
    if (target.matches?.("img[data-offline]")) target.closest(".picture").parentElement.querySelector(".lost")?.remove();
  }, true);
  addEventListener("online", () => {
    for (const note of document.querySelectorAll(".lost")) fetchAgain($("img", note.previousElementSibling));
  });

  // ---- One picture, large, and the others of its thread beside it.

  let shown = null; // The link of the picture that is large.
  let thread = null;
  let began = null; // Where a finger came down.

  const box = () => $("#lightbox");
  const pictures = () => [...thread.querySelectorAll("a.picture[data-lightbox]")];
  // A message that was drawn anew since has another link to the same file.
  const placeOf = (all) => all.findIndex((link) => link === shown || link.href === shown.href);

  function enlarge(link) {
    const small = $("img", link), large = $("#lightbox img"), all = pictures();
    shown = link;
    $("#lightbox .failing").hidden = true;
    large.hidden = false;
    large.alt = small.alt;
    large.width = link.dataset.width || small.naturalWidth;
    large.height = link.dataset.height || small.naturalHeight;
    large.src = small.currentSrc || small.src; // The small one holds the place until the large one is here.
    const whole = new Image();
    whole.addEventListener("load", () => { if (shown === link) large.src = whole.src; });
    whole.addEventListener("error", () => { if (shown === link) fail(small); });
    whole.src = link.href;
    $("#lightbox .caption").textContent = link.dataset.caption;
    $("#lightbox [download]").href = link.dataset.download;
    const count = $("#lightbox-count"), at = placeOf(all);
    count.textContent = count.dataset.words.replace("#", at + 1).replace("#", all.length);
    $("#lightbox .step.back").hidden = at <= 0;
    $("#lightbox .step.next").hidden = at >= all.length - 1;
  }

  function fail(small) {
    $("#lightbox .failing").textContent = whyLost(small);
    $("#lightbox .failing").hidden = false;
    $("#lightbox img").hidden = !small.naturalWidth;
  }

  function step(by) {
    const all = pictures(), next = all[placeOf(all) + by];
    if (!next) return;
    enlarge(next);
    if (document.activeElement === document.body || document.activeElement?.hidden) $("#lightbox [data-close]").focus();
  }

  function openBox(link) {
    thread = link.closest(".thread");
    enlarge(link);
    box().showModal();
    $("#lightbox [data-close]").focus();
  }

  function closeBox() {
    const all = pictures(), link = all[placeOf(all)];
    box().close();
    $("#lightbox img").removeAttribute("src");
    link?.scrollIntoView({ block: "nearest" });
    link?.focus({ preventScroll: true });
  }

  function boxKey(event) {
    const act = { Escape: closeBox, ArrowLeft: () => step(-1), ArrowRight: () => step(1) }[event.key];
    if (!act) return;
    event.preventDefault(); // The panel behind it closes by the same key.
    act();
  }

  function boxClick({ target }) {
    if (target.closest(".step")) step(target.closest(".back") ? -1 : 1);
    else if (target.closest("[data-close]") || target.matches("figure")) closeBox();
  }

  function swiped(event) {
    const far = began === null ? 0 : event.clientX - began;
    began = null;
    if (Math.abs(far) > SWIPE) step(far > 0 ? -1 : 1);
  }

  function wireBox() {
    box().addEventListener("keydown", boxKey);
    box().addEventListener("click", boxClick);
    box().addEventListener("cancel", (event) => { event.preventDefault(); closeBox(); }); // A phone's way back.
    box().addEventListener("pointerdown", (event) => { began = event.pointerType === "touch" && event.isPrimary ? event.clientX : null; });
    box().addEventListener("pointerup", swiped);
    box().addEventListener("pointercancel", () => { began = null; });
  }

  // ---- From an answer to what it answers: here, or among what was said before, or on a page of its own.

  // What htmx has just put on the page is ready for it in the next turn.
  function asked(older) {
    return new Promise((done) => {
      function ended({ detail: { ctx } }) {
        if (older.isConnected && ctx.sourceElement !== older) return; // Another request than this.
        document.removeEventListener("htmx:finally:request", ended);
        setTimeout(() => done(!older.isConnected));
      }
      document.addEventListener("htmx:finally:request", ended);
      setTimeout(() => htmx.trigger(older, "click"));
    });
  }

  async function jump(link) {
    const thread = link.closest(".thread"), list = link.closest("ol[id]");
    const id = `${list.id === "messages" ? "m" : "h"}-${link.dataset.jump}`;
    for (let page = 0; !document.getElementById(id) && page < MOST_PAGES; page++) {
      const older = $("a.older, button.older", thread);
      if (!older || !await asked(older)) break;
    }
    const row = document.getElementById(id);
    if (row && link.isConnected) light(row); else location.assign(link.href);
  }

  function light(row) {
    row.scrollIntoView({ block: "center" });
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
    row.classList.remove("flash");
    requestAnimationFrame(() => row.classList.add("flash"));
    setTimeout(() => row.classList.remove("flash"), LIT);
    row.addEventListener("blur", () => row.removeAttribute("tabindex"), { once: true });
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const picture = event.target.closest("a.picture[data-lightbox]"), quote = event.target.closest("a[data-jump]");
    if (picture?.closest(".thread") || quote?.closest(".thread")) event.preventDefault();
    if (picture?.closest(".thread")) openBox(picture);
    else if (quote?.closest(".thread")) jump(quote);
  });
  document.addEventListener("htmx:after:swap", makePlayers);
  document.addEventListener("DOMContentLoaded", () => {
    if (!box()) return;
    wireBox();
    makePlayers();
    // What failed before this file was here told nobody.
    for (const image of document.querySelectorAll("img[data-offline]")) if (image.complete && !image.naturalWidth) lose(image);
  });
})();
