// What the browser has beyond TypeScript's own words for it, and what htmx brings.
declare const htmx: any;

// Events here come from elements; who listens asks what kind.
interface EventTarget {
  readonly closest?: any;
  readonly form?: any;
  readonly hidden?: any;
}
interface Event {
  readonly detail?: any;
}
interface Navigator {
  readonly standalone?: boolean;
}
