// Pictures in a thread: one that did not come says so, and one is shown large, with the others beside it.

import { $, all, element, held } from "../dom.js";

// ---- A picture that did not come says so in its own room, and comes once there is a line again.

const SMALL = "img[data-offline]";
const isSmall = (target) => target.matches?.(SMALL);

const whyLost = (image) => image.dataset.offline.split("|")[navigator.onLine ? 1 : 0];

function lose(image) {
  const link = image.closest(".picture");
  if (link.nextElementSibling?.matches(".lost")) return $("span", link.nextElementSibling).replaceChildren(whyLost(image));
  const again = element("button", "link", image.dataset.offline.split("|")[2]);
  const note = element("p", "lost", element("span", "", whyLost(image)), again);
  again.type = "button";
  note.dataset.made = "";
  note.style.setProperty("--room", `${image.getAttribute("width")}px`);
  note.style.setProperty("--ratio", `${image.getAttribute("width")} / ${image.getAttribute("height")}`);
  again.addEventListener("click", () => fetchAgain(image));
  link.after(note);
}

const fetchAgain = (image) => { image.src = image.getAttribute("src"); };

// ---- One picture, large, and the others of its thread beside it.

const SWIPE = 48, PICTURE = "a.picture[data-lightbox]";

let shown = null; // The link of the picture that is large.
let thread = null;
let began = null; // Where a finger came down.

const box = () => $("#lightbox");
const pictures = () => all(PICTURE, thread);
// A message that was drawn anew since has another link to the same file.
const placeOf = (links) => links.findIndex((link) => link === shown || link.href === shown.href);

function enlarge(link) {
  const small = $("img", link), large = $("#lightbox img"), links = pictures();
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
  const count = $("#lightbox-count"), at = placeOf(links);
  count.textContent = count.dataset.words.replace("#", at + 1).replace("#", links.length);
  $("#lightbox .step.back").hidden = at <= 0;
  $("#lightbox .step.next").hidden = at >= links.length - 1;
}

function fail(small) {
  $("#lightbox .failing").textContent = whyLost(small);
  $("#lightbox .failing").hidden = false;
  $("#lightbox img").hidden = !small.naturalWidth;
}

function step(by) {
  const links = pictures(), next = links[placeOf(links) + by];
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

export function closeLightbox() {
  const links = pictures(), link = links[placeOf(links)];
  box().close();
  $("#lightbox img").removeAttribute("src");
  link?.scrollIntoView({ block: "nearest" });
  link?.focus({ preventScroll: true });
}

function boxKey(event) {
  const act = { Escape: closeLightbox, ArrowLeft: () => step(-1), ArrowRight: () => step(1) }[event.key];
  if (!act) return;
  event.preventDefault(); // The panel behind it closes by the same key.
  act();
}

function boxClick({ target }) {
  if (target.closest(".step")) step(target.closest(".back") ? -1 : 1);
  else if (target.closest("[data-close]") || target.matches("figure")) closeLightbox();
}

function swiped(event) {
  const far = began === null ? 0 : event.clientX - began;
  began = null;
  if (Math.abs(far) > SWIPE) step(far > 0 ? -1 : 1);
}

function clicked(event) {
  const picture = event.target.closest(PICTURE);
  if (held(event) || event.button || !picture?.closest(".thread")) return;
  event.preventDefault();
  openBox(picture);
}

function wire() {
  if (!box()) return;
  box().addEventListener("keydown", boxKey);
  box().addEventListener("click", boxClick);
  box().addEventListener("cancel", (event) => { event.preventDefault(); closeLightbox(); }); // A phone's way back.
  box().addEventListener("pointerdown", (event) => { began = event.pointerType === "touch" && event.isPrimary ? event.clientX : null; });
  box().addEventListener("pointerup", swiped);
  box().addEventListener("pointercancel", () => { began = null; });
}

export function init() {
  document.addEventListener("error", ({ target }) => { if (isSmall(target)) lose(target); }, true);
  document.addEventListener("load", ({ target }) => {
    if (isSmall(target)) target.closest(".picture").parentElement.querySelector(".lost")?.remove();
  }, true);
  addEventListener("online", () => {
    for (const note of all(".lost")) fetchAgain($("img", note.previousElementSibling));
  });
  document.addEventListener("DOMContentLoaded", () => {
    // What failed before this file was here told nobody.
    for (const image of all(SMALL)) if (image.complete && !image.naturalWidth) lose(image);
  });
  document.addEventListener("click", clicked);
  document.addEventListener("DOMContentLoaded", wire);
}
