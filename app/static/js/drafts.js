// What is half-written, kept in this browser under the person's own id: who signs in after them on a shared computer sees
// nothing of it.

import { $, all, isOurs, make, onClick, onHtmx, onReady, onSwap, user } from "./dom.js";

// ---- In the composer of each conversation.

const unkept = new Map(); // What the browser has no room for, this tab keeps as long as it is open.

const draftName = (conversation) => `draft:${user()}:${conversation}`;

export const draftOf = (conversation) => unkept.get(conversation) ?? (localStorage.getItem(draftName(conversation)) || "");

export function saveDraft(words, conversation) {
  unkept.delete(conversation);
  try {
    if (words.trim()) localStorage.setItem(draftName(conversation), words);
    else localStorage.removeItem(draftName(conversation));
  } catch { unkept.set(conversation, words); }
}

// Words that came back stand before what has been written since.
export const addToDraft = (words, conversation) => saveDraft([words, draftOf(conversation)].filter(Boolean).join("\n"), conversation);

export function takeDraft(conversation) {
  const words = draftOf(conversation);
  saveDraft("", conversation);
  return words;
}

// ---- In forms. What was typed in a `form[data-draft]` is kept until the server took it or somebody discards it.
//
// In localStorage, not sessionStorage: a phone ends an app that it needs the room of, and whoever has to sign in again
// may do so in another tab.
// Signing out keeps it, since a session may end in the middle of a sentence, here or in another tab; it is no more than
// the composer's drafts keep, and goes by itself after a month. Passwords, and what the page itself put into hidden
// fields (CSRF values, keys that make a second click the same message), are never kept.

const MONTH = 30 * 24 * 3600 * 1000, PREFIX = "form:";
const NEVER = ["hidden", "password", "file", "search", "submit", "button", "reset"];
const formName = (form) => `${PREFIX}${user()}:${form.dataset.draft}`;
const stored = (form) => JSON.parse(localStorage.getItem(formName(form)) ?? "null");
const forget = (form) => localStorage.removeItem(formName(form));

// ---- The fields of a form: what they hold, and what the server gave them.

const ticked = (field) => field.matches("[type=checkbox], [type=radio]");
const keyOf = (field) => ticked(field) ? `${field.name}=${field.value}` : field.name;
const valueOf = (field) => ticked(field) ? field.checked : field.value;
const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !NEVER.includes(field.type));

function givenOf(field) {
  if (ticked(field)) return field.defaultChecked;
  if (!field.matches("select")) return field.defaultValue;
  return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "";
}

function set(field, value) {
  if (ticked(field)) field.checked = value; else field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true })); // Whoever wrote it: htmx hears of a field no other way.
}

// What the typed values are changes of. An edit says so itself (`seen`); a form that came back refused was given what
// had been typed, so there it is what it was before.
function baseOf(form, known) {
  const given = Object.fromEntries(fieldsOf(form).map((field) => [keyOf(field), givenOf(field)]));
  if (form.elements.seen) return { ...given, ...JSON.parse(form.elements.seen.value) };
  return "refused" in form.dataset ? (known?.base ?? {}) : given;
}

function save(form) {
  const known = stored(form), base = baseOf(form, known), fields = fieldsOf(form), present = new Set(fields.map(keyOf));
  // Fields that the page makes later, such as a template's samples, have their words waiting.
  const values = Object.fromEntries(Object.entries(known?.values ?? {}).filter(([key]) => !present.has(key)));
  for (const field of fields) if (valueOf(field) !== (base[keyOf(field)] ?? "")) values[keyOf(field)] = valueOf(field);
  if (!Object.keys(values).length) return forget(form);
  try {
    localStorage.setItem(formName(form), JSON.stringify({ at: Date.now(), base, values }));
  } catch { /* The browser keeps no more: the words are on the page still. */ }
}

// ---- Back in the form.

const waiting = new WeakMap(); // What a form has no field for yet.
const seenBefore = new WeakMap();

function fill(form) {
  const values = waiting.get(form), filled = [];
  for (const field of fieldsOf(form)) {
    const key = keyOf(field);
    if (!(key in values)) continue;
    if (valueOf(field) !== values[key]) filled.push([field, values[key]]);
    delete values[key];
  }
  for (const [field, value] of filled) set(field, value);
  return filled.map(([field]) => field);
}

// Values that a colleague changed since: the server is told what this person had seen, and asks before it overwrites.
function keepSeen(form, base, fields) {
  const { seen } = form.elements;
  if (!seen) return [];
  seenBefore.set(form, seen.value);
  const now = JSON.parse(seen.value), typed = fields.filter((field) => field.name in base);
  const changed = typed.filter((field) => base[field.name] !== now[field.name]);
  for (const field of typed) now[field.name] = base[field.name];
  seen.value = JSON.stringify(now);
  return changed;
}

function note(form, template) {
  const made = make(template);
  $("[data-draft-place]", form).replaceChildren(made);
  return made;
}

function tell(form, changed) {
  const words = $("[data-changed]", note(form, "#draft-note"));
  words.hidden = !changed.length;
  $("b", words).textContent = changed.map((field) => field.labels[0]?.firstChild.textContent.trim()).join(", ");
}

function restore(form) {
  if (waiting.has(form)) return void fill(form);
  putBack(form, "refused" in form.dataset ? null : stored(form));
}

function putBack(form, known) {
  waiting.set(form, { ...known?.values });
  if (!known) return;
  // What was seen first, so that what is saved while the form is filled is based on it.
  const fields = fieldsOf(form).filter((field) => keyOf(field) in known.values && valueOf(field) !== known.values[keyOf(field)]);
  const changed = keepSeen(form, known.base, fields);
  fill(form);
  if (fields.length || Object.keys(waiting.get(form)).length) tell(form, changed);
  else forget(form); // The server has it all by now.
}

const discarded = new WeakMap(); // A slip of the finger is taken back, until the page is left.

function discard(form) {
  discarded.set(form, stored(form));
  forget(form);
  waiting.set(form, {});
  if (seenBefore.has(form)) form.elements.seen.value = seenBefore.get(form);
  for (const field of fieldsOf(form)) if (valueOf(field) !== givenOf(field)) set(field, givenOf(field));
  $("button", note(form, "#draft-discarded")).focus();
}

const restoreAll = () => all("form[data-draft]").forEach(restore);

function inForm(act) {
  return (target) => {
    const form = target.closest("form[data-draft]");
    if (form) act(form);
  };
}

// ---- The server took it, or did not.

const isSend = (ctx) => ctx.request.method === "POST" && ctx.sourceElement.matches?.("form[data-draft]");
const complain = () => $("#alerts").replaceChildren(make("#draft-unsaved"));

function answered(ctx) {
  if (!isSend(ctx)) return;
  const { status, headers } = ctx.response, ours = isOurs(headers);
  if (ours && status < 400) return forget(ctx.sourceElement);
  // What comes in between, a proxy's page of its own say, must not take the form's place.
  if (ours && (ctx.hx.retarget || ctx.hx.reswap || ctx.text.includes("data-draft="))) return;
  ctx.hx.reswap = "none";
  complain();
}

function forgetOld() {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && Date.now() - JSON.parse(localStorage.getItem(name)).at > MONTH) localStorage.removeItem(name);
  }
}

export function init() {
  if (!user()) return;
  document.addEventListener("input", ({ target }) => { if (target.form?.matches("[data-draft]")) save(target.form); });
  onClick({
    "[data-draft-discard]": inForm(discard),
    "[data-draft-undo]": inForm((form) => putBack(form, discarded.get(form))),
    "[data-cancel-name]": inForm(forget),
  });
  onHtmx("after:request", answered);
  onHtmx("finally:request", (ctx) => {
    if (isSend(ctx) && !ctx.response?.status && !$(".picker-lost", ctx.sourceElement)) complain();
  });
  onSwap(restoreAll);
  onReady(() => { // After htmx has made itself ready, so that it hears what is filled in.
    forgetOld();
    restoreAll();
  });
}
