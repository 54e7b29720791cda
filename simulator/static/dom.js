// Small pieces that both halves of the page use. Text only ever enters the page as text.

export const key = document.body.dataset.key;

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export async function control(method, path, given) {
  const options = { method };
  if (given !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(given);
  }
  return fetch(`/control/${path}`, options);
}

export const client = `clients/${encodeURIComponent(key)}`;

export function initials(name) {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  return (words.slice(0, 2).map((word) => word[0]).join("") || "·").toUpperCase();
}

const time = new Intl.DateTimeFormat("es-AR", { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat("es-AR", { weekday: "short", day: "numeric", month: "short" });
const number = new Intl.RelativeTimeFormat("es-AR", { numeric: "auto" });

export const timeOf = (at) => time.format(new Date(at));

export function dayOf(at) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(at) - midnight(Date.now())) / 86_400_000);
  return days > -2 ? number.format(days, "day") : day.format(new Date(at));
}

export function shortOf(at) {
  const today = new Date(at).toDateString() === new Date().toDateString();
  return today ? timeOf(at) : dayOf(at).replace(/^\p{L}+, /u, "");
}
